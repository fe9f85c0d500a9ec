/**
 * What a fetch tells about itself.
 *
 * @module
 */

import { join } from "node:path";
import type { ArtifactName } from "../formats/names.ts";
import type { ErrorCode } from "../lib/errors.ts";
import type { Pool } from "./pool.ts";
import type { Wanted } from "./source.ts";

/** A file of the image. */
export interface FetchedFile {
  readonly name: ArtifactName;
  readonly path: string;
  readonly size: number;
  readonly hash: string;
  /** Bytes that came over the network now; the rest was there already. */
  readonly fetched: number;
}

/** A provider that was given up, and why. */
export interface Dropped {
  readonly name: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What a fetch did. */
export interface FetchReport {
  readonly files: readonly FetchedFile[];
  /** Bytes that came over the network. */
  readonly bytes: number;
  /** The providers whose chunks were used. */
  readonly providers: readonly { readonly name: string; readonly bytes: number }[];
  readonly dropped: readonly Dropped[];
}

/** The report of a fetch; `fetched` holds the bytes that came now, by artifact. */
export function reportOf(
  wanted: readonly Wanted[],
  fetched: ReadonlyMap<ArtifactName, number>,
  pool: Pool,
  output: string,
): FetchReport {
  const files = wanted.map(({ name, artifact: { size, hash } }): FetchedFile => ({
    name,
    path: join(output, name),
    size,
    hash,
    fetched: fetched.get(name) ?? 0,
  }));
  return {
    files,
    bytes: files.reduce((sum, file) => sum + file.fetched, 0),
    providers: pool.members.filter(({ bytes }) => bytes > 0)
      .map(({ origin, bytes }) => ({ name: origin.name, bytes })),
    dropped: pool.members.flatMap(({ origin, dropped }) =>
      dropped ? [{ name: origin.name, code: dropped.code, reason: dropped.message }] : []
    ),
  };
}
