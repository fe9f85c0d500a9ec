/**
 * `plasmd serve`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Arch } from "../../formats/names.ts";
import type { ServeRequest } from "../../node/prepare.ts";
import type { DaemonReady } from "../../node/protocol.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { dhtNodeFlags } from "../dht_flags.ts";
import { archFlag, channelFlag } from "../flags.ts";
import { parsePort } from "../parse.ts";
import { onHangup } from "../hangup.ts";
import { rereadLive } from "../live_options.ts";
import { makeProgress } from "../progress.ts";
import { readyText } from "../ready_text.ts";
import { serveRequest } from "../serve_request.ts";

/** The options of `serve`. */
type ServeFlags = {
  readonly artifacts?: string;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly host?: string;
  readonly port?: number;
  readonly config?: string;
  readonly stateDir?: string;
  readonly signingKey?: string;
  readonly keyLists?: string;
  readonly settings?: string;
  readonly cmdline?: string;
  readonly imageVersion?: string;
  readonly expiresIn?: string;
  readonly dht?: boolean;
  readonly mdns?: boolean;
  readonly bootstrap?: readonly string[];
  readonly p2pPort?: number;
  readonly externalAddress?: readonly string[];
  readonly jobs?: boolean;
  readonly jobAllow?: readonly string[];
  readonly quickStart: boolean;
  readonly json: boolean;
};

/** The command. */
export const serveCommand: Command<Context> = command<ServeFlags>({
  brief: "Serve a directory of boot artifacts with a signed manifest",
  description:
    "Hashes the kernel, initramfs and rootfs of a directory, signs a manifest with this " +
    "machine's key (made when it is missing) and serves all of it over HTTP until Ctrl-C or " +
    "SIGTERM. A directory that holds a signed manifest.json is served as it is.",
  examples: [
    ["plasmd serve --artifacts ./artifacts", "serve vmlinuz, initramfs and rootfs on port 8080"],
    [
      "plasmd serve --artifacts /srv/boot --channel testing --arch arm64 --port 9000",
      "another channel, another machine's arch, another port",
    ],
    ["plasmd serve --config ./provider.toml", "what a file says; SIGHUP reads it again"],
    ["plasmd serve --artifacts ./artifacts --jobs --job-allow KEYID", "run jobs of a key, too"],
    ["plasmd serve --quick-start", "serve something, to try it out"],
  ],
  flags: {
    artifacts: textFlag("The directory with the artifacts, flat or {channel}/{arch}/", "DIR"),
    channel: {
      ...channelFlag,
      brief: "The channel of a flat directory, the default one of a tree; default: stable",
    },
    arch: { ...archFlag, brief: "arm64 or x86_64; default: this machine's" },
    host: textFlag("The address to listen on; default: all, IPv6 and IPv4", "H"),
    port: {
      kind: "parsed",
      parse: parsePort,
      brief: "The port; 0 takes any free one; default: 8080",
      placeholder: "N",
      optional: true,
    },
    config: textFlag("Read this provider.toml instead of the usual one", "FILE"),
    stateDir: textFlag("Where hashes and signed manifests are kept", "DIR"),
    settings: textFlag("Serve only what the policy of this boot image accepts", "DIR"),
    keyLists: textFlag("Put the key lists of this file into manifests", "FILE"),
    signingKey: textFlag("Sign with this key instead of the machine's own", "FILE"),
    cmdline: textFlag("The kernel command line of the image", "TEXT"),
    imageVersion: textFlag("The image's version; default: the date", "V"),
    expiresIn: textFlag("How long a manifest is valid: 30d, 12h; at most 90d", "TIME"),
    dht: { kind: "boolean", brief: "Be found on the internet", optional: true },
    mdns: { kind: "boolean", brief: "Be found on the LAN", optional: true },
    ...dhtNodeFlags,
    jobs: { kind: "boolean", brief: "Run jobs for others", optional: true },
    jobAllow: textsFlag("Run the jobs of this key; may be given several times", "KEYID"),
    quickStart: {
      kind: "boolean",
      brief: "Serve ./artifacts, else this machine's kernel, else a demo image",
      default: false,
      withNegated: false,
    },
    json: jsonFlag,
  },
  async run(run, flags) {
    const { loadConfig } = await import("../../config/load.ts");
    const { prepareDaemon } = await import("../../node/prepare.ts");
    const { runConfinedDaemon } = await import("../../node/confine.ts");
    const sources = {
      flags: { ...flags },
      env: (name: string) => Deno.env.get(name),
      config: flags.config,
    };
    const config = await loadConfig(sources);
    const request = await serveRequest(run, config, flags);
    await using prepared = await prepareDaemon(request, run.deps);
    using progress = makeProgress(run.ui, run.deps.clock, "Hashing");
    await runConfinedDaemon(prepared.options, {
      admitted: admit(run, request, flags.settings),
      logging: run.logging,
      signal: run.signal,
      onHangup,
      reread: () => rereadLive(run, config, () => loadConfig(sources), flags),
      onProgress: (done, total, label) => progress.update(done, total, label),
      onReady(ready) {
        progress[Symbol.dispose]();
        sayReady(run, flags, ready);
      },
    });
  },
});

/** Where a boot image says whom to trust, what lies there is held against it. */
async function admit(run: Run, request: ServeRequest, settings?: string): Promise<void> {
  if (settings === undefined) return;
  const { checkHandover } = await import("../check_handover.ts");
  await checkHandover({ ...request, settings }, run);
}

function sayReady({ ui }: Run, { json }: ServeFlags, ready: DaemonReady): void {
  if (json) ui.json(readyReport(ready));
  else ui.result(readyText(ready));
}

function readyReport(ready: DaemonReady) {
  return {
    origins: ready.origins,
    host: ready.host,
    port: ready.port,
    keyid: ready.keyid,
    peer_id: ready.peerId,
    p2p_addresses: ready.p2pAddresses,
    images: ready.images.map((image) => ({
      channel: image.channel,
      arch: image.arch,
      version: image.version,
      manifest_id: image.manifestId,
      signers: image.signers,
      expires_at: image.expiresAt,
      artifacts: image.artifacts,
    })),
  };
}
