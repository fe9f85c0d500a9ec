/**
 * What a system hands to the one that it boots: the verified manifest and its artifacts, as a second
 * archive behind the initramfs. Regular files below one directory, and never a key. DESIGN 9.
 *
 * @module
 */

import { join } from "node:path";
import type { ArtifactName } from "../formats/names.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { cpioFileHead, cpioParts } from "./media/cpio.ts";
import { originsBytes } from "./origins.ts";
import type { CopyOptions, SealedFile, SealedWriter } from "./sealed.ts";

/** Where the next system finds it. */
export const handoverDirectory = "/run/phase/handover";

/** What is handed over. */
export interface Handover {
  readonly verified: VerifiedManifest;
  /** The directory that holds the artifacts' files by name. */
  readonly directory: string;
  /** The artifacts that go along; the others are fetched again. */
  readonly artifacts: readonly ArtifactName[];
  /** URLs of the providers that served them. */
  readonly providers: readonly string[];
  /** Files in memory that begin with an artifact whose bytes were hashed already. */
  readonly sealed?: Readonly<Partial<Record<ArtifactName, Pick<SealedFile, "fd">>>>;
}

/**
 * Appends the archive to an initramfs. What isn't in sealed memory yet is hashed as it is copied.
 *
 * @throws {PlasmdError} `mismatch` where a file isn't what the manifest describes
 */
export async function appendHandover(
  writer: SealedWriter,
  { verified, directory, artifacts, providers, sealed = {} }: Handover,
  options: CopyOptions = {},
): Promise<void> {
  const described = verified.manifest.artifacts;
  const leftOut = (Object.keys(described) as ArtifactName[])
    .filter((name) => !artifacts.includes(name));
  const inside = handoverDirectory.slice(1);
  // The kernel looks for the next archive at a multiple of four bytes.
  writer.align();
  const small = [...cpioParts([
    { kind: "file", path: `${inside}/manifest.json`, bytes: verified.bytes },
    { kind: "file", path: `${inside}/origins.json`, bytes: originsBytes({ providers, leftOut }) },
  ])];
  const trailer = small.pop()!;
  small.forEach((part) => writer.append(part));
  for (const name of artifacts) {
    const artifact = described[name];
    if (artifact === undefined) continue;
    writer.append(cpioFileHead(`${inside}/${name}`, artifact.size));
    const there = sealed[name];
    if (there === undefined) {
      await writer.appendArtifact(join(directory, name), artifact, options);
    } else writer.appendFrom(there.fd, artifact.size);
    writer.align();
  }
  writer.append(trailer);
}
