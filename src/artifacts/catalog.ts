/**
 * A directory of artifacts → the snapshots that are served, now and after each change.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { hashLimits, watchLimits } from "../lib/limits.ts";
import { attend } from "./attend.ts";
import { type Follower, openFollower } from "./follow.ts";
import { hashSets, type HashSetsOptions } from "./hashed_set.ts";
import { type Look, lookAt } from "./look.ts";
import type { NamedChannel } from "./named.ts";
import { type CatalogProblem, problemsOf } from "./problems.ts";
import { openPress, type PressOptions } from "./press.ts";
import { everySet, type Target } from "./scan.ts";
import { openSettling } from "./settle.ts";
import { type CatalogChange, type ChangeListener, openShelf, tellDefault } from "./shelf.ts";
import type { Catalog } from "./snapshot.ts";
import { takeTurns } from "./turns.ts";

export type { CatalogProblem } from "./problems.ts";
export type { CatalogChange, ChangeListener } from "./shelf.ts";

/** A channel whose files are named, and what its manifests say where the others say otherwise. */
export interface CatalogChannel extends NamedChannel {
  readonly cmdline?: string;
  readonly version?: string;
}

/** What can be changed while a catalog is open; all of it is as it is said last. */
export interface ReloadOptions
  extends Partial<Target>, Omit<PressOptions, "stateDir" | "identity"> {
  /** Channels whose files are named; without them the directory says what it holds. */
  readonly channels?: readonly CatalogChannel[];
  /** Another key that signs; default: the same as before. */
  readonly identity?: Identity;
}

