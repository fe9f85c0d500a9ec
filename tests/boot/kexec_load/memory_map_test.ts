import assert from "node:assert/strict";
import fc from "fast-check";
import { freeMemory, takePlace } from "../../../src/boot/kexec_load/memory_map.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";

const machine = `09000000-09000fff : pl011@9000000
  09000000-09000fff : 9000000.pl011 pl011@9000000
40000000-7fffffff : System RAM
  40210000-4184ffff : Kernel code
  41850000-41baffff : reserved
  41bb0000-41deffff : Kernel data
  48000000-48007fff : reserved
  7c000000-7fffffff : reserved
    7d000000-7d0fffff : something inside
80000000-8fffffff : reserved
100000000-13fffffff : System RAM
`;

Deno.test("memory is free outside of what is reserved, and where this kernel lies", () => {
  assert.deepEqual(freeMemory(machine), [
    { start: 0x4000_0000, end: 0x4185_0000 },
    { start: 0x41bb_0000, end: 0x4800_0000 },
    { start: 0x4800_8000, end: 0x7c00_0000 },
    { start: 0x1_0000_0000, end: 0x1_4000_0000 },
  ]);
});

Deno.test("hidden addresses and a text without memory are told apart", () => {
  const hidden = machine.replaceAll(/[0-9a-f]+-[0-9a-f]+/g, "00000000-00000000");
  const codeOf = (text: string) => {
    try {
      freeMemory(text);
      return undefined;
    } catch (thrown) {
      return (thrown as PlasmdError).code;
    }
  };
  assert.equal(codeOf(hidden), "permission");
  assert.equal(codeOf(""), "malformed");
  assert.equal(codeOf("40000000-7fffffff : PCI Bus"), "malformed");
});

Deno.test("the lowest place that fits is taken, and not given twice", () => {
  const free = freeMemory(machine);
  assert.equal(takePlace(free, 0x200_0000, 0x20_0000).start, 0x41c0_0000);
  assert.equal(takePlace(free, 0x1000, 0x1000).start, 0x4000_0000);
  assert.equal(takePlace(free, 0x1000, 0x1000, 0x4200_0000).start, 0x43c0_0000);
  assert.throws(
    () => takePlace(free, 0x8000_0000, 0x1000),
    (thrown) => thrown instanceof PlasmdError && thrown.code === "unsupported",
  );
});

Deno.test("no two places overlap, and each is free memory", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 0x400_0000 }), { maxLength: 8 });
  fc.assert(fc.property(sizes, fc.constantFrom(0x1000, 0x1_0000, 0x20_0000), (all, align) => {
    const whole = freeMemory(machine);
    const free = [...whole];
    const places = all.map((size) => takePlace(free, size, align));
    for (const [i, { start, end }] of places.entries()) {
      assert.equal(start % align, 0);
      assert.equal(end - start, all[i]);
      assert.ok(whole.some((area) => area.start <= start && end <= area.end));
      assert.ok(places.slice(i + 1).every((other) => other.end <= start || other.start >= end));
    }
  }));
});

Deno.test("any text is read or refused, and nothing else", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(machine.length), (text, at) => {
    try {
      freeMemory(machine.slice(0, at) + text + machine.slice(at));
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError);
    }
  }));
});
