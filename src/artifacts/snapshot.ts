/**
 * A manifest bound to the open files that it describes.
 *
 * @module
 */

import type { Arch, ArtifactName } from "../formats/names.ts";
import type { VerifiedManifest } from "../trust/verified.ts";

/** An artifact's file, open, whose bytes were hashed. */
export interface OpenArtifact {
  readonly name: ArtifactName;
  /** SHA-256 in 64 hex digits. */
  readonly digest: string;
  readonly size: number;
  /** Milliseconds since 1970 at which the file was last modified. */
  readonly modified: number;
  /**
   * Reads into the buffer from a position of the file. Returns how many bytes were read, 0 only at
   * the end. Throws `changed` once the file is not the one that was hashed any more.
   */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Throws `changed` where the file is not the one that was hashed any more. */
  check(): Promise<void>;
  /** Keeps the file open until disposed, even when its snapshot is replaced. */
  acquire(): Disposable;
}

/** What a provider serves for one channel and arch. */
export interface Snapshot {
  readonly channel: string;
  readonly arch: Arch;
  /** The manifest's exact bytes; ours were verified too, like a client would. */
  readonly manifest: VerifiedManifest;
  readonly artifacts: ReadonlyMap<ArtifactName, OpenArtifact>;
  /** Milliseconds since 1970 at which the snapshot was made. */
  readonly madeAt: number;
}

/** The snapshots that are served now. */
export interface Catalog {
  /** The channel and arch that unnamed routes mean, once there is a snapshot. */
  readonly default: { readonly channel: string; readonly arch: Arch } | undefined;
  /** All current snapshots. */
  list(): readonly Snapshot[];
  find(channel: string, arch: Arch): Snapshot | undefined;
  /** An artifact of the current snapshots by its digest in hex. */
  blob(digest: string): OpenArtifact | undefined;
}
