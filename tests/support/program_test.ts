import assert from "node:assert/strict";
import { runProgram, startProgram } from "./program.ts";
import { missingTools, runTool } from "./tools.ts";

Deno.test("a program that runs to its end leaves code and output", async () => {
  const { code, stdout, stderr } = await runProgram(["version"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^plasmd \d+\.\d+\.\d+\n$/);
});

Deno.test("waiting for a line ends when the program does", async () => {
  await using running = startProgram(["version"]);
  await assert.rejects(
    running.until((text) => text.includes("never printed") || undefined),
    /ended with 0 before/,
  );
});

Deno.test("waiting for a line gives what was found", async () => {
  await using running = startProgram(["version"]);
  assert.equal(await running.until((text) => /^(plasmd) /.exec(text)?.[1]), "plasmd");
});

Deno.test("programs that are not installed are named", () => {
  assert.deepEqual(missingTools(["no-such-program-anywhere"]), ["no-such-program-anywhere"]);
});

Deno.test("a tool that fails says with which code and why", async () => {
  await assert.rejects(
    runTool(Deno.execPath(), "eval", "console.error('so'); Deno.exit(3)"),
    /ended with 3: so/,
  );
});
