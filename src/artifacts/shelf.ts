/**
 * The images that are served now. Each is replaced as a whole: whoever asks gets the manifest and
 * the files of one snapshot, and what is being read stays open until it was read.
 *
 * @module
 */

import type { Arch } from "../formats/names.ts";
import type { Log } from "../lib/log.ts";
import { type Image, sameManifest } from "./image.ts";
import { targetKey } from "./look.ts";
import type { Target } from "./scan.ts";
import type { Catalog, OpenArtifact, Snapshot } from "./snapshot.ts";

/** What happened to the image of a channel and arch. */
export interface CatalogChange extends Target {
  /** It is served anew, it isn't served any more, or its manifest has expired. */
  readonly kind: "published" | "withdrawn" | "expired";
  /** What is served from now on; absent where it was withdrawn. */
  readonly snapshot?: Snapshot;
}

/** Is told of changes, once they can be seen by clients. */
export type ChangeListener = (change: CatalogChange) => void;

/** Images by channel and arch. Disposing it closes their files. */
export interface Shelf extends Catalog, Disposable {
  image(target: Target): Image | undefined;
  images(): readonly Image[];
  /** Serves an image instead of the one before. */
  put(image: Image): void;
  withdraw(target: Target): void;
  /** Serves these images and no others, from one moment to the next. */
  replace(images: readonly Image[], chosen: Target): void;
}

/** What is seen by clients, made anew for each change. */
interface View {
  readonly snapshots: readonly Snapshot[];
  readonly blobs: ReadonlyMap<string, OpenArtifact>;
}

/**
 * Makes an empty shelf.
 *
 * @param chosen the default channel and arch; where there is no such image, the nearest stands in
 */
export function openShelf(chosen: Target, onChange: ChangeListener): Shelf {
  const images = new Map<string, Image>();
  let target = chosen;
  let view = viewOf([]);
  const show = () => view = viewOf([...images.values()]);
  const find = (channel: string, arch: Arch) => images.get(targetKey({ channel, arch }))?.snapshot;

  function place(image: Image): Image | undefined {
    const key = targetKey(image.snapshot);
    const before = images.get(key);
    images.set(key, image);
    return before;
  }
  function settle(image: Image, before: Image | undefined): void {
    if (before !== undefined && before.hashed !== image.hashed) before.hashed[Symbol.dispose]();
    const { snapshot } = image;
    if (before && sameManifest(before.snapshot.manifest, snapshot.manifest)) return;
    onChange({ kind: "published", channel: snapshot.channel, arch: snapshot.arch, snapshot });
  }
  function close(gone: Image): void {
    const { channel, arch } = gone.snapshot;
    gone.hashed[Symbol.dispose]();
    onChange({ kind: "withdrawn", channel, arch });
  }

  return {
    get default() {
      return defaultOf(view.snapshots, target);
    },
    list: () => view.snapshots,
    find,
    blob: (digest) => view.blobs.get(digest),
    image: (wanted) => images.get(targetKey(wanted)),
    images: () => [...images.values()],
    put(image) {
      const before = place(image);
      show();
      settle(image, before);
    },
    withdraw(wanted) {
      const gone = images.get(targetKey(wanted));
      if (gone === undefined) return;
      images.delete(targetKey(wanted));
      show();
      close(gone);
    },
    replace(next, newChosen) {
      const before = new Map(images);
      images.clear();
      for (const image of next) place(image);
      target = newChosen;
      show();
      for (const image of next) settle(image, before.get(targetKey(image.snapshot)));
      for (const [key, gone] of before) if (!images.has(key)) close(gone);
    },
    [Symbol.dispose]() {
      for (const { hashed } of images.values()) hashed[Symbol.dispose]();
      images.clear();
    },
  };
}

function viewOf(images: readonly Image[]): View {
  const snapshots = images.map(({ snapshot }) => snapshot)
    .sort((a, b) => targetKey(a) < targetKey(b) ? -1 : 1);
  const artifacts = snapshots.flatMap((one) => [...one.artifacts.values()]);
  return { snapshots, blobs: new Map(artifacts.map((one) => [one.digest, one])) };
}

function defaultOf(snapshots: readonly Snapshot[], target: Target): Target | undefined {
  // DESIGN 14: the flags choose. What they name may not be there, or be gone tomorrow: while there is
  // any image the unnamed routes mean one, so that nobody takes a provider for one that isn't ready.
  const chosen = snapshots.find((one) => targetKey(one) === targetKey(target)) ??
    snapshots.find(({ channel }) => channel === target.channel) ??
    snapshots.find(({ arch }) => arch === target.arch) ?? snapshots[0];
  return chosen && { channel: chosen.channel, arch: chosen.arch };
}

/** Says where the default image isn't the one that was chosen, and which one stands in. */
export function tellDefault({ default: served, list }: Catalog, chosen: Target, log: Log): void {
  if (served === undefined || list().length === 1) return;
  if (targetKey(served) === targetKey(chosen)) return;
  log.warn("The default image isn't there: another one stands in for it", {
    wanted: targetKey(chosen),
    served: targetKey(served),
    hint: "--channel and --arch choose another one",
  });
}
