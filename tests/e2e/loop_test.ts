/**
 * The loop: the host boots A, A boots B, B boots C, each from nothing but Phase Boot, each serving
 * the publisher's manifest byte for byte.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  freePort,
  type LoopPlace,
  loopPlace,
  loopTools,
  quietKernel,
  startClient,
  untilServed,
} from "../support/loop.ts";
import { startProvider } from "../support/provider.ts";
import { needing } from "../support/tools.ts";
import type { Vm } from "../support/vm.ts";

const seconds = 1000;

/** Boots a machine from a provider; returns when it serves. */
async function bootFrom(
  place: LoopPlace,
  name: string,
  provider: string,
): Promise<{ readonly vm: Vm; readonly url: string; readonly manifest: Uint8Array }> {
  const port = freePort();
  const vm = await startClient(place, [provider], {
    name,
    append: "phase.serve=1",
    forward: [{ host: port, guest: 8080 }],
  });
  try {
    await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
    const url = `http://127.0.0.1:${port}`;
    return { vm, url, manifest: await untilServed(`${url}/manifest.json`, 120 * seconds) };
  } catch (thrown) {
    await vm[Symbol.asyncDispose]();
    throw thrown;
  }
}

Deno.test(
  "the host boots A, A boots B, B boots C, and each provider is gone before the next machine starts",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const args = ["--cmdline", quietKernel];
    const host = await startProvider(place.artifacts, place.home, { args });
    await using stack = new AsyncDisposableStack();
    stack.use(host);
    const manifest = await untilServed(`${host.origin}/manifest.json`, 30 * seconds);
    let provider: AsyncDisposable & { readonly url: string } = Object.assign(host, {
      url: host.origin,
    });
    for (const name of ["A", "B", "C"]) {
      const { vm, url, manifest: served } = await bootFrom(place, name, provider.url);
      stack.use(vm);
      assert.deepEqual(served, manifest, `${name} serves other bytes`);
      await provider[Symbol.asyncDispose]();
      provider = Object.assign(vm, { url });
    }
  }),
);
