/**
 * The next kernel's command line, written anew from checked parts.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { bootLimits } from "../lib/limits.ts";
import {
  type BootArguments,
  parseCmdline,
  plainArguments,
  refuseCmdline,
  splitCmdline,
} from "./cmdline.ts";

/** What the next kernel's command line is made of. */
export interface NextCmdline {
  /** The verified manifest's `cmdline`. */
  readonly manifest?: string;
  /** The running kernel's command line, of which `phase.*`, `console=` and `ip=` are carried. */
  readonly running: string;
}

/**
 * The next kernel's command line: the manifest's arguments, then those of `phase.cmdline`, then
 * what is carried. Everything is parsed and written anew, so that no quote, control character or
 * `phase.*` of the manifest's gets through, and the consoles of this machine come last: the last
 * one is /dev/console.
 *
 * @throws {PlasmdError} `config` for this machine's own arguments, `malformed` for the manifest's
 */
export function nextCmdline({ manifest = "", running }: NextCmdline): string {
  const ours = parseCmdline(running);
  const published = plainArguments(manifest);
  if (published === undefined) {
    throw new PlasmdError("malformed", "Cannot use the manifest's kernel command line", {
      hint: "it may hold printable ASCII without quotes, no -- and no phase.*",
    });
  }
  const carried = [...machineArguments(running), ...phaseArguments(ours)];
  const words = [...published, ...plainArguments(ours.cmdline ?? "") ?? []]
    .filter((word) => !carried.includes(word));
  const text = [...words, ...carried].join(" ");
  if (text.length <= bootLimits.nextCmdlineChars) return text;
  throw refuseCmdline(
    `the next kernel's would have ${text.length} characters, limit is ${bootLimits.nextCmdlineChars}`,
    "give fewer phase.* arguments",
  );
}

/**
 * A running kernel's command line as if it had also been given these arguments for the next one.
 *
 * @throws {PlasmdError} `usage` where they are no plain arguments
 */
export function withArguments(running: string, given: string | undefined): string {
  if (given === undefined) return running;
  if (plainArguments(given) === undefined) {
    throw new PlasmdError("usage", "Cannot add these kernel arguments", {
      hint: "they are printable ASCII without quotes, no -- and no phase.*",
    });
  }
  const kept = splitCmdline(running).filter(({ name, value }) =>
    name !== "phase.cmdline" && !value?.includes('"')
  );
  const words = kept.map(({ name, value }) => value === undefined ? name : `${name}="${value}"`);
  return [...words, `phase.cmdline="${given}"`].join(" ");
}

/** This machine's consoles and static addresses: without them the next system is deaf or dumb. */
function machineArguments(running: string): string[] {
  const words = splitCmdline(running).flatMap(({ name, value }) => {
    const allowed = name === "console"
      ? /^[A-Za-z][A-Za-z0-9]{0,15}(?:,[A-Za-z0-9,]{0,32})?$/
      : name === "ip"
      ? /^[A-Za-z0-9.:[\]_-]{1,256}$/
      : undefined;
    return allowed?.test(value ?? "") ? [`${name}=${value}`] : [];
  });
  return [...new Set(words)];
}

/** What is carried of ours; `phase.cmdline` was for one kernel and is used up. */
function phaseArguments(args: BootArguments): string[] {
  const values: [string, string | undefined][] = [
    ["mode", args.mode],
    ["channel", args.channel],
    ["arch", args.arch],
    ["provider", args.provider?.join(",")],
    ["trust", args.trust?.join(",")],
    ["threshold", args.threshold?.toString()],
    ["bootstrap", args.bootstrap?.join(",")],
    ["serve", switchText(args.serve)],
    ["jobs", args.jobs?.join(",")],
    ["state", args.state && `${args.state.by}=${args.state.value}`],
    ["fail", args.fail],
    ["once", switchText(args.once)],
  ];
  return values.flatMap(([name, value]) => value === undefined ? [] : [`phase.${name}=${value}`]);
}

function switchText(on: boolean | undefined): string | undefined {
  return on === undefined ? undefined : on ? "1" : "0";
}
