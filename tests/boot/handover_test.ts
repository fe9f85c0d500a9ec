/**
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { appendHandover } from "../../src/boot/handover.ts";
import { parseOrigins } from "../../src/boot/origins.ts";
import { openSealed } from "../../src/boot/sealed.ts";
import type { ArtifactName } from "../../src/formats/names.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { readCpio, type ReadEntry } from "../support/cpio.ts";
import { fakeLibc } from "../support/fake_libc.ts";
import { tempDirectory } from "../support/temp.ts";
import { smallImage, writeImage } from "../support/verified.ts";

const providers = ["http://10.0.2.2:8080"];

/** The archive behind an initramfs of 13 bytes. */
async function handedOver(
  directory: string,
  artifacts: readonly ArtifactName[],
): Promise<ReadEntry[]> {
  const verified = await writeImage(directory);
  const libc = fakeLibc();
  using writer = openSealed(libc, "initramfs");
  writer.append(new Uint8Array(13).fill(1));
  await appendHandover(writer, { verified, directory, artifacts, providers });
  const { bytes } = libc.files.get(100)!;
  assert.deepEqual(bytes.subarray(13, 16), new Uint8Array(3), "zeros up to a multiple of four");
  return readCpio(bytes.subarray(16));
}

Deno.test("manifest, origins and artifacts follow the initramfs as regular files", async () => {
  await using directory = await tempDirectory();
  const entries = await handedOver(directory.path, ["rootfs", "initramfs", "kernel"]);
  const files = entries.filter(({ mode }) => (mode & 0o170000) === 0o100000);
  assert.deepEqual(
    files.map(({ path }) => path).sort(),
    ["initramfs", "kernel", "manifest.json", "origins.json", "rootfs"]
      .map((name) => `run/phase/handover/${name}`),
  );
  for (const { path, bytes } of files) {
    const name = path.split("/").at(-1)!;
    if (name in smallImage) assert.deepEqual(bytes, smallImage[name as ArtifactName]);
  }
  const manifest = files.find(({ path }) => path.endsWith("/manifest.json"))!;
  assert.deepEqual(
    manifest.bytes,
    new Uint8Array(await fs.readFile(directory.join("manifest.json"))),
  );
});

Deno.test("besides them there are only the directories on the way", async () => {
  await using directory = await tempDirectory();
  const entries = await handedOver(directory.path, ["kernel"]);
  const others = entries.filter(({ mode }) => (mode & 0o170000) !== 0o100000);
  assert.deepEqual(
    others.map(({ path, mode }) => [path, mode]),
    [["run", 0o40755], ["run/phase", 0o40755], ["run/phase/handover", 0o40755]],
  );
});

Deno.test("what is left out is said, with where it can be had", async () => {
  await using directory = await tempDirectory();
  const entries = await handedOver(directory.path, ["kernel"]);
  const origins = entries.find(({ path }) => path.endsWith("/origins.json"))!;
  assert.deepEqual(parseOrigins(origins.bytes), { providers, leftOut: ["initramfs", "rootfs"] });
  assert.ok(!entries.some(({ path }) => path.endsWith("/rootfs")));
});

Deno.test("a file that changed since it was fetched is not handed over", async () => {
  await using directory = await tempDirectory();
  const verified = await writeImage(directory.path);
  await fs.writeFile(directory.join("rootfs"), "something else");
  using writer = openSealed(fakeLibc(), "initramfs");
  const handover = {
    verified,
    directory: directory.path,
    artifacts: ["rootfs"],
    providers,
  } as const;
  await assert.rejects(
    appendHandover(writer, handover),
    (thrown) => thrown instanceof PlasmdError && thrown.code === "mismatch",
  );
});

Deno.test("a key that lies in the directory stays there", async () => {
  await using directory = await tempDirectory();
  await fs.writeFile(directory.join("identity.key"), new Uint8Array(32));
  const entries = await handedOver(directory.path, ["kernel", "initramfs", "rootfs"]);
  assert.ok(!entries.some(({ path }) => path.includes("key")));
});
