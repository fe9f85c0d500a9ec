/**
 * Whether files are what a manifest says they are.
 *
 * @module
 */

import type { Manifest } from "../formats/manifest.ts";
import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { toBase64 } from "../lib/bytes.ts";
import type { FileHash } from "./hash.ts";
import type { ImageHashes } from "./publish.ts";

/** An artifact that isn't as the manifest says. */
export interface Difference {
  readonly artifact: ArtifactName;
  readonly problem: string;
}

/**
 * The first artifact of the manifest whose file differs from it. Files that it doesn't name don't
 * matter, nor do artifacts that we have no word for.
 */
export function differenceFrom(manifest: Manifest, hashes: ImageHashes): Difference | undefined {
  for (const artifact of artifactNames) {
    const problem = problemOf(manifest.artifacts[artifact], hashes.get(artifact));
    if (problem !== undefined) return { artifact, problem };
  }
}

/** Whether the manifest names exactly these files, as they are. */
export function describesExactly(manifest: Manifest, hashes: ImageHashes): boolean {
  return differenceFrom(manifest, hashes) === undefined &&
    [...hashes.keys()].every((name) => manifest.artifacts[name] !== undefined);
}

function problemOf(
  said: Manifest["artifacts"]["kernel"] | undefined,
  is: FileHash | undefined,
): string | undefined {
  if (said === undefined) return undefined;
  if (is === undefined) return "there is no such file";
  if (is.size !== said.size) return `size is ${is.size}, the manifest says ${said.size}`;
  if (`sha256:${is.digest}` !== said.hash) {
    return `SHA-256 is ${is.digest}, the manifest says ${said.hash.slice("sha256:".length)}`;
  }
  if (is.chunkSize !== said.chunks.size || toBase64(is.chunks) !== said.chunks.hashes) {
    return "the hashes of its chunks are not those in the manifest";
  }
}
