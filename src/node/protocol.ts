/**
 * What the main thread and the confined daemon say to each other.
 *
 * @module
 */

import type { KeyList } from "../formats/key_list.ts";
import type { LiveJobOptions } from "../jobs/service/types.ts";
import type { ErrorData } from "../lib/errors.ts";
import type { Arch } from "../formats/names.ts";
import { serverLimits } from "../lib/limits.ts";
import type { LogFormat, LogLevel } from "../lib/log.ts";

/** A channel that provider.toml describes file by file. */
export interface ChannelOptions {
  readonly name: string;
  readonly arches: readonly Arch[];
  readonly files: {
    readonly kernel: string;
    readonly initramfs?: string;
    readonly rootfs?: string;
  };
  readonly cmdline?: string;
  readonly version?: string;
}

/** Limits that can be set; bytes a second are 0 where there is no cap. */
export interface LimitOptions {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly bytesPerSecond: number;
  readonly bytesPerSecondPerAddress: number;
  readonly stalledMs: number;
  readonly drainMs: number;
}

/** The limits where nobody set any. */
export function usualLimits(): LimitOptions {
  const { connections, connectionsPerAddress, stalledMs, drainMs } = serverLimits;
  return {
    connections,
    connectionsPerAddress,
    bytesPerSecond: 0,
    bytesPerSecondPerAddress: 0,
    stalledMs,
    drainMs,
  };
}

/** What a running daemon can take over without a restart. */
export interface LiveOptions {
  /** Undefined: the directory is scanned for known names. */
  readonly channels?: readonly ChannelOptions[];
  /** The default channel and arch; undefined: as before. */
  readonly channel?: string;
  readonly arch?: Arch;
  readonly cmdline?: string;
  readonly imageVersion?: string;
  readonly lifetimeMs?: number;
  /** The key lists that manifests carry. */
  readonly keyLists?: readonly KeyList[];
  readonly limits: LimitOptions;
  /** How jobs for others are run; where it is missing none are. */
  readonly jobs?: LiveJobOptions;
}

/** How the daemon takes part in the DHT; plain data. */
export interface DhtSettings {
  /** 0 takes any free port. */
  readonly port: number;
  /** Multiaddrs and dnsaddr names. */
  readonly bootstrap: readonly string[];
  /** Addresses to announce beside our own. */
  readonly external: readonly string[];
  /** Whether nodes on the LAN are met by multicast DNS. */
  readonly mdns?: boolean;
  /** The key of a private network. */
  readonly psk?: Uint8Array<ArrayBuffer>;
}

/** What the daemon is to do; plain data, so that it crosses into a Worker. */
export interface DaemonOptions extends LiveOptions {
  /** The artifacts directory, by its real path. */
  readonly artifacts: string;
  readonly channel: string;
  readonly arch: Arch;
  readonly host: string;
  readonly port: number;
  /** How many connections this process has descriptors for. */
  readonly connections?: number;
  /** Where it is missing the node takes no part in the DHT. */
  readonly dht?: DhtSettings;
  /** The state directory, by its real path where it exists. */
  readonly stateDir: string;
  /** Whether anything can be kept there. */
  readonly stateWritable: boolean;
  /** Whether it is announced on the LAN. */
  readonly mdns?: boolean;
  /** The node's own key, read and checked by the main thread. */
  readonly identity: DaemonKey;
  /** The key that signs manifests, where it is another one. */
  readonly signingKey?: DaemonKey;
}

/** What a node of the DHT that serves nothing is to do; plain data. */
export interface NodeOptions {
  readonly host: string;
  readonly dht: DhtSettings;
  readonly stateDir: string;
  readonly stateWritable: boolean;
  readonly identity: DaemonKey;
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
  /** The node's multiaddrs in the DHT, with `/p2p/`; none where it takes no part. */
  readonly p2pAddresses: readonly string[];
  readonly images: readonly ServedImage[];
}

/** From the main thread. */
export type ToDaemon =
  | {
    readonly type: "start";
    readonly options: DaemonOptions;
    /** Where jobs are run; transferred. */
    readonly runs?: MessagePort;
    readonly logging: { readonly level: LogLevel; readonly format: LogFormat };
  }
  | {
    readonly type: "join";
    readonly options: NodeOptions;
    readonly logging: { readonly level: LogLevel; readonly format: LogFormat };
  }
  | { readonly type: "reload"; readonly live: LiveOptions }
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
