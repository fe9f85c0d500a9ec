import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDeviceTree } from "../../../src/boot/kexec_load/device_tree.ts";
import { parseKernelHeader } from "../../../src/boot/kexec_load/kernel_header.ts";
import { entryCode, layOut, type LayoutOptions } from "../../../src/boot/kexec_load/layout.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { arm64Kernel, smallTree } from "../../support/arm64.ts";

const MiB = 1024 * 1024;

function file(size: number) {
  return { fd: 3, size, [Symbol.dispose]() {} };
}

function options(changes: Partial<LayoutOptions> = {}): LayoutOptions {
  return {
    kernel: file(30 * MiB),
    header: { textOffset: 0, imageBytes: 31 * MiB + 5 },
    initramfs: file(40 * MiB + 1),
    cmdline: "console=ttyAMA0",
    iomem: "40000000-4fffffff : System RAM\n  40000000-400fffff : reserved\n",
    tree: parseDeviceTree(smallTree),
    random: (bytes) => new Uint8Array(bytes),
    ...changes,
  };
}

Deno.test("kernel, initramfs, tree and entry lie apart, whole pages each, the kernel at 2 MiB", () => {
  const { entry, segments } = layOut(options());
  assert.equal(segments.length, 4);
  assert.equal(segments[0]!.at, 0x4020_0000);
  const areas = segments.map(({ at, memoryBytes }) => [at, at + memoryBytes] as const)
    .toSorted(([a], [b]) => a - b);
  for (const [i, [start, end]] of areas.entries()) {
    assert.equal(start % 65_536, 0);
    assert.equal(end % 65_536, 0);
    assert.ok(start >= 0x4010_0000 && end <= 0x5000_0000);
    if (i > 0) assert.ok(areas[i - 1]![1] <= start);
  }
  assert.equal(segments[3]!.at, entry);
});

Deno.test("the tree tells where the initramfs lies", () => {
  const { segments } = layOut(options());
  const tree = parseDeviceTree(segments[2]!.source as Uint8Array);
  const chosen = tree.root.children.find(({ name }) => name === "chosen")!;
  const start = new DataView(chosen.properties.get("linux,initrd-start")!.buffer).getBigUint64(0);
  assert.equal(Number(start), segments[1]!.at);
});

Deno.test("a kernel's offset is kept, and no initramfs takes no place", () => {
  const header = { textOffset: 0x8_0000, imageBytes: 31 * MiB };
  const { segments } = layOut(options({ header, initramfs: undefined }));
  assert.equal(segments[0]!.at, 0x4028_0000);
  assert.equal(segments.length, 3);
});

Deno.test("too little memory is said so", () => {
  assert.throws(
    () => layOut(options({ iomem: "40000000-41ffffff : System RAM\n" })),
    (thrown) => thrown instanceof PlasmdError && thrown.code === "unsupported",
  );
});

Deno.test("the entry loads the tree's address and branches to the kernel", () => {
  const view = new DataView(entryCode(0x4020_0000, 0x4a00_0000).buffer);
  assert.deepEqual(
    Array.from({ length: 6 }, (_, i) => view.getUint32(4 * i, true)),
    [0x58000100, 0xaa1f03e1, 0xaa1f03e2, 0xaa1f03e3, 0x58000051, 0xd61f0220],
  );
  assert.equal(view.getBigUint64(24, true), 0x4020_0000n);
  assert.equal(view.getBigUint64(32, true), 0x4a00_0000n);
});

Deno.test("a kernel's header is read", () => {
  const kernel = arm64Kernel(8 * MiB, 5000, 0x8_0000);
  assert.deepEqual(parseKernelHeader(kernel, 5000), { textOffset: 0x8_0000, imageBytes: 8 * MiB });
});

Deno.test("what is no arm64 kernel is refused, a compressed one by name", () => {
  const zipped = new Uint8Array(64);
  zipped.set([0x1f, 0x8b]);
  const zboot = new Uint8Array(64);
  zboot.set(new TextEncoder().encode("MZ\0\0zimg"));
  const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
    [zipped, 5000, /compressed/],
    [zboot, 5000, /compressed/],
    [new Uint8Array(64), 5000, /no arm64 kernel/],
    [arm64Kernel(8 * MiB, 64).subarray(0, 63), 63, /no arm64 kernel/],
    [arm64Kernel(100, 64), 5000, /makes no sense/],
    [arm64Kernel(8 * MiB, 64, 2 * MiB), 5000, /makes no sense/],
    [arm64Kernel(2 ** 33, 64), 5000, /makes no sense/],
  ];
  for (const [bytes, size, reason] of cases) {
    assert.throws(
      () => parseKernelHeader(bytes, size),
      (thrown) =>
        thrown instanceof PlasmdError && thrown.code === "unsupported" &&
        reason.test(thrown.message),
    );
  }
});

Deno.test("any header is read or refused, and nothing else", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), fc.nat(), (bytes, size) => {
    try {
      parseKernelHeader(bytes, size);
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError);
    }
  }));
});
