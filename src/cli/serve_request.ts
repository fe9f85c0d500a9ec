/**
 * Flags and configuration of `serve` → what the daemon is asked to do.
 *
 * @module
 */

import { restartKeys } from "../config/changes.ts";
import type { Config } from "../config/resolve.ts";
import { type Arch, defaultChannel, machineArch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { DhtRequest, ServeRequest } from "../node/prepare.ts";
import type { LiveOptions } from "../node/protocol.ts";
import type { Run } from "./context.ts";
import type { Ui } from "./ui.ts";

/** The flags that matter beside the settings of provider.toml. */
export interface ServeChoice {
  readonly artifacts?: string;
  readonly config?: string;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly cmdline?: string;
  readonly imageVersion?: string;
  readonly quickStart: boolean;
}

/**
 * The request that flags and configuration add up to.
 *
 * @throws {PlasmdError} `usage` where nothing says what to serve, `config` where the file switches
 * the provider off
 */
export async function serveRequest(
  ui: Ui,
  config: Config,
  choice: ServeChoice,
): Promise<ServeRequest> {
  if (value(config, "provider.enabled") === false) {
    throw new PlasmdError("config", "The provider is switched off: provider.enabled is false", {
      hint: "set it to true, or remove it",
    });
  }
  const live = liveOptions(config, choice);
  const first = live.channels?.find(({ name }) => name === choice.channel) ?? live.channels?.[0];
  const request = {
    ...live,
    channel: choice.channel ?? first?.name ?? defaultChannel,
    arch: choice.arch ?? usualArch(first?.arches),
    host: value<string>(config, "provider.host"),
    port: value<number>(config, "provider.port"),
    stateDir: value<string | undefined>(config, "provider.state_dir"),
    signingKey: value<string | undefined>(config, "provider.signing_key"),
    dht: dhtRequest(config),
  };
  const artifacts = value<string | undefined>(config, "provider.artifacts_dir");
  if (artifacts !== undefined) return { ...request, artifacts };
  if (choice.quickStart) return await quickStart(ui, config, request);
  throw new PlasmdError("usage", "Nothing to serve: --artifacts is missing", {
    hint: "plasmd serve --artifacts DIR, or plasmd serve --quick-start to try it out",
  });
}

/** How the node takes part in the DHT; undefined where it is told not to. */
export function dhtRequest(config: Config): DhtRequest | undefined {
  if (!value<boolean>(config, "provider.advertisement.dht")) return undefined;
  return {
    port: value<number>(config, "network.p2p_port"),
    bootstrap: value<readonly string[]>(config, "network.bootstrap"),
    external: value<readonly string[]>(config, "network.external_address"),
    pskFile: value<string | undefined>(config, "network.psk_file"),
  };
}

/** What a running daemon takes over when the configuration is read again. */
export function liveOptions(config: Config, choice: ServeChoice): LiveOptions {
  // A directory on the command line speaks for itself, unless a file is named beside it.
  const byName = choice.artifacts !== undefined && choice.config === undefined;
  const channels = byName ? [] : config.channels;
  return {
    channels: channels.length === 0 ? undefined : channels.map((channel) => ({
      name: channel.name,
      arches: channel.arches ?? [machineArch()],
      files: { kernel: channel.kernel, initramfs: channel.initramfs, rootfs: channel.rootfs },
      cmdline: channel.cmdline,
      version: channel.version,
    })),
    cmdline: choice.cmdline,
    imageVersion: choice.imageVersion,
    lifetimeMs: value<number>(config, "provider.expires_in"),
    limits: {
      connections: value<number>(config, "provider.limits.connections"),
      connectionsPerAddress: value<number>(config, "provider.limits.connections_per_address"),
      bytesPerSecond: value<number>(config, "provider.limits.bytes_per_second"),
      bytesPerSecondPerAddress: value<number>(
        config,
        "provider.limits.bytes_per_second_per_address",
      ),
      stalledMs: value<number>(config, "provider.limits.stalled"),
      drainMs: value<number>(config, "provider.limits.drain"),
    },
  };
}

/**
 * Reads the configuration again. Says what a restart would be needed for; a broken file is said
 * too, and changes nothing.
 */
export async function rereadLive(
  { deps, ui }: Run,
  before: Config,
  load: () => Promise<Config>,
  choice: ServeChoice,
): Promise<LiveOptions | undefined> {
  try {
    const after = await load();
    for (const key of restartKeys(before, after)) {
      ui.warn(`"${key}" has changed: that needs a restart`);
    }
    return liveOptions(after, choice);
  } catch (thrown) {
    deps.log.error("The configuration is kept as it was: the new one can't be used");
    ui.error(thrown);
    return undefined;
  }
}

function value<T>({ values }: Config, key: string): T {
  return values[key] as T;
}

/** This machine's arch where the channel has it, else the channel's first. */
function usualArch(arches: readonly Arch[] | undefined): Arch {
  const own = machineArch();
  return arches === undefined || arches.includes(own) ? own : arches[0]!;
}

async function quickStart(
  ui: Ui,
  config: Config,
  request: Omit<ServeRequest, "artifacts">,
): Promise<ServeRequest> {
  const { chooseQuickStart, quickStartDirectory } = await import("../node/quick_start.ts");
  const quick = await chooseQuickStart({
    artifacts: "./artifacts",
    boot: "/boot",
    release: Deno.osRelease(),
    work: await quickStartDirectory(request.stateDir),
    channel: request.channel,
    arch: request.arch,
  });
  ui.note(quick.sentence);
  const hostChosen = config.origins["provider.host"]?.from !== "default";
  return {
    ...request,
    artifacts: quick.directory,
    channels: undefined,
    imageVersion: request.imageVersion ?? quick.imageVersion,
    host: quick.loopbackOnly && !hostChosen ? "127.0.0.1" : request.host,
  };
}
