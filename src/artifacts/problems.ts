/**
 * What is wrong with what is served, and with what was to follow it.
 *
 * @module
 */

import type { ArtifactName } from "../formats/names.ts";
import { parseTime } from "../formats/time.ts";
import { type ErrorCode, toPlasmdError } from "../lib/errors.ts";
import type { Target } from "./scan.ts";
import type { Snapshot } from "./snapshot.ts";

/** A problem of one channel and arch. */
export interface CatalogProblem extends Target {
  /** The artifact, unless it is the manifest. */
  readonly artifact?: ArtifactName;
  readonly code: ErrorCode;
  readonly message: string;
  /** What is served is good, but what lies in the directory now can't be served instead. */
  readonly pending?: true;
}

/** Looks at the open files of a snapshot and at its manifest's expiry. */
export async function problemsOf(snapshot: Snapshot, now: number): Promise<CatalogProblem[]> {
  const { channel, arch, artifacts, manifest: { manifest } } = snapshot;
  // All checks are begun at once: a moment later the snapshot may be replaced, its files closed.
  const checks = [...artifacts].map(async ([artifact, open]): Promise<CatalogProblem[]> => {
    try {
      await open.check();
      return [];
    } catch (thrown) {
      const { code, message } = toPlasmdError(thrown);
      return [{ channel, arch, artifact, code, message }];
    }
  });
  const problems = (await Promise.all(checks)).flat();
  if (parseTime(manifest.expires_at)! > now) return problems;
  const message = `The manifest of ${channel}/${arch} has expired at ${manifest.expires_at}`;
  return [...problems, { channel, arch, code: "expired", message }];
}
