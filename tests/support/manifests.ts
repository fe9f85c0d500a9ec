/**
 * Builders of manifests and keys for tests.
 *
 * @module
 */

import {
  buildManifest,
  type ManifestArtifact,
  type ManifestFields,
} from "../../src/formats/manifest.ts";
import { manifestPrefix, sign } from "../../src/formats/signed.ts";
import { type Identity, identityFromSeed } from "../../src/identity/key_file.ts";
import { sha256, sha256Hex, toBase64 } from "../../src/lib/bytes.ts";

/** The time at which the manifests of tests are made: 2025-11-26T12:00:00Z. */
export const madeAt: number = Date.UTC(2025, 10, 26, 12);

/** A key that is the same in every run. */
export function testIdentity(number: number): Identity {
  const seed = new Uint8Array(32).fill(number);
  return identityFromSeed(seed, `test-${number}.key`);
}

/** The manifest entry of some bytes. */
export function artifactOf(
  bytes: Uint8Array,
  path: string,
  chunkSize = 256 * 1024,
): ManifestArtifact {
  const hashes: number[] = [];
  for (let at = 0; at < bytes.length; at += chunkSize) {
    hashes.push(...sha256(bytes.subarray(at, at + chunkSize)));
  }
  return {
    hash: `sha256:${sha256Hex(bytes)}`,
    size: bytes.length,
    path,
    chunks: { size: chunkSize, hashes: toBase64(Uint8Array.from(hashes)) },
  };
}

/** The fields of a manifest of a small kernel, some of them changed. */
export function manifestFields(changes: Partial<ManifestFields> = {}): ManifestFields {
  return {
    version: "2025.11.26",
    sequence: madeAt / 1000,
    channel: "stable",
    arch: "arm64",
    created_at: "2025-11-26T12:00:00Z",
    expires_at: "2025-12-26T12:00:00Z",
    cmdline: "console=ttyS0",
    artifacts: { kernel: artifactOf(new TextEncoder().encode("a kernel"), "/stable/arm64/kernel") },
    ...changes,
  };
}

/** The bytes of a manifest signed by these keys; by test key 1 unless given. */
export function signedManifest(
  changes: Partial<ManifestFields> = {},
  identities: readonly Identity[] = [testIdentity(1)],
): Uint8Array<ArrayBuffer> {
  return sign(manifestPrefix, buildManifest(manifestFields(changes)), identities);
}
