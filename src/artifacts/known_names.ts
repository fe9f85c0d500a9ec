/**
 * Which file is which artifact, by its name. DESIGN 6.
 *
 * @module
 */

import type { ArtifactName } from "../formats/names.ts";

/** The name of a manifest that lies beside its artifacts. */
export const manifestName = "manifest.json";

/** What the names of each artifact look like, for people. */
export const knownNames: Readonly<Record<ArtifactName, string>> = {
  kernel: "vmlinuz*, bzImage, Image, kernel",
  initramfs: "initramfs*, initrd*",
  rootfs: "rootfs*, *.squashfs, *.sqfs",
};

const patterns: readonly (readonly [ArtifactName, RegExp])[] = [
  ["kernel", /^(?:vmlinuz.*|bzImage|Image|kernel)$/s],
  ["initramfs", /^(?:initramfs|initrd)/],
  ["rootfs", /^rootfs|\.(?:squashfs|sqfs)$/],
];

/**
 * The artifact that a file of this name is, or undefined. Hidden files and unfinished downloads
 * (`*.part`) are none: they are files on their way to another name.
 */
export function artifactNamed(file: string): ArtifactName | undefined {
  if (file.startsWith(".") || file.endsWith(".part")) return undefined;
  return patterns.find(([, pattern]) => pattern.test(file))?.[0];
}
