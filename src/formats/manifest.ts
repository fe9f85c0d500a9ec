/**
 * The manifest: what a boot image consists of, signed by its publisher. DESIGN 5.
 *
 * @module
 */

import { fromBase64 } from "../lib/bytes.ts";
import { formatLimits } from "../lib/limits.ts";
import { canonicalBytes, parseCanonical } from "./json.ts";
import type { KeyList } from "./key_list.ts";
import { checkManifest } from "./manifest_schema.ts";
import type { Arch, ArtifactName } from "./names.ts";
import { documentId, manifestPrefix, type Signature } from "./signed.ts";

export type { Signature } from "./signed.ts";

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
  /** Who may sign manifests, for clients that pin root keys. */
  readonly key_lists?: readonly KeyList[];
  readonly signatures: readonly Signature[];
  /** Unknown members are kept and signed. */
  readonly [unknown: string]: unknown;
}

/** What a manifest says before anybody signs it. */
export interface ManifestFields {
  readonly version: string;
  readonly sequence: number;
  readonly channel: string;
  readonly arch: Arch;
  readonly created_at: string;
  readonly expires_at: string;
  readonly cmdline?: string;
  readonly artifacts: Manifest["artifacts"];
  readonly key_lists?: readonly KeyList[];
}

/**
 * The manifest that the bytes spell, every member checked. It is the parsed document itself, so
 * that nothing unknown is lost from what was signed.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const object = parseCanonical(bytes, { what: "manifest", max: formatLimits.manifestBytes });
  return checkManifest(object);
}

/**
 * A manifest without signatures, checked by the same rules as one that is read.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function buildManifest(fields: ManifestFields): Manifest {
  const given = Object.entries({ ...fields, manifest_version: 1, signatures: [] })
    .filter(([, value]) => value !== undefined);
  return parseManifest(canonicalBytes(Object.fromEntries(given)));
}

/** `sha256:` of the signed bytes. */
export function manifestId(manifest: Manifest): string {
  return documentId(manifestPrefix, manifest);
}

/** How many chunks an artifact has. */
export function chunkCount(artifact: Pick<ManifestArtifact, "size" | "chunks">): number {
  return Math.ceil(artifact.size / artifact.chunks.size);
}

/** The 32-byte SHA-256 of a chunk. */
export function chunkHash(artifact: ManifestArtifact, index: number): Uint8Array<ArrayBuffer> {
  const count = chunkCount(artifact);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`There is no chunk ${index} of ${count}`);
  }
  // Three hashes are 96 bytes, which are 128 characters with no bits to spare.
  const group = Math.floor(index / 3) * 128;
  const hashes = fromBase64(artifact.chunks.hashes.slice(group, group + 128))!;
  return hashes.slice((index % 3) * 32, (index % 3) * 32 + 32);
}
