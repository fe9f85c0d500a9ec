import assert from "node:assert/strict";
import fc from "fast-check";
import { elfFacts } from "../../../src/boot/media/elf.ts";
import { elfFile } from "../../support/elf.ts";

Deno.test("a program that names no loader is static", () => {
  assert.deepEqual(elfFacts(elfFile()), { arch: "x86_64", isStatic: true });
  assert.deepEqual(elfFacts(elfFile({ type: 3, segments: [6, 1, 2] })), {
    arch: "x86_64",
    isStatic: true,
  });
});

Deno.test("a program that names a loader isn't, wherever the header stands", () => {
  assert.equal(elfFacts(elfFile({ segments: [6, 3, 1] }))!.isStatic, false);
  assert.equal(elfFacts(elfFile({ segments: [1, 1, 3] }))!.isStatic, false);
});

Deno.test("machines are told apart, unknown ones are undefined", () => {
  assert.equal(elfFacts(elfFile({ machine: 183 }))!.arch, "arm64");
  assert.equal(elfFacts(elfFile({ machine: 40 }))!.arch, undefined);
});

Deno.test("what is no 64-bit little-endian program is none", () => {
  const cut = elfFile({ segments: [1, 1] }).subarray(0, 100);
  const far = elfFile();
  new DataView(far.buffer).setBigUint64(32, 2n ** 63n, true);
  const bad = [
    new Uint8Array(),
    new TextEncoder().encode("#!/bin/sh\n".repeat(20)),
    elfFile({ bits: 1 }),
    elfFile({ order: 2 }),
    elfFile({ type: 1 }),
    elfFile({ segments: [] }),
    cut,
    far,
  ];
  for (const bytes of bad) assert.equal(elfFacts(bytes), undefined);
});

Deno.test("any bytes give facts or nothing", () => {
  const patched = fc.tuple(fc.nat(175), fc.nat(255)).map(([at, value]) => {
    const bytes = elfFile({ segments: [1, 3] });
    bytes[at] = value;
    return bytes;
  });
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), patched), (bytes) => {
    const facts = elfFacts(bytes);
    assert.ok(facts === undefined || typeof facts.isStatic === "boolean");
  }));
});

Deno.test("the deno that runs this is no static program", async () => {
  using file = await Deno.open(Deno.execPath());
  const head = new Uint8Array(4096);
  const length = await file.read(head);
  const facts = elfFacts(head.subarray(0, length!));
  // On other systems executables have another form.
  if (Deno.build.os === "linux") assert.equal(facts!.isStatic, false);
  else assert.equal(facts, undefined);
});
