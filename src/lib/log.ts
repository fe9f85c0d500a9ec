/**
 * Structured logs on stderr: a line a record, as text for people or as JSON for programs.
 *
 * @module
 */

import { configureSync, getLogger, type LogRecord, type Sink } from "@logtape/logtape";
import { escapeControls, printable } from "./text.ts";

/** Fields of a record. Values from peers are cut and escaped when they are written. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where a part writes what it does. Never a secret. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same log under a part's name. */
  child(area: string): Log;
}

/** The least level that is written. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** How records are written. */
export type LogFormat = "text" | "json";

/** A log that forgets everything. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

/** How to open a log. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one whole line, its newline included. Default: stderr. */
  readonly write?: (line: string) => void;
}

/** Opens the log of this thread; a second call replaces the first. */
export function openLog({ level, format, write = writeStderr }: LogOptions): Log {
  const line = format === "json" ? jsonLine : textLine;
  const sink: Sink = (record) => write(line(record));
  configureSync({
    reset: true,
    sinks: { out: sink },
    loggers: [
      { category: "plasmd", sinks: ["out"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["out"], lowestLevel: "error" },
    ],
  });
  return logOf(["plasmd"]);
}

function logOf(category: [string, ...string[]]): Log {
  const logger = getLogger(category);
  return {
    debug: (message, fields) => logger.debug(literal(message), { ...fields }),
    info: (message, fields) => logger.info(literal(message), { ...fields }),
    warn: (message, fields) => logger.warn(literal(message), { ...fields }),
    error: (message, fields) => logger.error(literal(message), { ...fields }),
    child: (area) => logOf([...category, area]),
  };
}

/** Messages are no templates: braces in them are only braces. */
function literal(message: string): string {
  return message.replace(/[{}]/g, (brace) => brace + brace);
}

function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(line);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
  } catch {
    // A closed stderr must not end a provider.
  }
}

function jsonLine(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    area: record.category.slice(1).join(".") || undefined,
    message: messageOf(record),
    ...Object.fromEntries(Object.entries(record.properties).map(([k, v]) => [k, plain(v)])),
  }) + "\n";
}

function textLine(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const area = record.category.slice(1).join(".");
  const fields = Object.entries(record.properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${fieldText(value)}`).join("");
  const level = record.level.slice(0, 4).toUpperCase().padEnd(4);
  return `${time} ${level} ${area === "" ? "" : `${area}: `}${messageOf(record)}${fields}\n`;
}

function messageOf(record: LogRecord): string {
  return escapeControls(record.message.map(String).join(""));
}

function fieldText(value: unknown): string {
  const text = String(plain(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function plain(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (typeof value === "number" || typeof value === "boolean" || value === undefined) return value;
  if (value instanceof Error) return printable(value.message);
  return printable(JSON.stringify(value) ?? String(value));
}
