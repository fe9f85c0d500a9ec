import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { jobLimits } from "../../../src/lib/limits.ts";
import { checkModule } from "../../../src/jobs/wasm/check.ts";
import { component, name, section, u32, vec, wasm, withBody } from "../../support/wasm.ts";

const type = section(1, vec([0x60, 0, 0]));
const refused = (bytes: Uint8Array, message: RegExp) =>
  assert.throws(() => checkModule(bytes), { code: "module", message });

/** Everything that may be in a module, each kind of section once. */
const full = wasm(
  section(0, [...name("producers"), 1, 2, 3]),
  section(1, vec([0x60, 2, 0x7f, 0x7e, 2, 0x7d, 0x7c], [0x60, 0, 0], [0x60, 1, 0x7b, 1, 0x70])),
  section(2, vec([...name("wasi_snapshot_preview1"), ...name("proc_exit"), 0, 1])),
  section(3, vec([1])),
  section(4, vec([0x70, 1, 2, 2])),
  section(5, vec([1, 1, 16])),
  section(6, vec([0x7f, 1, 0x41, 0x80, 0x80, 4, 0x0b])),
  section(7, vec([...name("_start"), 0, 1], [...name("memory"), 2, 0])),
  section(9, vec([0, 0x41, 0, 0x0b, ...vec([1])])),
  section(12, [1]),
  section(10, vec([...u32(5), 1, 1, 0x7f, 0x01, 0x0b])),
  section(11, vec([0, 0x41, 0, 0x0b, ...vec([1], [2])])),
);

Deno.test("a module of every allowed kind passes, and says what it takes and gives", () => {
  const facts = checkModule(full);
  assert.equal(facts.kind, "module");
  assert.deepEqual(facts.imports, [
    { module: "wasi_snapshot_preview1", name: "proc_exit", kind: "function" },
  ]);
  assert.deepEqual(facts.exports.map(({ name }) => name), ["_start", "memory"]);
  assert.equal(facts.memoryPages, 1);
});

Deno.test("what passes is what the engine accepts, too", async () => {
  await WebAssembly.compile(full);
});

Deno.test("the instructions of the allowed proposals are walked", () => {
  const bodies: number[][] = [
    [0x02, 0x40, 0x0c, 0, 0x0b, 0x0b], // block, br
    [0x03, 0x7f, 0x41, 0, 0x0b, 0x1a, 0x0b], // loop with a result
    [0x41, 0, 0x0e, 2, 0, 0, 0, 0x0b], // br_table
    [0x41, 0x7f, 0xc0, 0x1a, 0x0b], // i32.extend8_s
    [0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a, 0x0b], // i32.trunc_sat_f32_s
    [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0, 0x0b], // memory.fill
    [0xfd, 12, ...new Array(16).fill(0x0b), 0x1a, 0x0b], // v128.const
    [0xd0, 0x70, 0xd1, 0x1a, 0x0b], // ref.null, ref.is_null
    [0x41, 0, 0x28, 2, 0, 0x1a, 0x0b], // i32.load
    [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 0x1a, 0x0b], // i64.const
  ];
  for (const body of bodies) checkModule(withBody(body));
});

Deno.test("each refused proposal is named", async (t) => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["GC struct type", wasm(section(1, vec([0x5f, 0]))), /garbage collection/],
    ["GC rec group", wasm(section(1, vec([0x4e, 0]))), /garbage collection/],
    ["GC instruction", withBody([0xfb, 0, 0, 0x0b]), /garbage collection/],
    ["GC reference type", wasm(section(1, vec([0x60, 1, 0x6e, 0]))), /type 0x6e/],
    ["memory64", wasm(section(5, vec([4, 1]))), /64-bit memory/],
    ["64-bit table", wasm(section(4, vec([0x70, 4, 1]))), /64-bit memory/],
    ["shared memory", wasm(section(5, vec([3, 1, 1]))), /threads/],
    ["atomics", withBody([0xfe, 0x03, 0, 0x0b]), /threads/],
    ["two memories", wasm(section(5, vec([0, 1], [0, 1]))), /2 memories, limit is 1/],
    [
      "a second, imported memory",
      wasm(
        section(2, vec([...name("a"), ...name("b"), 2, 0, 1])),
        section(5, vec([0, 1])),
      ),
      /more than one memory/,
    ],
    ["load of another memory", withBody([0x41, 0, 0x28, 0x42, 1, 0, 0x1a, 0x0b]), /more than one/],
    ["memory.grow of another memory", withBody([0x41, 0, 0x40, 1, 0x1a, 0x0b]), /more than one/],
    ["exceptions", withBody([0x06, 0x40, 0x0b, 0x0b]), /exceptions/],
    ["tags", wasm(section(13, vec([0, 0]))), /section 13/],
    ["tail call", withBody([0x12, 0, 0x0b]), /tail calls/],
    ["call_ref", withBody([0x14, 0, 0x0b]), /typed function references/],
    ["relaxed SIMD", withBody([0xfd, 0x80, 2, 0x0b]), /relaxed SIMD/],
    ["an unknown instruction", withBody([0xe0, 0x0b]), /0xe0/],
  ];
  for (const [what, bytes, message] of cases) await t.step(what, () => refused(bytes, message));
});

