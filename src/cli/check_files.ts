/**
 * Whether a directory's files are those of a verified manifest.
 *
 * @module
 */

import { hashFile } from "../artifacts/hash_file.ts";
import { scanArtifacts } from "../artifacts/scan.ts";
import { artifactNames } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { VerifiedManifest } from "../trust/verified.ts";

/**
 * Checks every artifact that the manifest names.
 *
 * @throws {PlasmdError} `mismatch` where a file is missing or another one
 */
export async function checkFiles({ manifest }: VerifiedManifest, directory: string): Promise<void> {
  const sets = await scanArtifacts(directory, manifest);
  const set = sets.find(({ channel, arch }) =>
    channel === manifest.channel && arch === manifest.arch
  );
  for (const name of artifactNames) {
    const artifact = manifest.artifacts[name];
    if (artifact === undefined) continue;
    const path = set?.files.get(name);
    if (path === undefined) throw mismatch(`There is no ${name} in "${printable(directory)}"`);
    const found = await hashFile(
      { path, chunkSize: artifact.chunks.size, whole: true, chunks: false },
      () => {},
    );
    if (`sha256:${found.digest}` !== artifact.hash) {
      throw mismatch(
        `"${printable(path)}" is not the manifest's ${name}: ` +
          `its hash is sha256:${found.digest}, ${artifact.hash} was signed`,
      );
    }
  }
}

function mismatch(message: string): PlasmdError {
  return new PlasmdError("mismatch", message);
}
