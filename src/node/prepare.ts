/**
 * What the main thread does before the daemon is confined: everything that needs more rights than
 * serving does.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Identity, readIdentity, readOrCreateIdentity } from "../identity/key_file.ts";
import type { Arch } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { lockDirectory } from "../lib/lock.ts";
import { makeStateDirectory, stateDirectory } from "../lib/state_dir.ts";
import { connectionRoom } from "./descriptors.ts";
import type { DaemonOptions, DhtSettings, LiveOptions, NodeOptions } from "./protocol.ts";
import { readPsk } from "./psk.ts";

/** What a person asked the daemon to serve. */
export interface ServeRequest extends LiveOptions {
  readonly artifacts: string;
  readonly channel: string;
  readonly arch: Arch;
  readonly host: string;
  readonly port: number;
  readonly stateDir?: string;
  /** A publisher's key, where it isn't the node's own. */
  readonly signingKey?: string;
  /** Whether it is announced on the LAN. */
  readonly mdns?: boolean;
  /** Where it is missing the node takes no part in the DHT. */
  readonly dht?: DhtRequest;
}

/** How a person wants the node to take part in the DHT. */
export interface DhtRequest extends Omit<DhtSettings, "psk"> {
  /** The file with the key of a private network. */
  readonly pskFile?: string;
}

/** The daemon's options, and what must be held while it runs. */
export interface PreparedDaemon extends AsyncDisposable {
  readonly options: DaemonOptions;
}

/**
 * Reads keys, finds directories by their real paths and locks the state directory.
 *
 * @throws {PlasmdError} `artifacts` where there is no such directory, `identity` for a key file that
 * must not be used, `busy` where another daemon runs with the same state
 */
export async function prepareDaemon(request: ServeRequest, deps: Deps): Promise<PreparedDaemon> {
  await using held = new AsyncDisposableStack();
  const artifacts = await realDirectory(request.artifacts);
  const state = await lockState(request.stateDir, held);
  const identity = await readOrCreateIdentity(undefined, deps);
  const signer = request.signingKey === undefined
    ? undefined
    : await readIdentity(request.signingKey);
  const options: DaemonOptions = {
    channel: request.channel,
    arch: request.arch,
    host: request.host,
    port: request.port,
    connections: await connectionRoom({ p2p: request.dht !== undefined }),
    dht: request.dht && await dhtSettings(request.dht),
    mdns: request.mdns,
    channels: request.channels,
    limits: request.limits,
    cmdline: request.cmdline,
    imageVersion: request.imageVersion,
    lifetimeMs: request.lifetimeMs,
    keyLists: request.keyLists,
    jobs: request.jobs,
    artifacts,
    ...state,
    identity: keyOf(identity),
    signingKey: signer && keyOf(signer),
  };
  const owned = held.move();
  return { options, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a person asked a node of the DHT for. */
export interface NodeRequest {
  readonly host: string;
  readonly dht: DhtRequest;
  readonly stateDir?: string;
}

/** The node's options, and what must be held while it runs. */
export interface PreparedNode extends AsyncDisposable {
  readonly options: NodeOptions;
}

/**
 * The same for a node that serves nothing.
 *
 * @throws {PlasmdError} `identity` for a key file that must not be used, `busy` where another daemon
 * runs with the same state
 */
export async function prepareNode(request: NodeRequest, deps: Deps): Promise<PreparedNode> {
  await using held = new AsyncDisposableStack();
  const state = await lockState(request.stateDir, held);
  const identity = keyOf(await readOrCreateIdentity(undefined, deps));
  const { host } = request;
  const options = { host, identity, dht: await dhtSettings(request.dht), ...state };
  const owned = held.move();
  return { options, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Makes and locks the state directory. */
async function lockState(asked: string | undefined, held: AsyncDisposableStack) {
  const wanted = stateDirectory(asked);
  const stateDir = await makeStateDirectory(wanted);
  const lock = stateDir === undefined ? undefined : await lockDirectory(stateDir, {
    name: "daemon.lock",
    hint: "stop the other plasmd, or give this one its own --state-dir and --port",
  });
  if (lock !== undefined) held.use(lock);
  return { stateDir: stateDir ?? resolve(wanted), stateWritable: lock !== undefined };
}

async function dhtSettings({ pskFile, ...others }: DhtRequest): Promise<DhtSettings> {
  return { ...others, psk: pskFile === undefined ? undefined : await readPsk(pskFile) };
}

function keyOf({ seed, file }: Identity): { seed: Uint8Array<ArrayBuffer>; file: string } {
  return { seed, file };
}

async function realDirectory(path: string): Promise<string> {
  try {
    const real = await fs.realpath(path);
    if ((await fs.stat(real)).isDirectory()) return real;
    throw new PlasmdError("artifacts", `Cannot serve "${path}": it is a file, not a directory`, {
      hint: `give the directory that holds it: --artifacts ${dirname(path)}`,
    });
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    if (error.code === "artifacts") throw error;
    const missing = (thrown as { code?: string }).code === "ENOENT";
    throw new PlasmdError(
      "artifacts",
      `Cannot serve "${path}": ${missing ? "there is no such directory" : error.message}`,
      { cause: thrown, hint: "put a kernel (vmlinuz), an initramfs and a rootfs in a directory" },
    );
  }
}
