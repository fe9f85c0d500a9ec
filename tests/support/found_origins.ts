/**
 * Providers of a test that are found in a DHT: each a node that advertises, and beside it an origin
 * that behaves as the test wants.
 *
 * @module
 */

import type { Arch } from "../../src/formats/names.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { P2pNode } from "../../src/p2p/options.ts";
import { dhtNode, dhtProvider, published, tcpAddress, testImage as advertised } from "./dht.ts";
import { type Behave, type FakeOrigin, startOrigin } from "./fake_origin.ts";
import { type TestImage, testImage } from "./image_origin.ts";
import { testIdentity } from "./manifests.ts";
import { type Ended, runProgram } from "./program.ts";

/** What the providers of a test serve. */
export const wanted: { readonly channel: string; readonly arch: Arch } = {
  channel: "stable",
  arch: "arm64",
};

/** An image that was made just now, so that a program with the system's clock takes it. */
export function freshImage(): TestImage {
  const now = Date.now();
  return testImage({
    ...wanted,
    created_at: formatTime(now - 60_000),
    expires_at: formatTime(now + 3_600_000),
    sequence: Math.floor(now / 1000),
  });
}

/** Providers that advertise by one bootstrap node. Disposing it ends them all. */
export interface FoundOrigins extends AsyncDisposable {
  readonly origins: readonly FakeOrigin[];
  /** Runs a command that looks for them, and trusts the image's publisher. */
  run(...args: string[]): Promise<Ended>;
}

/** Starts a provider for each behaviour, and waits until all have been published. */
export async function foundOrigins(behaviours: readonly Behave[]): Promise<FoundOrigins> {
  const stack = new AsyncDisposableStack();
  const bootstrap = stack.use(await dhtNode());
  const origins = behaviours.map((behave) => stack.use(startOrigin(anyRoute(behave))));
  for (const [i, { url }] of origins.entries()) stack.use(await advertise(100 + i, url, bootstrap));
  const where = ["--channel", wanted.channel, "--arch", wanted.arch, "--mode", "internet"];
  const who = ["--bootstrap", tcpAddress(bootstrap), "--trust", testIdentity(1).keyid];
  return {
    origins,
    run: (...args) => runProgram([...args, ...where, ...who]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function advertise(number: number, url: string, bootstrap: P2pNode) {
  const httpPort = Number(new URL(url).port);
  const provider = await dhtProvider(number, [bootstrap], {
    httpPort,
    images: () => [advertised(wanted)],
  });
  await published(provider);
  return provider;
}

/** The same behaviour under the routes that name channel and arch. */
function anyRoute(behave: Behave): Behave {
  const route = `/${wanted.channel}/${wanted.arch}/`;
  return (request, origin) =>
    behave({ ...request, path: request.path.replace(route, "/") }, origin);
}
