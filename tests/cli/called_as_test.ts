import assert from "node:assert/strict";
import { argsCalledAs } from "../../src/cli/called_as.ts";

Deno.test("the names of the boot client are its commands", () => {
  assert.deepEqual(argsCalledAs("phase-fetch", ["URL"]), ["boot", "fetch", "URL"]);
  assert.deepEqual(argsCalledAs("phase-verify", ["DIR"]), ["boot", "verify", "DIR"]);
  assert.deepEqual(argsCalledAs("phase-boot", []), ["boot", "run"]);
  assert.deepEqual(argsCalledAs("phase-discover", ["--json"]), ["discover", "--json"]);
});

Deno.test("any other name, and none, is the whole program", () => {
  for (const name of [undefined, "plasmd", "", "phase-", "toString", "__proto__"]) {
    assert.deepEqual(argsCalledAs(name, ["version"]), ["version"]);
  }
});
