import assert from "node:assert/strict";
import { checkModule } from "../../../src/jobs/wasm/check.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import {
  everySection,
  largeData,
  longFunctions,
  mutatedModules,
  refusedModules,
} from "../../support/hostile_modules.ts";

Deno.test("the modules that are broken below are whole before", async () => {
  for (const bytes of [everySection, largeData(100_000), longFunctions(6, 900_000)]) {
    checkModule(bytes);
    await WebAssembly.compile(bytes);
  }
});

Deno.test("a thousand broken modules are refused or whole, each in no time", () => {
  const modules = mutatedModules(1000);
  let refused = 0;
  let passed = 0;
  for (const bytes of modules) {
    const start = performance.now();
    try {
      checkModule(bytes);
      passed++;
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "module", String(thrown));
      refused++;
    }
    assert.ok(performance.now() - start < 200, `${bytes.toHex()} took too long`);
  }
  assert.equal(passed + refused, 1000);
  assert.ok(refused > 500, `${refused} refused`);
  assert.ok(passed > 0, "some changes do no harm");
});

Deno.test("what the check lets through compiles or is refused by the engine, and ends nothing", () => {
  let compiled = 0;
  for (const bytes of mutatedModules(1000)) {
    try {
      checkModule(bytes);
    } catch {
      continue;
    }
    if (WebAssembly.validate(bytes)) compiled++;
  }
  assert.ok(compiled > 0);
});

Deno.test("broken modules are the same ones every time, and change every section", () => {
  const [once, again] = [mutatedModules(50), mutatedModules(50)];
  assert.deepEqual(once, again);
  const changed = new Set<number>();
  for (const bytes of mutatedModules(1000)) {
    for (let at = 0; at < everySection.length; at++) {
      if (bytes.length === everySection.length && bytes[at] !== everySection[at]) changed.add(at);
    }
  }
  assert.ok(changed.size > (everySection.length - 8) * 0.9, `${changed.size} bytes changed`);
});

Deno.test("what is refused before it runs is refused without its imports, too", () => {
  const later = ["an import that there isn't", "a WASI call that there isn't"];
  for (const [what, bytes] of Object.entries(refusedModules)) {
    // Imports are for the engine to find missing, and memory is a question of the job's limits.
    if (later.includes(what) || what.startsWith("a start")) checkModule(bytes);
    else assert.throws(() => checkModule(bytes), { code: "module" }, what);
  }
});