Deno.test("what would abort the process that runs it is refused beforehand", async (t) => {
  const table = [0x70, 0, ...u32(10_000_000)];
  await t.step(
    "a hundred tables of ten million",
    () => refused(wasm(section(4, vec(...new Array(100).fill(table)))), /100 tables, limit is 16/),
  );
  await t.step(
    "a table of ten million",
    () => refused(wasm(section(4, vec(table))), /10000000 entries, limit is 100000/),
  );
  await t.step("a function of 6 MB", () => {
    const body = new Array(6_000_000).fill(0x01);
    body[0] = 0;
    body[body.length - 1] = 0x0b;
    const code = [1, ...u32(body.length)];
    const head = [...type, ...section(3, vec([0])), 10, ...u32(code.length + body.length), ...code];
    const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...head]);
    const whole = new Uint8Array(bytes.length + body.length);
    whole.set(bytes);
    whole.set(body, bytes.length);
    refused(whole, /a function has 6000000 bytes, limit is 1048576/);
  });
  await t.step(
    "blocks nested without end",
    () => refused(withBody(new Array(3000).fill([0x02, 0x40]).flat()), /nested too deep/),
  );
  await t.step("too many locals", () => {
    const body = [1, ...u32(100_000), 0x7f, 0x0b];
    refused(
      wasm(type, section(3, vec([0])), section(10, vec([...u32(body.length), ...body]))),
      /too many locals/,
    );
  });
  await t.step(
    "a file above the limit",
    () => refused(new Uint8Array(jobLimits.moduleBytes + 1), /64 MiB, limit is 64 MiB/),
  );
});

Deno.test("malformed modules are refused with their place", async (t) => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(), /ends too early \(at byte 0\)/],
    ["no WebAssembly", new TextEncoder().encode("#!/bin/sh\n"), /no WebAssembly/],
    ["another version", new Uint8Array([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), /version is 0x2/],
    ["a cut section", full.subarray(0, full.length - 1), /ends too early/],
    ["a section twice", wasm(type, type), /twice or out of order/],
    ["sections out of order", wasm(section(3, vec([0])), type), /out of order/],
    ["bytes after a section", wasm(section(1, [...vec([0x60, 0, 0]), 0])), /more bytes/],
    ["an endless number", wasm([1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), /number is too long/],
    ["a number of 33 bits", wasm([1, 0x80, 0x80, 0x80, 0x80, 0x10]), /number is too long/],
    ["a name that is no UTF-8", wasm(section(7, vec([1, 0xff, 0, 0]))), /not UTF-8/],
    ["bytes after a function's end", withBody([0x0b, 0x01]), /a function has more bytes/],
    ["a function without an end", withBody([0x01]), /ends too early/],
  ];
  for (const [what, bytes, message] of cases) await t.step(what, () => refused(bytes, message));
});

Deno.test("a component's modules are checked, however deep they lie", () => {
  assert.equal(checkModule(component(section(1, [...full]))).kind, "component");
  const bad = wasm(section(5, vec([4, 1])));
  refused(component(section(1, [...bad])), /64-bit memory/);
  refused(component(section(4, [...component(section(1, [...bad]))])), /64-bit memory/);
  let deep = component();
  for (let i = 0; i < 20; i++) deep = component(section(4, [...deep]));
  refused(deep, /nested too deep/);
  const many = new Array(100).fill(section(1, [...wasm()]));
  refused(component(...many), /more than 64 modules/);
});

Deno.test("any change of a module passes or is refused, and nothing else", () => {
  const anywhere = fc.array(
    fc.record({ at: fc.nat(full.length - 1), byte: fc.nat(255), cut: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(anywhere, (changes) => {
      let bytes = Uint8Array.from(full);
      for (const { at, byte, cut } of changes) {
        if (cut) bytes = bytes.subarray(0, at);
        else if (at < bytes.length) bytes[at] = byte;
      }
      try {
        checkModule(bytes);
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError && thrown.code === "module", String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});
