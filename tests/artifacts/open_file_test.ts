import assert from "node:assert/strict";
import { hashFile } from "../../src/artifacts/hash_file.ts";
import type { FileHash } from "../../src/artifacts/hash.ts";
import { holdFile, openArtifact } from "../../src/artifacts/open_file.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const chunkSize = 256 * 1024;
const bytes = testBytes(1_000_000);

/** A file of those bytes, last written some time ago. */
async function oldFile() {
  const directory = await tempDirectory();
  await writeFiles(directory.path, { file: bytes });
  await Deno.utime(directory.join("file"), 1_700_000_000, 1_700_000_000);
  return {
    path: directory.join("file"),
    directory,
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  };
}

async function hashOf(path: string): Promise<FileHash> {
  const task = { path, chunkSize, whole: true, chunks: true };
  const { digest, chunks, stamp } = await hashFile(task, () => {});
  return { ...stamp, digest: digest!, chunks: chunks!, chunkSize };
}

Deno.test("many read at once, each at its own place", async () => {
  await using old = await oldFile();
  using file = holdFile(old.path);
  await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    const at = (i * 7919 * 13) % bytes.length;
    const into = new Uint8Array(5000);
    const read = await file.read(into, at);
    assert.deepEqual(into.subarray(0, read), bytes.subarray(at, at + 5000));
  }));
});

Deno.test("a read at the end is cut, and beyond the end there is nothing", async () => {
  await using old = await oldFile();
  using file = holdFile(old.path);
  assert.equal(await file.read(new Uint8Array(100), bytes.length - 7), 7);
  assert.equal(await file.read(new Uint8Array(100), bytes.length), 0);
  assert.equal(await file.read(new Uint8Array(100), bytes.length + 5), 0);
  assert.equal(await file.read(new Uint8Array(0), 0), 0);
});

Deno.test("a file that another one replaces is served on as it was", async () => {
  await using old = await oldFile();
  using file = holdFile(old.path);
  await writeFiles(old.directory.path, { other: "something else" });
  await Deno.rename(old.directory.join("other"), old.path);
  const into = new Uint8Array(bytes.length);
  assert.equal(await file.read(into, 0), bytes.length);
  assert.deepEqual(into, bytes);
  file.check();
});

Deno.test("a removed file is served on", async () => {
  await using old = await oldFile();
  using file = holdFile(old.path);
  await Deno.remove(old.path);
  assert.equal(await file.read(new Uint8Array(10), 999_990), 10);
  file.check();
});

const changes: Record<string, (path: string) => Promise<void>> = {
  truncated: (path) => Deno.truncate(path, 10),
  emptied: (path) => Deno.truncate(path, 0),
  "grown by a byte": (path) => Deno.writeFile(path, testBytes(1), { append: true }),
  "rewritten in place with other bytes": (path) => Deno.writeFile(path, testBytes(1_000_000, 2)),
};
for (const [name, change] of Object.entries(changes)) {
  Deno.test(`a file that is ${name} gives out nothing more`, async () => {
    await using old = await oldFile();
    using file = holdFile(old.path);
    assert.equal(await file.read(new Uint8Array(100), 0), 100);
    await change(old.path);
    const refused = { code: "changed", hint: /rename/ };
    await assert.rejects(file.read(new Uint8Array(100), 0), refused);
    await assert.rejects(file.read(new Uint8Array(100), 500_000), refused);
    assert.throws(() => file.check(), refused);
  });
}

Deno.test("what has changed once is never good again, even with its old time", async () => {
  await using old = await oldFile();
  using file = holdFile(old.path);
  await Deno.writeFile(old.path, testBytes(1_000_000, 3));
  assert.throws(() => file.check(), { code: "changed" });
  await Deno.writeFile(old.path, bytes);
  await Deno.utime(old.path, 1_700_000_000, 1_700_000_000);
  assert.throws(() => file.check(), { code: "changed" });
});

