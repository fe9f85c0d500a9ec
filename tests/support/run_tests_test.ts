import assert from "node:assert/strict";
import { join } from "node:path";
import { closingLines, type Counts, readOutput } from "./test_output.ts";

/** The counts after an output and an exit code. */
function countsOf(output: string, exitCode: number): Counts {
  const reader = readOutput();
  output.split("\n").forEach(reader.line);
  return reader.end(exitCode);
}

/** Runs the runner on a test file with this text. */
async function runOn(text: string, env: Record<string, string> = {}, flags: string[] = []) {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "sample_test.ts");
    await Deno.writeTextFile(file, text);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/support/run_tests.ts", ...flags, "--no-check", file],
      cwd: new URL("../../", import.meta.url),
      env: { CI: "false", ...env },
      stderr: "null",
    }).output();
    return { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the counts are those of the summary, with colours, steps and ignored tests", () => {
  const line = "\x1b[0m\x1b[32mok\x1b[0m | 12 passed (3 steps) | 0 failed | 1 ignored (5ms)";
  assert.deepEqual(countsOf(line, 0), {
    passed: 12,
    failed: 0,
    skipped: ["ignored by its own condition"],
  });
});

Deno.test("the last summary counts, not that of a run inside a test", () => {
  const output = "ok | 90 passed | 0 failed (1ms)\nFAILED | 2 passed | 1 failed (5ms)";
  assert.deepEqual(countsOf(output, 1), { passed: 2, failed: 1, skipped: [] });
});

Deno.test("a run that ends without a summary is a failure", () => {
  assert.deepEqual(countsOf("error: Type checking failed.", 1), {
    passed: 0,
    failed: 1,
    skipped: [],
  });
  assert.equal(countsOf("ok | 4 passed | 0 failed (1ms)", 137).failed, 1);
});

Deno.test("a test that skipped itself doesn't count as passed", () => {
  const output = "a test ...\nSKIPPED: no qemu\na test ... ok\nok | 3 passed | 0 failed (1ms)";
  assert.deepEqual(countsOf(output, 0), { passed: 2, failed: 0, skipped: ["no qemu"] });
});

Deno.test("a file that says why its tests are ignored doesn't count twice", () => {
  const output = [
    "------- post-test output -------",
    "SKIPPED: no vectors",
    "----- post-test output end -----",
    "running 2 tests from ./a_test.ts",
    "every vector is accepted ... ignored (0ms)",
    "another ... ok (1ms)",
    "ok | 1 passed | 0 failed | 1 ignored (1ms)",
  ].join("\n");
  assert.deepEqual(countsOf(output, 0), { passed: 1, failed: 0, skipped: ["no vectors"] });
});

Deno.test("the last line holds the counts, and skipped tests count as failed when strict", () => {
  const counts = { passed: 2, failed: 0, skipped: ["no qemu"] };
  assert.deepEqual(closingLines(counts, false), [
    "skipped: no qemu",
    "1 skipped",
    "2 passed, 0 failed",
  ]);
  assert.equal(closingLines(counts, true).at(-1), "2 passed, 1 failed");
  assert.deepEqual(closingLines({ ...counts, skipped: [] }, true), ["2 passed, 0 failed"]);
});

Deno.test("a run with a failed test ends with 1 and says so in its last line", async () => {
  const { code, lines } = await runOn(
    `Deno.test("a", () => {}); Deno.test("b", () => { throw new Error("no"); });`,
  );
  assert.equal(lines.at(-1), "1 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("a run in which all passes ends with 0", async () => {
  const { code, lines } = await runOn(`Deno.test("a", () => {});`);
  assert.equal(lines.at(-1), "1 passed, 0 failed");
  assert.equal(code, 0);
});

Deno.test("a file that doesn't load is a failure", async () => {
  const { code, lines } = await runOn(`import "./missing.ts";`);
  assert.equal(lines.at(-1), "0 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("skipped e2e tests fail where CI is set, and only there", async () => {
  const text = `Deno.test("a", () => console.log("SKIPPED: no tool"));`;
  const lenient = await runOn(text, {}, ["--e2e"]);
  assert.deepEqual([lenient.code, lenient.lines.at(-1)], [0, "0 passed, 0 failed"]);
  const strict = await runOn(text, { CI: "true" }, ["--e2e"]);
  assert.deepEqual([strict.code, strict.lines.at(-1)], [1, "0 passed, 1 failed"]);
});

Deno.test("a run without any test is no success", async () => {
  assert.equal((await runOn("export {};")).code, 1);
});
