import assert from "node:assert/strict";
import fc from "fast-check";
import { errno, fdflags, oflags, rights } from "../../../src/jobs/wasi/abi.ts";
import { type FakeJob, fakeJob, usualRights } from "../../support/wasi.ts";

const { success, exist, notcapable, nospc } = errno;

const seek = (job: FakeJob, fd: number, offset: bigint, whence: 0 | 1 | 2) =>
  job.call("fd_seek", fd, offset, whence, job.room(8));

Deno.test("O_CREAT, O_EXCL and O_TRUNC do what their names say", () => {
  const job = fakeJob({ f: "abc" });
  assert.equal(job.open("f", { flags: oflags.creat })[0], success);
  assert.equal(job.stat("f").size, 3n);
  assert.equal(job.open("f", { flags: oflags.creat | oflags.excl })[0], exist);
  assert.equal(job.open("f", { flags: oflags.creat | oflags.trunc })[0], success);
  assert.equal(job.stat("f").size, 0n);
  assert.equal(job.open("g", { flags: oflags.creat | oflags.excl | oflags.trunc })[0], success);
});

Deno.test("what is cut through one descriptor is cut for the others", () => {
  const job = fakeJob({ f: "abcdef" });
  const [[, one], [, two]] = [job.open("f"), job.open("f")];
  assert.equal(seek(job, one, 4n, 0), success);
  job.open("f", { flags: oflags.trunc });
  assert.deepEqual(job.read(one), [success, ""]);
  assert.equal(job.write(two, "xy"), success);
  assert.equal(seek(job, one, 1n, 0), success);
  assert.deepEqual(job.read(one), [success, "y"]);
});

Deno.test("a write past the end leaves zeros between, a seek alone leaves nothing", () => {
  const job = fakeJob({ f: "ab" });
  const [, fd] = job.open("f");
  assert.equal(seek(job, fd, 5n, 0), success);
  assert.equal(job.stat(fd).size, 2n);
  assert.deepEqual(job.read(fd), [success, ""]);
  assert.equal(job.write(fd, "z"), success);
  assert.deepEqual(job.pread(fd, 0n), [success, "ab\0\0\0z"]);
});

Deno.test("bytes that were cut off don't come back", () => {
  const job = fakeJob({ f: "secret" });
  const [, fd] = job.open("f");
  assert.equal(job.call("fd_filestat_set_size", fd, 1n), success);
  assert.equal(job.call("fd_filestat_set_size", fd, 6n), success);
  assert.deepEqual(job.pread(fd, 0n), [success, "s\0\0\0\0\0"]);
});

Deno.test("appending writes to the end, wherever the offset is, of two writers, too", () => {
  const job = fakeJob({ f: "1" });
  const [, one] = job.open("f", { fdflags: fdflags.append });
  const [, two] = job.open("f", { fdflags: fdflags.append });
  for (const [fd, text] of [[one, "2"], [two, "3"], [one, "4"]] as const) {
    assert.equal(seek(job, fd, 0n, 0), success);
    assert.equal(job.write(fd, text), success);
  }
  assert.deepEqual(job.pread(one, 0n), [success, "1234"]);
});

Deno.test("several buffers are filled and written in their order", () => {
  const job = fakeJob({ f: "abcdef" });
  const [, fd] = job.open("f");
  const [x, y, vectors, done] = [job.room(4), job.room(4), job.room(24), job.room(4)];
  [[x, 2], [y, 0], [y, 3]].forEach(([at, length], i) => {
    job.view().setUint32(vectors + 8 * i, at!, true);
    job.view().setUint32(vectors + 8 * i + 4, length!, true);
  });
  assert.equal(job.call("fd_read", fd, vectors, 3, done), success);
  assert.equal(job.u32(done), 5);
  assert.equal(new TextDecoder().decode(job.bytes(y, 3)), "cde");
  assert.equal(job.call("fd_write", 1, vectors, 3, done), success);
  assert.equal(job.written.stdout, "abcde");
  assert.equal(job.call("fd_read", fd, vectors, 0, done), success);
  assert.equal(job.u32(done), 0);
});