Deno.test("a file stays open for who acquired it, and is closed after the last", async () => {
  await using old = await oldFile();
  const file = holdFile(old.path);
  const first = file.acquire();
  const second = file.acquire();
  file[Symbol.dispose]();
  file[Symbol.dispose](); // twice is once
  assert.equal(await file.read(new Uint8Array(10), 0), 10);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(await file.read(new Uint8Array(10), 0), 10);
  second[Symbol.dispose]();
  await assert.rejects(file.read(new Uint8Array(10), 0), { code: "internal", message: /closed/ });
  assert.throws(() => file.acquire(), { code: "internal" });
});

Deno.test("a read that is under way keeps its file open", async () => {
  await using old = await oldFile();
  const file = holdFile(old.path);
  const reads = Array.from({ length: 20 }, (_, i) => file.read(new Uint8Array(10_000), i * 10));
  file[Symbol.dispose]();
  for (const read of await Promise.all(reads)) assert.equal(read, 10_000);
  assert.throws(() => file.check(), { code: "internal" });
});

Deno.test("opening and closing leaves no descriptor behind", async () => {
  if (Deno.build.os !== "linux") return console.log("SKIPPED: needs /proc");
  await using old = await oldFile();
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  for (let i = 0; i < 100; i++) {
    using file = holdFile(old.path);
    await file.read(new Uint8Array(10), 0);
    assert.throws(() => holdFile(old.directory.path), { code: "artifacts" });
  }
  assert.equal(open(), before);
});

Deno.test("an artifact is the file that was hashed, and no other one", async () => {
  await using old = await oldFile();
  const hash = await hashOf(old.path);
  using file = holdFile(old.path);
  const artifact = openArtifact("rootfs", file, hash);
  assert.equal(artifact.digest, hash.digest);
  assert.equal(artifact.size, bytes.length);
  assert.equal(artifact.modified, 1_700_000_000_000);
  await artifact.check();
  assert.equal(await artifact.read(new Uint8Array(5), 1), 5);
  using _held = artifact.acquire();
  for (const member of ["dev", "ino", "size", "mtimeMs", "ctimeMs"] as const) {
    assert.throws(() => openArtifact("rootfs", file, { ...hash, [member]: 1 }), {
      code: "changed",
      hint: /start again/,
    });
  }
});

Deno.test("who reads an artifact is not told where it lies", async () => {
  await using old = await oldFile();
  const hash = await hashOf(old.path);
  const file = holdFile(old.path);
  const artifact = openArtifact("kernel", file, hash);
  await Deno.truncate(old.path, 1);
  const told = (code: string, message: string) => (thrown: Error & { code: string }) => {
    assert.equal(thrown.code, code);
    assert.equal(thrown.message, message);
    assert.ok((thrown.cause as Error).message.includes(old.path), "the cause says it");
    return true;
  };
  const changed = told("changed", "The kernel was changed after it was hashed");
  await assert.rejects(artifact.read(new Uint8Array(10), 0), changed);
  await assert.rejects(artifact.check(), changed);
  file[Symbol.dispose]();
  const closed = told("internal", "The kernel can't be read");
  await assert.rejects(artifact.read(new Uint8Array(10), 0), closed);
  await assert.rejects(artifact.check(), closed);
});

Deno.test("a missing file, a link and a pipe can't be opened", async () => {
  await using old = await oldFile();
  await Deno.symlink("file", old.directory.join("link"));
  const made = await new Deno.Command("mkfifo", { args: [old.directory.join("pipe")] }).output();
  assert.ok(made.success);
  assert.throws(() => holdFile(old.directory.join("none")), { code: "io", message: /"[^"]*none"/ });
  assert.throws(() => holdFile(old.directory.join("link")), { code: "io" });
  assert.throws(() => holdFile(old.directory.join("pipe")), { code: "artifacts" });
});
