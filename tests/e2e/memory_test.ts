/**
 * Machines with little memory: enough is enough, and too little is a refusal that names numbers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { ManifestArtifact } from "../../src/formats/manifest.ts";
import { serving } from "../support/bootable.ts";
import { startOrigin } from "../support/fake_origin.ts";
import {
  freePort,
  imageInMemory,
  loopPlace,
  loopTools,
  startClient,
  untilServed,
} from "../support/loop.ts";
import { artifactOf } from "../support/manifests.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;
const outOfMemory = /Out of memory|oom-kill|Killed/;

Deno.test(
  "512 MB boot and serve; what can't be handed over is fetched again",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const image = await imageInMemory(place);
    await using origin = startOrigin(serving(image));
    const port = freePort();
    await using vm = await startClient(place, [origin], {
      name: "512",
      memory: 512,
      append: "phase.serve=1",
      forward: [{ host: port, guest: 8080 }],
    });
    await vm.waitFor(/phase: this machine was booted by plasmd/, 180 * seconds);
    const served = await untilServed(`http://127.0.0.1:${port}/manifest.json`, 180 * seconds);
    assert.deepEqual(served, image["manifest.json"]);
    assert.doesNotMatch(vm.console(), outOfMemory);
  }),
);

Deno.test(
  "a rootfs larger than memory is refused before it is fetched",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const small = await imageInMemory(place);
    const image = await imageInMemory(place, {
      artifacts: {
        kernel: artifactOf(small.kernel!, "/kernel", 1024 * 1024),
        initramfs: artifactOf(small.initramfs!, "/initramfs", 1024 * 1024),
        rootfs: hugeArtifact(2 * 1024),
      },
    });
    await using origin = startOrigin(serving(image));
    await using vm = await startClient(place, [origin], { name: "huge" });
    await vm.waitFor(
      /error: Cannot boot this image: 2\.\d GiB of memory are needed to run the image with its rootfs, 97\d MiB are there/,
      120 * seconds,
    );
    await vm.waitFor(/no system was started, exit code 1/, 30 * seconds);
    assert.doesNotMatch(vm.console(), outOfMemory);
    assert.ok(origin.requests.every(({ path }) => path.endsWith("/manifest.json")));
    await vm.off(30 * seconds);
  }),
);

/** A rootfs of so many MiB that nobody has. */
function hugeArtifact(mebibytes: number): ManifestArtifact {
  const chunk = 16;
  return {
    hash: `sha256:${randomBytes(32).toString("hex")}`,
    size: mebibytes * 1024 * 1024,
    path: "/rootfs",
    chunks: {
      size: chunk * 1024 * 1024,
      hashes: randomBytes(32 * (mebibytes / chunk)).toString("base64"),
    },
  };
}

Deno.test(
  "256 MB are refused by init before plasmd is started",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    await using vm = await startClient(place, [], { name: "256", memory: 256 });
    await vm.waitFor(/this machine has 2\d\d MiB of memory, 384 MiB are needed/, 90 * seconds);
    assert.doesNotMatch(vm.console(), outOfMemory);
    await vm.off(30 * seconds);
  }),
);
