/**
 * Keeps the images in step with the directory: looks, waits until files have settled, hashes and
 * signs what is new, swaps it in, and signs again in time. Whatever goes wrong, what was served
 * last stays. DESIGN 6.
 *
 * @module
 */

import { parseTime } from "../formats/time.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { watchLimits } from "../lib/limits.ts";
import type { FileHash } from "./hash.ts";
import type { HashedSet } from "./hashed_set.ts";
import { fingerprintOf, type Look, type Seen, targetKey } from "./look.ts";
import { type Image, signingIsDue } from "./image.ts";
import type { ArtifactSet, Target } from "./scan.ts";
import { openPlace, type Place } from "./place.ts";
import { openSettling } from "./settle.ts";
import type { Shelf } from "./shelf.ts";

/** Why what lies in the directory isn't served. */
export interface Pending extends Target {
  readonly error: PlasmdError;
}

/** What following needs done. */
export interface FollowParts {
  readonly shelf: Shelf;
  /** Milliseconds for which files must be left alone before they count. */
  readonly settleMs: number;
  look(): Promise<Look>;
  hash(set: ArtifactSet, known: readonly FileHash[]): Promise<HashedSet>;
  /** Chooses a manifest and keeps it. */
  publish(hashed: HashedSet): Promise<Image>;
  /** Called once for a manifest that has expired while it was served. */
  onExpired(image: Image): void;
}

/** Images that follow their files. */
export interface Follower {
  /** Looks once, and does what is to be done. Returns when to look again, in milliseconds. */
  step(): Promise<number>;
  /** What is in the way now. */
  pending(): readonly Pending[];
  /** Takes what is served now for what lies there. */
  reset(look: Look): void;
  /** Whether this was seen before, and settled. */
  knows(seen: Seen): boolean;
}

