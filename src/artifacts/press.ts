/**
 * Makes images of hashed files as the operator asks for them: what was signed last is kept in mind
 * and on disk, so that the sequence only ever grows.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import type { CatalogChannel } from "./catalog.ts";
import type { HashedSet } from "./hashed_set.ts";
import { type Image, makeImage } from "./image.ts";
import { writeKept } from "./kept.ts";
import { targetKey } from "./look.ts";
import type { PublishOptions } from "./publish.ts";
import type { Target } from "./scan.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the manifests say, and who signs them. */
export interface PressOptions
  extends Pick<PublishOptions, "cmdline" | "imageVersion" | "lifetimeMs" | "keyLists"> {
  readonly identity: Identity;
  readonly stateDir: string;
  readonly channels?: readonly CatalogChannel[];
}

/** Makes images. */
export interface Press {
  /**
   * Makes an image of each set, or of none: only when all can be made is any of them kept.
   *
   * @param before what is served now
   * @throws {PlasmdError} `mismatch`, `config`, `failed`
   */
  print(
    sets: readonly HashedSet[],
    options: PressOptions,
    before: (target: Target) => Snapshot | undefined,
  ): Promise<Image[]>;
}

/** Starts with no memory but the disk's. */
export function openPress(deps: Deps): Press {
  const sequences = new Map<string, number>();
  return {
    async print(sets, options, before) {
      const images: Image[] = [];
      for (const hashed of sets) {
        images.push(
          await makeImage(hashed, {
            identity: options.identity,
            stateDir: options.stateDir,
            wanted: wantedFor(hashed.set, options),
            lastSequence: sequences.get(targetKey(hashed.set)),
            before: before(hashed.set),
          }, deps),
        );
      }
      for (const { signed, snapshot } of images) {
        if (!signed) continue;
        const { manifest: { manifest, bytes } } = snapshot;
        sequences.set(targetKey(snapshot), manifest.sequence);
        await writeKept(options.stateDir, snapshot, bytes, deps);
      }
      return images;
    },
  };
}

/** What the channel says of itself comes before what is said for all. */
function wantedFor({ channel, arch }: Target, options: PressOptions): PublishOptions {
  const { cmdline, imageVersion, lifetimeMs, keyLists, channels = [] } = options;
  const own = channels.find(({ name }) => name === channel);
  return {
    channel,
    arch,
    cmdline: own?.cmdline ?? cmdline,
    imageVersion: own?.version ?? imageVersion,
    lifetimeMs,
    keyLists,
  };
}
