import assert from "node:assert/strict";
import fc from "fast-check";
import { kernelVersion } from "../../../src/boot/media/kernel_version.ts";
import { bzImage } from "../../support/elf.ts";

Deno.test("the version that a kernel says is read", () => {
  assert.equal(kernelVersion(bzImage("6.1.0-13-amd64")), "6.1.0-13-amd64");
  assert.equal(kernelVersion(bzImage("6.12.4+deb13~x_y")), "6.12.4+deb13~x_y");
});

Deno.test("other files say no version", () => {
  const without = bzImage("6.1.0");
  new DataView(without.buffer).setUint16(0x20e, 0, true);
  const beyond = bzImage("6.1.0");
  new DataView(beyond.buffer).setUint16(0x20e, 0xffff, true);
  for (const bytes of [new Uint8Array(), new Uint8Array(4096), without, beyond]) {
    assert.equal(kernelVersion(bytes), undefined);
  }
});

Deno.test("whatever the header says, the version is a plain word or nothing", () => {
  fc.assert(fc.property(fc.nat(0xffff), fc.uint8Array({ maxLength: 0x200 }), (at, noise) => {
    const bytes = bzImage("6.1.0");
    bytes.set(noise, 0x210);
    new DataView(bytes.buffer).setUint16(0x20e, at, true);
    assert.match(kernelVersion(bytes) ?? "none", /^[\w.+~-]{1,128}$/);
  }));
});
