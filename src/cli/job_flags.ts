/**
 * What the commands about submitted jobs share.
 *
 * @module
 */

import type { Receipt } from "../formats/receipt.ts";
import { PlasmdError } from "../lib/errors.ts";
import { textFlag } from "./command.ts";

/** `--state-dir DIR`. */
export const jobStateFlag = textFlag("Where submitted jobs are remembered", "DIR");

/** The one argument JOBID. */
export const jobIdPositional = {
  kind: "tuple",
  parameters: [{ brief: "The job's id", placeholder: "JOBID", parse: String }],
} as const;

/** NAME=VALUE in its two parts. */
export function pairOf(text: string, flag: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new PlasmdError("usage", `Invalid --${flag} "${text}": write it like NAME=VALUE`);
}

/** Writes a job's output byte for byte. */
export function writeThrough(stream: "stdout" | "stderr", bytes: Uint8Array): void {
  const out = stream === "stdout" ? Deno.stdout : Deno.stderr;
  for (let done = 0; done < bytes.length;) done += out.writeSync(bytes.subarray(done));
}

/** One line about a receipt. */
export function receiptText({ job_id, worker, completion, exit_code }: Receipt): string {
  return `${job_id}: ${completion}, exit code ${exit_code}, signed by ${worker}`;
}
