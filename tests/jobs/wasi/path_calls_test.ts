import assert from "node:assert/strict";
import fc from "fast-check";
import { errno, oflags, rights } from "../../../src/jobs/wasi/abi.ts";
import { preview1Names } from "../../../src/jobs/wasi/preview1.ts";
import { fakeJob, usualRights } from "../../support/wasi.ts";

const { success, noent, notdir, isdir, exist, notcapable, loop, notempty, inval, nospc } = errno;

Deno.test("a given file is read, its end is an empty read", () => {
  const job = fakeJob({ "data/in.txt": "hello" });
  const [error, fd] = job.open("data/in.txt");
  assert.equal(error, success);
  assert.deepEqual(job.read(fd), [success, "hello"]);
  assert.deepEqual(job.read(fd), [success, ""]);
});

Deno.test("no path leads out of what was given", () => {
  const job = fakeJob({ "a/b": "x" });
  for (const path of ["/etc/passwd", "..", "a/../..", "a/../../etc", "../a/b"]) {
    assert.equal(job.open(path)[0], notcapable, path);
  }
  assert.equal(job.call("path_symlink", ...job.put("../../etc"), 3, ...job.put("l")), success);
  assert.equal(job.open("l/passwd")[0], notcapable);
  assert.equal(job.call("path_symlink", ...job.put("/etc"), 3, ...job.put("m")), notcapable);
  const [, below] = job.open("a", {
    flags: oflags.directory,
    rights: rights.path_open,
    inheriting: usualRights,
  });
  assert.equal(job.open("../a/b", { at: below })[0], notcapable);
});

Deno.test("open says what stands in its way", () => {
  const job = fakeJob({ "a/b": "x" });
  assert.equal(job.open("none")[0], noent);
  assert.equal(job.open("a/b/c")[0], notdir);
  assert.equal(job.open("a/b/")[0], notdir);
  assert.equal(job.open("a/b", { flags: oflags.directory })[0], notdir);
  assert.equal(job.open("a")[0], isdir);
  assert.equal(job.open("a/b", { flags: oflags.creat | oflags.excl })[0], exist);
  assert.equal(job.open("new/", { flags: oflags.creat })[0], isdir);
  assert.equal(job.open("")[0], noent);
  assert.equal(job.open("x".repeat(300))[0], errno.nametoolong);
  assert.equal(job.open("a\0b")[0], errno.ilseq);
});

Deno.test("files are made, written, cut, renamed and unlinked", () => {
  const job = fakeJob();
  const [, fd] = job.open("f", { flags: oflags.creat });
  assert.equal(job.write(fd, "abc"), success);
  assert.equal(job.call("path_rename", 3, ...job.put("f"), 3, ...job.put("g")), success);
  assert.equal(job.open("f")[0], noent);
  const [, again] = job.open("g");
  assert.deepEqual(job.read(again), [success, "abc"]);
  job.open("g", { flags: oflags.trunc });
  const stat = job.room(64);
  assert.equal(job.call("path_filestat_get", 3, 0, ...job.put("g"), stat), success);
  assert.equal(job.u64(stat + 32), 0n);
  assert.equal(job.call("path_unlink_file", 3, ...job.put("g")), success);
  assert.equal(job.open("g")[0], noent);
  assert.equal(job.write(fd, "still open"), success);
});

Deno.test("directories are made, listed and removed when they are empty", () => {
  const job = fakeJob({ "d/a": "1", "d/b": "22" });
  assert.equal(job.call("path_create_directory", 3, ...job.put("d/sub")), success);
  assert.equal(job.call("path_create_directory", 3, ...job.put("d")), exist);
  assert.equal(job.call("path_remove_directory", 3, ...job.put("d")), notempty);
  assert.equal(job.call("path_remove_directory", 3, ...job.put("d/a")), notdir);
  assert.equal(job.call("path_unlink_file", 3, ...job.put("d/sub")), isdir);
  const [, fd] = job.open("d", { flags: oflags.directory, rights: rights.fd_readdir });
  assert.deepEqual(list(job, fd), [".", "..", "a", "b", "sub"]);
  assert.equal(job.call("path_remove_directory", 3, ...job.put("d/sub")), success);
});

function list(job: ReturnType<typeof fakeJob>, fd: number): string[] {
  const names: string[] = [];
  const buffer = job.room(40);
  const used = job.room(4);
  for (let cookie = 0n;;) {
    // A small buffer: the last entry is cut, and read again from its cookie.
    assert.equal(job.call("fd_readdir", fd, buffer, 40, cookie, used), success);
    const size = job.u32(used);
    if (size < 24) return names;
    const length = job.u32(buffer + 16);
    if (size >= 24 + length) {
      names.push(new TextDecoder().decode(job.bytes(buffer + 24, length)));
      cookie = job.u64(buffer);
    } else assert.fail("an entry larger than the buffer");
  }
}

