/**
 * Flags and configuration of `serve` that a running daemon takes over when they are read again.
 *
 * @module
 */

import { readKeyLists } from "../artifacts/publisher_keys.ts";
import { restartKeys } from "../config/changes.ts";
import type { Config } from "../config/resolve.ts";
import { type Arch, machineArch } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import type { LiveJobOptions } from "../jobs/service/types.ts";
import type { LiveOptions } from "../node/protocol.ts";
import type { Run } from "./context.ts";

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

/** The value of a setting. */
export function valueOf<T>({ values }: Config, key: string): T {
  return values[key] as T;
}

/** What a running daemon takes over when the configuration is read again. */
export async function liveOptions(
  config: Config,
  choice: ServeChoice,
  { clock }: Pick<Deps, "clock">,
): Promise<LiveOptions> {
  // A directory on the command line speaks for itself, unless a file is named beside it.
  const byName = choice.artifacts !== undefined && choice.config === undefined;
  const channels = byName ? [] : config.channels;
  const keyLists = valueOf<string | undefined>(config, "provider.key_lists");
  const first = channels.find(({ name }) => name === choice.channel) ?? channels[0];
  return {
    channel: choice.channel ?? first?.name,
    arch: choice.arch ?? (first && usualArch(first.arches)),
    channels: channels.length === 0 ? undefined : channels.map((channel) => ({
      name: channel.name,
      arches: channel.arches ?? [machineArch()],
      files: { kernel: channel.kernel, initramfs: channel.initramfs, rootfs: channel.rootfs },
      cmdline: channel.cmdline,
      version: channel.version,
    })),
    cmdline: choice.cmdline,
    imageVersion: choice.imageVersion,
    lifetimeMs: valueOf<number>(config, "provider.expires_in"),
    jobs: jobOptions(config),
    keyLists: keyLists === undefined ? undefined : await readKeyLists(keyLists, clock.now()),
    limits: {
      connections: valueOf<number>(config, "provider.limits.connections"),
      connectionsPerAddress: valueOf<number>(config, "provider.limits.connections_per_address"),
      bytesPerSecond: valueOf<number>(config, "provider.limits.bytes_per_second"),
      bytesPerSecondPerAddress: valueOf<number>(
        config,
        "provider.limits.bytes_per_second_per_address",
      ),
      stalledMs: valueOf<number>(config, "provider.limits.stalled"),
      drainMs: valueOf<number>(config, "provider.limits.drain"),
    },
  };
}

/** How jobs for others are run; undefined where they are switched off. */
function jobOptions(config: Config): LiveJobOptions | undefined {
  if (!valueOf<boolean>(config, "jobs.enabled")) return undefined;
  return {
    allow: valueOf<readonly string[]>(config, "jobs.allow"),
    concurrency: valueOf<number>(config, "jobs.concurrency"),
    limits: {
      wallMs: valueOf<number>(config, "jobs.limits.wall"),
      memoryBytes: valueOf<number>(config, "jobs.limits.memory_bytes"),
      outputBytes: valueOf<number>(config, "jobs.limits.output_bytes"),
    },
  };
}

/** This machine's arch where the channel has it, else the channel's first. */
function usualArch(arches: readonly Arch[] = [machineArch()]): Arch {
  const own = machineArch();
  return arches.includes(own) ? own : arches[0]!;
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
    return await liveOptions(after, choice, deps);
  } catch (thrown) {
    deps.log.error("The configuration is kept as it was: the new one can't be used");
    ui.error(thrown);
    return undefined;
  }
}
