/**
 * The large parts of the program that most starts don't need. From source such a part is a module
 * like any other; in the bundle it is text that the build embedded, which the runtime neither reads
 * nor compiles before somebody asks for it. A machine without a cache compiles all that it starts
 * with, each time.
 *
 * @module
 */

/** A part: its name in the bundle, and its module from source. */
export interface PartModule {
  readonly name: PartName;
  /** Its module; asked for from source only, as a bundle has nothing beside it. */
  readonly module: () => URL;
}

/** The parts of this program: name → module, from this file. */
const modules = {
  addresses: "../p2p/address.ts",
  component: "../jobs/component/jco.ts",
  image: "../boot/media/image.ts",
  mdns: "../discovery/mdns/part.ts",
  p2p: "../p2p/node.ts",
} as const;

/** The name of a part. */
export type PartName = keyof typeof modules;

declare global {
  /** The source text of the parts by name, embedded by the build. */
  var __plasmd_parts: Readonly<Record<string, string>> | undefined;
  /** In a Worker: the blobs that were made of them. */
  var __plasmd_part_blobs: Readonly<Record<string, string>> | undefined;
}

/** All parts of this program. The build embeds each. */
export function partModules(): PartModule[] {
  return (Object.keys(modules) as PartName[]).map((name) => ({
    name,
    module: () => new URL(modules[name], import.meta.url),
  }));
}

/** Loads a part, once; what it exports is `typeof import` of its module. */
export async function loadPart<Exports>(name: PartName): Promise<Exports> {
  // Written out, the name would make the bundler take the module along. The callers name its type.
  // deno-lint-ignore layers/imports -- so the place in the order is seen there
  return await import(partBlob(name) ?? new URL(modules[name], import.meta.url).href);
}

/** One blob a part, for all Workers of the process. */
const blobs = new Map<PartName, string>();

/** The blob of an embedded part; undefined from source. */
export function partBlob(name: PartName): string | undefined {
  const known = blobs.get(name) ?? globalThis.__plasmd_part_blobs?.[name];
  const text = globalThis.__plasmd_parts?.[name];
  if (known !== undefined || text === undefined) return known;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  blobs.set(name, url);
  return url;
}