Deno.test("each call needs its right, and says ENOTCAPABLE without it", () => {
  const job = fakeJob({ f: "abc" });
  const at = job.room(64);
  const needs: [right: bigint, call: (fd: number) => number][] = [
    [rights.fd_read, (fd) => job.read(fd)[0]],
    [rights.fd_write, (fd) => job.write(fd, "x")],
    [rights.fd_seek, (fd) => job.call("fd_seek", fd, 1n, 0, at)],
    [rights.fd_tell, (fd) => job.call("fd_tell", fd, at)],
    [rights.fd_tell, (fd) => job.call("fd_seek", fd, 0n, 1, at)],
    [rights.fd_read | rights.fd_seek, (fd) => job.pread(fd, 0n)[0]],
    [rights.fd_write | rights.fd_seek, (fd) => job.pwrite(fd, "x", 0n)],
    [rights.fd_sync, (fd) => job.call("fd_sync", fd)],
    [rights.fd_datasync, (fd) => job.call("fd_datasync", fd)],
    [rights.fd_advise, (fd) => job.call("fd_advise", fd, 0n, 0n, 0)],
    [rights.fd_allocate, (fd) => job.call("fd_allocate", fd, 0n, 1n)],
    [rights.fd_fdstat_set_flags, (fd) => job.call("fd_fdstat_set_flags", fd, 0)],
    [rights.fd_filestat_get, (fd) => job.call("fd_filestat_get", fd, at)],
    [rights.fd_filestat_set_size, (fd) => job.call("fd_filestat_set_size", fd, 3n)],
    [rights.fd_filestat_set_times, (fd) => job.call("fd_filestat_set_times", fd, 0n, 0n, 1)],
  ];
  const all = needs.reduce((sum, [right]) => sum | right, 0n);
  for (const [right, call] of needs) {
    assert.equal(call(job.open("f", { rights: right })[1]), success, `with ${right}`);
    assert.equal(call(job.open("f", { rights: all & ~right })[1]), notcapable, `no ${right}`);
  }
});

Deno.test("each call on paths needs its right of the directory", () => {
  const needs: [right: bigint, call: (job: FakeJob) => number][] = [
    [rights.path_open, (job) => job.open("f")[0]],
    [rights.path_create_file, (job) => job.open("new", { flags: oflags.creat })[0]],
    [rights.path_filestat_set_size, (job) => job.open("f", { flags: oflags.trunc })[0]],
    [rights.path_create_directory, (job) => job.call("path_create_directory", 3, ...job.put("n"))],
    [rights.path_filestat_get, (job) => job.stat("f").error],
    [
      rights.path_filestat_set_times,
      (job) => job.call("path_filestat_set_times", 3, 0, ...job.put("f"), 0n, 0n, 1),
    ],
    [rights.path_link_source, (job) => link(job)],
    [rights.path_link_target, (job) => link(job)],
    [rights.path_rename_source, (job) => rename(job)],
    [rights.path_rename_target, (job) => rename(job)],
    [
      rights.path_readlink,
      (job) => job.call("path_readlink", 3, ...job.put("l"), job.room(8), 8, job.room(4)),
    ],
    [rights.path_symlink, (job) => job.call("path_symlink", ...job.put("f"), 3, ...job.put("m"))],
    [rights.path_remove_directory, (job) => job.call("path_remove_directory", 3, ...job.put("d"))],
    [rights.path_unlink_file, (job) => job.call("path_unlink_file", 3, ...job.put("f"))],
    [rights.fd_readdir, (job) => job.call("fd_readdir", 3, job.room(64), 64, 0n, job.room(4))],
  ];
  for (const [right, call] of needs) {
    const job = fakeJob({ f: "abc" });
    job.call("path_create_directory", 3, ...job.put("d"));
    job.call("path_symlink", ...job.put("f"), 3, ...job.put("l"));
    const at = job.room(24);
    job.call("fd_fdstat_get", 3, at);
    const [own, handed] = [job.u64(at + 8), job.u64(at + 16)];
    assert.equal(job.call("fd_fdstat_set_rights", 3, own & ~right, handed), success);
    assert.equal(call(job), notcapable, `without ${right}`);
    assert.equal(job.call("fd_fdstat_set_rights", 3, own, handed), notcapable, "it is gone");
  }
});

