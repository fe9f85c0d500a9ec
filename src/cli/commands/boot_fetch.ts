/**
 * `plasmd boot fetch`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { FetchOutcome } from "../../boot/fetch.ts";
import type { Arch, ArtifactName } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { transferLimits } from "../../lib/limits.ts";
import { bytesText, durationText, printable } from "../../lib/text.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { bootPolicy, imageFlags, type TrustFlags, trustFlags } from "../boot_flags.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { bootstrapOf, type DiscoveryFlags, discoveryFlags } from "../discover_flags.ts";
import { parseSeconds } from "../parse.ts";
import { parseRate } from "../rate.ts";

/** The options of `boot fetch`. */
type FetchFlags = TrustFlags & DiscoveryFlags & {
  readonly output?: string;
  readonly provider?: readonly string[];
  readonly channel?: string;
  readonly arch?: Arch;
  readonly artifact?: readonly ArtifactName[];
  readonly limitRate?: number;
  readonly allowRollback: boolean;
  readonly trustOnFirstUse: boolean;
  readonly stateDir?: string;
  readonly timeout?: number;
  readonly json: boolean;
};

/** The command. */
export const bootFetchCommand: Command<Context> = command<FetchFlags, [string?]>({
  brief: "Fetch a boot image and verify every byte of it",
  description: "Takes the newest manifest that the policy accepts from the providers named, then " +
    "its files from those that serve it. No provider has to be trusted: each chunk is verified " +
    "before it is kept. A fetch that was stopped goes on where it was. Exit code 4: refused by " +
    "verification; 5: no provider could deliver.",
  examples: [
    [
      "plasmd boot fetch http://192.0.2.1:8080 --trust ed25519:... --output image",
      "from one provider",
    ],
    [
      "plasmd boot fetch --provider http://192.0.2.1:8080 --provider http://192.0.2.2:8080 " +
      "--trust ed25519:... --output image",
      "from two; the other one helps where one is slow, silent or wrong",
    ],
    [
      "plasmd boot fetch --channel stable --arch arm64 --trust ed25519:... --output image",
      "from whoever is found",
    ],
    [
      "plasmd boot fetch http://192.0.2.1:8080 --output image --artifact kernel --limit-rate 2M",
      "only the kernel, trusting whom trust.toml names, at 2 MiB/s at most",
    ],
  ],
  flags: {
    ...trustFlags,
    output: textFlag("The directory for the files", "DIR"),
    provider: textsFlag("A provider or manifest; may be given several times", "URL"),
    ...discoveryFlags,
    ...imageFlags,
    limitRate: {
      kind: "parsed",
      parse: parseRate,
      brief: "Bytes a second at most, like 500k or 10M",
      placeholder: "RATE",
      optional: true,
    },
    trustOnFirstUse: {
      kind: "boolean",
      brief: "At a terminal: trust the only key that has signed, whosever it is",
      default: false,
      withNegated: false,
    },
    timeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Seconds until unreachable providers are given up; default: 20",
      placeholder: "SECONDS",
      optional: true,
    },
    json: jsonFlag,
  },
  positional: {
    kind: "tuple",
    parameters: [{
      brief: "A provider, or its manifest",
      placeholder: "URL",
      parse: String,
      optional: true,
    }],
  },
  async run(run, flags, url) {
    const named = [...(url === undefined ? [] : [url]), ...(flags.provider ?? [])];
    const output = required(flags, named);
    const { bootFetch } = await import("../../boot/fetch.ts");
    const { stateDirectory } = await import("../../lib/state_dir.ts");
    const { makeProgress } = await import("../progress.ts");
    const { ui, deps, signal } = run;
    const policy = await bootPolicy(flags);
    const urls = await urlsOf(run, flags, named, policy);
    const onFirstUse = policy ? undefined : firstUse(run, flags);
    using progress = makeProgress(ui, deps.clock, "fetching");
    const outcome = await bootFetch({
      ...flags,
      urls,
      output,
      policy,
      onFirstUse,
      artifacts: flags.artifact,
      stateDir: stateDirectory(flags.stateDir),
      signal,
      limits: flags.timeout === undefined ? {} : { unreachableMs: flags.timeout },
      onProgress: progress.update,
      onDrop: ({ name, reason }) => ui.warn(`${printable(name)} is not used: ${reason}`),
      onWarning: ui.warn,
    }, deps);
    progress[Symbol.dispose]();
    if (flags.json) ui.json(jsonOf(outcome));
    else ui.result(textOf(outcome, output));
  },
});

