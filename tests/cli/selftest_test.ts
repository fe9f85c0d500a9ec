import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

async function plasmd(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(args, terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

Deno.test("selftest prints a row a check and the sum", async () => {
  await using place = await tempDirectory();
  const { code, out } = await plasmd("selftest", "--directory", place.path);
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, 8);
  assert.match(lines[0]!, /^ok {2}hash {2,}\d+ m?s +SHA-256 is right, [\d.]+ [KMG]iB\/s$/);
  assert.match(lines[7]!, /^7 of 7 passed in /);
});

Deno.test("selftest --json says what runs and what each check found", async () => {
  await using place = await tempDirectory();
  const { code, out } = await plasmd("selftest", "--directory", place.path, "--json");
  assert.equal(code, 0);
  const report = JSON.parse(out);
  assert.equal(report.passed, true);
  assert.equal(report.checks.length, 7);
  assert.match(report.runtime, /^deno \d/);
  assert.match(report.target, /^[a-z]+-[a-z0-9]+$/);
});

Deno.test("selftest where nothing can be written says so and fails", async () => {
  await using place = await tempDirectory();
  const { code, out, err } = await plasmd("selftest", "--directory", place.join("missing"));
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /^error: Cannot write a file to test with/);
});

Deno.test("licenses from source prints this project's own", async () => {
  const { code, out } = await plasmd("licenses");
  assert.equal(code, 0);
  assert.match(out, /Apache License\s+Version 2\.0/);
});

Deno.test("licenses of a build prints the texts that it collected", async () => {
  globalThis.__plasmd_licenses = "text one\ntext two\n";
  try {
    assert.equal((await plasmd("licenses")).out, "text one\ntext two\n");
  } finally {
    globalThis.__plasmd_licenses = undefined;
  }
});
