import assert from "node:assert/strict";
import { buildImage, type ImageOptions } from "../../../src/boot/media/image.ts";
import { kernelWords } from "../../../src/boot/media/formats.ts";
import { sha256Hex } from "../../../src/lib/bytes.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { ingredients } from "../../support/image_parts.ts";
import { efiStub, readPe } from "../../support/pe.ts";
import { type TempDirectory, tempDirectory } from "../../support/temp.ts";

async function built(directory: TempDirectory, changes: Partial<ImageOptions>) {
  const stub = directory.join("stub.efi");
  await Deno.writeFile(stub, efiStub());
  const cmdline = "console=ttyS0 phase.mode=local quiet";
  const options = { ...await ingredients(directory), stub, cmdline, ...changes };
  const report = await buildImage(options);
  return { report, bytes: await Deno.readFile(options.output), options };
}

Deno.test("a UEFI program holds the kernel and the very initramfs that would be built", async () => {
  await using directory = await tempDirectory();
  const { report, bytes, options } = await built(directory, { format: "uki" });
  assert.equal(report.format, "uki");
  assert.equal(report.size, bytes.length);
  assert.equal(report.sha256, sha256Hex(bytes));
  const sections = new Map(readPe(bytes).sections.map(({ name, bytes }) => [name, bytes]));
  assert.deepEqual(sections.get(".linux"), await Deno.readFile(options.kernel));
  assert.equal(new TextDecoder().decode(sections.get(".cmdline")), "console=ttyS0 quiet");
  const { bytes: initramfs } = await built(directory, { format: "initramfs" });
  assert.deepEqual(sections.get(".initrd"), initramfs);
});

Deno.test("a disk image is as long as its sectors, and the same each time", async () => {
  await using directory = await tempDirectory();
  const { report, bytes } = await built(directory, { format: "disk" });
  assert.equal(report.format, "disk");
  assert.equal(bytes.length % (1024 * 1024), 0);
  assert.deepEqual((await built(directory, { format: "disk" })).bytes, bytes);
});

Deno.test("words of ours aren't left to firmware, which may replace the kernel's", () => {
  assert.equal(kernelWords("a=1  phase.trust=x b phase.serve=1"), "a=1 b");
});

Deno.test("what can't be made is refused, and nothing is written", async () => {
  const sign = { key: "/nowhere/key.pem", cert: "/nowhere/cert.pem" };
  const cases: readonly (readonly [Partial<ImageOptions>, RegExp])[] = [
    [{ format: "initramfs", sign }, /initramfs can't be signed/],
    [{ format: "uki", stub: "/nowhere/stub.efi" }, /Cannot read the UEFI stub/],
    [{ format: "uki", sign }, /Cannot sign the image/],
  ];
  for (const [changes, message] of cases) {
    await using directory = await tempDirectory();
    await assert.rejects(
      built(directory, changes),
      (thrown) =>
        thrown instanceof PlasmdError && thrown.code === "config" && message.test(thrown.message) &&
        thrown.hint !== undefined,
    );
    await assert.rejects(Deno.stat(directory.join("image")), Deno.errors.NotFound);
  }
});
