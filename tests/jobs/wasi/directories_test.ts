import assert from "node:assert/strict";
import { errno, oflags, rights } from "../../../src/jobs/wasi/abi.ts";
import { type FakeJob, fakeJob, usualRights } from "../../support/wasi.ts";

const { success, noent, notcapable, isdir, notdir, exist } = errno;

const directory = (job: FakeJob, path: string, more = 0n) =>
  job.open(path, {
    flags: oflags.directory,
    rights: rights.fd_readdir | rights.path_open | more,
    inheriting: usualRights,
  });

/** An entry as it lies in the buffer. */
interface Entry {
  readonly next: bigint;
  readonly ino: bigint;
  readonly type: number;
  readonly name: string;
}

/** Whole entries from a cookie on, as many as a buffer of this size holds. */
function entries(job: FakeJob, fd: number, cookie = 0n, size = 4096): Entry[] {
  const [buffer, used] = [job.room(size), job.room(4)];
  assert.equal(job.call("fd_readdir", fd, buffer, size, cookie, used), success);
  const end = buffer + job.u32(used);
  const found: Entry[] = [];
  for (let at = buffer; at + 24 <= end;) {
    const length = job.u32(at + 16);
    if (at + 24 + length > end) break;
    const name = new TextDecoder().decode(job.bytes(at + 24, length));
    found.push({ next: job.u64(at), ino: job.u64(at + 8), type: job.u8(at + 20), name });
    at += 24 + length;
  }
  return found;
}

const names = (list: readonly Entry[]) => list.map(({ name }) => name);

Deno.test("a directory's entries say what they are", () => {
  const job = fakeJob({ "d/f": "x", "d/s/g": "y" });
  job.call("path_symlink", ...job.put("f"), 3, ...job.put("d/l"));
  const list = entries(job, directory(job, "d")[1]);
  assert.deepEqual(list.map(({ name, type }) => [name, type]), [
    [".", 3],
    ["..", 3],
    ["f", 4],
    ["s", 3],
    ["l", 7],
  ]);
  for (const { name, ino } of list.filter(({ name }) => !name.startsWith("."))) {
    assert.equal(ino, job.stat(`d/${name}`).ino, name);
  }
  assert.equal(list[0]!.ino, job.stat("d").ino);
  assert.equal(list[1]!.ino, job.stat("d/..").ino);
});

Deno.test("every entry's cookie leads to the one behind it", () => {
  const job = fakeJob({ "d/a": "", "d/b": "", "d/c": "" });
  const [, fd] = directory(job, "d");
  const list = entries(job, fd);
  list.forEach(({ next }, i) =>
    assert.deepEqual(names(entries(job, fd, next)), names(list).slice(i + 1))
  );
  assert.deepEqual(entries(job, fd, 1n << 63n), []);
});

Deno.test("a thousand files are read and unlinked in turn, and none is missed", () => {
  const files = Array.from({ length: 1000 }, (_, i) => [`d/file-${i}`, ""]);
  const job = fakeJob(Object.fromEntries(files));
  const [, fd] = directory(job, "d");
  const seen: string[] = [];
  for (let cookie = 0n;;) {
    const list = entries(job, fd, cookie, 200);
    if (list.length === 0) break;
    for (const { name } of list.filter(({ type }) => type === 4)) {
      seen.push(name);
      assert.equal(job.call("path_unlink_file", 3, ...job.put(`d/${name}`)), success);
    }
    cookie = list.at(-1)!.next;
  }
  assert.equal(new Set(seen).size, 1000);
  assert.equal(job.call("path_remove_directory", 3, ...job.put("d")), success);
});

Deno.test("what comes or goes while a directory is read is seen from the start, or not listed", () => {
  const job = fakeJob({ "d/a": "", "d/b": "" });
  const [, fd] = directory(job, "d");
  const [, , a] = entries(job, fd);
  job.open("d/c", { flags: oflags.creat });
  job.call("path_unlink_file", 3, ...job.put("d/b"));
  assert.deepEqual(names(entries(job, fd, a!.next)), []);
  assert.deepEqual(names(entries(job, fd)), [".", "..", "a", "c"]);
});

