/**
 * Tells when something in some directories changes. The system's watchers miss things (a directory
 * that is replaced, a network's file system, too few of them left), so they only save waiting: who
 * uses this looks by a timer, too.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { watchLimits } from "../lib/limits.ts";

/** Watches directories until disposed. */
export interface DirectoryWatch extends AsyncDisposable {
  /**
   * Watches these directories from now on, not what lies deeper. Returns whether anything was set
   * up anew, so that changes before that may have been missed.
   */
  watch(directories: readonly string[]): Promise<boolean>;
}

/** Opens a watch of no directory. */
export function openDirectoryWatch(
  onChange: () => void,
  { log }: Pick<Deps, "log">,
): DirectoryWatch {
  let current: { readonly key: string; readonly watcher?: Deno.FsWatcher } | undefined;
  let reading = Promise.resolve();
  let warned = false;

  function start(directories: readonly string[]): Deno.FsWatcher | undefined {
    try {
      return Deno.watchFs([...directories], { recursive: false });
    } catch (thrown) {
      const { message: reason } = toPlasmdError(thrown);
      if (!warned) log.warn("Cannot watch the artifacts: changes show later", { reason });
      warned = true;
    }
  }

  return {
    async watch(directories) {
      const watched = directories.slice(0, watchLimits.directories);
      const key = await keyOf(watched);
      if (key === current?.key) return false;
      current?.watcher?.close();
      await reading;
      const watcher = start(watched);
      current = { key, watcher };
      reading = watcher === undefined ? Promise.resolve() : report(watcher, onChange);
      return true;
    },
    async [Symbol.asyncDispose]() {
      current?.watcher?.close();
      await reading;
    },
  };
}

/** The directories by what they are: one that takes another's name has to be watched anew. */
async function keyOf(directories: readonly string[]): Promise<string> {
  const parts = await Promise.all(directories.map(async (path) => {
    const info = await Deno.stat(path).catch(() => undefined);
    return `${path}\0${info?.dev}:${info?.ino}`;
  }));
  return parts.join("\0");
}

async function report(watcher: Deno.FsWatcher, onChange: () => void): Promise<void> {
  try {
    for await (const _event of watcher) onChange();
  } catch {
    onChange(); // it broke: whoever looks sets it up anew, or looks by the timer
  }
}
