/**
 * Fetches from any of several providers: where those that serve the best manifest can't deliver its
 * files, the others are asked for theirs.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import type { Dropped } from "../transfer/fetch.ts";
import type { BootFetchOptions, FetchOutcome } from "./fetch.ts";

/** A fetch of one manifest's files. */
export type BootFetch = (options: BootFetchOptions, deps: Deps) => Promise<FetchOutcome>;

/**
 * Fetches the newest image that can be had. Each provider that isn't used is told once.
 *
 * @throws {PlasmdError} as the last fetch did
 */
export async function fetchFromAny(
  options: BootFetchOptions,
  fetch: BootFetch,
  deps: Deps,
): Promise<FetchOutcome> {
  const said = new Set<string>();
  for (let urls = options.urls;;) {
    const failed = new Set<string>();
    let chosen = false;
    try {
      return await fetch({
        ...options,
        urls,
        onChosen(verified) {
          options.onChosen?.(verified);
          chosen = true;
        },
        onDrop(dropped) {
          // Who is dropped after the choice had the manifest and couldn't deliver the files.
          if (chosen) failed.add(dropped.name);
          if (isNew(dropped, said)) options.onDrop?.(dropped);
        },
      }, deps);
    } catch (thrown) {
      options.signal.throwIfAborted();
      const left = urls.filter((url) => !failed.has(new URL(url).origin));
      if (left.length === 0 || left.length === urls.length) throw thrown;
      urls = left;
    }
  }
}

function isNew({ name, reason }: Dropped, said: Set<string>): boolean {
  const words = `${name} ${reason}`;
  if (said.has(words)) return false;
  said.add(words);
  return true;
}
