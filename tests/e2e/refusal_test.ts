/**
 * What a booting machine refuses: each reason on its console, no kexec, and the next provider.
 *
 * @module
 */

import assert from "node:assert/strict";
import { formatTime } from "../../src/formats/time.ts";
import { type BootableFiles, serving } from "../support/bootable.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import {
  imageInMemory,
  type LoopPlace,
  loopPlace,
  loopTools,
  publisher,
  startClient,
  stranger,
} from "../support/loop.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;
const days = 86_400 * seconds;

/** A manifest in which one digit of the version was changed. */
function tamperedManifest(image: BootableFiles): BootableFiles {
  const bytes = image["manifest.json"]!.slice();
  const at = new TextDecoder().decode(bytes).indexOf('"version":"') + '"version":"'.length;
  bytes[at] = bytes[at] === 0x39 ? 0x38 : 0x39;
  return { ...image, "manifest.json": bytes };
}

/** The same image as if it had been published ten days ago, for one day. */
function expired(place: LoopPlace): Promise<BootableFiles> {
  const then = Date.now() - 10 * days;
  return imageInMemory(place, {
    created_at: formatTime(then),
    expires_at: formatTime(then + days),
    sequence: Math.floor(then / 1000),
  });
}

/** How the console says that a provider isn't used. */
function notUsed(url: string, why: string): RegExp {
  const port = new URL(url).port;
  return new RegExp(`http://10\\.0\\.2\\.2:${port}.*${why}`);
}

Deno.test(
  "a tampered manifest, an untrusted key and an expired manifest are refused with their reasons",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const good = await imageInMemory(place);
    await using tampered = startOrigin(serving(tamperedManifest(good)));
    await using untrusted = startOrigin(serving(await imageInMemory(place, {}, stranger)));
    await using old = startOrigin(serving(await expired(place)));
    await using vm = await startClient(place, [tampered, untrusted, old], { name: "refused" });
    await vm.waitFor(/no system was started, exit code 4/, 120 * seconds);
    const text = vm.console();
    assert.match(text, notUsed(tampered.url, "Cannot trust the manifest"));
    assert.match(text, notUsed(untrusted.url, "Cannot trust the manifest"));
    assert.match(text, notUsed(old.url, "expired"));
    assert.doesNotMatch(text, /loading the kernel/);
    for (const { requests } of [tampered, untrusted, old]) {
      assert.ok(
        requests.every(({ path }) => path.endsWith("/manifest.json")),
        "files were asked for",
      );
    }
    await vm.off(30 * seconds);
  }),
);

Deno.test(
  "a provider that tampers with a chunk is named, and the next one's older image is booted",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const sequence = Math.floor(Date.now() / 1000);
    const newer = await imageInMemory(place, { sequence: sequence + 100, version: "2" });
    const older = await imageInMemory(place, { sequence, version: "1" });
    await using bad = startOrigin(serving(newer, flipped));
    await using good = startOrigin(after(() => bad.requests.length > 0, serving(older)));
    await using vm = await startClient(place, [bad, good], { name: "tampered-chunk" });
    await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
    const text = vm.console();
    assert.match(text, notUsed(bad.url, 'sent wrong bytes in chunk \\d+ of "(kernel|initramfs)"'));
    assert.match(text, /image +stable\/x86_64 1, sequence/);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
  }),
);

/** Flips a byte of the initramfs. */
function flipped(name: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (name === "initramfs") bytes[bytes.length >> 1]! ^= 1;
  return bytes;
}

/** Answers nobody until something has happened: closes without a word, which is asked again. */
function after(happened: () => boolean, behave: Behave): Behave {
  return (request, origin) => happened() ? behave(request, origin) : undefined;
}

Deno.test(
  "phase.trust on the kernel command line can't widen what the image pins",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    await using origin = startOrigin(serving(await imageInMemory(place, {}, stranger)));
    const keys = `${publisher.keyid},${stranger.keyid}`;
    await using vm = await startClient(place, [origin], {
      name: "widened",
      append: `phase.trust=${keys}`,
    });
    await vm.waitFor(/error: .*the kernel command line.*\/etc\/phase\/trust\.toml/, 120 * seconds);
    await vm.waitFor(/no system was started, exit code 4/, 30 * seconds);
    assert.equal(origin.requests.length, 0);
    await vm.off(30 * seconds);
  }),
);
