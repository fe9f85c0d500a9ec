/**
 * Flags and configuration of `serve` → what the daemon is asked to do.
 *
 * @module
 */

import type { Config } from "../config/resolve.ts";
import { defaultChannel, machineArch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { DhtRequest, ServeRequest } from "../node/prepare.ts";
import type { Run } from "./context.ts";
import { liveOptions, type ServeChoice, valueOf } from "./live_options.ts";
import type { Ui } from "./ui.ts";

/**
 * The request that flags and configuration add up to.
 *
 * @throws {PlasmdError} `usage` where nothing says what to serve, `config` where the file switches
 * the provider off
 */
export async function serveRequest(
  { ui, deps }: Run,
  config: Config,
  choice: ServeChoice,
): Promise<ServeRequest> {
  if (valueOf(config, "provider.enabled") === false) {
    throw new PlasmdError("config", "The provider is switched off: provider.enabled is false", {
      hint: "set it to true, or remove it",
    });
  }
  const live = await liveOptions(config, choice, deps);
  if (live.channels === undefined && config.channels.length > 0) {
    ui.warn(
      `The channels of "${
        printable(config.file!)
      }" are not used: --artifacts DIR is served as it ` +
        "lies; with --config FILE beside it, the file says what is served",
    );
  }
  if (live.jobs?.allow.length === 0) {
    ui.warn("Jobs are on, and nobody's are run: name a key with --job-allow or jobs.allow");
  }
  const request = {
    ...live,
    channel: live.channel ?? defaultChannel,
    arch: live.arch ?? machineArch(),
    host: valueOf<string>(config, "provider.host"),
    port: valueOf<number>(config, "provider.port"),
    stateDir: valueOf<string | undefined>(config, "provider.state_dir"),
    signingKey: valueOf<string | undefined>(config, "provider.signing_key"),
    dht: dhtRequest(config),
    mdns: valueOf<boolean>(config, "provider.advertisement.mdns"),
  };
  const artifacts = valueOf<string | undefined>(config, "provider.artifacts_dir");
  if (artifacts !== undefined) return { ...request, artifacts };
  if (choice.quickStart) return await quickStart(ui, config, request);
  throw new PlasmdError("usage", "Nothing to serve: --artifacts is missing", {
    hint: "plasmd serve --artifacts DIR, or plasmd serve --quick-start to try it out",
  });
}

/** How the node takes part in the DHT; undefined where it is told not to. */
export function dhtRequest(config: Config): DhtRequest | undefined {
  if (!valueOf<boolean>(config, "provider.advertisement.dht")) return undefined;
  return {
    port: valueOf<number>(config, "network.p2p_port"),
    bootstrap: valueOf<readonly string[]>(config, "network.bootstrap"),
    external: valueOf<readonly string[]>(config, "network.external_address"),
    mdns: valueOf<boolean>(config, "provider.advertisement.mdns"),
    pskFile: valueOf<string | undefined>(config, "network.psk_file"),
  };
}

async function quickStart(
  ui: Ui,
  config: Config,
  request: Omit<ServeRequest, "artifacts">,
): Promise<ServeRequest> {
  const { chooseQuickStart, quickStartDirectory, quickStartHost } = await import(
    "../node/quick_start.ts"
  );
  const quick = await chooseQuickStart({
    artifacts: "./artifacts",
    boot: "/boot",
    release: Deno.osRelease(),
    work: await quickStartDirectory(request.stateDir),
    channel: request.channel,
    arch: request.arch,
  });
  const hostChosen = config.origins["provider.host"]?.from !== "default";
  const host = quickStartHost(quick, request.host, hostChosen);
  ui.note(quick.sentence);
  return {
    ...request,
    artifacts: quick.directory,
    channels: undefined,
    imageVersion: request.imageVersion ?? quick.imageVersion,
    host,
  };
}
