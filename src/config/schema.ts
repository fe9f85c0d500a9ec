/**
 * The shape of provider.toml: what a person may write, strictly.
 *
 * @module
 */

import * as v from "valibot";
import { archOf, isChannel } from "../formats/names.ts";
import { cmdlineProblem, isVersion } from "../formats/manifest_rules.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import { fileLimits, formatLimits, jobFormatLimits, jobServiceLimits } from "../lib/limits.ts";

const about = v.description;

const arch = v.pipe(
  v.string(),
  v.check((text) => archOf(text) !== undefined, "Expected arm64 or x86_64"),
  v.transform((text) => archOf(text)!),
);
const fileName = v.pipe(
  v.string(),
  v.regex(/^(?!\.{1,2}$)[^/\0]{1,255}$/, "Expected a file name without a directory"),
);
const path = v.pipe(
  v.string(),
  v.check((text) => text !== "", "Expected a path"),
  v.maxLength(4096),
);
const text = v.pipe(v.string(), v.maxLength(4096));
const texts = v.pipe(
  v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(1024))),
  v.maxLength(256),
);
const keyids = v.pipe(
  v.array(v.pipe(
    v.string(),
    v.check(
      (text) => publicKeyOf(text) !== undefined,
      'Expected a keyid: "ed25519:" and 64 lower-case hex digits',
    ),
  )),
  v.maxLength(jobServiceLimits.submitters),
);
const flag = v.boolean("Expected true or false");
const whole = (min: number, max: number) =>
  v.pipe(
    v.number("Expected a whole number"),
    v.integer("Expected a whole number"),
    v.minValue(min, `Expected at least ${min}`),
    v.maxValue(max, `Expected at most ${max}`),
  );
const port = whole(0, 65_535);

const durationUnits: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30d`, `12h`, `90m` or `45s` in milliseconds. */
const duration = (maxMs: number, maxText: string) =>
  v.pipe(
    v.string(),
    v.regex(/^[1-9]\d{0,8}[smhd]$/, "Expected a time like 30d, 12h, 90m or 45s"),
    v.check((text) => milliseconds(text) <= maxMs, `Expected at most ${maxText}`),
    v.transform(milliseconds),
  );

function milliseconds(text: string): number {
  return Number(text.slice(0, -1)) * durationUnits[text.slice(-1)]!;
}

const channel = v.strictObject({
  arch: v.pipe(
    v.optional(v.pipe(v.array(arch), v.minLength(1, "Expected at least one arch"))),
    about("The arches that this channel has; default: this machine's"),
  ),
  kernel: v.pipe(fileName, about("The kernel's file")),
  initramfs: v.pipe(v.optional(fileName), about("The initramfs' file")),
  rootfs: v.pipe(v.optional(fileName), about("The root file system's file")),
  cmdline: v.pipe(
    v.optional(v.pipe(
      v.string(),
      v.rawCheck(({ dataset, addIssue }) => {
        if (!dataset.typed) return;
        const problem = cmdlineProblem(dataset.value);
        if (problem !== undefined) addIssue({ message: problem });
      }),
    )),
    about("The kernel command line of the image"),
  ),
  version: v.pipe(
    v.optional(v.pipe(v.string(), v.check(isVersion, "Expected a version: A-Z a-z 0-9 . _ + ~ -"))),
    about("The image's version; default: the date"),
  ),
});

const channels = v.pipe(
  v.record(
    v.pipe(v.string(), v.check(isChannel, "Expected a channel's name: a-z 0-9 . _ -")),
    channel,
  ),
  v.check(
    (all) => Object.keys(all).length <= fileLimits.targets,
    `Expected at most ${fileLimits.targets} channels`,
  ),
);

const limits = v.strictObject({
  connections: v.pipe(v.optional(whole(1, 100_000)), about("Open connections in all")),
  connections_per_address: v.pipe(
    v.optional(whole(1, 100_000)),
    about("Open connections of one address; an IPv6 /64 is one"),
  ),
  bytes_per_second: v.pipe(
    v.optional(whole(0, 2 ** 40)),
    about("Bytes sent a second in all; 0 is no cap"),
  ),
  bytes_per_second_per_address: v.pipe(
    v.optional(whole(0, 2 ** 40)),
    about("Bytes sent a second to one address; 0 is no cap"),
  ),
  stalled: v.pipe(
    v.optional(duration(3_600_000, "1h")),
    about("How long a reader may take nothing before it is cut"),
  ),
  drain: v.pipe(
    v.optional(duration(600_000, "10m")),
    about("How long running answers may go on after SIGTERM"),
  ),
});

const document = v.strictObject({
  provider: v.optional(v.strictObject({
    enabled: v.pipe(v.optional(flag), about("Whether this node serves images")),
    host: v.pipe(v.optional(text), about("The address to listen on; :: is all, IPv6 and IPv4")),
    port: v.pipe(v.optional(port), about("The port; 0 takes any free one")),
    artifacts_dir: v.pipe(v.optional(path), about("The directory with the artifacts")),
    state_dir: v.pipe(v.optional(path), about("Where hashes, keys' state and manifests are kept")),
    signing_key: v.pipe(v.optional(path), about("The key that signs manifests, if not the node's")),
    key_lists: v.pipe(v.optional(path), about("The key lists that manifests carry")),
    expires_in: v.pipe(
      v.optional(duration(formatLimits.lifetimeMs, "90d")),
      about("How long a manifest is valid"),
    ),
    channels: v.optional(channels),
    advertisement: v.optional(v.strictObject({
      dht: v.pipe(v.optional(flag), about("Be found on the internet")),
      mdns: v.pipe(v.optional(flag), about("Be found on the LAN")),
    })),
    limits: v.optional(limits),
  })),
  network: v.optional(v.strictObject({
    p2p_port: v.pipe(v.optional(port), about("The libp2p port; 0 takes any free one")),
    bootstrap: v.pipe(v.optional(texts), about("Multiaddrs and dnsaddr names of DHT nodes")),
    external_address: v.pipe(v.optional(texts), about("Addresses to announce beside our own")),
    psk_file: v.pipe(v.optional(path), about("The key of a private network")),
  })),
  jobs: v.optional(v.strictObject({
    enabled: v.pipe(v.optional(flag), about("Whether this node runs jobs for others")),
    allow: v.pipe(v.optional(keyids), about("The keyids whose jobs are run")),
    concurrency: v.pipe(v.optional(whole(1, 256)), about("Jobs that run at once")),
    limits: v.optional(v.strictObject({
      wall: v.pipe(v.optional(duration(86_400_000, "1d")), about("How long a job may run")),
      memory_bytes: v.pipe(
        v.optional(whole(1 << 20, jobFormatLimits.askedBytes)),
        about("Memory of a job"),
      ),
      output_bytes: v.pipe(
        v.optional(whole(0, jobFormatLimits.askedBytes)),
        about("Output of a job"),
      ),
    })),
  })),
});

/** The schema of provider.toml. */
export const documentSchema: typeof document = document;

/** A provider.toml as it is written. */
export type RawDocument = v.InferInput<typeof documentSchema>;

/** The same, its times in milliseconds and its arches by their names. */
export type Document = v.InferOutput<typeof documentSchema>;