/** Starts with what `look` saw being served. */
export function openFollower(parts: FollowParts, look: Look, deps: Deps): Follower {
  const { clock, log } = deps;
  const { shelf, settleMs } = parts;
  const settling = openSettling(settleMs, clock);
  const places = new Map<string, Place>();
  let lookError: PlasmdError | undefined;

  function placeOf(target: Target): Place {
    const key = targetKey(target);
    const place = places.get(key) ?? openPlace(target, shelf.image(target), deps);
    places.set(key, place);
    return place;
  }

  function reset({ targets }: Look): void {
    places.clear();
    lookError = undefined;
    for (const seen of targets.values()) placeOf(seen).tried = seen.fingerprint;
  }

  async function lookSafely(): Promise<Look | undefined> {
    try {
      const seen = await parts.look();
      lookError = undefined;
      return seen;
    } catch (thrown) {
      const error = toPlasmdError(thrown);
      // A moment without files is no news.
      if (settling.remaining("", `${error.code}: ${error.message}`) > 0) return undefined;
      if (lookError?.message !== error.message) {
        log.warn("Nothing in the artifacts directory can be served: the last images stay", {
          code: error.code,
          reason: error.message,
        });
      }
      lookError = error;
    }
  }

  /** Does what can be done for one channel and arch. Returns when to look again. */
  async function follow(target: Target, seen: Seen | undefined): Promise<number> {
    const place = placeOf(target);
    const looks = seen?.fingerprint ?? "gone";
    const wait = settling.remaining(targetKey(target), looks);
    if (looks === place.tried && !place.retryIsDue()) return watchLimits.rescanMs;
    if (looks !== place.tried && wait > 0) return wait;
    place.begin(looks);
    if (seen !== undefined) return await renew(place, seen);
    withdraw(target);
    return watchLimits.rescanMs;
  }

  function withdraw({ channel, arch }: Target): void {
    places.delete(targetKey({ channel, arch }));
    if (shelf.image({ channel, arch }) === undefined) return;
    log.info("Not served any more: its directory is gone", { channel, arch });
    shelf.withdraw({ channel, arch });
  }

  async function renew(place: Place, seen: Seen): Promise<number> {
    try {
      show(await imageOf(place, seen));
      place.succeeded();
      return watchLimits.rescanMs;
    } catch (thrown) {
      const error = toPlasmdError(thrown);
      // It is looked at again, and waited for.
      if (error.code === "changed") delete place.tried;
      else if (error.code !== "cancelled") place.failed(error);
      return error.code === "changed" ? settleMs : watchLimits.rescanMs;
    }
  }

  async function imageOf(place: Place, { found, fingerprint, ...target }: Seen): Promise<Image> {
    if (found instanceof PlasmdError) throw found;
    using failing = new DisposableStack();
    const hashed = failing.use(await parts.hash(found, place.known));
    place.known = [...hashed.hashes.values()];
    checkMirror(shelf.image(target), hashed);
    // Files that were exchanged one by one meanwhile are not one image.
    if (await fingerprintOf(found) !== fingerprint) {
      throw new PlasmdError("changed", `Files of ${targetKey(target)} changed meanwhile`);
    }
    const image = await parts.publish(hashed);
    failing.move();
    return image;
  }

  function show(image: Image): void {
    const { channel, arch, manifest: { id, manifest: { version, sequence } } } = image.snapshot;
    if (shelf.image(image.snapshot)?.snapshot.manifest.id !== id) {
      log.info("Serving a new manifest", { channel, arch, version, sequence });
    }
    shelf.put(image);
  }

  async function signAgain(image: Image): Promise<void> {
    const place = placeOf(image.snapshot);
    if (!place.signingIsDue()) return;
    try {
      // Of bytes that can't be given out any more no manifest is signed.
      for (const artifact of image.snapshot.artifacts.values()) await artifact.check();
      show(await parts.publish(image.hashed));
      place.signed();
    } catch (thrown) {
      place.notSigned(toPlasmdError(thrown));
    }
  }

  function tellExpired(image: Image): void {
    const { channel, arch, manifest: { id, manifest } } = image.snapshot;
    const place = placeOf(image.snapshot);
    if (place.expired === id || parseTime(manifest.expires_at)! > clock.now()) return;
    place.expired = id;
    log.warn("The manifest has expired", { channel, arch, expired: manifest.expires_at });
    parts.onExpired(image);
  }

  /** Every channel and arch that is there, was there or is served. */
  function targets(now: Look): Map<string, Target> {
    const all: Target[] = [...now.targets.values(), ...shelf.list()];
    for (const { target } of places.values()) all.push(target);
    return new Map(all.map((target) => [targetKey(target), target]));
  }

  reset(look);
  return {
    reset,
    knows: (seen) => places.get(targetKey(seen))?.tried === seen.fingerprint,
    pending: () => [
      ...[...places.values()].flatMap((place) =>
        place.errors().map((error) => ({ ...place.target, error }))
      ),
      ...shelf.list().flatMap(({ channel, arch }) =>
        lookError === undefined ? [] : [{ channel, arch, error: lookError }]
      ),
    ],
    async step() {
      let next: number = watchLimits.rescanMs;
      const now = await lookSafely();
      if (now === undefined) next = settleMs;
      else {
        const all = targets(now);
        settling.keep(new Set(all.keys()));
        for (const [key, target] of all) {
          next = Math.min(next, await follow(target, now.targets.get(key)));
        }
      }
      for (const image of shelf.images()) {
        if (signingIsDue(image, clock.now())) await signAgain(image);
        else placeOf(image.snapshot).signed();
        tellExpired(image);
      }
      return Math.min(next, ...shelf.images().map((image) => untilSigning(image, clock.now())));
    },
  };
}

/** Milliseconds until an image is to be signed again; what is overdue waits for its retry. */
function untilSigning({ signAt }: Image, now: number): number {
  return signAt === undefined || signAt <= now ? Infinity : signAt - now;
}

/**
 * A mirror whose manifest is gone is half copied, most likely: that its files are published under
 * our own key instead has to be asked for.
 */
function checkMirror(before: Image | undefined, { set, found }: HashedSet): void {
  if (before === undefined || before.own || found !== undefined) return;
  throw new PlasmdError("mismatch", `The manifest of ${targetKey(set)} is gone`, {
    hint: "get the manifest again from its publisher\n" +
      "to publish the files under this machine's own key, reload or restart the provider",
  });
}
