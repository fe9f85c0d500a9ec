/**
 * What is written into an image for its init and its plasmd to read, all under /etc/phase.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";
import { formatTime } from "../../formats/time.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { bootLimits, mediaLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import { programVersion } from "../../lib/version.ts";
import { pinsOf } from "../../trust/policy.ts";
import { parsePolicy } from "../../trust/policy_file.ts";
import { parseCmdline, splitCmdline } from "../cmdline.ts";
import type { CpioEntry } from "./cpio.ts";

/** Phase Boot, or what it boots. */
export type ImageKind = "client" | "node";

/** What an image is to say. */
export interface ImageSettings {
  readonly kind: ImageKind;
  readonly arch: Arch;
  /** Keyids that may sign; none leaves the choice to the kernel command line. */
  readonly trust: readonly string[];
  readonly threshold: number;
  /** The channel that is asked for, and the only one that the policy accepts. */
  readonly channel?: string;
  /** URLs of providers that are asked. */
  readonly providers: readonly string[];
  /** Words that go before those of the kernel command line. */
  readonly cmdline: string;
  /** Milliseconds since 1970. */
  readonly buildTime: number;
  /** Milliseconds since 1970; manifests made before are refused. */
  readonly notBefore: number;
  /** `uname -r` of the image's kernel. */
  readonly kernelVersion: string;
}

const msPerDay = 86_400_000;

/**
 * The time before which manifests and key lists are refused, where nothing else is said: as long ago
 * as the longest of them live. DESIGN 5.
 */
export function defaultNotBefore(buildTime: number, trust: readonly string[]): number {
  const { notBeforeDays, notBeforeDaysOfRoots } = mediaLimits;
  const roots = pinsOf(trust).some(({ root }) => root);
  return buildTime - (roots ? notBeforeDaysOfRoots : notBeforeDays) * msPerDay;
}

/**
 * The files under /etc/phase.
 *
 * @throws {PlasmdError} `policy` or `config` where the settings can't be used
 */
export function settingsEntries(settings: ImageSettings, modules: readonly string[]): CpioEntry[] {
  const policy = policyText(settings);
  const files: Record<string, string> = {
    "build.json": `${JSON.stringify(buildFacts(settings), null, 2)}\n`,
    "cmdline": cmdlineText(settings),
    "kind": `${settings.kind}\n`,
    "memory": `${bootLimits.leastMemoryBytes / (1024 * 1024)}\n`,
    "modules": modules.map((name) => `${name}\n`).join(""),
    "providers": providersText(settings.providers),
    ...(policy === undefined ? {} : { "trust.toml": policy }),
  };
  return Object.entries(files).map(([name, text]) => ({
    kind: "file",
    path: `etc/phase/${name}`,
    bytes: new TextEncoder().encode(text),
  }));
}

function buildFacts({ kind, arch, channel, buildTime, kernelVersion }: ImageSettings) {
  const { version, commit } = programVersion;
  return {
    build_version: 1,
    built_at: formatTime(buildTime),
    kind,
    arch,
    channel: channel ?? null,
    kernel_version: kernelVersion,
    plasmd: { version, commit },
  };
}

/** A trust.toml, read back by the parser that the image will use. */
function policyText(settings: ImageSettings): string | undefined {
  const { trust } = settings;
  if (trust.length === 0) return undefined;
  const publishers = pinsOf(trust).flatMap((pins) => publisherLines(pins, settings));
  const text = ["trust_version = 1", "", ...publishers].join("\n");
  parsePolicy(new TextEncoder().encode(text), "--trust");
  return text;
}

function publisherLines(
  { keys, root }: ReturnType<typeof pinsOf>[number],
  { threshold, channel, notBefore }: ImageSettings,
): string[] {
  return [
    "[[publisher]]",
    `${root ? "root" : "keys"} = [`,
    ...keys.map((key) => `  ${JSON.stringify(key)},`),
    "]",
    `threshold = ${threshold}`,
    ...(channel === undefined ? [] : [`channels = [${JSON.stringify(channel)}]`]),
    `not_before = ${JSON.stringify(formatTime(notBefore))}`,
    "",
  ];
}

/** One line of words. */
function cmdlineText({ cmdline, channel }: ImageSettings): string {
  if (!/^[\x20-\x7e]*$/.test(cmdline) || cmdline.includes('"')) {
    throw new PlasmdError("config", "--cmdline holds something else than plain ASCII words");
  }
  const args = parseCmdline(cmdline);
  if (args.trust !== undefined || args.threshold !== undefined) {
    throw new PlasmdError("config", "--cmdline names keys: they belong into the image's policy", {
      hint: "give them with --trust and --threshold",
    });
  }
  if (args.channel !== undefined && args.channel !== (channel ?? args.channel)) {
    throw new PlasmdError("config", "--cmdline and --channel name different channels");
  }
  const words = splitCmdline(cmdline).map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`
  );
  return words.length === 0 ? "" : `${words.join(" ")}\n`;
}

function providersText(providers: readonly string[]): string {
  if (providers.length > mediaLimits.providers) {
    const count = `${providers.length} providers, limit is ${mediaLimits.providers}`;
    throw new PlasmdError("config", `Cannot write the image's list of providers: ${count}`);
  }
  return providers.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || url.username || /[\s,"]/.test(text)) {
      throw new PlasmdError("config", `Invalid provider "${printable(text)}": it must be a URL`, {
        hint: "as in --provider http://192.0.2.1:8080",
      });
    }
    return `${text}\n`;
  }).join("");
}
