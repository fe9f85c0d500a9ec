import assert from "node:assert/strict";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { buildImage, type ImageOptions } from "../../../src/boot/media/image.ts";
import { sha256Hex } from "../../../src/lib/bytes.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { readCpio, textIn } from "../../support/cpio.ts";
import { bzImage, elfFile } from "../../support/elf.ts";
import { ingredients, kernelRelease as version } from "../../support/image_parts.ts";
import { type TempDirectory, tempDirectory } from "../../support/temp.ts";

const buildTime = Date.UTC(2026, 10, 24);

async function refuses(
  change: (
    options: ImageOptions,
    directory: TempDirectory,
  ) => Partial<ImageOptions> | Promise<void>,
  message: RegExp,
  hint?: RegExp,
): Promise<void> {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  const changed = { ...options, ...await change(options, directory) };
  await assert.rejects(buildImage(changed), (thrown) => {
    assert.ok(thrown instanceof PlasmdError, String(thrown));
    assert.equal(thrown.code, "config");
    assert.match(thrown.message, message);
    if (hint !== undefined) assert.match(thrown.hint!, hint);
    return true;
  });
  await assert.rejects(Deno.stat(options.output), Deno.errors.NotFound);
}

Deno.test("an image holds programs, scripts, settings and the chosen modules, unpacked", async () => {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  const report = await buildImage(options);
  const packed = await Deno.readFile(options.output);
  assert.equal(report.sha256, sha256Hex(packed));
  assert.equal(report.size, packed.length);
  assert.deepEqual(report.modules, ["squashfs", "overlay", "virtio", "virtio_net"]);
  assert.deepEqual(report.warnings, []);
  const entries = readCpio(new Uint8Array(zstdDecompressSync(packed)));
  const modes = new Map(entries.map(({ path, mode }) => [path, mode]));
  assert.equal(modes.get("init"), 0o100755);
  assert.equal(modes.get("run/phase/bin/plasmd"), 0o100755);
  assert.equal(modes.get("dev/console"), 0o020600);
  assert.equal(modes.get("tmp"), 0o041777);
  assert.ok(modes.has(`lib/modules/${version}/kernel/fs/squashfs.ko`));
  assert.ok(![...modes.keys()].some((path) => path.includes("joystick")));
  assert.equal(
    textIn(entries, `lib/modules/${version}/modules.dep`),
    "kernel/fs/squashfs.ko:\nkernel/fs/overlay.ko:\nkernel/virtio.ko:\n" +
      "kernel/virtio_net.ko: kernel/virtio.ko\n",
  );
  assert.equal(
    textIn(entries, `lib/modules/${version}/modules.alias`),
    "alias virtio:d1v* virtio_net\n",
  );
  assert.equal(textIn(entries, "etc/phase/modules"), "squashfs\noverlay\n");
  assert.ok(entries.every(({ mtime }) => mtime === buildTime / 1000));
});

Deno.test("nothing lies where the previous system's handover comes, or is mounted over", async () => {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  await buildImage(options);
  const entries = readCpio(new Uint8Array(zstdDecompressSync(await Deno.readFile(options.output))));
  assert.ok(!entries.some(({ path }) => path.startsWith("run/phase/handover")));
  assert.deepEqual(
    entries.filter(({ path }) => /^run\b/.test(path)).map(({ path }) => path),
    [
      "run",
      "run/phase",
      "run/phase/bin",
      "run/phase/bin/plasmd",
      "run/phase/plasmd",
      "run/phase/serve",
    ],
  );
});

Deno.test("two builds of one input are the same bytes, another build time makes others", async () => {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  const first = await buildImage(options);
  assert.equal((await buildImage(options)).sha256, first.sha256);
  const later = await buildImage({ ...options, buildTime: buildTime + 1000 });
  assert.notEqual(later.sha256, first.sha256);
});

Deno.test("gzip and zstd hold the same archive", async () => {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  await buildImage(options);
  const zstd = zstdDecompressSync(await Deno.readFile(options.output));
  await buildImage({ ...options, compression: "gzip" });
  assert.deepEqual(gunzipSync(await Deno.readFile(options.output)), zstd);
});

Deno.test("an image without keys is built with a warning", async () => {
  await using directory = await tempDirectory();
  const { warnings } = await buildImage({ ...await ingredients(directory), trust: [] });
  assert.deepEqual(warnings, [
    "no --trust: who controls the kernel command line decides whom to trust",
  ]);
});

Deno.test("a kernel without what an image needs is named in a warning", async () => {
  await using directory = await tempDirectory();
  const options = await ingredients(directory);
  await Deno.writeTextFile(`${options.modules}/modules.builtin`, "kernel/af_packet.ko\n");
  const { warnings } = await buildImage(options);
  assert.deepEqual(warnings, ["the kernel has no module loop: a rootfs can't work"]);
});

Deno.test("modules of another kernel are refused", () =>
  refuses(
    (_, directory) => Deno.writeFile(directory.join("vmlinuz"), bzImage("6.5.0-1-amd64")),
    /is version 6\.5\.0-1-amd64, the modules in .* are for 6\.1\.0-13-amd64/,
    /--modules \/lib\/modules\/6\.5\.0-1-amd64/,
  ));

Deno.test("a busybox that is missing or needs libraries is refused with Debian's package", async () => {
  await refuses(
    (_, { join }) => ({ busybox: join("none") }),
    /There is no busybox/,
    /busybox-static/,
  );
  await refuses(
    (_, directory) => Deno.writeFile(directory.join("busybox"), elfFile({ segments: [3] })),
    /it is not static/,
    /apt install busybox-static/,
  );
});

Deno.test("programs for another machine, and what is no program, are refused", async () => {
  await refuses(() => ({ arch: "arm64" }), /it is for x86_64, the image is for arm64/);
  await refuses(
    (_, directory) => Deno.writeTextFile(directory.join("plasmd"), "#!/bin/sh\n"),
    /Cannot use plasmd executable .* it is no 64-bit ELF program/,
  );
});

Deno.test("a modules directory without depmod's tables is refused", () =>
  refuses(
    ({ modules }) => Deno.remove(`${modules}/modules.dep`),
    /No modules\.dep/,
    /depmod -b ROOT VERSION/,
  ));
