/**
 * Where the service keeps what is its own: a directory in the node's state, for nobody else's eyes.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { toPlasmdError } from "../../lib/errors.ts";

/** Paths in the service's directory. Names are hex digits only, whatever a submitter says. */
export interface JobPlaces {
  readonly database: string;
  /** Verified input, a directory for each submitter. */
  readonly blobs: string;
  /** Input that is being uploaded. */
  readonly uploads: string;
  /** Output of jobs that have ended, and of those that run (`.part`). */
  readonly output: string;
}

/**
 * Makes the directories, with mode 0700.
 *
 * @throws {PlasmdError} `io`, `permission` or `no_space`
 */
export async function makePlaces(stateDir: string): Promise<JobPlaces> {
  const root = join(stateDir, "jobs");
  const places: JobPlaces = {
    database: join(root, "jobs.sqlite"),
    blobs: join(root, "blobs"),
    uploads: join(root, "uploads"),
    output: join(root, "output"),
  };
  try {
    for (const directory of [root, places.blobs, places.uploads, places.output]) {
      await fs.mkdir(directory, { recursive: true, mode: 0o700 });
      await fs.chmod(directory, 0o700); // one that was there may be open to others
    }
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot keep jobs in "${root}"`);
  }
  return places;
}

/** The hex digits of a keyid or digest. */
export function hexOf(id: string): string {
  const hex = /^(?:sha256|ed25519):([0-9a-f]{64})$/.exec(id)?.[1];
  if (hex === undefined) throw new TypeError("Neither a keyid nor a digest");
  return hex;
}
