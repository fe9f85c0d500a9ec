import assert from "node:assert/strict";
import fc from "fast-check";
import {
  deviceTreeBytes,
  parseDeviceTree,
  type TreeNode,
} from "../../../src/boot/kexec_load/device_tree.ts";
import { nextTree } from "../../../src/boot/kexec_load/next_tree.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { smallTree, treeNode } from "../../support/arm64.ts";

function chosenOf(root: TreeNode): TreeNode {
  return root.children.find(({ name }) => name === "chosen")!;
}

function textOf(node: TreeNode, property: string): string {
  return new TextDecoder().decode(node.properties.get(property));
}

const nodes = fc.letrec<{ node: TreeNode }>((tie) => ({
  node: fc.record({
    name: fc.stringMatching(/^[a-z0-9@,-]{1,12}$/),
    properties: fc.dictionary(
      fc.stringMatching(/^[a-z,-]{1,12}$/),
      fc.uint8Array({ maxLength: 20 }),
    ).map((all) => new Map(Object.entries(all))),
    children: fc.oneof(
      { depthSize: "small" },
      fc.constant([]),
      fc.array(tie("node"), { maxLength: 3 }),
    ),
  }, { noNullPrototype: true }),
})).node;

Deno.test("a tree that is written reads as it was", () => {
  fc.assert(fc.property(
    nodes,
    fc.array(
      fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 48n }), fc.bigInt({ min: 1n, max: 2n ** 32n })),
      {
        maxLength: 4,
      },
    ),
    fc.nat(7),
    (root, reservations, bootCpu) => {
      const tree = { root, reservations, bootCpu };
      assert.deepEqual(parseDeviceTree(deviceTreeBytes(tree)), tree);
    },
  ));
});

Deno.test("a tree with a changed byte is read or refused, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.nat(smallTree.length - 1),
      fc.nat(255),
      fc.nat(smallTree.length),
      (at, value, length) => {
        const bytes = smallTree.slice();
        bytes[at] = value;
        try {
          parseDeviceTree(bytes.subarray(0, length));
        } catch (thrown) {
          assert.ok(thrown instanceof PlasmdError, String(thrown));
          assert.equal(thrown.code, "malformed");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("what is no tree is refused with the reason", () => {
  const change = (edit: (view: DataView) => void) => {
    const bytes = smallTree.slice();
    edit(new DataView(bytes.buffer));
    return bytes;
  };
  const structure = new DataView(smallTree.buffer).getUint32(8);
  const bad: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(), /doesn't begin as one/],
    [new Uint8Array(3 * 1024 * 1024), /too large/],
    [smallTree.subarray(0, 60), /length is wrong/],
    [change((view) => view.setUint32(0, 1)), /doesn't begin as one/],
    [change((view) => view.setUint32(20, 3)), /version 3 is unknown/],
    [change((view) => view.setUint32(8, 0xffff_fff0)), /don't end/],
    [change((view) => view.setUint32(16, 0xffff_fff0)), /reservations don't end/],
    [change((view) => view.setUint32(structure, 7)), /unknown token 7/],
    [change((view) => view.setUint32(structure, 2)), /has not begun/],
    [change((view) => view.setUint32(structure, 9)), /don't end/],
    [change((view) => view.setUint32(structure, 3)), /doesn't end|outside of all nodes/],
  ];
  for (const [bytes, reason] of bad) {
    assert.throws(
      () => parseDeviceTree(bytes),
      (thrown) =>
        thrown instanceof PlasmdError && thrown.code === "malformed" && reason.test(thrown.message),
    );
  }
});

Deno.test("nodes that are nested without end are refused", () => {
  let root = treeNode("x");
  for (let i = 0; i < 100; i++) root = treeNode("x", {}, [root]);
  const bytes = deviceTreeBytes({ root, reservations: [], bootCpu: 0 });
  assert.throws(() => parseDeviceTree(bytes), /nested too deep/);
});

Deno.test("the next kernel gets its own command line and initramfs, and keeps the firmware's words", () => {
  const random = (bytes: number) => new Uint8Array(bytes).fill(5);
  const initramfs = { at: 0x1_2345_0000, size: 77 };
  const next = nextTree(parseDeviceTree(smallTree), { cmdline: "quiet", initramfs, random });
  const chosen = chosenOf(parseDeviceTree(deviceTreeBytes(next)).root);
  assert.equal(textOf(chosen, "bootargs"), "quiet\0");
  assert.equal(textOf(chosen, "linux,uefi-system-table"), "kept\0");
  const cell = (name: string) =>
    new DataView(chosen.properties.get(name)!.slice().buffer).getBigUint64(0);
  assert.equal(cell("linux,initrd-start"), 0x1_2345_0000n);
  assert.equal(cell("linux,initrd-end"), 0x1_2345_0000n + 77n);
  assert.equal(chosen.properties.get("kaslr-seed")?.length, 8);
  assert.equal(chosen.properties.get("rng-seed")?.length, 64);
  assert.deepEqual(next.reservations, [[0x8000_0000n, 4096n]]);
});

Deno.test("without an initramfs nothing is said of one, and a tree without chosen gets it", () => {
  const random = (bytes: number) => new Uint8Array(bytes);
  const before = treeNode("", {}, [treeNode("chosen", { "linux,initrd-start": "old" })]);
  for (const root of [before, treeNode("")]) {
    const next = nextTree({ root, reservations: [], bootCpu: 0 }, { cmdline: "a", random });
    const chosen = chosenOf(next.root);
    assert.equal(textOf(chosen, "bootargs"), "a\0");
    assert.ok(!chosen.properties.has("linux,initrd-start"));
  }
});
