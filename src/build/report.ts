/**
 * How large an executable is, and what of it takes how much.
 *
 * @module
 */

import type { Bundle } from "./bundle.ts";
import type { Part } from "./payload.ts";

/** Bytes of an executable and of what is in it. */
export interface SizeReport {
  readonly bytes: number;
  readonly bundle: Pick<Bundle, "bytes" | "workers" | "parts">;
  /** Each part as it is, and packed. */
  readonly parts: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly packed: number;
  }[];
}

/** Makes the report. */
export function sizeReport(bytes: number, bundle: Bundle, parts: readonly Part[]): SizeReport {
  return {
    bytes,
    bundle: { bytes: bundle.bytes, workers: bundle.workers, parts: bundle.parts },
    parts: parts.map(({ name, size, frames }) => ({
      name,
      bytes: size,
      packed: frames.reduce((sum, { packed }) => sum + packed.length, 0),
    })),
  };
}

/** The report for people. */
export function sizeText(file: string, { bytes, bundle, parts }: SizeReport): string {
  const row = (name: string, size: number, packed?: number) =>
    `  ${name.padEnd(24)}${mib(size).padStart(10)}${
      packed === undefined ? "" : mib(packed).padStart(12)
    }`;
  const sum = (key: "bytes" | "packed") => parts.reduce((total, part) => total + part[key], 0);
  return [
    `${file}: ${mib(bytes)}`,
    ...parts.map((part) => row(part.name, part.bytes, part.packed)),
    ...parts.length === 0 ? [] : [row("all parts", sum("bytes"), sum("packed"))],
    row("bundle", bundle.bytes),
    ...Object.entries(bundle.workers).map(([name, size]) => row(`  ${name} Worker in it`, size)),
    ...Object.entries(bundle.parts).map(([name, size]) => row(`  ${name}, loaded if needed`, size)),
  ].join("\n");
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}
