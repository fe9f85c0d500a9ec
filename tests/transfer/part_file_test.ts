import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../src/lib/errors.ts";
import { isArtifact, openPart } from "../../src/transfer/part_file.ts";
import { chunkBytes, testImage } from "../support/image_origin.ts";
import { tempDirectory } from "../support/temp.ts";

const { rootfs, verified } = testImage();
const artifact = verified.manifest.artifacts.rootfs!;
const signal = new AbortController().signal;
const all = Array.from({ length: 11 }, (_, index) => index);

Deno.test("a new file has no good chunks, a whole one has all", async () => {
  await using directory = await tempDirectory();
  await using part = await openPart(directory.path, "rootfs");
  assert.deepEqual(await part.goodChunks(artifact, { signal }), []);
  await part.write(rootfs, 0);
  let checked = 0;
  const onChecked = (bytes: number) => checked += bytes;
  assert.deepEqual(await part.goodChunks(artifact, { signal, onChecked }), all);
  assert.equal(checked, rootfs.length);
});

Deno.test("of a file with a hole, a wrong byte and a cut end, the good chunks are kept", async () => {
  await using directory = await tempDirectory();
  await using part = await openPart(directory.path, "rootfs");
  await part.write(rootfs.subarray(chunkBytes, rootfs.length - 1), chunkBytes);
  await part.write(Uint8Array.of(rootfs[5 * chunkBytes]! ^ 1), 5 * chunkBytes);
  assert.deepEqual(await part.goodChunks(artifact, { signal }), [1, 2, 3, 4, 6, 7, 8, 9]);
});

Deno.test("a hole takes no room", async () => {
  await using directory = await tempDirectory();
  await using part = await openPart(directory.path, "rootfs");
  await part.write(rootfs.subarray(0, 77), 10 * chunkBytes);
  assert.ok(await part.allocated() < chunkBytes);
});

Deno.test("what lies beyond the end is cut", async () => {
  await using directory = await tempDirectory();
  await using part = await openPart(directory.path, "x");
  await part.write(new Uint8Array(100), 0);
  await part.seal(60);
  assert.equal((await fs.stat(part.path)).size, 60);
});

Deno.test("a link in the place of the file is not followed", async () => {
  await using directory = await tempDirectory();
  const victim = directory.join("victim");
  await fs.writeFile(victim, "precious");
  await fs.symlink(victim, directory.join("kernel.part"));
  await assert.rejects(openPart(directory.path, "kernel"), PlasmdError);
  await fs.link(victim, directory.join("rootfs.part"));
  await assert.rejects(openPart(directory.path, "rootfs"), /no regular file of its own/);
  assert.equal(await fs.readFile(victim, "utf8"), "precious");
});

Deno.test("checking stops with the signal", async () => {
  await using directory = await tempDirectory();
  await using part = await openPart(directory.path, "rootfs");
  await part.write(rootfs, 0);
  const stopped = AbortSignal.abort(new PlasmdError("cancelled", "Stopped"));
  await assert.rejects(part.goodChunks(artifact, { signal: stopped }), /Stopped/);
});

Deno.test("a file is the artifact only if all of it is", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("rootfs");
  assert.equal(await isArtifact(path, artifact, { signal }), "missing");
  await fs.writeFile(path, rootfs);
  assert.equal(await isArtifact(path, artifact, { signal }), "yes");
  await fs.truncate(path, rootfs.length - 1);
  assert.equal(await isArtifact(path, artifact, { signal }), "no");
  const wrong = rootfs.slice();
  wrong[wrong.length - 1]! ^= 1;
  await fs.writeFile(path, wrong);
  assert.equal(await isArtifact(path, artifact, { signal }), "no");
});

Deno.test("a directory or a link is no artifact", async () => {
  await using directory = await tempDirectory();
  assert.equal(await isArtifact(directory.path, artifact, { signal }), "no");
  await fs.writeFile(directory.join("real"), rootfs);
  await fs.symlink("real", directory.join("link"));
  await assert.rejects(isArtifact(directory.join("link"), artifact, { signal }), PlasmdError);
});
