/**
 * The policy file, trust.toml: its text and its places. DESIGN 5.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { parse, TomlError } from "smol-toml";
import { parseTime } from "../formats/time.ts";
import { PlasmdError } from "../lib/errors.ts";
import { fileLimits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";
import { makePolicy, type Publisher, type TrustPolicy } from "./policy.ts";

/**
 * The policy that the bytes of a trust.toml spell. Whatever is unknown is refused: a misspelt
 * restriction must not pass for none.
 *
 * @throws {PlasmdError} `policy`, with the line where there is one
 */
export function parsePolicy(bytes: Uint8Array, source: string): TrustPolicy {
  if (bytes.length > fileLimits.policyBytes) {
    const size = `size is ${bytesText(bytes.length)}, limit is ${
      bytesText(fileLimits.policyBytes)
    }`;
    throw new PlasmdError("policy", `Cannot use the trust policy "${source}": ${size}`);
  }
  const reader: Reader = new Reader(decode(bytes, source), source);
  const table = reader.parse();
  reader.only(table, ["trust_version", "publisher"]);
  if (table.trust_version !== 1) {
    reader.refuse("trust_version", "trust_version must be 1");
  }
  const entries = table.publisher;
  if (!Array.isArray(entries) || !entries.every(isTable)) {
    reader.refuse("publisher", "it needs one or more [[publisher]] tables");
  }
  return makePolicy(entries.map((entry) => readPublisher(entry, reader)), `"${source}"`);
}

/** Where a trust.toml is looked for, the deciding one first. */
export function policyPlaces(env: (name: string) => string | undefined): string[] {
  const config = env("XDG_CONFIG_HOME");
  const home = env("HOME");
  const user = config && isAbsolute(config) ? config : home ? join(home, ".config") : undefined;
  return ["/etc/phase/trust.toml", ...(user ? [join(user, "phase", "trust.toml")] : [])];
}

/** A table of TOML. */
type Table = Readonly<Record<string, unknown>>;

function readPublisher(entry: Table, reader: Reader): Publisher {
  reader.only(entry, ["keys", "root", "threshold", "channels", "not_before"]);
  const threshold = entry.threshold ?? 1;
  if (typeof threshold !== "number") reader.refuse("threshold", "threshold must be a whole number");
  return {
    ...readKeys(entry, reader),
    threshold,
    channels: reader.texts(entry, "channels"),
    notBefore: readTime(entry.not_before, reader),
  };
}

/** DESIGN 5: keys that sign manifests, or root keys that sign key lists. */
function readKeys(entry: Table, reader: Reader): Pick<Publisher, "keys" | "root"> {
  const keys = reader.texts(entry, "keys");
  const root = reader.texts(entry, "root");
  if (keys !== undefined && root !== undefined) {
    reader.refuse("root", "a publisher has keys or root, not both", [
      "write a [[publisher]] table for each",
    ]);
  }
  if (root !== undefined) return { keys: root, root: true };
  return { keys: keys ?? reader.refuse("publisher", "a publisher has no keys") };
}

function readTime(value: unknown, reader: Reader): number | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === "string" ? parseTime(value) : undefined;
  return time ?? reader.refuse("not_before", 'not_before must be like "2026-08-26T00:00:00Z"');
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const message = `Cannot use the trust policy "${source}": it is not UTF-8`;
    throw new PlasmdError("policy", message, { cause });
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.getPrototypeOf(value) === null;
}

/** Reads members, and names the line of what is wrong. */
class Reader {
  constructor(readonly text: string, readonly source: string) {}

  parse(): Table {
    try {
      return parse(this.text);
    } catch (thrown) {
      if (!(thrown instanceof TomlError)) throw thrown;
      const why = thrown.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
      return this.#refuseAt(thrown.line, why);
    }
  }

  /** Refuses members that are not in the list. */
  only(table: Table, members: readonly string[]): void {
    const unknown = Object.keys(table).find((member) => !members.includes(member));
    if (unknown === undefined) return;
    this.refuse(unknown, `unknown setting "${printable(unknown)}"`, [
      `known are ${members.join(", ")}`,
    ]);
  }

  texts(table: Table, member: string): string[] | undefined {
    const value = table[member];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.refuse(member, `${member} must be a list of texts`);
  }

  /** Refuses, naming the line on which the member stands where that can be told. */
  refuse(member: string, why: string, hints: readonly string[] = []): never {
    const lines = this.text.split("\n").map((line) => line.trim().replace(/^\[+/, "").trim());
    const at = lines.findIndex((line) =>
      line.startsWith(member) && /^\s*[=\]]/.test(line.slice(member.length))
    );
    return this.#refuseAt(at < 0 ? undefined : at + 1, why, hints);
  }

  #refuseAt(line: number | undefined, why: string, hints: readonly string[] = []): never {
    const where = line === undefined ? "" : ` line ${line}:`;
    const message = `Cannot use the trust policy "${this.source}":${where} ${why}`;
    throw new PlasmdError("policy", message, { hint: hints.join("\n") || undefined });
  }
}
