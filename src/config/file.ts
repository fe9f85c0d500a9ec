/**
 * provider.toml: bytes → document, or an error that says where and what was probably meant.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { locateKey } from "./locate.ts";
import { documentSchema, type RawDocument } from "./schema.ts";
import { suggest } from "./suggest.ts";

/**
 * What stands in a provider.toml, checked but as it was written.
 *
 * @throws {PlasmdError} `config`, with line and column of each thing that is wrong
 */
export function parseDocument(bytes: Uint8Array, name: string): RawDocument {
  const toml = decode(bytes, name);
  const raw = parseToml(toml, name);
  const result = v.safeParse(documentSchema, raw);
  if (result.success) return raw as RawDocument;
  const lines = result.issues.slice(0, 10).map((issue) => {
    const path = pathOf(issue);
    const { line, column } = locateKey(toml, path);
    return `${name}:${line}:${column}: ${issueText(issue, path)}`;
  });
  throw new PlasmdError("config", lines.join("\n"), {
    hint: "plasmd config schema prints what may be written",
  });
}

/** What is wrong with a value that came from a flag or a variable, without a place in a file. */
export function issueText(issue: v.BaseIssue<unknown>, path: readonly string[]): string {
  const key = printable(path.join("."));
  if (issue.received === "undefined") return `"${key}" is missing`;
  if (issue.type !== "strict_object" || issue.expected !== "never") {
    const wanted = issue.message.startsWith("Invalid ")
      ? `Expected ${issue.expected}`
      : issue.message;
    return `Wrong value of "${key}": ${wanted}, and it is ${printable(issue.received, 80)}`;
  }
  const known = knownKeys(path.slice(0, -1));
  const meant = suggest(path.at(-1)!, known);
  return `Unknown key "${key}"` +
    (meant === undefined ? `: known are ${known.join(", ")}` : `: did you mean "${meant}"?`);
}

/** The path of an issue as keys. */
export function pathOf(issue: v.BaseIssue<unknown>): string[] {
  return (issue.path ?? []).map(({ key }) => String(key));
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PlasmdError("config", `Cannot read "${name}": it is not UTF-8`, { cause });
  }
}

function parseToml(toml: string, name: string): unknown {
  try {
    return parse(toml, { maxDepth: 16 });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = cause.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new PlasmdError("config", `${name}:${cause.line}:${cause.column}: ${what}`, { cause });
  }
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly string[]): string[] {
  let schema: unknown = documentSchema;
  for (const part of path) schema = childOf(schema, part);
  return Object.keys(entriesOf(schema));
}

function childOf(schema: unknown, key: string): unknown {
  const entries = entriesOf(schema);
  if (Object.hasOwn(entries, key)) return entries[key];
  return unwrap(schema).value;
}

function entriesOf(schema: unknown): Record<string, unknown> {
  return (unwrap(schema).entries ?? {}) as Record<string, unknown>;
}

/** The schema inside `optional`. */
function unwrap(schema: unknown): Record<string, unknown> {
  let inner = schema as Record<string, unknown>;
  while (inner !== undefined && "wrapped" in inner) {
    inner = inner.wrapped as Record<string, unknown>;
  }
  return inner ?? {};
}
