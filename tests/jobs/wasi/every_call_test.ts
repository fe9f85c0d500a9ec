import assert from "node:assert/strict";
import { allRights, errno, fstflags, oflags, rights } from "../../../src/jobs/wasi/abi.ts";
import { ProcessExit } from "../../../src/jobs/wasi/host.ts";
import { preview1Names } from "../../../src/jobs/wasi/preview1.ts";
import { type FakeJob, fakeJob, usualRights } from "../../support/wasi.ts";

const { success, badf, inval } = errno;

/** A number that no descriptor has. */
const closed = 77;

/** Every call: what it does where all is well, and what it says where it isn't. */
const checks: Readonly<Record<string, (job: FakeJob) => void>> = {
  args_sizes_get: (job) => sizes(job, "args_sizes_get", [2, 8]),
  args_get: (job) => strings(job, "args_get", ["job", "one"]),
  environ_sizes_get: (job) => sizes(job, "environ_sizes_get", [2, 7]),
  environ_get: (job) => strings(job, "environ_get", ["A=1", "B="]),
  clock_res_get(job) {
    const at = job.room(8);
    for (const clock of [0, 1, 2, 3]) {
      assert.equal(job.call("clock_res_get", clock, at), success);
      assert.equal(job.u64(at), 1000n);
    }
    assert.equal(job.call("clock_res_get", 4, at), inval);
    assert.equal(job.call("clock_res_get", 0, -4), errno.fault);
  },
  clock_time_get(job) {
    const at = job.room(8);
    assert.equal(job.call("clock_time_get", 0, 0n, at), success);
    assert.equal(job.u64(at), 1_700_000_000_000_000_000n);
    assert.equal(job.call("clock_time_get", 4, 0n, at), inval);
  },
  fd_advise(job) {
    const fd = opened(job);
    for (let advice = 0; advice < 6; advice++) {
      assert.equal(job.call("fd_advise", fd, 0n, 10n, advice), success);
    }
    assert.equal(job.call("fd_advise", fd, 0n, 10n, 6), inval);
    assert.equal(job.call("fd_advise", closed, 0n, 0n, 0), badf);
  },
  fd_allocate(job) {
    const fd = opened(job);
    assert.equal(job.call("fd_allocate", fd, 2n, 8n), success);
    assert.equal(job.stat(fd).size, 10n);
    assert.equal(job.call("fd_allocate", fd, 0n, 1n), success);
    assert.equal(job.stat(fd).size, 10n, "it never shrinks");
    assert.equal(job.call("fd_allocate", closed, 0n, 1n), badf);
  },
  fd_close(job) {
    const fd = opened(job);
    assert.equal(job.call("fd_close", fd), success);
    assert.equal(job.call("fd_close", fd), badf);
    assert.equal(opened(job), fd, "the lowest free number is taken");
  },
  fd_datasync: (job) => plainCall(job, "fd_datasync"),
  fd_sync: (job) => plainCall(job, "fd_sync"),
  fd_fdstat_get(job) {
    const at = job.room(24);
    const stat = (fd: number) => {
      assert.equal(job.call("fd_fdstat_get", fd, at), success);
      return [job.u8(at), job.u16(at + 2), job.u64(at + 8), job.u64(at + 16)];
    };
    const asked = rights.fd_read | rights.fd_seek;
    const [, fd] = job.open("f", { rights: asked, inheriting: rights.fd_read, fdflags: 1 });
    assert.deepEqual(stat(fd), [4, 1, asked, rights.fd_read]);
    assert.equal(stat(3)[0], 3);
    // A pipe, and no terminal: programs ask this way.
    for (const stream of [0, 1, 2]) assert.equal(stat(stream)[0], 0);
    assert.equal(Number(stat(1)[2]) & Number(rights.fd_read | rights.fd_seek), 0);
    assert.equal(job.call("fd_fdstat_get", closed, at), badf);
  },
  fd_fdstat_set_flags(job) {
    const fd = opened(job);
    assert.equal(job.call("fd_fdstat_set_flags", fd, 1), success);
    assert.equal(job.write(fd, "+"), success);
    assert.deepEqual(job.pread(fd, 0n), [success, "abc+"]);
    assert.equal(job.call("fd_fdstat_set_flags", fd, 0), success);
    assert.equal(job.call("fd_seek", fd, 0n, 0, job.room(8)), success);
    assert.equal(job.write(fd, "A"), success);
    assert.deepEqual(job.pread(fd, 0n), [success, "Abc+"]);
    assert.equal(job.call("fd_fdstat_set_flags", fd, 32), inval);
    assert.equal(job.call("fd_fdstat_set_flags", closed, 0), badf);
  },
  fd_fdstat_set_rights(job) {
    const fd = opened(job);
    assert.equal(job.call("fd_fdstat_set_rights", fd, rights.fd_read, 0n), success);
    assert.equal(job.write(fd, "x"), errno.notcapable);
    assert.equal(job.call("fd_fdstat_set_rights", fd, rights.fd_write, 0n), errno.notcapable);
    assert.equal(job.call("fd_fdstat_set_rights", closed, 0n, 0n), badf);
  },
  fd_filestat_get(job) {
    const { error, type, links, size } = job.stat(opened(job));
    assert.deepEqual([error, type, links, size], [success, 4, 1n, 3n]);
    assert.equal(job.stat(3).type, 3);
    assert.deepEqual([job.stat(1).error, job.stat(1).type], [success, 0]);
    assert.equal(job.stat(closed).error, badf);
  },
  fd_filestat_set_size(job) {
    const fd = opened(job);
    assert.equal(job.call("fd_filestat_set_size", fd, 2n), success);
    assert.equal(job.call("fd_filestat_set_size", fd, 4n), success);
    assert.deepEqual(job.pread(fd, 0n), [success, "ab\0\0"]);
    assert.equal(job.call("fd_filestat_set_size", fd, -1n), inval);
    assert.equal(job.call("fd_filestat_set_size", closed, 0n), badf);
  },
  fd_filestat_set_times(job) {
    const fd = opened(job);
    const set = (atim: bigint, mtim: bigint, flags: number) =>
      job.call("fd_filestat_set_times", fd, atim, mtim, flags);
    assert.equal(set(5n, 6n, fstflags.atim | fstflags.mtim), success);
    assert.deepEqual([job.stat(fd).atim, job.stat(fd).mtim], [5n, 6n]);
    assert.equal(set(9n, 9n, fstflags.mtim_now), success);
    assert.deepEqual([job.stat(fd).atim, job.stat(fd).mtim], [5n, 1_700_000_000_000_000_000n]);
    assert.equal(set(0n, 0n, fstflags.atim | fstflags.atim_now), inval);
    assert.equal(set(0n, 0n, 16), inval);
  },
  fd_pread(job) {
    const fd = opened(job);
    assert.deepEqual(job.pread(fd, 1n), [success, "bc"]);
    assert.deepEqual(job.pread(fd, 3n), [success, ""]);
    assert.deepEqual(job.pread(fd, 1n << 40n), [success, ""]);
    assert.deepEqual(job.read(fd), [success, "abc"], "the offset stays where it was");
    assert.equal(job.pread(fd, -1n)[0], inval);
    assert.equal(job.pread(0, 0n)[0], errno.spipe);
    assert.equal(job.pread(closed, 0n)[0], badf);
  },
  fd_pwrite(job) {
    const fd = opened(job);
    assert.equal(job.pwrite(fd, "ZZ", 2n), success);
    assert.deepEqual(job.read(fd), [success, "abZZ"], "the offset stays where it was");
    assert.equal(job.pwrite(fd, "!", 6n), success);
    assert.deepEqual(job.pread(fd, 0n), [success, "abZZ\0\0!"]);
    assert.equal(job.pwrite(fd, "x", -1n), inval);
    assert.equal(job.pwrite(fd, "x", 1n << 62n), errno.fbig);
    assert.equal(job.pwrite(1, "x", 0n), errno.spipe);
    assert.equal(job.pwrite(closed, "x", 0n), badf);
  },
  fd_prestat_get(job) {
    const at = job.room(8);
    assert.equal(job.call("fd_prestat_get", 3, at), success);
    assert.deepEqual([job.u32(at), job.u32(at + 4)], [0, 1]);
    assert.equal(job.call("fd_prestat_get", 4, at), badf, "by this a program stops looking");
    assert.equal(job.call("fd_prestat_get", 0, at), badf);
  },
  fd_prestat_dir_name(job) {
    const at = job.room(8);
    assert.equal(job.call("fd_prestat_dir_name", 3, at, 1), success);
    assert.equal(job.u8(at), 0x2f);
    assert.equal(job.call("fd_prestat_dir_name", 3, at, 0), errno.nametoolong);
    assert.equal(job.call("fd_prestat_dir_name", 1, at, 8), badf);
  },
  fd_read(job) {
    const fd = opened(job);
    assert.deepEqual(job.read(fd), [success, "abc"]);
    assert.deepEqual(job.read(0), [success, "input"]);
    assert.equal(job.call("fd_read", fd, job.room(8), 2000, job.room(4)), inval);
    assert.equal(job.read(closed)[0], badf);
  },
  fd_readdir(job) {
    const [buffer, used] = [job.room(256), job.room(4)];
    assert.equal(job.call("fd_readdir", 3, buffer, 256, 0n, used), success);
    assert.equal(job.u32(used), 3 * 24 + ".".length + "..".length + "f".length);
    assert.equal(job.call("fd_readdir", 3, buffer, 256, 3n, used), success);
    assert.equal(job.u32(used), 0, "behind the last there is none");
    assert.equal(job.call("fd_readdir", 0, buffer, 256, 0n, used), errno.notdir);
    assert.equal(job.call("fd_readdir", closed, buffer, 256, 0n, used), badf);
  },
  fd_renumber(job) {
    const [one, two] = [opened(job), opened(job)];
    assert.equal(job.call("fd_renumber", one, one), success);
    assert.equal(job.call("fd_renumber", one, two), success);
    assert.equal(job.read(one)[0], badf);
    assert.equal(job.call("fd_renumber", two, closed), badf);
    assert.equal(job.call("fd_renumber", closed, two), badf);
  },
  fd_seek(job) {
    const fd = opened(job);
    const at = job.room(8);
    for (const [offset, whence, to] of [[1n, 0, 1n], [1n, 1, 2n], [-3n, 2, 0n], [9n, 2, 12n]]) {
      assert.equal(job.call("fd_seek", fd, offset!, Number(whence), at), success);
      assert.equal(job.u64(at), to);
    }
    assert.equal(job.call("fd_seek", fd, -1n, 0, at), inval);
    assert.equal(job.call("fd_seek", 0, 0n, 0, at), errno.spipe);
    assert.equal(job.call("fd_seek", closed, 0n, 0, at), badf);
  },
  fd_tell(job) {
    const fd = opened(job);
    const at = job.room(8);
    job.read(fd);
    assert.equal(job.call("fd_tell", fd, at), success);
    assert.equal(job.u64(at), 3n);
    assert.equal(job.call("fd_tell", 1, at), errno.spipe);
    assert.equal(job.call("fd_tell", closed, at), badf);
  },
  fd_write(job) {
    assert.equal(job.write(1, "out"), success);
    assert.equal(job.written.stdout, "out");
    assert.equal(job.write(3, "x"), errno.notcapable);
    assert.equal(job.write(closed, "x"), badf);
  },
  path_create_directory(job) {
    assert.equal(job.call("path_create_directory", 3, ...job.put("d/")), success);
    assert.equal(job.stat("d").type, 3);
    assert.equal(job.call("path_create_directory", 3, ...job.put("d")), errno.exist);
    assert.equal(job.call("path_create_directory", 3, ...job.put("x/y")), errno.noent);
    assert.equal(job.call("path_create_directory", 3, ...job.put("f/y")), errno.notdir);
    assert.equal(job.call("path_create_directory", 1, ...job.put("d")), errno.notdir);
  },
  path_filestat_get(job) {
    assert.equal(job.call("path_symlink", ...job.put("f"), 3, ...job.put("l")), success);
    const at = job.room(64);
    assert.equal(job.call("path_filestat_get", 3, 0, ...job.put("l"), at), success);
    assert.deepEqual([job.u8(at + 16), job.u64(at + 32)], [7, 1n]);
    assert.equal(job.call("path_filestat_get", 3, 1, ...job.put("l"), at), success);
    assert.deepEqual([job.u8(at + 16), job.u64(at + 32)], [4, 3n]);
    assert.equal(job.u64(at + 8), job.stat("f").ino);
    assert.equal(job.call("path_filestat_get", 3, 0, ...job.put("f/"), at), errno.notdir);
    assert.equal(job.call("path_filestat_get", 3, 0, ...job.put("none"), at), errno.noent);
  },
  path_filestat_set_times(job) {
    job.call("path_symlink", ...job.put("f"), 3, ...job.put("l"));
    const set = (follow: 0 | 1, path: string, time: bigint, which: number) =>
      job.call("path_filestat_set_times", 3, follow, ...job.put(path), time, time, which);
    assert.equal(set(1, "l", 7n, fstflags.mtim), success);
    assert.equal(set(0, "l", 8n, fstflags.mtim), success);
    assert.deepEqual([job.stat("f").mtim, job.stat("l").mtim], [7n, 8n]);
    assert.equal(set(0, "f", 9n, fstflags.mtim | fstflags.mtim_now), inval);
    assert.equal(set(0, "none", 9n, fstflags.mtim), errno.noent);
  },
  path_link(job) {
    const link = (from: string, to: string, follow = 0) =>
      job.call("path_link", 3, follow, ...job.put(from), 3, ...job.put(to));
    assert.equal(link("f", "g"), success);
    assert.deepEqual([job.stat("g").links, job.stat("g").ino], [2n, job.stat("f").ino]);
    assert.equal(link("f", "g"), errno.exist);
    assert.equal(link("f", "h", 1), inval);
    assert.equal(link("f", "h/"), errno.noent);
    assert.equal(link("none", "h"), errno.noent);
  },
  path_open(job) {
    const [error, fd] = job.open("new", { flags: oflags.creat });
    assert.deepEqual([error, fd], [success, 4]);
    assert.equal(job.open("new", { at: fd })[0], errno.notdir);
    assert.equal(job.open("new", { at: closed })[0], badf);
    assert.equal(job.open("d", { flags: oflags.creat | oflags.directory })[0], inval);
  },
  path_readlink(job) {
    job.call("path_symlink", ...job.put("some/where"), 3, ...job.put("l"));
    const [into, used] = [job.room(32), job.room(4)];
    assert.equal(job.call("path_readlink", 3, ...job.put("l"), into, 32, used), success);
    const text = new TextDecoder().decode(job.bytes(into, job.u32(used)));
    assert.equal(text, "some/where");
    assert.equal(job.call("path_readlink", 3, ...job.put("f"), into, 32, used), inval);
    assert.equal(job.call("path_readlink", 3, ...job.put("none"), into, 32, used), errno.noent);
  },
  path_remove_directory(job) {
    const remove = (path: string) => job.call("path_remove_directory", 3, ...job.put(path));
    job.call("path_create_directory", 3, ...job.put("d"));
    assert.equal(remove("d/"), success);
    assert.equal(remove("d"), errno.noent);
    assert.equal(remove("f"), errno.notdir);
    assert.equal(remove("."), inval);
  },
  path_rename(job) {
    const rename = (from: string, to: string) =>
      job.call("path_rename", 3, ...job.put(from), 3, ...job.put(to));
    assert.equal(rename("f", "f"), success);
    assert.equal(rename("f", "g"), success);
    assert.deepEqual([job.stat("f").error, job.stat("g").size], [errno.noent, 3n]);
    assert.equal(rename("g", "h/"), errno.notdir);
    assert.equal(rename("g/", "h"), errno.notdir);
    assert.equal(rename("none", "h"), errno.noent);
  },
  path_symlink(job) {
    const link = (target: string, path: string) =>
      job.call("path_symlink", ...job.put(target), 3, ...job.put(path));
    assert.equal(link("not there", "l"), success);
    assert.equal(link("f", "l"), errno.exist);
    assert.equal(link("f", "m/"), errno.noent);
    assert.equal(link("/f", "m"), errno.notcapable);
  },
  path_unlink_file(job) {
    const unlink = (path: string) => job.call("path_unlink_file", 3, ...job.put(path));
    assert.equal(unlink("f/"), errno.notdir);
    assert.equal(unlink("."), errno.isdir);
    assert.equal(unlink("f"), success);
    assert.equal(unlink("f"), errno.noent);
  },
  poll_oneoff(job) {
    const [input, output, count] = [job.room(48), job.room(32), job.room(4)];
    job.view().setBigUint64(input, 42n, true);
    job.view().setUint32(input + 16, 1, true);
    job.view().setBigUint64(input + 24, 9n, true);
    assert.equal(job.call("poll_oneoff", input, output, 1, count), success);
    assert.deepEqual([job.u32(count), job.u64(output), job.slept()], [1, 42n, 9n]);
    assert.equal(job.call("poll_oneoff", input, output, 0, count), inval);
  },
  proc_exit(job) {
    assert.throws(
      () => job.call("proc_exit", 3),
      (thrown) => thrown instanceof ProcessExit && thrown.code === 3,
    );
  },
  proc_raise(job) {
    for (const signal of [0, 6, 9, 15]) assert.equal(job.call("proc_raise", signal), errno.nosys);
  },
  random_get(job) {
    const at = job.room(16);
    assert.equal(job.call("random_get", at, 8), success);
    assert.deepEqual([...job.bytes(at, 9)], [7, 7, 7, 7, 7, 7, 7, 7, 0]);
    assert.equal(job.call("random_get", at, 0), success);
  },
  sched_yield: (job) => assert.equal(job.call("sched_yield"), success),
  sock_accept: (job) => noSocket(job, "sock_accept", [0, 0]),
  sock_recv: (job) => noSocket(job, "sock_recv", [0, 0, 0, 0, 0]),
  sock_send: (job) => noSocket(job, "sock_send", [0, 0, 0, 0]),
  sock_shutdown: (job) => noSocket(job, "sock_shutdown", [0]),
};

