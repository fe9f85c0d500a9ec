import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { loadPart, partBlob, partModules } from "../../src/lib/part.ts";

Deno.test("from source a part is its module, and no blob is made of it", async () => {
  const loaded = await loadPart<typeof import("../../src/p2p/address.ts")>("addresses");
  assert.equal(loaded, await import("../../src/p2p/address.ts"));
  assert.equal(partBlob("addresses"), undefined);
});

Deno.test("every part has a module that can be read", async () => {
  assert.deepEqual(partModules().map(({ name }) => name), [
    "addresses",
    "component",
    "image",
    "mdns",
    "p2p",
  ]);
  for (const { module } of partModules()) assert.ok((await Deno.stat(module())).isFile);
});

Deno.test("in a bundle a part is loaded from its text, once", async () => {
  globalThis.__plasmd_parts = { image: "export const loaded = {};" };
  try {
    const first = await loadPart<{ loaded: object }>("image");
    const second = await loadPart<{ loaded: object }>("image");
    assert.equal(first.loaded, second.loaded);
    assert.match(partBlob("image")!, /^blob:/);
  } finally {
    URL.revokeObjectURL(partBlob("image")!);
    globalThis.__plasmd_parts = undefined;
  }
});

Deno.test("an error of a part's own copy of the class is an error of ours", () => {
  class Copy extends Error {
    override readonly name = "PlasmdError";
    readonly code = "unreachable";
    readonly blame = "peer";
  }
  assert.ok(new Copy("no answer") instanceof PlasmdError);
  assert.ok(!(new Error("no answer") instanceof PlasmdError));
  assert.ok(!({ name: "PlasmdError", blame: "peer" } instanceof PlasmdError));
});
