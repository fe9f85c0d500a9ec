/**
 * The running kernel's command line: what it asks of us.
 *
 * @module
 */

import { type Arch, archOf, isChannel } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { bootLimits, transferLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";

/** Where a client looks for providers. DESIGN 8. */
export type DiscoveryMode = "auto" | "local" | "internet" | "private";

/** The partition that keeps floors and partial downloads. */
export interface StatePartition {
  readonly by: "LABEL" | "UUID";
  readonly value: string;
}

/** What the `phase.*` arguments of a kernel command line say; what isn't given is undefined. */
export interface BootArguments {
  readonly mode?: DiscoveryMode;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly provider?: readonly string[];
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly bootstrap?: readonly string[];
  readonly serve?: boolean;
  /** Keyids whose jobs are run while it serves. */
  readonly jobs?: readonly string[];
  readonly state?: StatePartition;
  readonly cmdline?: string;
  /** What init does when nothing more can be done. */
  readonly fail?: "shell" | "reboot" | "poweroff";
  /** init tries once instead of for ever. */
  readonly once?: boolean;
}

/** One argument as the kernel splits them; `value` is undefined for a bare word. */
export interface KernelArgument {
  readonly name: string;
  readonly value?: string;
}

/**
 * Splits a command line as the kernel does: at white space outside of double quotes, with the
 * quotes around a value or a whole argument taken off, up to a `--`, behind which is init's.
 *
 * @throws {PlasmdError} `config` above the limit
 */
export function splitCmdline(text: string): KernelArgument[] {
  if (text.length > bootLimits.cmdlineBytes) {
    throw refuseCmdline(`it has ${text.length} characters, limit is ${bootLimits.cmdlineBytes}`);
  }
  const words: string[] = text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).map(argumentOf);
}