function opened(job: FakeJob): number {
  const more = rights.fd_advise | rights.fd_fdstat_set_flags | rights.fd_sync | rights.fd_datasync;
  const [error, fd] = job.open("f", { rights: usualRights | more });
  assert.equal(error, success);
  return fd;
}

function plainCall(job: FakeJob, name: string): void {
  assert.equal(job.call(name, opened(job)), success);
  assert.equal(job.call(name, job.open("f")[1]), errno.notcapable);
  assert.equal(job.call(name, closed), badf);
}

function sizes(job: FakeJob, name: string, expected: readonly number[]): void {
  const [count, size] = [job.room(4), job.room(4)];
  assert.equal(job.call(name, count, size), success);
  assert.deepEqual([job.u32(count), job.u32(size)], expected);
  assert.equal(job.call(name, -4, size), errno.fault);
}

function strings(job: FakeJob, name: string, expected: readonly string[]): void {
  const [list, buffer] = [job.room(8), job.room(32)];
  assert.equal(job.call(name, list, buffer), success);
  const texts = expected.map((_, i) => {
    const at = job.u32(list + 4 * i);
    const bytes = job.bytes(at, 32);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  });
  assert.deepEqual(texts, expected);
  assert.equal(job.call(name, -4, buffer), errno.fault);
}

