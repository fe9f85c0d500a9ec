/**
 * What the main thread and the confined daemon say to each other.
 *
 * @module
 */

import type { ErrorData } from "../lib/errors.ts";
import type { Arch } from "../formats/names.ts";
import type { LogFormat, LogLevel } from "../lib/log.ts";

/** What the daemon is to do; plain data, so that it crosses into a Worker. */
export interface DaemonOptions {
  /** The artifacts directory, by its real path. */
  readonly artifacts: string;
  readonly channel: string;
  readonly arch: Arch;
  readonly host: string;
  readonly port: number;
  /** How many connections this process has descriptors for. */
  readonly connections?: number;
  /** The state directory, by its real path where it exists. */
  readonly stateDir: string;
  /** Whether anything can be kept there. */
  readonly stateWritable: boolean;
  readonly cmdline?: string;
  readonly imageVersion?: string;
  readonly lifetimeMs?: number;
  /** The node's own key, read and checked by the main thread. */
  readonly identity: DaemonKey;
  /** The key that signs manifests, where it is another one. */
  readonly signingKey?: DaemonKey;
}

/** A key as it crosses into the daemon: its seed and where it came from. */
export interface DaemonKey {
  readonly seed: Uint8Array<ArrayBuffer>;
  readonly file: string;
}

/** One snapshot, for people. */
export interface ServedImage {
  readonly channel: string;
  readonly arch: Arch;
  readonly version: string;
  readonly manifestId: string;
  readonly signers: readonly string[];
  readonly expiresAt: string;
  readonly artifacts: readonly { readonly name: string; readonly size: number }[];
}

/** What a daemon that serves says of itself. */
export interface DaemonReady {
  readonly host: string;
  readonly port: number;
  /** `http://address:port`, the most useful first. */
  readonly origins: readonly string[];
  readonly keyid: string;
  readonly peerId: string;
  readonly images: readonly ServedImage[];
}

/** From the main thread. */
export type ToDaemon =
  | {
    readonly type: "start";
    readonly options: DaemonOptions;
    readonly logging: { readonly level: LogLevel; readonly format: LogFormat };
  }
  | { readonly type: "stop" };

/** From the daemon. */
export type FromDaemon =
  | { readonly type: "loaded" }
  | {
    readonly type: "progress";
    readonly done: number;
    readonly total: number;
    readonly label: string;
  }
  | { readonly type: "ready"; readonly ready: DaemonReady }
  | { readonly type: "failed"; readonly error: ErrorData }
  | { readonly type: "stopped" };
