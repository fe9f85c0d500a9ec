/**
 * Flags over environment over file over defaults → one Config.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import * as v from "valibot";
import type { Arch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { issueText, pathOf } from "./file.ts";
import { type Document, documentSchema, type RawDocument } from "./schema.ts";
import { type Setting, settings } from "./settings.ts";

/** Where a value came from. */
export interface Origin {
  readonly from: "flag" | "environment" | "file" | "default";
  /** The flag, the variable or the file. */
  readonly name: string;
}

/** One channel of provider.toml. */
export interface ChannelConfig {
  readonly name: string;
  /** Undefined: this machine's arch. */
  readonly arches?: readonly Arch[];
  readonly kernel: string;
  readonly initramfs?: string;
  readonly rootfs?: string;
  readonly cmdline?: string;
  readonly version?: string;
}

/** Everything that can be set, each value with its origin. */
export interface Config {
  /** Setting's key → value; times in milliseconds, paths absolute. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, Origin>>;
  readonly channels: readonly ChannelConfig[];
  /** The file that was read, if any. */
  readonly file?: string;
}

/** What a Config is made of. */
export interface ConfigSources {
  /** Flag (camel case) → value, undefined where it wasn't given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: (name: string) => string | undefined;
  readonly file?: { readonly name: string; readonly document: RawDocument };
}

/**
 * Joins the sources.
 *
 * @throws {PlasmdError} `config` for a variable or flag whose value doesn't fit
 */
export function resolveConfig({ flags = {}, env = () => undefined, file }: ConfigSources): Config {
  const raw = structuredClone(file?.document ?? {}) as Record<string, unknown>;
  const origins: Record<string, Origin> = {};
  for (const setting of settings) {
    origins[setting.key] = overlay(raw, setting, { flags, env, fileName: file?.name });
  }
  const document = validate(raw, origins);
  const values: Record<string, unknown> = {};
  for (const setting of settings) {
    const value = at(document, setting.key.split(".")) ?? setting.fallback;
    values[setting.key] = absolute(setting, value, origins[setting.key]!);
  }
  return { values, origins, channels: channelsOf(document), file: file?.name };
}

/** Writes the strongest source's value into the document. Returns where it came from. */
function overlay(
  raw: Record<string, unknown>,
  setting: Setting,
  { flags, env, fileName }: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly env: (name: string) => string | undefined;
    readonly fileName?: string;
  },
): Origin {
  const path = setting.key.split(".");
  const flag = setting.flag === undefined ? undefined : flags[setting.flag];
  if (flag !== undefined) {
    put(raw, path, flag);
    return { from: "flag", name: flagName(setting.flag!) };
  }
  const variable = env(setting.variable);
  if (variable !== undefined && variable !== "") {
    put(raw, path, fromText(setting, variable));
    return { from: "environment", name: setting.variable };
  }
  return at(raw, path) === undefined
    ? { from: "default", name: "default" }
    : { from: "file", name: fileName! };
}

/** `--state-dir` for `stateDir`. */
export function flagName(flag: string): string {
  return `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function fromText({ kind, variable }: Setting, text: string): unknown {
  if (kind === "list") return text.split(/\s+/).filter((part) => part !== "");
  if (kind === "text") return text;
  const value = kind === "boolean"
    ? { true: true, "1": true, false: false, "0": false }[text]
    : /^-?\d{1,16}$/.test(text)
    ? Number(text)
    : undefined;
  if (value !== undefined) return value;
  const wanted = kind === "boolean" ? "true or false" : "a whole number";
  throw new PlasmdError(
    "config",
    `Wrong value of ${variable}: Expected ${wanted}, and it is "${printable(text, 80)}"`,
  );
}

function validate(raw: unknown, origins: Readonly<Record<string, Origin>>): Document {
  const result = v.safeParse(documentSchema, raw);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = pathOf(issue);
  const origin = origins[path.join(".")] ?? origins[path.slice(0, -1).join(".")];
  const where = origin === undefined || origin.from === "default" ? "" : `${origin.name}: `;
  throw new PlasmdError("config", `${where}${issueText(issue, path)}`);
}

function channelsOf({ provider }: Document): ChannelConfig[] {
  return Object.entries(provider?.channels ?? {}).map(([name, { arch, ...rest }]) => ({
    name,
    arches: arch === undefined ? undefined : [...new Set(arch)],
    ...rest,
  }));
}

const pathKeys = new Set([
  "provider.artifacts_dir",
  "provider.state_dir",
  "provider.signing_key",
  "provider.key_lists",
  "network.psk_file",
]);

/** Paths in a file are relative to the file; those of flags and variables to where we are. */
function absolute({ key }: Setting, value: unknown, { from, name }: Origin): unknown {
  if (!pathKeys.has(key) || typeof value !== "string" || from !== "file") return value;
  return resolve(dirname(name), value);
}

function at(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const part of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let table = into;
  for (const part of path.slice(0, -1)) {
    table = (table[part] ??= {}) as Record<string, unknown>;
  }
  table[path.at(-1)!] = value;
}