function argumentOf(word: string): KernelArgument {
  const bare = word.startsWith('"') ? word.slice(1).replace(/"$/, "") : word;
  const at = bare.indexOf("=");
  if (at < 0) return { name: bare };
  const value = bare.slice(at + 1);
  return {
    name: bare.slice(0, at),
    value: value.startsWith('"') ? value.slice(1).replace(/"$/, "") : value,
  };
}

/**
 * The `phase.*` arguments of a command line, each checked. What isn't ours is passed over; what is
 * ours and wrong is refused, because a misspelt `phase.trust` must not pass for none.
 *
 * @throws {PlasmdError} `config`, naming the argument
 */
export function parseCmdline(text: string): BootArguments {
  const seen = new Map<string, string>();
  for (const { name, value = "" } of splitCmdline(text)) {
    if (!name.startsWith("phase.")) continue;
    if (!Object.hasOwn(readers, name)) {
      throw refuseCmdline(`unknown argument "${printable(name)}"`, `known are ${knownArguments}`);
    }
    if ((seen.get(name) ?? value) !== value) {
      throw refuseCmdline(`${name} is given twice, and differs`);
    }
    seen.set(name, value);
  }
  return Object.fromEntries(
    [...seen].map(([name, value]) => [name.slice("phase.".length), readers[name]!(value)]),
  );
}

/** Reads a value or throws `config`. */
type Reader = (value: string) => unknown;

const readers: Readonly<Record<string, Reader>> = {
  "phase.mode": choice("phase.mode", ["auto", "local", "internet", "private"]),
  "phase.channel": one("phase.channel", "a channel's name", (v) => isChannel(v) ? v : undefined),
  "phase.arch": one("phase.arch", "arm64 or x86_64", archOf),
  "phase.provider": list(
    "phase.provider",
    transferLimits.providers,
    "an http or https URL",
    (v) => isProviderUrl(v) ? v : undefined,
  ),
  "phase.trust": list("phase.trust", bootLimits.cmdlineKeys, "a keyid or root: and one", trustOf),
  "phase.threshold": one("phase.threshold", "a whole number, 1 or more", thresholdOf),
  "phase.bootstrap": list(
    "phase.bootstrap",
    bootLimits.cmdlineBootstraps,
    "a multiaddr",
    (v) => /^\/[a-z0-9]+\/[\x21\x23-\x2b\x2d-\x7e]+$/.test(v) ? v : undefined,
  ),
  "phase.serve": one("phase.serve", "0 or 1", switchOf),
  "phase.jobs": list("phase.jobs", bootLimits.cmdlineKeys, "a keyid", keyidOf),
  "phase.state": one("phase.state", "LABEL=name or UUID=uuid", stateOf),
  "phase.cmdline": one("phase.cmdline", "kernel arguments that are not phase.*", extraOf),
  "phase.fail": choice("phase.fail", ["shell", "reboot", "poweroff"]),
  "phase.once": one("phase.once", "0 or 1", switchOf),
};

const knownArguments = Object.keys(readers).join(", ");

function one<T>(name: string, what: string, parse: (value: string) => T | undefined): Reader {
  return (value) => {
    const parsed = tooLong(value) ? undefined : parse(value);
    if (parsed !== undefined) return parsed;
    throw refuseCmdline(`${name} is "${printable(value)}", it must be ${what}`);
  };
}

function choice(name: string, values: readonly string[]): Reader {
  return one(name, values.join(" or "), (v) => values.includes(v) ? v : undefined);
}

function list(
  name: string,
  max: number,
  what: string,
  parse: (value: string) => string | undefined,
): Reader {
  const item = one(name, what, parse);
  return (value) => {
    const items = value.split(",").map((part) => item(part));
    if (items.length > max) {
      throw refuseCmdline(`${name} has ${items.length} entries, limit is ${max}`);
    }
    return [...new Set(items)];
  };
}

function tooLong(value: string): boolean {
  return value.length > bootLimits.cmdlineValueChars;
}

/** Whether it is a provider's URL: http or https, no user, no fragment, one word of a command line. */
export function isProviderUrl(text: string): boolean {
  if (!/^https?:\/\/[\x21\x23-\x2b\x2d-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return !tooLong(text) && url.username === "" && url.password === "" && !text.includes("#");
}

/** A keyid, or `root:` and one. Whether it is a good point is for the policy to say. */
function trustOf(text: string): string | undefined {
  return /^(?:root:)?ed25519:[0-9a-f]{64}$/.test(text) ? text : undefined;
}

function keyidOf(text: string): string | undefined {
  return text.startsWith("root:") ? undefined : trustOf(text);
}

function switchOf(text: string): boolean | undefined {
  return text === "1" ? true : text === "0" ? false : undefined;
}

function thresholdOf(text: string): number | undefined {
  return /^[1-9][0-9]?$/.test(text) ? Number(text) : undefined;
}

function stateOf(text: string): StatePartition | undefined {
  const label = /^LABEL=([A-Za-z0-9._-]{1,16})$/.exec(text)?.[1]; // ext4: 16 bytes
  if (label !== undefined) return { by: "LABEL", value: label };
  const uuid = /^UUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(text)?.[1];
  return uuid === undefined ? undefined : { by: "UUID", value: uuid.toLowerCase() };
}

function extraOf(text: string): string | undefined {
  return plainArguments(text) === undefined ? undefined : text;
}

/** The words of a line that holds nothing but plain kernel arguments, or undefined. DESIGN 5. */
export function plainArguments(text: string): string[] | undefined {
  if (!/^[\x20\x21\x23-\x7e]*$/.test(text)) return undefined;
  const words = text.split(" ").filter((word) => word !== "");
  return words.some((word) => word === "--" || /^phase\./i.test(word)) ? undefined : words;
}

/** The error for a command line that can't be used. */
export function refuseCmdline(what: string, hint?: string): PlasmdError {
  return new PlasmdError("config", `Cannot use the kernel command line: ${what}`, { hint });
}
