/**
 * What a boot image says of itself, in the files under /etc/phase: when it was built and whom to
 * ask. A machine that is no boot image has none of them.
 *
 * @module
 */

import { join } from "node:path";
import { isChannel } from "../formats/names.ts";
import { parseTime } from "../formats/time.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere } from "../lib/files.ts";
import { bootLimits, transferLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { isProviderUrl } from "./cmdline.ts";

/** Where an image keeps its settings; and where init leaves them when it enters another root. */
export const imageSettings: readonly string[] = ["/etc/phase", "/run/phase/settings"];

/** What an image says of itself; nothing on another machine. */
export interface ImageFacts {
  /** Milliseconds since 1970. The clock can't be before. */
  readonly buildTime?: number;
  /** The channel that it was built for. */
  readonly channel?: string;
  /** URLs of providers to ask. */
  readonly providers: readonly string[];
  /** The path of its trust policy, which may not exist. */
  readonly policy: string;
}

/**
 * Reads an image's settings, from their usual places unless a directory is given.
 *
 * @throws {PlasmdError} `config` where a file of them is there and can't be used
 */
export async function readImageFacts(given?: string): Promise<ImageFacts> {
  const directory = given ?? await settingsDirectory();
  const [build, providers] = await Promise.all([
    textOf(join(directory, "build.json")),
    textOf(join(directory, "providers")),
  ]);
  return {
    ...(build === undefined ? {} : parseBuild(build)),
    providers: parseProviders(providers ?? ""),
    policy: join(directory, "trust.toml"),
  };
}

/** The first place that holds an image's settings. */
async function settingsDirectory(): Promise<string> {
  for (const directory of imageSettings) {
    if (await textOf(join(directory, "build.json")) !== undefined) return directory;
  }
  return imageSettings[0]!;
}

async function textOf(path: string): Promise<string | undefined> {
  const bytes = await readBoundedIfThere(path, bootLimits.imageFileBytes);
  return bytes && new TextDecoder().decode(bytes);
}

/**
 * The build time and channel in the text of `build.json`.
 *
 * @throws {PlasmdError} `config`
 */
export function parseBuild(text: string): { buildTime: number; channel?: string } {
  const facts = objectOf(text);
  const buildTime = typeof facts.built_at === "string" ? parseTime(facts.built_at) : undefined;
  const channel = facts.channel ?? undefined;
  const good = facts.build_version === 1 && buildTime !== undefined &&
    (channel === undefined || (typeof channel === "string" && isChannel(channel)));
  if (good) return { buildTime, ...(channel === undefined ? {} : { channel }) };
  throw new PlasmdError("config", "Cannot use the image's build.json: it has an unknown form");
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

/**
 * The URLs of a list of providers: one a line; what follows a `#` and empty lines don't count.
 *
 * @throws {PlasmdError} `config`, naming the line
 */
export function parseProviders(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  const urls = [...new Set(lines.filter((line) => line !== ""))];
  const bad = urls.find((url) => !isProviderUrl(url));
  if (bad !== undefined) {
    throw new PlasmdError("config", `Invalid provider "${printable(bad)}": it must be a URL`, {
      hint: "as in http://192.0.2.1:8080",
    });
  }
  if (urls.length <= transferLimits.providers) return urls;
  throw new PlasmdError(
    "config",
    `Cannot use ${urls.length} providers: limit is ${transferLimits.providers}`,
  );
}
