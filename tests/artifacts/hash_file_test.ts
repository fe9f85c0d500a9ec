import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { hashFile } from "../../src/artifacts/hash_file.ts";
import { sha256, sha256Hex } from "../../src/lib/bytes.ts";
import { hashLimits } from "../../src/lib/limits.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const KiB = 1024;
const chunkSize = 256 * KiB;
const both = { chunkSize, whole: true, chunks: true };

/** The concatenated hashes of the chunks, computed the plain way. */
function chunkHashes(bytes: Uint8Array, size: number): Uint8Array {
  const hashes: number[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    hashes.push(...sha256(bytes.subarray(at, at + size)));
  }
  return Uint8Array.from(hashes);
}

Deno.test("the whole and each chunk are hashed in one pass, whatever the size", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  for (const size of [1, chunkSize - 1, chunkSize, chunkSize + 1, 5 * chunkSize, 1_500_001]) {
    for (const chunk of [chunkSize, 1024 * KiB]) {
      const bytes = testBytes(size);
      await Deno.writeFile(path, bytes);
      const result = await hashFile({ path, ...both, chunkSize: chunk }, () => {});
      assert.equal(result.digest, sha256Hex(bytes), `${size}`);
      assert.deepEqual(result.chunks, chunkHashes(bytes, chunk), `${size}`);
      assert.equal(result.stamp.size, size);
    }
  }
});

Deno.test("only what is asked for is hashed", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: "abc" });
  const path = directory.join("file");
  const whole = await hashFile({ path, chunkSize, whole: true, chunks: false }, () => {});
  assert.equal(whole.chunks, undefined);
  const chunks = await hashFile({ path, chunkSize, whole: false, chunks: true }, () => {});
  assert.equal(chunks.digest, undefined);
  assert.equal(chunks.chunks?.toHex(), whole.digest);
});

Deno.test("progress comes after every stretch", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: testBytes(2.5 * hashLimits.stretchBytes) });
  const seen: number[] = [];
  await hashFile({ path: directory.join("file"), ...both }, (bytes) => seen.push(bytes));
  assert.deepEqual(seen, [hashLimits.stretchBytes, 2 * hashLimits.stretchBytes]);
});

Deno.test("a file that grows, shrinks or is rewritten while it is hashed is refused", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("file");
  const size = 2 * hashLimits.stretchBytes;
  const changes: Record<string, () => void> = {
    grows: () => Deno.writeFileSync(path, testBytes(10), { append: true }),
    shrinks: () => Deno.truncateSync(path, 1.5 * hashLimits.stretchBytes),
    "is emptied": () => Deno.truncateSync(path, 0),
    "is rewritten": () => {
      Deno.writeFileSync(path, testBytes(size, 2));
      Deno.utimeSync(path, 1, 1);
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    await Deno.writeFile(path, testBytes(size));
    let once = true;
    const hashing = hashFile({ path, ...both }, () => {
      if (once) change();
      once = false;
    });
    await assert.rejects(hashing, { code: "changed", message: /was changed after/ }, name);
  }
});

Deno.test("a missing file, a directory and a link are refused by name", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: "x" });
  await Deno.symlink("file", directory.join("link"));
  const hash = (name: string) => hashFile({ path: directory.join(name), ...both }, () => {});
  await assert.rejects(hash("none"), { code: "io", message: /Cannot open ".*none"/ });
  await assert.rejects(hash("link"), { code: "io", message: /Cannot open ".*link"/ });
  await assert.rejects(hash("."), { code: "artifacts", message: /not a regular file/ });
});

Deno.test("no descriptor is left behind, in success or failure", async () => {
  if (Deno.build.os !== "linux") return console.log("SKIPPED: needs /proc");
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: testBytes(2 * hashLimits.stretchBytes) });
  const path = directory.join("file");
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  for (let i = 0; i < 20; i++) {
    await hashFile({ path, ...both }, () => {});
    await hashFile({ path: directory.path, ...both }, () => {}).catch(() => {});
    const grow = () => Deno.writeFileSync(path, testBytes(1), { append: true });
    await hashFile({ path, ...both }, grow).catch(() => {});
  }
  await appendFile(path, "");
  assert.ok(open() <= before + 1, `${before} before, ${open()} after`);
});