Deno.test("nothing is made in a directory that was removed while it was open", () => {
  const job = fakeJob();
  job.call("path_create_directory", 3, ...job.put("d"));
  const more = rights.path_create_file | rights.path_create_directory | rights.path_symlink |
    rights.path_rename_target;
  const [, fd] = directory(job, "d", more);
  assert.equal(job.call("path_remove_directory", 3, ...job.put("d")), success);
  assert.equal(job.open("f", { at: fd, flags: oflags.creat })[0], noent);
  assert.equal(job.call("path_create_directory", fd, ...job.put("e")), noent);
  assert.equal(job.call("path_symlink", ...job.put("x"), fd, ...job.put("l")), noent);
  job.open("g", { flags: oflags.creat });
  assert.equal(job.call("path_rename", 3, ...job.put("g"), fd, ...job.put("g")), noent);
  assert.equal(job.stat("g").error, success);
  assert.deepEqual(names(entries(job, fd)), [".", ".."]);
});

Deno.test("paths walk through dots and links, within the directory that they are opened from", () => {
  const job = fakeJob({ "a/b/c/f": "deep", "a/g": "near", h: "top" });
  const link = (target: string, path: string) =>
    assert.equal(job.call("path_symlink", ...job.put(target), 3, ...job.put(path)), success);
  link("../../g", "a/b/c/up");
  link("b/c", "a/down");
  link("../../../h", "a/b/c/out");
  const [, a] = directory(job, "a");
  const reads = (path: string, at: number) => {
    const [error, fd] = job.open(path, { at });
    return error === success ? job.read(fd)[1] : error;
  };
  assert.equal(reads("b/c/up", a), "near");
  assert.equal(reads("b/../b/./c//f", a), "deep");
  assert.equal(reads("down/f", a), "deep");
  // `..` behind a link is the parent of where it led.
  assert.equal(reads("down/../c/f", a), "deep");
  assert.equal(reads("b/../../h", a), notcapable);
  assert.equal(reads("b/c/out", a), notcapable);
  assert.equal(reads("a/b/c/out", 3), "top");
  assert.equal(reads("none/../g", a), noent);
  assert.equal(reads("g/../g", a), notdir);
  assert.equal(reads("..", a), notcapable);
});

Deno.test("a link that leads nowhere is there, can be made true, and isn't followed to be new", () => {
  const job = fakeJob();
  job.call("path_symlink", ...job.put("later"), 3, ...job.put("l"));
  assert.equal(job.open("l")[0], noent);
  assert.equal(job.stat("l").type, 7);
  assert.equal(job.open("l", { flags: oflags.creat | oflags.excl })[0], exist);
  const [error, fd] = job.open("l", { flags: oflags.creat });
  assert.equal(error, success);
  assert.equal(job.stat("later").ino, job.stat(fd).ino);
  assert.equal(job.call("path_unlink_file", 3, ...job.put("l")), success);
  assert.equal(job.stat("later").error, success, "the link goes, not what it names");
});

Deno.test("O_DIRECTORY takes directories only, also through a link", () => {
  const job = fakeJob({ "d/f": "x" });
  job.call("path_symlink", ...job.put("d"), 3, ...job.put("l"));
  job.call("path_symlink", ...job.put("d/f"), 3, ...job.put("m"));
  assert.equal(directory(job, "l")[0], success);
  assert.equal(directory(job, "m")[0], notdir);
  assert.equal(job.open("d/", { rights: rights.fd_readdir })[0], success);
  assert.equal(job.open("d", { flags: oflags.trunc, rights: rights.fd_readdir })[0], isdir);
});

Deno.test("a rename takes the place of what was there, which lives on where it is open", () => {
  const job = fakeJob({ a: "new", b: "old", "d/x": "1" });
  const [, old] = job.open("b");
  const { ino } = job.stat("a");
  assert.equal(job.call("path_rename", 3, ...job.put("a"), 3, ...job.put("b")), success);
  assert.equal(job.stat("b").ino, ino);
  assert.deepEqual(job.read(old), [success, "old"]);
  assert.equal(job.stat(old).links, 0n);
  assert.equal(job.write(old, "!"), success);
  assert.equal(job.call("path_link", 3, 0, ...job.put("b"), 3, ...job.put("c")), success);
  // Two names of one file: nothing is to be done, and neither goes.
  assert.equal(job.call("path_rename", 3, ...job.put("b"), 3, ...job.put("c")), success);
  assert.deepEqual([job.stat("b").links, job.stat("c").links], [2n, 2n]);
  job.call("path_create_directory", 3, ...job.put("empty"));
  assert.equal(job.call("path_rename", 3, ...job.put("d"), 3, ...job.put("empty")), success);
  assert.equal(job.stat("empty/x").error, success);
  assert.equal(job.stat("empty/..").ino, job.stat(3).ino);
});