/** What is served, and as what. */
export interface CatalogOptions extends Omit<ReloadOptions, keyof Target | "identity">, Target {
  /** The artifacts directory. */
  readonly directory: string;
  /** Where the hash cache and the last signed manifests lie. */
  readonly stateDir: string;
  /** The key that signs what nobody has signed. */
  readonly identity: Identity;
  /** Whether files are followed by themselves. Default: only when asked to, by `refresh`. */
  readonly watch?: boolean;
  /** Milliseconds for which changed files must be left alone before they count. */
  readonly settleMs?: number;
  /** Stops the opening. */
  readonly signal?: AbortSignal;
  /** While it is opened: gets bytes hashed, bytes to hash, and the file worked on. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** A catalog that follows its directory, and holds its files open until disposed. */
export interface OpenCatalog extends Catalog, AsyncDisposable {
  /** Looks at every open file, every manifest's expiry and what is in the way of a new image. */
  check(): Promise<readonly CatalogProblem[]>;
  /**
   * Looks at the directory once, now: what has settled is served, what is due is signed again.
   * Returns after how many milliseconds the next look is worth while.
   */
  refresh(): Promise<number>;
  /**
   * Serves the directory under other settings, all of it or nothing: where that fails, everything
   * stays as it was. Returns why it failed. Downloads go on either way.
   */
  reload(options: ReloadOptions): Promise<PlasmdError | undefined>;
  /** Calls the listener after every change, until the result is disposed. */
  onChange(listener: ChangeListener): Disposable;
}

/**
 * Scans the directory, hashes what is new, and signs or takes over a manifest for each channel and
 * arch in it.
 *
 * @throws {PlasmdError} `artifacts` where no image can be made; `mismatch`, `untrusted`,
 *   `malformed`, `expired`, `wrong_target` for a manifest that lies there; `changed` for a file that
 *   is being written; `io`, `permission`, `config`, `cancelled`
 */
export async function openCatalog(options: CatalogOptions, deps: Deps): Promise<OpenCatalog> {
  const { signal, onProgress, settleMs = watchLimits.settleMs } = options;
  const { listen, tell } = openListeners(deps);
  const closing = new AbortController();
  await using parts = new AsyncDisposableStack();
  const shelf = parts.use(openShelf(options, tell));
  const press = openPress(deps);
  const turn = takeTurns();
  const current = ({ channel, arch }: Target) => shelf.find(channel, arch);
  let settings: CatalogOptions = options;
  let look = await lookAt(settings);

  async function stock(now: Look, next: CatalogOptions, run: HashRun): Promise<void> {
    const sets = everySet([...now.targets.values()]);
    using failing = new DisposableStack();
    const hashed = await hashSets(sets, { ...hashOptions(next), ...run }, deps);
    for (const one of hashed) failing.use(one);
    const images = await press.print(hashed, next, current);
    failing.move();
    shelf.replace(images, next);
    tellDefault(shelf, next, deps.log);
  }

  await stock(look, settings, { signal, onProgress, hereBytes: hashLimits.startBytes });
  const follower = openFollower(
    {
      shelf,
      settleMs,
      look: async () => look = await lookAt(settings),
      async hash(set, known) {
        const run = { known, signal: closing.signal };
        const [hashed] = await hashSets([set], { ...hashOptions(settings), ...run }, deps);
        return hashed!;
      },
      async publish(hashed) {
        const [image] = await press.print([hashed], settings, current);
        return image!;
      },
      onExpired: ({ snapshot }) =>
        tell({ kind: "expired", channel: snapshot.channel, arch: snapshot.arch, snapshot }),
    },
    look,
    deps,
  );
  const refresh = () => turn(() => follower.step());
  // Disposed in reverse: first no more steps, then the one that runs ends, then files are closed.
  parts.defer(() => turn(() => Promise.resolve()));
  if (options.watch) {
    parts.use(attend({ step: refresh, directories: () => look.directories }, deps));
  }
  parts.defer(() => closing.abort(new PlasmdError("cancelled", "The catalog was closed")));

  async function reload(wanted: ReloadOptions): Promise<PlasmdError | undefined> {
    const next = reloaded(settings, wanted);
    try {
      const now = await settledLook(next, { follower, settleMs, signal: closing.signal }, deps);
      const known = shelf.images().flatMap(({ hashed }) => [...hashed.hashes.values()]);
      await stock(now, next, { known, signal: closing.signal });
      settings = next;
      look = now;
      follower.reset(now);
    } catch (thrown) {
      return toPlasmdError(thrown);
    }
  }

  const owned = parts.move();
  return {
    get default() {
      return shelf.default;
    },
    list: () => shelf.list(),
    find: (channel, arch) => shelf.find(channel, arch),
    blob: (digest) => shelf.blob(digest),
    async check() {
      const now = deps.clock.now();
      const problems = await Promise.all(shelf.list().map((one) => problemsOf(one, now)));
      const pending = follower.pending().map(({ channel, arch, error: { code, message } }) =>
        ({ channel, arch, code, message, pending: true }) as const
      );
      return [...problems.flat(), ...pending];
    },
    refresh,
    reload: (wanted) => turn(() => reload(wanted)),
    onChange: listen,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type HashRun = Pick<HashSetsOptions, "known" | "hereBytes" | "signal" | "onProgress">;

function hashOptions({ directory, stateDir, identity }: CatalogOptions): HashSetsOptions {
  return { directory, stateDir, keyid: identity.keyid };
}

/** What can't change while the catalog is open stays; all else is as it is wanted now. */
function reloaded(settings: CatalogOptions, wanted: ReloadOptions): CatalogOptions {
  const { directory, stateDir, settleMs } = settings;
  const { channel = settings.channel, arch = settings.arch, identity = settings.identity } = wanted;
  return { ...wanted, channel, arch, identity, directory, stateDir, settleMs };
}

interface SettledLook {
  readonly follower: Follower;
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

/** A look at which nothing is being written. */
async function settledLook(
  options: CatalogOptions,
  { follower, settleMs, signal }: SettledLook,
  { clock }: Deps,
): Promise<Look> {
  const settling = openSettling(settleMs, clock);
  const until = clock.steady() + watchLimits.reloadMs;
  while (true) {
    const look = await lookAt(options);
    const waits = [...look.targets].map(([key, seen]) =>
      // What can't be served may only be half written, too.
      follower.knows(seen) ? 0 : settling.remaining(key, seen.fingerprint)
    );
    const wait = Math.max(0, ...waits);
    if (wait === 0) return look;
    if (clock.steady() >= until) {
      throw new PlasmdError("changed", "Files are still being written", {
        hint: "reload again when they are written",
      });
    }
    await clock.sleep(wait, { signal });
  }
}

/** Listeners, each called whatever the others do. */
function openListeners({ log }: Deps) {
  const listeners = new Set<{ readonly call: ChangeListener }>();
  return {
    listen(call: ChangeListener): Disposable {
      const entry = { call };
      listeners.add(entry);
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
    tell(change: CatalogChange): void {
      for (const { call } of [...listeners]) {
        try {
          call(change);
        } catch (error) {
          log.error("A listener to changes of the catalog failed", { error });
        }
      }
    },
  };
}
