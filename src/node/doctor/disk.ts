/**
 * Whether there is room on a disk.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { doctorLimits, serverLimits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import { failedWith, type Finding, ok, warning, wrong } from "./finding.ts";
import { nearestDirectory } from "./files.ts";

/** The directory, what it is for, and how many bytes are free there. */
export interface DiskProbe {
  readonly directory: string;
  /** The bytes free to this user; throws where that can't be said. */
  free(): Promise<number>;
}

/** Below what /health asks for it is wrong, below the room of a small image a warning. */
export async function checkDisk({ directory, free }: DiskProbe): Promise<Finding> {
  const todo = "remove what isn't needed, or choose a directory on another disk";
  try {
    const bytes = await free();
    const found = `${bytesText(bytes)} free at "${directory}"`;
    if (bytes < serverLimits.freeBytes) return wrong(found, todo);
    if (bytes < doctorLimits.roomBytes) return warning(found, todo);
    return ok(found);
  } catch (thrown) {
    return failedWith(thrown, "check that the disk is mounted and can be read");
  }
}

/** The artifacts that are configured must be there and readable. */
export async function checkArtifacts(
  directory: string | undefined,
  free: (directory: string) => Promise<number>,
): Promise<Finding> {
  if (directory === undefined) return ok("no directory is configured: serve takes --artifacts DIR");
  try {
    await fs.readdir(directory);
  } catch (thrown) {
    return failedWith(thrown, `put the image's files there, readable to this user`);
  }
  return await checkDisk({ directory, free: () => free(directory) });
}

/** The free bytes of the file system on which the directory is, or will be. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(await nearestDirectory(directory));
  return bavail * bsize;
}
