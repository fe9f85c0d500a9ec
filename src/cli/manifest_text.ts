/**
 * A manifest for people, and the file that it lies in.
 *
 * @module
 */

import { type Manifest, type ManifestArtifact, manifestId } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { bytesText, durationText, printable } from "../lib/text.ts";
import { columns } from "./columns.ts";

/**
 * The bytes of a manifest file.
 *
 * @throws {PlasmdError} `malformed` where it is larger than any manifest; `io`, `permission`
 */
export async function readManifestFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBounded(path, formatLimits.manifestBytes);
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    if (error.code !== "too_large") throw error;
    throw new PlasmdError("malformed", error.message, { hint: error.hint, cause: thrown });
  }
}

/** The members of a manifest and what they mean, a line each. */
export function manifestText(manifest: Manifest, now: number): string {
  const valid = new Set(validSigners(manifestPrefix, manifest));
  const rows = [
    ["version", manifest.version],
    ["channel", manifest.channel],
    ["arch", manifest.arch],
    ["sequence", String(manifest.sequence)],
    ["created", manifest.created_at],
    ["expires", `${manifest.expires_at} (${expiryText(manifest, now)})`],
    ...(manifest.cmdline === undefined ? [] : [["cmdline", manifest.cmdline]]),
    ...keyListRows(manifest),
    ["id", manifestId(manifest)],
  ];
  const artifacts = Object.entries<ManifestArtifact>(manifest.artifacts)
    .map(([name, { size, hash, path }]) => [name, bytesText(size), hash, path]);
  const signatures = manifest.signatures.map(({ keyid }) => [
    keyid,
    valid.has(keyid) ? "valid signature" : "INVALID signature",
  ]);
  const more = unknownMembers(manifest);
  return [
    ...columns(rows),
    ...columns(artifacts),
    ...(signatures.length === 0 ? ["not signed"] : columns(signatures)),
    ...(more.length === 0
      ? []
      : [`other members: ${more.map((name) => printable(name)).join(", ")}`]),
  ].join("\n");
}

/** The result of a check, for `--json`. */
export interface ManifestResult {
  readonly manifest_id: string;
  readonly version: string;
  readonly channel: string;
  readonly arch: string;
  readonly sequence: number;
  readonly created_at: string;
  readonly expires_at: string;
  readonly signers: readonly string[];
  readonly artifacts: Readonly<Record<string, Pick<ManifestArtifact, "size" | "hash" | "path">>>;
}

/** What a manifest says, for programs. */
export function manifestResult(manifest: Manifest, signers: readonly string[]): ManifestResult {
  const artifacts = Object.entries<ManifestArtifact>(manifest.artifacts)
    .map(([name, { size, hash, path }]) => [name, { size, hash, path }]);
  return {
    manifest_id: manifestId(manifest),
    version: manifest.version,
    channel: manifest.channel,
    arch: manifest.arch,
    sequence: manifest.sequence,
    created_at: manifest.created_at,
    expires_at: manifest.expires_at,
    signers,
    artifacts: Object.fromEntries(artifacts),
  };
}

function keyListRows({ key_lists: lists = [] }: Manifest): string[][] {
  const last = lists.at(-1);
  if (last === undefined) return [];
  const { threshold, keys } = last.publish;
  return [
    ["key list", `${last.list_version}, valid until ${last.expires_at}`],
    ["", `${threshold} of ${keys.join(", ")} must sign`],
  ];
}

function expiryText({ expires_at }: Manifest, now: number): string {
  const left = parseTime(expires_at)! - now;
  return left > 0 ? `in ${durationText(left)}` : "expired";
}

const known = [
  ["version", "manifest_version", "sequence", "channel", "arch", "created_at", "expires_at"],
  ["cmdline", "artifacts", "key_lists", "signatures"],
].flat();

function unknownMembers(manifest: Manifest): string[] {
  return Object.keys(manifest).filter((name) => !known.includes(name));
}
