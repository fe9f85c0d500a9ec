/**
 * WASI 0.2 for one run of a component: all interfaces that there are, by name.
 *
 * @module
 */

import type { WasiHost } from "../wasi/host.ts";
import { placeFile } from "../wasi/places.ts";
import { makeTree } from "../wasi/tree.ts";
import { cliInterfaces, clockInterfaces, type Interfaces, randomInterfaces } from "./cli.ts";
import { Descriptor } from "./descriptor.ts";
import { IoError } from "./failures.ts";
import { DirectoryEntryStream } from "./nodes.ts";
import { poll, Pollable } from "./poll.ts";
import { socketInterfaces } from "./sockets.ts";
import { InputStream, OutputStream } from "./streams.ts";

/** What a run of a component is given. */
export interface Preview2Options {
  readonly host: WasiHost;
  /** Paths like `data/in.txt` → bytes; directories are made. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes that all files together may have. */
  readonly fileBytes: number;
}

/** Makes the interfaces of one run. */
export function makePreview2({ host, files, fileBytes }: Preview2Options): Interfaces {
  const tree = makeTree(fileBytes, () => host.clocks.realtime());
  for (const [path, bytes] of files) placeFile(tree, path, bytes);
  const root = { tree, clocks: host.clocks };
  const whole = { read: true, write: false, mutateDirectory: true };
  return {
    ...cliInterfaces(host),
    ...clockInterfaces(host.clocks),
    ...randomInterfaces(host, fileBytes),
    ...socketInterfaces(),
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": { Pollable, poll },
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:filesystem/preopens": {
      getDirectories: () => [[new Descriptor(root, tree.root, whole), "/"]],
    },
    "wasi:filesystem/types": {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError) => error.code,
    },
  };
}

/** The names of all interfaces, in order. */
export function preview2Names(): string[] {
  const host: WasiHost = {
    args: [],
    env: [],
    stdin: new Uint8Array(),
    write() {},
    clocks: { realtime: () => 0n, monotonic: () => 0n, sleep() {} },
    random() {},
  };
  return Object.keys(makePreview2({ host, files: new Map(), fileBytes: 0 })).sort();
}
