import assert from "node:assert/strict";
import fc from "fast-check";
import { type UkiOptions, unifiedKernelImage } from "../../../src/boot/media/uki.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { efiStub, readPe } from "../../support/pe.ts";

function options(changes: Partial<UkiOptions> = {}): UkiOptions {
  return {
    arch: "x86_64",
    stub: efiStub(),
    kernel: new Uint8Array(5000).fill(1),
    initramfs: new Uint8Array(70_001).fill(2),
    cmdline: "console=ttyS0 quiet",
    name: "Phase Boot",
    version: "1.2.3",
    ...changes,
  };
}

Deno.test("kernel, initramfs, command line and name become sections behind the stub's", () => {
  const made = unifiedKernelImage(options());
  const { sections } = readPe(made);
  assert.deepEqual(sections.map(({ name }) => name), [
    ...[".text", ".osrel", ".cmdline", ".initrd", ".linux"],
  ]);
  const [, osrel, cmdline, initrd, linux] = sections;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.match(text(osrel!.bytes), /^ID=plasmd$/m);
  assert.match(text(osrel!.bytes), /^VERSION_ID="1\.2\.3"$/m);
  assert.equal(text(cmdline!.bytes), "console=ttyS0 quiet");
  assert.deepEqual(initrd!.bytes, options().initramfs);
  assert.deepEqual(linux!.bytes, options().kernel);
});

Deno.test("sections lie apart in file and memory, whole pages each, within what is asked for", () => {
  fc.assert(fc.property(
    fc.nat(20_000),
    fc.nat(20_000),
    fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
    (kernelBytes, initramfsBytes, cmdline) => {
      const [kernel, initramfs] = [new Uint8Array(kernelBytes), new Uint8Array(initramfsBytes)];
      const made = unifiedKernelImage(options({ kernel, initramfs, cmdline }));
      const { sections, imageBytes } = readPe(made);
      for (const [i, section] of sections.entries()) {
        assert.equal(section.at % 512, 0);
        assert.ok(section.at + section.bytes.length <= made.length);
        assert.ok(section.address + section.bytes.length <= imageBytes);
        const before = sections[i - 1];
        if (before === undefined) continue;
        assert.equal(section.address % 4096, 0);
        assert.ok(before.address + before.bytes.length <= section.address);
      }
    },
  ));
});

Deno.test("the same input gives the same bytes, and each arch takes its own stub", () => {
  assert.deepEqual(unifiedKernelImage(options()), unifiedKernelImage(options()));
  const stub = efiStub({ processor: 0xaa64 });
  assert.equal(readPe(unifiedKernelImage(options({ arch: "arm64", stub }))).sections.length, 5);
});

Deno.test("what is no stub for this machine is refused with the reason", () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(), /it is cut/],
    [new Uint8Array(4096), /no program for UEFI/],
    [efiStub().subarray(0, 200), /it is cut/],
    [efiStub({ processor: 0xaa64 }), /another processor than x86_64/],
    [efiStub({ signed: true }), /signed already/],
    [efiStub({ sections: 12 }), /no room for more sections/],
  ];
  for (const [stub, reason] of cases) {
    assert.throws(
      () => unifiedKernelImage(options({ stub })),
      (thrown) =>
        thrown instanceof PlasmdError && thrown.code === "config" && reason.test(thrown.message) &&
        /--stub/.test(thrown.hint ?? ""),
    );
  }
});

Deno.test("a stub with changed bytes is used or refused, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 4 }),
      fc.nat(2048),
      (changes, length) => {
        const stub = efiStub();
        for (const [at, value] of changes) stub[at] = value;
        try {
          unifiedKernelImage(options({ stub: stub.subarray(0, length) }));
        } catch (thrown) {
          assert.ok(thrown instanceof PlasmdError, String(thrown));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
