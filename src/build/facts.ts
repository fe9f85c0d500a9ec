/**
 * What a build says of itself, the same for every build of one commit.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { runForText } from "./run.ts";

/** The commit that is built, and the time that is written into files. */
export interface Facts {
  /** With a `+` behind it where the checkout differs from it; null outside of a checkout. */
  readonly commit: string | null;
  /** Seconds since 1970: SOURCE_DATE_EPOCH, else the time of the commit. */
  readonly epoch: number;
}

/** Asks git, where there is one. */
export async function buildFacts(
  cwd: string = fileURLToPath(new URL("../../", import.meta.url)),
  given: string | undefined = Deno.env.get("SOURCE_DATE_EPOCH"),
): Promise<Facts> {
  const commit = await git(cwd, "rev-parse", "HEAD");
  const changes = await git(cwd, "status", "--porcelain", "--untracked-files=no");
  const time = given ?? await git(cwd, "log", "-1", "--format=%ct");
  return {
    commit: commit === undefined ? null : `${commit}${changes ? "+" : ""}`,
    epoch: /^\d{1,11}$/.test(time ?? "") ? Number(time) : 0,
  };
}

async function git(cwd: string, ...args: string[]): Promise<string | undefined> {
  try {
    return await runForText("git", args, { cwd });
  } catch {
    return undefined; // no git, or no checkout: an archive of the sources builds too
  }
}
