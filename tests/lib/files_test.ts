import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { readBounded, readBoundedIfThere, writeAtomic } from "../../src/lib/files.ts";
import { tempDirectory } from "../support/temp.ts";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

Deno.test("a written file has its mode whatever the umask, and leaves nothing beside it", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("secret");
  const old = Deno.umask(0o077);
  try {
    await writeAtomic(path, "one", { mode: 0o644 });
  } finally {
    Deno.umask(old);
  }
  assert.equal((await fs.stat(path)).mode & 0o777, 0o644);
  await writeAtomic(path, "two", { mode: 0o600 });
  assert.equal((await fs.stat(path)).mode & 0o777, 0o600);
  assert.equal(text(await readBounded(path, 10)), "two");
  assert.deepEqual(await fs.readdir(directory.path), ["secret"]);
});

Deno.test("a write never replaces a device, a pipe, a directory or a link to one", async () => {
  await using directory = await tempDirectory();
  const pipe = directory.join("pipe");
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  await fs.symlink("/dev/null", directory.join("device"));
  await fs.symlink("/proc/self/fd/1", directory.join("stdout"));
  await fs.mkdir(directory.join("directory"));
  const names = (await fs.readdir(directory.path)).sort();
  assert.deepEqual(names, ["device", "directory", "pipe", "stdout"]);
  for (const name of names) {
    const path = directory.join(name);
    const before = await fs.lstat(path);
    await assert.rejects(writeAtomic(path, "x"), {
      code: "io",
      message: /^Cannot write ".*": not a regular file$/,
    });
    assert.equal((await fs.lstat(path)).ino, before.ino);
  }
  assert.deepEqual((await fs.readdir(directory.path)).sort(), names);
});

Deno.test("a write replaces a link to a file, and leaves that file", async () => {
  await using directory = await tempDirectory();
  const [file, link] = [directory.join("file"), directory.join("link")];
  await fs.writeFile(file, "old");
  await fs.symlink(file, link);
  await writeAtomic(link, "new");
  assert.equal(text(await readBounded(file, 10)), "old");
  assert.equal(text(await readBounded(link, 10, { followLinks: false })), "new");
});

Deno.test("an exclusive write never replaces a file", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("key");
  await writeAtomic(path, "first", { exclusive: true });
  await assert.rejects(writeAtomic(path, "second", { exclusive: true }), {
    code: "io",
    message: /Cannot write ".*key"/,
  });
  assert.equal(text(await readBounded(path, 10)), "first");
  assert.deepEqual(await fs.readdir(directory.path), ["key"]);
});

Deno.test("a write into a missing directory says which file", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(writeAtomic(directory.join("no/x"), ""), {
    code: "io",
    message: /Cannot write ".*no\/x"/,
  });
});

Deno.test("a file above the limit is refused with both sizes", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("big");
  await writeAtomic(path, new Uint8Array(2 * 1024 * 1024));
  await assert.rejects(readBounded(path, 1024 * 1024), {
    code: "too_large",
    message: /Cannot read ".*big": size is 2 MiB, limit is 1 MiB/,
  });
  assert.equal((await readBounded(path, 2 * 1024 * 1024)).length, 2 * 1024 * 1024);
});

Deno.test("a directory, a pipe or a device in the place of a file is refused", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(readBounded(directory.path, 10), { code: "io", message: /not a regular/ });
  await assert.rejects(readBounded("/dev/zero", 10), { code: "io", message: /not a regular/ });
});

Deno.test("a link is followed only where that was asked", async () => {
  await using directory = await tempDirectory();
  await writeAtomic(directory.join("a"), "x");
  await fs.symlink("a", directory.join("b"));
  assert.equal(text(await readBounded(directory.join("b"), 10)), "x");
  await assert.rejects(readBounded(directory.join("b"), 10, { followLinks: false }), {
    code: "io",
  });
});

Deno.test("a missing file is undefined only where that was asked", async () => {
  await using directory = await tempDirectory();
  assert.equal(await readBoundedIfThere(directory.join("x"), 10), undefined);
  await assert.rejects(readBounded(directory.join("x"), 10), { code: "io" });
  await writeAtomic(directory.join("x"), "12345678901");
  await assert.rejects(readBoundedIfThere(directory.join("x"), 10), { code: "too_large" });
});