function noSocket(job: FakeJob, name: string, rest: readonly number[]): void {
  for (const fd of [0, 1, 3, opened(job)]) {
    assert.equal(job.call(name, fd, ...rest), errno.notsock, `descriptor ${fd}`);
  }
  assert.equal(job.call(name, closed, ...rest), badf);
}

Deno.test("every call of preview 1 does what is specified, and refuses what isn't", async (t) => {
  assert.deepEqual(Object.keys(checks).toSorted(), preview1Names());
  for (const [name, check] of Object.entries(checks)) {
    await t.step(name, () => {
      const job = fakeJob({ f: "abc" }, {
        args: ["job", "one"],
        env: [["A", "1"], ["B", ""]],
        stdin: new TextEncoder().encode("input"),
      });
      check(job);
      assert.ok(job.called.has(name), "its check calls it");
    });
  }
});

Deno.test("a directory has all rights that mean something on it, and hands on those of files", () => {
  const job = fakeJob();
  const at = job.room(24);
  assert.equal(job.call("fd_fdstat_get", 3, at), success);
  const [own, handed] = [job.u64(at + 8), job.u64(at + 16)];
  assert.equal(own & (rights.fd_read | rights.fd_write | rights.fd_seek), 0n);
  assert.equal(handed & rights.fd_write, rights.fd_write);
  assert.equal((own | handed) & ~allRights, 0n);
});