Deno.test("a directory isn't moved into itself, nor over one that has something", () => {
  const job = fakeJob({ "a/b/f": "x", "c/g": "y" });
  const rename = (from: string, to: string) =>
    job.call("path_rename", 3, ...job.put(from), 3, ...job.put(to));
  assert.equal(rename("a", "a/b/c"), inval);
  assert.equal(rename("a", "c"), notempty);
  assert.equal(rename("a/b/f", "c"), isdir);
  assert.equal(rename("c", "a/b/f"), notdir);
  assert.equal(rename("a/b", "b"), success);
  assert.equal(job.open("b/f")[0], success);
  assert.equal(job.open("b/../c/g")[0], success);
});

Deno.test("links lead where they say, and a circle is noticed", () => {
  const job = fakeJob({ "d/f": "x" });
  const link = (target: string, path: string) =>
    job.call("path_symlink", ...job.put(target), 3, ...job.put(path));
  assert.equal(link("d/f", "l"), success);
  assert.equal(link("l", "l"), exist);
  const [error, fd] = job.open("l");
  assert.equal(error, success);
  assert.deepEqual(job.read(fd), [success, "x"]);
  assert.equal(job.open("l", { follow: false })[0], loop);
  link("y", "x");
  link("x", "y");
  assert.equal(job.open("x")[0], loop);
  const into = job.room(16);
  const used = job.room(4);
  assert.equal(job.call("path_readlink", 3, ...job.put("l"), into, 2, used), success);
  assert.equal(job.u32(used), 2);
  assert.equal(job.call("path_readlink", 3, ...job.put("d/f"), into, 16, used), inval);
});

Deno.test("a hard link is another name of the same file", () => {
  const job = fakeJob({ f: "x" });
  assert.equal(job.call("path_link", 3, 0, ...job.put("f"), 3, ...job.put("g")), success);
  job.call("path_unlink_file", 3, ...job.put("f"));
  assert.deepEqual(job.read(job.open("g")[1]), [success, "x"]);
  assert.equal(job.call("path_link", 3, 0, ...job.put("g"), 3, ...job.put("g")), exist);
  job.call("path_create_directory", 3, ...job.put("d"));
  assert.equal(job.call("path_link", 3, 0, ...job.put("d"), 3, ...job.put("e")), errno.perm);
});

Deno.test("a right that was given up is gone, for what is opened below, too", () => {
  const job = fakeJob({ f: "x" });
  const [, fd] = job.open("f");
  assert.equal(job.call("fd_fdstat_set_rights", fd, rights.fd_read, 0n), success);
  assert.deepEqual(job.read(fd), [success, "x"]);
  assert.equal(job.write(fd, "y"), notcapable);
  assert.equal(
    job.call("fd_fdstat_set_rights", fd, rights.fd_read | rights.fd_write, 0n),
    notcapable,
  );
  assert.equal(job.call("fd_fdstat_set_rights", 3, rights.path_open, rights.fd_read), success);
  assert.equal(job.open("f", { rights: rights.fd_write })[0], notcapable);
  assert.equal(job.open("g", { flags: oflags.creat, rights: rights.fd_read })[0], notcapable);
  assert.equal(job.open("f", { rights: rights.fd_read })[0], success);
});

Deno.test("files hold no more than they may, and give room back", () => {
  const job = fakeJob({}, {}, 100);
  const [, fd] = job.open("f", { flags: oflags.creat });
  assert.equal(job.write(fd, "x".repeat(100)), success);
  assert.equal(job.write(fd, "y"), nospc);
  assert.equal(job.call("path_unlink_file", 3, ...job.put("f")), success);
  assert.equal(job.call("fd_close", fd), success);
  const [, other] = job.open("g", { flags: oflags.creat });
  assert.equal(job.write(other, "x".repeat(100)), success);
});

Deno.test("a call never throws but to end the job, whatever it is given", () => {
  const numbers = fc.oneof(
    fc.integer({ min: -1, max: 70_000 }),
    fc.constantFrom(-1, 2 ** 31 - 1, 262_143),
  );
  const names = preview1Names().filter((name) => name !== "proc_exit");
  const wide =
    /seek|pread|pwrite|advise|allocate|set_size|set_times|rights|path_open|clock_time|readdir/;
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(numbers, { minLength: 9, maxLength: 9 }),
      (name, args) => {
        const job = fakeJob({ f: "x" }, { random() {} });
        try {
          const code = job.call(name, ...args);
          assert.ok(Number.isInteger(code) && code >= 0 && code <= 76, `${name}: ${code}`);
        } catch (thrown) {
          // A number where the specification has a 64-bit one is the engine's to refuse.
          assert.ok(thrown instanceof TypeError && wide.test(name), `${name}: ${thrown}`);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
