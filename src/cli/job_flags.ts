/**
 * What the commands about jobs share.
 *
 * @module
 */

import type { Receipt } from "../formats/receipt.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { JobWish } from "../node/job_input.ts";
import { textFlag, textsFlag } from "./command.ts";
import { parseSeconds } from "./parse.ts";
import { formatSize, parseSize } from "./size.ts";

/** What a job is given, and how much it may take. */
export type JobWishFlags = {
  readonly timeout?: number;
  readonly memory?: number;
  readonly outputLimit?: number;
  readonly env?: readonly string[];
  readonly file?: readonly string[];
  readonly stdin?: string;
  readonly deterministic: boolean;
};

const size = { kind: "parsed", parse: parseSize, placeholder: "SIZE", optional: true } as const;

/** The flags of {@linkcode JobWishFlags}. */
export const jobWishFlags = {
  timeout: {
    kind: "parsed",
    parse: parseSeconds,
    brief: "Seconds that it may run; default: 60",
    placeholder: "SECONDS",
    optional: true,
  },
  memory: { ...size, brief: `Memory that it may use; default: ${formatSize("memory")}` },
  outputLimit: { ...size, brief: `Output that it may write; default: ${formatSize("output")}` },
  env: textsFlag("A variable that it sees", "NAME=VALUE"),
  file: textsFlag("A file that it finds under NAME", "NAME=PATH"),
  stdin: textFlag("A file that it reads as standard input; - is our own", "PATH"),
  deterministic: {
    kind: "boolean",
    brief: "Stop the clock and seed randomness, so that every run is the same",
    default: false,
    withNegated: false,
  },
} as const;

/** MODULE and its arguments. */
export const modulePositional = {
  kind: "array",
  parameter: { brief: "The module, then its arguments", placeholder: "MODULE", parse: String },
  minimum: 1,
} as const;

/** What the flags and arguments ask for. */
export function jobWish(flags: JobWishFlags, module: string, args: readonly string[]): JobWish {
  return {
    module,
    args,
    env: (flags.env ?? []).map((pair) => pairOf(pair, "env")),
    files: (flags.file ?? []).map((pair) => pairOf(pair, "file")),
    stdin: flags.stdin,
    deterministic: flags.deterministic,
    wallMs: flags.timeout,
    memoryBytes: flags.memory,
    outputBytes: flags.outputLimit,
  };
}

/** `--state-dir DIR`. */
export const jobStateFlag: ReturnType<typeof textFlag<"DIR">> = textFlag(
  "Where submitted jobs are remembered",
  "DIR",
);

/** The one argument JOBID. */
export const jobIdPositional = {
  kind: "tuple",
  parameters: [{ brief: "The job's id", placeholder: "JOBID", parse: String }],
} as const;

/** NAME=VALUE in its two parts. */
function pairOf(text: string, flag: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new PlasmdError("usage", `Invalid --${flag} "${text}": write it like NAME=VALUE`);
}

/** What a job writes is its own business: it goes out byte for byte. */
export function writeThrough(stream: "stdout" | "stderr", bytes: Uint8Array): void {
  const out = stream === "stdout" ? Deno.stdout : Deno.stderr;
  for (let done = 0; done < bytes.length;) done += out.writeSync(bytes.subarray(done));
}

/** One line about a receipt. */
export function receiptText({ job_id, worker, completion, exit_code }: Receipt): string {
  return `${job_id}: ${completion}, exit code ${exit_code}, signed by ${worker}`;
}