const link = (job: FakeJob) => job.call("path_link", 3, 0, ...job.put("f"), 3, ...job.put("g"));
const rename = (job: FakeJob) => job.call("path_rename", 3, ...job.put("f"), 3, ...job.put("g"));

Deno.test("what a directory doesn't hand on nobody gets below it, however deep", () => {
  const job = fakeJob({ "a/b/f": "x" });
  const open = (path: string, at: number, inheriting: bigint) =>
    job.open(path, { at, flags: oflags.directory, rights: rights.path_open, inheriting });
  const [, a] = open("a", 3, rights.path_open | rights.fd_read);
  const [, b] = open("b", a, rights.path_open | rights.fd_read | rights.fd_write);
  assert.equal(job.open("f", { at: b, rights: rights.fd_read })[0], success);
  assert.equal(job.open("f", { at: b, rights: usualRights })[0], notcapable);
});

Deno.test("there is no end of files, as long as there are not too many at once", () => {
  const job = fakeJob();
  const [path, into] = [job.put("f"), job.room(4)];
  const make = () =>
    job.call("path_open", 3, 0, ...path, oflags.creat, rights.fd_read, 0n, 0, into);
  for (let i = 0; i < 100_500; i++) {
    assert.equal(make(), success, `file ${i}`);
    // By turns the name goes first, or the descriptor.
    const steps = [
      () => job.call("path_unlink_file", 3, ...path),
      () => job.call("fd_close", job.u32(into)),
    ];
    if (i % 2 === 1) steps.reverse();
    for (const step of steps) assert.equal(step(), success);
  }
  let error: number = success;
  let made = 0;
  const name = job.room(8);
  while (error === success) {
    job.view().setUint32(name, 0x6161_6161 + (made & 7) + ((made >> 3 & 7) << 8), true);
    job.view().setUint32(
      name + 4,
      0x6161_6161 + (made >> 6 & 7) + ((made >> 9 & 7) << 8) +
        ((made >> 12 & 7) << 16) + ((made >> 15 & 7) << 24),
      true,
    );
    error = job.call("path_symlink", ...path, 3, name, 8);
    if (error === success) made++;
  }
  // The root is one.
  assert.deepEqual([error, made], [nospc, 99_999]);
});

Deno.test("a file is what was written to it, whatever is written where", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("write" as const),
      at: fc.nat(300),
      text: fc.string({ maxLength: 40, unit: "grapheme-ascii" }),
    }),
    fc.record({ kind: fc.constant("size" as const), at: fc.nat(300), text: fc.constant("") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const job = fakeJob({ f: "" }, {}, 250);
      const [, fd] = job.open("f");
      let model = "";
      for (const { kind, at, text } of steps) {
        const end = kind === "size" ? at : text === "" ? model.length : at + text.length;
        const error = kind === "size"
          ? job.call("fd_filestat_set_size", fd, BigInt(at))
          : job.pwrite(fd, text, BigInt(at));
        assert.equal(error, Math.max(end, kind === "size" ? 0 : model.length) > 250 ? nospc : 0);
        if (error !== success) continue;
        if (kind === "size") model = model.slice(0, at).padEnd(at, "\0");
        else if (text !== "") {
          model = model.padEnd(at, "\0").slice(0, at) + text + model.slice(at + text.length);
        }
      }
      assert.deepEqual(job.pread(fd, 0n), [success, model]);
    }),
    { numRuns: 300 },
  );
});
