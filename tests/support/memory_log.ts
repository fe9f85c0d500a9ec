/**
 * A log that keeps its records.
 *
 * @module
 */

import type { Fields, Log, LogLevel } from "../../src/lib/log.ts";

/** One record. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Fields;
}

/** A log whose records a test can look at. */
export interface MemoryLog extends Log {
  readonly records: readonly LogRecord[];
  /** The messages of the warnings. */
  warnings(): string[];
}

/** Makes a log that keeps everything. */
export function memoryLog(): MemoryLog {
  const records: LogRecord[] = [];
  const keep = (level: LogLevel) => (message: string, fields: Fields = {}) => {
    records.push({ level, message, fields });
  };
  const log: MemoryLog = {
    records,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warning"),
    error: keep("error"),
    child: () => log,
    warnings: () =>
      records.filter(({ level }) => level === "warning").map(({ message }) => message),
  };
  return log;
}
