/**
 * One provider for machines of two kinds: each gets what is made for it, and an arm64 machine boots
 * from an x86_64 one, starts the next kernel, and serves.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { testImage } from "../support/images.ts";
import {
  arm64Tools,
  freePort,
  type LoopPlace,
  loopPlace,
  loopTools,
  publisher,
  quietKernel,
  startClient,
  untilServed,
} from "../support/loop.ts";
import { startProvider } from "../support/provider.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;

/** A directory with an image for each arch. */
async function bothArches({ directory, artifacts }: LoopPlace): Promise<string> {
  const tree = directory.join("tree");
  const [arm64, x86] = ["arm64", "x86_64"].map((arch) => join(tree, "stable", arch)) as [
    string,
    string,
  ];
  await fs.mkdir(x86, { recursive: true });
  await fs.rename(artifacts, arm64);
  const image = join(x86, "initramfs.img");
  const { kernel } = await testImage(image, { kind: "node", trust: [publisher.keyid] });
  await fs.copyFile(kernel, join(x86, "vmlinuz"));
  return tree;
}

function archOf(manifest: Uint8Array): string {
  return JSON.parse(new TextDecoder().decode(manifest)).arch;
}

Deno.test(
  "a provider serves both arches; an arm64 machine boots arm64 from it and serves that",
  needing({ tools: [...loopTools, ...arm64Tools] }, async () => {
    await using place = await loopPlace("arm64");
    const tree = await bothArches(place);
    const args = ["--arch", "x86_64", "--cmdline", quietKernel];
    await using host = await startProvider(tree, place.home, { args });
    const [arm64, x86, plain] = await Promise.all(
      ["/stable/arm64/manifest.json", "/stable/x86_64/manifest.json", "/manifest.json"].map(
        (path) => untilServed(`${host.origin}${path}`, 60 * seconds),
      ),
    );
    assert.equal(archOf(arm64!), "arm64");
    assert.equal(archOf(x86!), "x86_64");
    assert.deepEqual(plain, x86);

    const port = freePort();
    await using vm = await startClient(place, [host.origin], {
      name: "arm64",
      append: "phase.serve=1",
      forward: [{ host: port, guest: 8080 }],
    });
    await vm.waitFor(/phase: starting the kernel/, 180 * seconds);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
    const url = `http://127.0.0.1:${port}`;
    assert.deepEqual(await untilServed(`${url}/manifest.json`, 120 * seconds), arm64);
    const status = await (await fetch(`${url}/status`)).json();
    assert.deepEqual([...new Set(status.artifacts.map((one: { arch: string }) => one.arch))], [
      "arm64",
    ]);
  }),
);
