/**
 * What each member of a manifest must be. DESIGN 5.
 *
 * @module
 */

import { fromBase64 } from "../lib/bytes.ts";
import { formatLimits as limits } from "../lib/limits.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { checkKeyLists } from "./key_list.ts";
import type { Manifest } from "./manifest.ts";
import { cmdlineProblem, isVersion } from "./manifest_rules.ts";
import { type Members, membersOf, shown } from "./members.ts";
import { arches, isChannel } from "./names.ts";

const members: Members = membersOf("manifest");

/**
 * The object as a manifest, unchanged.
 *
 * @throws {PlasmdError} `malformed`, naming the first member that is wrong
 */
export function checkManifest(object: JsonObject): Manifest {
  if (object.manifest_version !== 1) {
    members.refuse(
      "manifest_version",
      `is ${shown(object.manifest_version)}: this program reads version 1`,
    );
  }
  const version = members.text(object, "version");
  if (!isVersion(version)) {
    members.refuse("version", "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_', '+', '~', '-'");
  }
  const channel = members.text(object, "channel");
  if (!isChannel(channel)) members.refuse("channel", "must be 1 to 32 of a-z, 0-9, '.', '_', '-'");
  const arch = members.text(object, "arch");
  if (!(arches as readonly string[]).includes(arch)) {
    members.refuse("arch", "must be arm64 or x86_64");
  }
  checkTimes(object);
  if (object.cmdline !== undefined) checkCmdline(members.text(object, "cmdline"));
  checkArtifacts(object.artifacts, `/${channel}/${arch}`);
  if (object.key_lists !== undefined) checkKeyLists(object.key_lists, members);
  members.signatures(object.signatures, "signatures");
  return object as unknown as Manifest;
}

function checkTimes(object: JsonObject): void {
  const createdAt = members.time(object, "created_at");
  const lifetime = members.time(object, "expires_at") - createdAt;
  if (lifetime <= 0) members.refuse("expires_at", "must be later than created_at");
  if (lifetime > limits.lifetimeMs) {
    members.refuse("expires_at", "is more than 90 days after created_at");
  }
  const sequence = members.whole(object.sequence, "sequence", 0, Number.MAX_SAFE_INTEGER);
  // DESIGN 5: a sequence from the far future would lock out every later manifest.
  if (sequence > createdAt / 1000 + limits.sequenceAheadSeconds) {
    members.refuse("sequence", "is more than 86400 above created_at in seconds");
  }
}

function checkCmdline(cmdline: string): void {
  const problem = cmdlineProblem(cmdline);
  if (problem !== undefined) members.refuse("cmdline", problem);
}

function checkArtifacts(artifacts: JsonValue | undefined, target: string): void {
  const entries = Object.entries(members.object(artifacts, "artifacts"));
  if (entries.length > limits.artifacts) {
    members.refuse("artifacts", `has ${entries.length} entries, limit is ${limits.artifacts}`);
  }
  if (!entries.some(([name]) => name === "kernel")) members.refuse("artifacts", "has no kernel");
  for (const [name, value] of entries) {
    // Names that we don't know are ignored by clients, but no name may lead out of a directory.
    if (!/^[a-z0-9][a-z0-9._-]{0,31}$/.test(name)) {
      members.refuse("artifacts", `has the name ${shown(name)}: it must be like a channel's`);
    }
    checkArtifact(members.object(value, `artifacts.${name}`), name, target);
  }
}

function checkArtifact(artifact: JsonObject, name: string, target: string): void {
  const at = `artifacts.${name}`;
  if (typeof artifact.hash !== "string" || !/^sha256:[0-9a-f]{64}$/.test(artifact.hash)) {
    members.refuse(`${at}.hash`, 'must be "sha256:" and 64 lower-case hex digits');
  }
  const size = members.whole(artifact.size, `${at}.size`, 1, limits.artifactBytes);
  // DESIGN 5: these two and nothing else, so that no path leads to another host or file.
  if (artifact.path !== `/${name}` && artifact.path !== `${target}/${name}`) {
    members.refuse(`${at}.path`, `must be "/${name}" or "${target}/${name}"`);
  }
  const chunks = members.object(artifact.chunks, `${at}.chunks`);
  const { chunkBytesMin: min, chunkBytesMax: max } = limits;
  const chunk = members.whole(chunks.size, `${at}.chunks.size`, min, max);
  if (Math.log2(chunk) % 1 !== 0) members.refuse(`${at}.chunks.size`, "must be a power of two");
  const hashes = typeof chunks.hashes === "string" ? fromBase64(chunks.hashes) : undefined;
  if (hashes?.length !== Math.ceil(size / chunk) * 32) {
    members.refuse(
      `${at}.chunks.hashes`,
      `must be canonical base64 of ${Math.ceil(size / chunk)} SHA-256 hashes`,
    );
  }
}
