/**
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import type { ManifestArtifact } from "../../src/formats/manifest.ts";
import { openLibc, SystemCallError } from "../../src/boot/libc.ts";
import { openSealed } from "../../src/boot/sealed.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { fakeLibc } from "../support/fake_libc.ts";

const notLinux = Deno.build.os !== "linux";

function artifactOf(bytes: Uint8Array): ManifestArtifact {
  return {
    hash: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    size: bytes.length,
    path: "/kernel",
    chunks: { size: 262144, hashes: "" },
  };
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "plasmd-sealed-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

Deno.test({
  name: "a sealed file holds the bytes that were hashed, and no one can change them",
  ignore: notLinux,
  fn: () =>
    inDirectory(async (directory) => {
      const bytes = crypto.getRandomValues(new Uint8Array(65_000));
      const path = join(directory, "kernel");
      await writeFile(path, bytes);
      using libc = openLibc();
      using writer = openSealed(libc, "kernel");
      await writer.appendArtifact(path, artifactOf(bytes));
      using sealed = writer.seal();
      // The file on disk is replaced behind our back: it no longer matters.
      await writeFile(path, "something else");
      assert.equal(sealed.size, bytes.length);
      assert.deepEqual(new Uint8Array(await readFile(`/proc/self/fd/${sealed.fd}`)), bytes);
      assert.throws(() => libc.write(sealed.fd, new Uint8Array(1)), SystemCallError);
      await assert.rejects(writeFile(`/proc/self/fd/${sealed.fd}`, "x"), /EPERM/);
      assert.throws(() => writer.append(new Uint8Array(1)), PlasmdError);
    }),
});

Deno.test({
  name: "a closed memory file's descriptor is gone",
  ignore: notLinux,
  fn() {
    using libc = openLibc();
    const writer = openSealed(libc, "kernel");
    writer.append(new Uint8Array([1]));
    const { fd } = writer.seal();
    writer[Symbol.dispose]();
    assert.throws(
      () => libc.write(fd, new Uint8Array(1)),
      (thrown) => thrown instanceof SystemCallError && thrown.errno === 9,
    );
  },
});

Deno.test("a file that isn't the artifact is refused: flipped, shorter, longer", () =>
  inDirectory(async (directory) => {
    const bytes = crypto.getRandomValues(new Uint8Array(5000));
    const flipped = bytes.slice();
    flipped[4999]! ^= 1;
    const longer = new Uint8Array([...bytes, 0]);
    const path = join(directory, "kernel");
    for (const wrong of [flipped, bytes.subarray(1), longer, new Uint8Array()]) {
      await writeFile(path, wrong);
      using writer = openSealed(fakeLibc(), "kernel");
      await assert.rejects(
        writer.appendArtifact(path, artifactOf(bytes)),
        (thrown) => thrown instanceof PlasmdError && thrown.code === "mismatch",
      );
    }
  }));

Deno.test("a missing file is named", async () => {
  using writer = openSealed(fakeLibc(), "kernel");
  await assert.rejects(
    writer.appendArtifact("/nowhere/kernel", artifactOf(new Uint8Array(1))),
    (thrown) =>
      thrown instanceof PlasmdError && thrown.code === "io" &&
      thrown.message.startsWith('Cannot read "/nowhere/kernel"'),
  );
});

Deno.test("copying stops when it is told to", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "kernel");
    await writeFile(path, "abc");
    using writer = openSealed(fakeLibc(), "kernel");
    const signal = AbortSignal.abort(new PlasmdError("cancelled", "Stopped"));
    const artifact = artifactOf(new TextEncoder().encode("abc"));
    await assert.rejects(writer.appendArtifact(path, artifact, { signal }), /Stopped/);
  }));

Deno.test({
  name: "a kernel is sealed where files in memory may not be executable",
  ignore: notLinux,
  async fn() {
    // The setting is one of the process id namespace; kernels before 6.3 have none.
    const setting = "/proc/sys/vm/memfd_noexec";
    const there = await readFile(setting, "utf8").then(() => true, () => false);
    if (!there || Deno.uid() !== 0) return console.log("SKIPPED: root, and Linux 6.3, only");
    const [libc, sealed] = ["libc", "sealed"].map((name) =>
      new URL(`../../src/boot/${name}.ts`, import.meta.url).href
    );
    const program = `const { openLibc } = await import("${libc}");
      const { openSealed } = await import("${sealed}");
      using libc = openLibc();
      using writer = openSealed(libc, "kernel");
      writer.append(new Uint8Array(3));
      const { fd, size } = writer.seal();
      console.log(size, ((await Deno.stat("/proc/self/fd/" + fd)).mode & 0o111).toString(8));`;
    const script = `echo 2 >${setting} && exec "$@"`;
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        ...["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"],
        ...[Deno.execPath(), "eval", "--quiet", program],
      ],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "3 0\n", new TextDecoder().decode(stderr));
  },
});

Deno.test("what is appended starts at a multiple of four bytes", () => {
  const libc = fakeLibc();
  using writer = openSealed(libc, "initramfs");
  for (const length of [1, 4, 7]) {
    writer.append(new Uint8Array(length).fill(7));
    writer.align();
    assert.equal(libc.files.get(100)!.bytes.length % 4, 0);
  }
  assert.equal(writer.seal().size, 16);
});

Deno.test("memory that runs out is said so", () => {
  using writer = openSealed(fakeLibc({ write: 12 }), "initramfs");
  assert.throws(() => writer.append(new Uint8Array(1)), /^PlasmdError: Cannot hold the initramfs/);
});

Deno.test({
  name: "bytes are copied from another file in memory, and from the file itself",
  ignore: notLinux,
  async fn() {
    using libc = openLibc();
    using kernel = openSealed(libc, "kernel");
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    for (let i = 0; i < 40; i++) kernel.append(bytes);
    using writer = openSealed(libc, "initramfs");
    writer.append(bytes.subarray(0, 5));
    writer.appendFrom(kernel.seal().fd, 2_400_000);
    writer.appendFrom(writer.fd, 6);
    using sealed = writer.seal();
    const all = new Uint8Array(await readFile(`/proc/self/fd/${sealed.fd}`));
    assert.equal(sealed.size, 2_400_011);
    assert.deepEqual(all.subarray(5, 60_005), bytes);
    assert.deepEqual(all.subarray(5 + 39 * 60_000, 2_400_005), bytes);
    assert.deepEqual(all.subarray(-6), all.subarray(0, 6));
    assert.throws(() => writer.appendFrom(kernel.fd, 2_400_001));
  },
});
