import assert from "node:assert/strict";
import fc from "fast-check";
import { checkModule } from "../../../src/jobs/wasm/check.ts";
import { limitMemory } from "../../../src/jobs/wasm/limit_memory.ts";
import { everySection, mutatedModules } from "../../support/hostile_modules.ts";
import { name, section, u32, vec, wasm } from "../../support/wasm.ts";

const page = 65_536;
const custom = section(0, [...name("notes"), 1, 2, 3]);
const exported = section(7, vec([...name("memory"), 2, 0]));

/** A module with a memory of its own. */
function own(limits: readonly number[]): Uint8Array<ArrayBuffer> {
  return wasm(custom, section(5, vec([...limits])), exported, custom);
}

/** A module with an imported memory among other imports. */
function imported(limits: readonly number[]): Uint8Array<ArrayBuffer> {
  const entry = (kind: readonly number[]) => [...name("env"), ...name("x"), ...kind];
  return wasm(
    section(1, vec([0x60, 0, 0])),
    section(2, vec(entry([0, 0]), entry([1, 0x70, 0, 1]), entry([2, ...limits]), entry([0, 0]))),
    custom,
    section(7, vec([...name("memory"), 2, 0])),
  );
}

const kinds = [["its own", own], ["an imported", imported]] as const;

for (const [what, make] of kinds) {
  Deno.test(`${what} memory without a maximum gets one, and all else stays`, () => {
    assert.deepEqual(limitMemory(make([0, 2]), 10 * page), make([1, 2, 10]));
    assert.deepEqual(
      limitMemory(make([0, ...u32(300)]), 1000 * page),
      make([1, ...u32(300), ...u32(1000)]),
    );
  });

  Deno.test(`${what} memory's maximum is lowered, and never raised`, () => {
    assert.deepEqual(limitMemory(make([1, 2, ...u32(65_536)]), 10 * page), make([1, 2, 10]));
    const modest = make([1, 2, 9]);
    assert.equal(limitMemory(modest, 9 * page), modest);
    assert.equal(limitMemory(modest, 1 << 30), modest);
  });

  Deno.test(`${what} memory that starts with more than there is, is refused`, () => {
    assert.throws(() => limitMemory(make([0, 3]), 3 * page - 1), {
      code: "module",
      message: /it starts with 196608 bytes of memory, limit is 131072/,
    });
  });
}

Deno.test("a module without a memory is left alone", () => {
  const none = wasm(section(1, vec([0x60, 0, 0])), section(2, vec()));
  assert.equal(limitMemory(none, page), none);
});

Deno.test("the engine holds the limit: memory grows up to it, and no further", () => {
  const bytes = limitMemory(own([0, 1]), 8 * page + 17) as Uint8Array<ArrayBuffer>;
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  assert.ok(memory instanceof WebAssembly.Memory);
  assert.equal(memory.grow(7), 1);
  assert.throws(() => memory.grow(1), RangeError);
});

Deno.test("a limit beyond what a memory can have is no limit that the engine refuses", () => {
  assert.deepEqual(limitMemory(own([0, 1]), 2 ** 40), own([1, 1, ...u32(65_536)]));
  assert.ok(WebAssembly.validate(limitMemory(own([0, 1]), 2 ** 40) as Uint8Array<ArrayBuffer>));
});

Deno.test("whatever the limits are, the module stays one and nothing else of it changes", () => {
  const pages = fc.nat(65_536);
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      pages,
      fc.option(pages, { nil: undefined }),
      fc.nat(2 ** 32),
      fc.boolean(),
      ([, make], min, max, memoryBytes, long) => {
        // Some compilers write numbers longer than they must be.
        const number = (value: number) => long ? padded(value) : u32(value);
        const limits = max === undefined
          ? [0, ...number(min)]
          : [1, ...number(min), ...number(max)];
        const module = make(limits);
        const most = Math.floor(memoryBytes / page);
        if (min > most) {
          assert.throws(() => limitMemory(module, memoryBytes), { code: "module" });
          return;
        }
        const lowered = max === undefined || max > most;
        assert.deepEqual(
          limitMemory(module, memoryBytes),
          lowered ? make([1, ...u32(min), ...u32(most)]) : module,
        );
      },
    ),
  );
});

/** The number in five bytes. */
function padded(value: number): number[] {
  return [0, 7, 14, 21, 28].map((shift, i) =>
    (Math.floor(value / 2 ** shift) & 0x7f) | (i < 4 ? 0x80 : 0)
  );
}

Deno.test("what passed the check passes it with its memory limited, and the engine agrees", () => {
  for (const module of [everySection, ...mutatedModules(1000)]) {
    let limited: Uint8Array;
    try {
      checkModule(module);
      limited = limitMemory(module, 1 << 20);
    } catch {
      continue;
    }
    checkModule(limited);
    assert.equal(
      WebAssembly.validate(limited as Uint8Array<ArrayBuffer>),
      WebAssembly.validate(module as Uint8Array<ArrayBuffer>),
    );
  }
});
