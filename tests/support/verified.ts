/**
 * A verified manifest with its files, for tests of what comes after verification.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../src/formats/manifest.ts";
import type { ArtifactName } from "../../src/formats/names.ts";
import { policyFromKeys, type TrustPolicy } from "../../src/trust/policy.ts";
import type { VerifiedManifest } from "../../src/trust/verified.ts";
import { verifyManifest } from "../../src/trust/verify.ts";
import { artifactOf, madeAt, signedManifest, testIdentity } from "./manifests.ts";

/** The bytes of each artifact of an image. */
export type ImageBytes =
  & { readonly kernel: Uint8Array }
  & Readonly<
    Partial<Record<ArtifactName, Uint8Array>>
  >;

/** A small image: bytes that tell the artifacts apart. */
export const smallImage: ImageBytes = {
  kernel: new TextEncoder().encode("a kernel"),
  initramfs: new TextEncoder().encode("an initramfs"),
  rootfs: new Uint8Array(70_001).fill(7),
};

/** Writes an image's files and its signed manifest (by test key 1) into a directory. */
export async function writeImage(
  directory: string,
  image: ImageBytes = smallImage,
  changes: Parameters<typeof signedManifest>[0] = {},
): Promise<VerifiedManifest> {
  const names = Object.keys(image) as ArtifactName[];
  const artifacts = Object.fromEntries(
    names.map((name) => [name, artifactOf(image[name]!, `/stable/x86_64/${name}`)]),
  ) as unknown as Manifest["artifacts"];
  const bytes = signedManifest({ arch: "x86_64", artifacts, ...changes });
  await fs.mkdir(directory, { recursive: true });
  for (const name of names) await fs.writeFile(join(directory, name), image[name]!);
  await fs.writeFile(join(directory, "manifest.json"), bytes);
  return verifyManifest(bytes, { policy: testPolicy(), now: madeAt });
}

/** A policy that trusts test key 1. */
export function testPolicy(): TrustPolicy {
  return policyFromKeys([testIdentity(1).keyid], { source: "the test" });
}
