import assert from "node:assert/strict";
import { appendFile, symlink } from "node:fs/promises";
import { hashFile } from "../../src/artifacts/hash_file.ts";
import { hashHere } from "../../src/artifacts/hash_here.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { testBytes } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const chunkSize = 256 * 1024;

Deno.test("a file that is hashed here has the hashes that a Worker finds", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  for (const size of [0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 5 * chunkSize, 1_500_001]) {
    await Deno.writeFile(path, testBytes(size));
    const here = await hashHere(path, { chunkSize });
    const there = await hashFile({ path, chunkSize, whole: true, chunks: true }, () => {});
    assert.equal(here.digest, there.digest, `${size}`);
    assert.deepEqual(here.chunks, there.chunks, `${size}`);
    assert.equal(here.size, size);
    assert.equal(here.chunkSize, chunkSize);
  }
});

Deno.test("each chunk is told when it is done", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  await Deno.writeFile(path, testBytes(2 * chunkSize + 7));
  const told: number[] = [];
  await hashHere(path, { chunkSize, onProgress: (done) => told.push(done) });
  assert.deepEqual(told, [chunkSize, 2 * chunkSize, 2 * chunkSize + 7]);
});

Deno.test("a file that grows or shrinks while it is hashed here is refused", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  const changes = [() => appendFile(path, "more"), () => Deno.truncate(path, chunkSize + 1)];
  for (const change of changes) {
    await Deno.writeFile(path, testBytes(3 * chunkSize));
    let changed: Promise<void> | undefined;
    const hashing = hashHere(path, { chunkSize, onProgress: () => void (changed ??= change()) });
    await assert.rejects(hashing, { code: "changed" });
    await changed;
  }
});

Deno.test("neither a link nor a missing file is hashed, and a stop is obeyed", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  await Deno.writeFile(path, testBytes(2 * chunkSize));
  await symlink(path, directory.join("link"));
  await assert.rejects(hashHere(directory.join("link"), { chunkSize }), PlasmdError);
  await assert.rejects(hashHere(directory.join("nothing"), { chunkSize }), { code: "io" });
  const stop = new AbortController();
  const why = new PlasmdError("cancelled", "Enough");
  const onProgress = () => stop.abort(why);
  await assert.rejects(hashHere(path, { chunkSize, signal: stop.signal, onProgress }), {
    code: "cancelled",
  });
});
