/**
 * `plasmd selftest`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { durationText } from "../../lib/text.ts";
import { programVersion } from "../../lib/version.ts";
import type { SelftestReport } from "../../node/selftest/selftest.ts";
import { columns } from "../columns.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The options of `selftest`. */
type SelftestFlags = { readonly directory?: string; readonly json: boolean };

/** The command. */
export const selftestCommand: Command<Context> = command<SelftestFlags>({
  brief: "Check that this machine can do what plasmd needs",
  description:
    "Hashes, signs and verifies known answers; serves a small image from a confined Worker, " +
    "fetches it over HTTP and verifies it; looks at memory, files and the clock. It takes a few " +
    "seconds, uses loopback only and leaves nothing behind. Exit code 1: a check failed.",
  examples: [
    ["plasmd selftest", "the first thing to run on a new machine"],
    ["plasmd selftest --directory /var/tmp", "with its files there"],
  ],
  flags: {
    directory: textFlag("Where its files are written; default: a temporary directory", "DIR"),
    json: jsonFlag,
  },
  async run({ ui, deps, signal, exit }, { directory, json }) {
    const { selftest } = await import("../../node/selftest/selftest.ts");
    const report = await selftest({ directory, signal }, deps);
    if (json) ui.json(jsonReport(report));
    else reportLines(report).forEach((line) => ui.result(line));
    if (!report.passed) exit(1);
  },
});

function jsonReport({ passed, checks, durationMs }: SelftestReport) {
  return {
    passed,
    ...programVersion,
    runtime: `deno ${Deno.version.deno}`,
    duration_ms: Math.round(durationMs),
    checks: checks.map(({ name, passed, detail, durationMs }) => ({
      name,
      passed,
      detail,
      duration_ms: Math.round(durationMs),
    })),
  };
}

function reportLines({ checks, durationMs }: SelftestReport): string[] {
  const good = checks.filter(({ passed }) => passed).length;
  const rows = checks.map(({ name, passed, detail, durationMs }) => [
    passed ? "ok" : "FAILED",
    name,
    durationText(durationMs),
    detail,
  ]);
  return [...columns(rows), `${good} of ${checks.length} passed in ${durationText(durationMs)}`];
}
