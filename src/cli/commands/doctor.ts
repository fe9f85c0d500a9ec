/**
 * `plasmd doctor`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { DoctorReport } from "../../node/doctor/doctor.ts";
import { columns } from "../columns.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { bootstrapFlag } from "../dht_flags.ts";
import { parsePort } from "../parse.ts";

/** The options of `doctor`. */
type DoctorFlags = {
  readonly config?: string;
  readonly artifacts?: string;
  readonly host?: string;
  readonly port?: number;
  readonly stateDir?: string;
  readonly bootstrap?: readonly string[];
  readonly json: boolean;
};

/** The command. */
export const doctorCommand: Command<Context> = command<DoctorFlags>({
  brief: "Check this machine and its configuration, and say what to do",
  description:
    "Looks at the HTTP port, multicast, the clock, the key, the files that decide and their " +
    "modes, kexec, disks, descriptors, the DHT's bootstrap nodes and whether jobs can run. Each " +
    "line begins with ok, warning or wrong; below it stands what to do. Run it as the user that " +
    "runs the service, with the flags that serve gets. Exit code 1: something is wrong.",
  examples: [
    ["plasmd doctor", "with the provider.toml that serve would read"],
    ["plasmd doctor --artifacts ./artifacts --port 9000", "as serve would be started"],
    ["plasmd doctor --json", "for a program"],
  ],
  flags: {
    config: textFlag("The provider.toml; default: the one that serve would read", "FILE"),
    artifacts: textFlag("The directory of the artifacts", "DIR"),
    host: textFlag("The address that serve listens on", "ADDRESS"),
    port: {
      kind: "parsed",
      parse: parsePort,
      brief: "The HTTP port",
      placeholder: "N",
      optional: true,
    },
    stateDir: textFlag("Where state is kept", "DIR"),
    bootstrap: bootstrapFlag,
    json: jsonFlag,
  },
  async run({ ui, deps, signal, exit }, { config, artifacts, host, port, stateDir, ...flags }) {
    const { examine } = await import("../../node/doctor/doctor.ts");
    const { machineChecks } = await import("../../node/doctor/checks.ts");
    const chosen = { artifacts, host, port, stateDir, bootstrap: flags.bootstrap };
    const env = (name: string) => Deno.env.get(name);
    const checks = await machineChecks({ config, flags: chosen, env, signal }, deps);
    const report = await examine(checks, { signal }, deps);
    if (flags.json) ui.json(jsonReport(report));
    else reportLines(report).forEach((line) => ui.result(line));
    if (report.status === "wrong") exit(1);
  },
});

function jsonReport({ status, checks }: DoctorReport) {
  return {
    status,
    checks: checks.map(({ name, status, found, todo }) => ({
      name,
      status,
      found,
      todo: todo ?? null,
    })),
  };
}

/** A row a check, what to do below it, and the sum. */
export function reportLines({ checks }: DoctorReport): string[] {
  const rows = columns(checks.map(({ status, name, found }) => [status, name, found]));
  const indent = " ".repeat("warning  ".length);
  const lines = checks.flatMap(({ todo }, at) => [
    rows[at]!,
    ...(todo?.split("\n") ?? []).map((line) => `${indent}do: ${line}`),
  ]);
  const count = (wanted: string) => checks.filter(({ status }) => status === wanted).length;
  return [...lines, `${count("ok")} ok, ${count("warning")} warning, ${count("wrong")} wrong`];
}
