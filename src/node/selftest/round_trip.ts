/**
 * The check of the whole: a confined daemon signs and serves a small image on loopback, a client
 * that trusts only its key fetches it, and one changed byte is refused.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { bootFetch, type BootFetchOptions } from "../../boot/fetch.ts";
import { bootVerify } from "../../boot/verify.ts";
import { defaultChannel, machineArch } from "../../formats/names.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { bytesText } from "../../lib/text.ts";
import { policyFromKeys, type TrustPolicy } from "../../trust/policy.ts";
import { runConfinedDaemon } from "../confine.ts";
import { type DaemonOptions, type DaemonReady, usualLimits } from "../protocol.ts";

/** Where the small image is made. */
export interface SmallImage {
  readonly directory: string;
}

/** What this check needs. */
export interface RoundTripContext extends SmallImage {
  readonly deps: Deps;
  readonly signal: AbortSignal;
}

const kernelBytes = 1024 * 1024;
const initramfsBytes = 16 * 1024 * 1024;

/** Serves, fetches, verifies, and has a changed byte refused. */
export async function checkRoundTrip(context: RoundTripContext): Promise<string> {
  const options = await makeImage(context);
  return await whileServing(options, context.signal, async (ready, signal) => {
    const client = clientOptions(context, ready, signal);
    const { bytes, durationMs } = await bootFetch(client, context.deps);
    await bootVerify(client.output, client, context.deps);
    await refuseChangedByte(client, context);
    const rate = bytesText(bytes / Math.max(0.001, durationMs / 1000));
    return `${bytesText(bytes)} signed, served and verified at ${rate}/s; ` +
      "a changed byte is refused";
  });
}

async function makeImage({ directory, deps }: RoundTripContext): Promise<DaemonOptions> {
  const artifacts = join(directory, "artifacts");
  const stateDir = join(directory, "state");
  await fs.mkdir(artifacts);
  await fs.mkdir(stateDir, { mode: 0o700 });
  await fs.writeFile(join(artifacts, "vmlinuz"), randomBytes(deps, kernelBytes));
  await fs.writeFile(join(artifacts, "initramfs"), randomBytes(deps, initramfsBytes));
  return {
    artifacts,
    stateDir,
    stateWritable: true,
    limits: usualLimits(),
    channel: defaultChannel,
    arch: machineArch(),
    host: "127.0.0.1",
    port: 0,
    identity: { seed: deps.random.bytes(32), file: "(made for the self-test)" },
  };
}

/** The operating system hands out 64 KiB at most at once. */
function randomBytes({ random }: Pick<Deps, "random">, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) bytes.set(random.bytes(65_536), at);
  return bytes;
}

/** Does the work while the confined daemon serves, and stops it after. */
async function whileServing<T>(
  options: DaemonOptions,
  signal: AbortSignal,
  work: (ready: DaemonReady, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const { promise: ready, resolve } = Promise.withResolvers<DaemonReady>();
  const logging = { level: "error", format: "text" } as const;
  const daemon = runConfinedDaemon(options, { logging, onReady: resolve, signal: either });
  // Whatever ends the daemon before it serves is what this check found.
  const ended = daemon.then((): never => {
    throw new PlasmdError("failed", "The daemon stopped before it served");
  });
  ended.catch(() => {});
  try {
    return await work(await Promise.race([ready, ended]), either);
  } finally {
    stop.abort(new PlasmdError("cancelled", "The self-test is done"));
    await daemon.catch(() => {});
  }
}

function clientOptions(
  { directory }: SmallImage,
  { origins, keyid }: DaemonReady,
  signal: AbortSignal,
): BootFetchOptions & { readonly policy: TrustPolicy } {
  return {
    urls: [origins[0]!],
    policy: policyFromKeys([keyid], { source: "the self-test" }),
    output: join(directory, "fetched"),
    stateDir: join(directory, "client"),
    signal,
  };
}

async function refuseChangedByte(options: BootFetchOptions, { deps }: RoundTripContext) {
  const file = await fs.open(join(options.output, "initramfs"), "r+");
  try {
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, initramfsBytes / 2);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, initramfsBytes / 2);
  } finally {
    await file.close();
  }
  const refused = await bootVerify(options.output, options, deps).catch(toPlasmdError);
  if (!(refused instanceof PlasmdError)) {
    throw new PlasmdError("internal", "An image with a changed byte was accepted");
  }
  if (refused.code !== "mismatch") throw refused;
}
