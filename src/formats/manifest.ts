/**
 * The manifest: what a boot image consists of, signed by its publisher. DESIGN 5.
 *
 * @module
 */

import type { Arch, ArtifactName } from "./names.ts";

/** One artifact of a manifest. */
export interface ManifestArtifact {
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  /** Bytes, at least 1. */
  readonly size: number;
  /** `/{artifact}` or `/{channel}/{arch}/{artifact}`. */
  readonly path: string;
  /** SHA-256 of each chunk, so that a client can check before it has the whole. */
  readonly chunks: {
    /** Bytes of a chunk; the last one may be shorter. */
    readonly size: number;
    /** Canonical base64 of the concatenated 32-byte hashes. */
    readonly hashes: string;
  };
}

/** One signature: exactly these two members. */
export interface Signature {
  readonly keyid: string;
  readonly sig: string;
}

/** A manifest, well-formed; whether it can be trusted is another question. */
export interface Manifest {
  readonly version: string;
  readonly manifest_version: 1;
  readonly sequence: number;
  readonly channel: string;
  readonly arch: Arch;
  readonly created_at: string;
  readonly expires_at: string;
  readonly cmdline?: string;
  readonly artifacts: Readonly<
    & { kernel: ManifestArtifact }
    & Partial<Record<Exclude<ArtifactName, "kernel">, ManifestArtifact>>
  >;
  readonly signatures: readonly Signature[];
  /** Unknown members are kept and signed. */
  readonly [unknown: string]: unknown;
}