/** The providers that are named, else those that are found for a channel and arch. */
async function urlsOf(
  { ui, deps, signal }: Run,
  flags: FetchFlags,
  named: readonly string[],
  policy: TrustPolicy | undefined,
): Promise<readonly string[]> {
  const { channel, arch } = flags;
  if (named.length > 0 || channel === undefined || arch === undefined) return named;
  const { providersFor } = await import("../../node/client.ts");
  const urls = await providersFor(
    {
      named,
      find: {
        channel,
        arch,
        policy,
        mode: flags.mode ?? "auto",
        bootstrap: bootstrapOf(flags),
        timeoutMs: flags.timeout ?? transferLimits.unreachableMs,
        onIgnored: ({ peer, error }) => ui.warn(`${printable(peer)} is not used: ${error.message}`),
      },
    },
    signal,
    deps,
  );
  ui.note(`found ${urls.join(", ")}`);
  return urls;
}

function required({ output, channel, arch }: FetchFlags, urls: readonly string[]): string {
  if (urls.length === 0 && (channel === undefined || arch === undefined)) {
    throw new PlasmdError("usage", "No provider is named", {
      hint: "name one: plasmd boot fetch http://192.0.2.1:8080 --trust KEYID --output DIR\n" +
        "or let it be found: --channel stable --arch arm64",
    });
  }
  if (output !== undefined) return output;
  throw new PlasmdError("usage", "No output directory is named", {
    hint: "say where the files go: --output DIR",
  });
}

/** DESIGN 5: only where a person sees it, and loudly. */
function firstUse({ ui }: Run, { trustOnFirstUse }: FetchFlags) {
  if (!trustOnFirstUse) return undefined;
  if (!ui.terminal.interactive) {
    throw new PlasmdError("usage", "--trust-on-first-use works at a terminal only", {
      hint: "pin the publisher's key with --trust KEYID",
    });
  }
  return (keyid: string) => {
    ui.warn("TRUSTING A KEY THAT NOBODY HAS CHECKED: whoever answers first is believed");
    ui.warn(`the key is ${keyid}`);
    ui.warn("compare it with the publisher's, and pin it next time: --trust KEYID");
  };
}

function jsonOf({ verified, ...outcome }: FetchOutcome) {
  const { manifest, id, signers } = verified;
  return {
    manifest_id: id,
    version: manifest.version,
    sequence: manifest.sequence,
    channel: manifest.channel,
    arch: manifest.arch,
    signers,
    files: outcome.files,
    bytes: outcome.bytes,
    providers: outcome.providers,
    dropped: outcome.dropped.map(({ name, code, reason }) => ({
      name,
      code,
      reason: printable(reason, 1000),
    })),
    floor_kept: outcome.floorKept,
    duration_ms: Math.round(outcome.durationMs),
  };
}

function textOf({ verified, files, bytes, durationMs }: FetchOutcome, output: string): string {
  const { manifest, signers } = verified;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const names = files.map(({ name }) => name).join(", ");
  const kept = bytes === size ? "" : `, ${bytesText(size - bytes)} of it were there`;
  return [
    `${output}: ${names} of ${manifest.channel}/${manifest.arch} ${manifest.version}, ` +
    `signed by ${signers.join(", ")}`,
    `${bytesText(size)} verified in ${durationText(durationMs)}${kept}`,
  ].join("\n");
}
