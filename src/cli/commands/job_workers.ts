/**
 * `plasmd job workers`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Arch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { discoveryLimits } from "../../lib/limits.ts";
import { columns } from "../columns.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { bootstrapFlag } from "../dht_flags.ts";
import { bootstrapOf } from "../discover_flags.ts";
import { archFlag } from "../flags.ts";
import { parseSeconds } from "../parse.ts";

/** The options of `job workers`. */
type JobWorkersFlags = {
  readonly arch?: Arch;
  readonly runtime?: string;
  readonly bootstrap?: readonly string[];
  readonly timeout?: number;
  readonly json: boolean;
};

/** The command. */
export const jobWorkersCommand: Command<Context> = command<JobWorkersFlags>({
  brief: "Find who runs jobs for others, in the DHT",
  description: "Looks in the DHT for nodes that run jobs, asks each what it is, and prints those " +
    "that answer, the least busy first. Whose jobs a worker runs it says only to who sends one. " +
    "Exit code 3: nobody was found in time.",
  examples: [
    ["plasmd job workers --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...", "all of them"],
    ["plasmd job workers --runtime v8-wasi-0.2 --arch arm64", "those for such components"],
  ],
  flags: {
    arch: { ...archFlag, brief: "arm64 or x86_64; default: any" },
    runtime: textFlag("wasm, v8-wasi-0.1 or v8-wasi-0.2; default: wasm, which is all", "RUNTIME"),
    bootstrap: bootstrapFlag,
    timeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Give up after so long; default: 10 seconds",
      placeholder: "SECONDS",
      optional: true,
    },
    json: jsonFlag,
  },
  async run({ ui, deps, signal }, { arch, runtime, timeout, json, ...flags }) {
    const { findJobWorkers } = await import("../../node/job_workers.ts");
    const timeoutMs = timeout ?? discoveryLimits.timeoutMs;
    const search = { arch, runtime, bootstrap: bootstrapOf(flags), timeoutMs, signal };
    const workers = await findJobWorkers(search, deps);
    if (json) {
      ui.json({
        workers: workers.map(({ peer, keyid, origin, latencyMs, ...rest }) => ({
          peer_id: peer,
          keyid,
          origin,
          ...rest,
          latency_ms: Math.round(latencyMs),
        })),
      });
    } else if (workers.length > 0) {
      const rows = columns(workers.map(({ origin, arch, load, keyid, runtimes }) => [
        ...[origin, arch, `${load}% busy`, keyid, runtimes.join(" ")],
      ]));
      ui.result(rows.join("\n"));
    }
    if (workers.length === 0) throw new PlasmdError("nothing_found", "No worker was found in time");
  },
});
