/**
 * Where chunks come from: what a download needs of a provider, whatever it speaks.
 *
 * @module
 */

import type { ManifestArtifact } from "../formats/manifest.ts";
import type { ArtifactName } from "../formats/names.ts";

/** An artifact with its name. */
export interface Wanted {
  readonly name: ArtifactName;
  readonly artifact: ManifestArtifact;
}

/** Bytes of an artifact as they come; disposing it ends them. */
export interface RangeStream extends Disposable {
  /** Where the first byte lies in the artifact: where was asked for, or 0 for the whole. */
  readonly start: number;
  /** Reads on; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/** A provider that has served the verified manifest. */
export interface Origin {
  /** What people know it by. */
  readonly name: string;
  /**
   * Asks for the bytes from `start` up to `end` of an artifact.
   *
   * @throws {PlasmdError} `unreachable` where asking again can help, else `bad_source`
   */
  open(
    wanted: Wanted,
    start: number,
    end: number,
    options: { readonly signal: AbortSignal },
  ): Promise<RangeStream>;
}
