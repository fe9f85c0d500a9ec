import assert from "node:assert/strict";
import { nameProcess } from "../../src/lib/process_name.ts";

Deno.test({
  name: "a process gets its name, and keeps it where there is no such file",
  ignore: Deno.build.os !== "linux",
  fn() {
    const before = Deno.readTextFileSync("/proc/self/comm").trim();
    try {
      nameProcess("plasmd-test");
      assert.equal(Deno.readTextFileSync("/proc/self/comm").trim(), "plasmd-test");
      nameProcess("other", "/proc/self/no-such-file");
      assert.equal(Deno.readTextFileSync("/proc/self/comm").trim(), "plasmd-test");
    } finally {
      nameProcess(before);
    }
  },
});
