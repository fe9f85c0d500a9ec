/**
 * What each member of a manifest must be. DESIGN 5.
 *
 * @module
 */

import { publicKeyOf } from "../identity/keyid.ts";
import { fromBase64 } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits as limits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Manifest } from "./manifest.ts";
import { cmdlineProblem, isVersion } from "./manifest_rules.ts";
import { arches, isChannel } from "./names.ts";
import { parseTime } from "./time.ts";

/**
 * The object as a manifest, unchanged.
 *
 * @throws {PlasmdError} `malformed`, naming the first member that is wrong
 */
export function checkManifest(object: JsonObject): Manifest {
  if (object.manifest_version !== 1) {
    refuse(
      "manifest_version",
      `is ${shown(object.manifest_version)}: this program reads version 1`,
    );
  }
  const version = text(object, "version");
  if (!isVersion(version)) {
    refuse("version", "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_', '+', '~', '-'");
  }
  const channel = text(object, "channel");
  if (!isChannel(channel)) refuse("channel", "must be 1 to 32 of a-z, 0-9, '.', '_', '-'");
  const arch = text(object, "arch");
  if (!(arches as readonly string[]).includes(arch)) refuse("arch", "must be arm64 or x86_64");
  checkTimes(object);
  if (object.cmdline !== undefined) checkCmdline(text(object, "cmdline"));
  checkArtifacts(object.artifacts, `/${channel}/${arch}`);
  checkSignatures(object.signatures);
  return object as unknown as Manifest;
}

function checkTimes(object: JsonObject): void {
  const createdAt = time(object, "created_at");
  const lifetime = time(object, "expires_at") - createdAt;
  if (lifetime <= 0) refuse("expires_at", "must be later than created_at");
  if (lifetime > limits.lifetimeMs) refuse("expires_at", "is more than 90 days after created_at");
  const sequence = whole(object.sequence, "sequence", 0, Number.MAX_SAFE_INTEGER);
  // DESIGN 5: a sequence from the far future would lock out every later manifest.
  if (sequence > createdAt / 1000 + limits.sequenceAheadSeconds) {
    refuse("sequence", "is more than 86400 above created_at in seconds");
  }
}

function checkCmdline(cmdline: string): void {
  const problem = cmdlineProblem(cmdline);
  if (problem !== undefined) refuse("cmdline", problem);
}

function checkArtifacts(artifacts: JsonValue | undefined, target: string): void {
  const entries = Object.entries(object(artifacts, "artifacts"));
  if (entries.length > limits.artifacts) {
    refuse("artifacts", `has ${entries.length} entries, limit is ${limits.artifacts}`);
  }
  if (!entries.some(([name]) => name === "kernel")) refuse("artifacts", "has no kernel");
  for (const [name, value] of entries) {
    // Names that we don't know are ignored by clients, but no name may lead out of a directory.
    if (!/^[a-z0-9][a-z0-9._-]{0,31}$/.test(name)) {
      refuse("artifacts", `has the name ${shown(name)}: it must be like a channel's`);
    }
    checkArtifact(object(value, `artifacts.${name}`), name, target);
  }
}

function checkArtifact(artifact: JsonObject, name: string, target: string): void {
  const at = `artifacts.${name}`;
  if (typeof artifact.hash !== "string" || !/^sha256:[0-9a-f]{64}$/.test(artifact.hash)) {
    refuse(`${at}.hash`, 'must be "sha256:" and 64 lower-case hex digits');
  }
  const size = whole(artifact.size, `${at}.size`, 1, limits.artifactBytes);
  // DESIGN 5: these two and nothing else, so that no path leads to another host or file.
  if (artifact.path !== `/${name}` && artifact.path !== `${target}/${name}`) {
    refuse(`${at}.path`, `must be "/${name}" or "${target}/${name}"`);
  }
  const chunks = object(artifact.chunks, `${at}.chunks`);
  const { chunkBytesMin: min, chunkBytesMax: max } = limits;
  const chunk = whole(chunks.size, `${at}.chunks.size`, min, max);
  if (Math.log2(chunk) % 1 !== 0) refuse(`${at}.chunks.size`, "must be a power of two");
  const hashes = typeof chunks.hashes === "string" ? fromBase64(chunks.hashes) : undefined;
  if (hashes?.length !== Math.ceil(size / chunk) * 32) {
    refuse(
      `${at}.chunks.hashes`,
      `must be canonical base64 of ${Math.ceil(size / chunk)} SHA-256 hashes`,
    );
  }
}

function checkSignatures(signatures: JsonValue | undefined): void {
  if (!Array.isArray(signatures)) refuse("signatures", "must be a list");
  if (signatures.length > limits.signatures) {
    refuse("signatures", `has ${signatures.length} entries, limit is ${limits.signatures}`);
  }
  for (const [i, value] of signatures.entries()) {
    const at = `signatures[${i}]`;
    const entry = object(value, at);
    if (Object.keys(entry).sort().join() !== "keyid,sig") {
      refuse(at, "must hold exactly keyid and sig");
    }
    if (publicKeyOf(text(entry, "keyid", `${at}.`)) === undefined) {
      refuse(`${at}.keyid`, 'must be "ed25519:" and 64 lower-case hex digits');
    }
    if (fromBase64(text(entry, "sig", `${at}.`))?.length !== 64) {
      refuse(`${at}.sig`, "must be canonical base64 of 64 bytes");
    }
  }
}

function object(value: JsonValue | undefined, member: string): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    refuse(member, value === undefined ? "is missing" : "must be an object");
  }
  return value as JsonObject;
}

function text(from: JsonObject, member: string, at = ""): string {
  const value = from[member];
  if (typeof value === "string") return value;
  refuse(at + member, value === undefined ? "is missing" : "must be text");
}

function time(from: JsonObject, member: string): number {
  return parseTime(text(from, member)) ??
    refuse(member, 'must be a date and time like "2025-11-26T12:00:00Z"');
}

function whole(value: JsonValue | undefined, member: string, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  const to = min >= 1024 || max === limits.artifactBytes ? bytesText(max) : String(max);
  refuse(member, `must be a whole number from ${min} to ${to}, and is ${shown(value)}`);
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? "missing" : printable(JSON.stringify(value), 60);
}

function refuse(member: string, why: string): never {
  throw new PlasmdError("malformed", `Cannot accept the manifest: "${member}" ${why}`);
}
