/**
 * A machine with a state partition: a fetch that a power cut ended goes on, and what was accepted
 * once is remembered.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type BootableFiles, serving } from "../support/bootable.ts";
import { type Behave, type FakeOrigin, startOrigin } from "../support/fake_origin.ts";
import { imageInMemory, loopPlace, loopTools, startClient } from "../support/loop.ts";
import type { TempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const seconds = 1000;
const tools = [...loopTools, "mkfs.ext4"];

/** A disk with an ext4 file system of this label. */
async function stateDisk(directory: TempDirectory, label: string): Promise<string> {
  const path = directory.join("state.disk");
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, 512 * 1024 * 1024);
  await runTool("mkfs.ext4", "-q", "-L", label, path);
  return path;
}

/** Serves an image, but says nothing any more once it has sent this many bytes of files. */
function silentAfter(bytes: number, files: BootableFiles): Behave {
  let left = bytes;
  return (request, origin) => {
    const reply = serving(files)(request, origin);
    if (reply?.body === undefined || request.path.endsWith("/manifest.json")) return reply;
    const body = reply.body as Uint8Array;
    const sent = body.subarray(0, Math.max(0, left));
    left -= body.length;
    if (sent.length === body.length) return reply;
    return { ...reply, body: thenNothing(sent, origin) };
  };
}

async function* thenNothing(bytes: Uint8Array, { closed }: FakeOrigin) {
  if (bytes.length > 0) yield bytes;
  await closed;
}

/** Bytes of files that a provider was asked for. */
function askedBytes({ requests }: FakeOrigin): number {
  return requests.reduce((sum, { headers }) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
    return range === null ? sum : sum + Number(range[2]) - Number(range[1]) + 1;
  }, 0);
}

Deno.test(
  "a fetch that a power cut ended goes on from the disk, and an older image is refused from then on",
  needing({ tools }, async () => {
    await using place = await loopPlace();
    const disk = await stateDisk(place.directory, "phase-state");
    const machine = { disks: [disk], append: "phase.state=LABEL=phase-state" };
    const sequence = Math.floor(Date.now() / 1000);
    const image = await imageInMemory(place, { sequence });
    const size = image.kernel!.length + image.initramfs!.length;

    await using first = startOrigin(silentAfter(size * 0.7, image));
    const cut = await startClient(place, [first], { name: "power-cut", ...machine });
    try {
      await cut.waitFor(/phase: state is kept on \/dev\/vda/, 60 * seconds);
      // Two thirds are there, written and flushed, when the lights go out.
      await cut.waitFor(/fetching initramfs [^\r]* 6[0-9]%/, 120 * seconds);
    } finally {
      await cut.kill();
    }

    await using second = startOrigin(serving(image));
    await using resumed = await startClient(place, [second], { name: "resumed", ...machine });
    await resumed.waitFor(/phase: starting the kernel/, 120 * seconds);
    assert.ok(askedBytes(second) > 0);
    assert.ok(askedBytes(second) < size * 0.6, `${askedBytes(second)} of ${size} asked for again`);
    await resumed.kill();

    await using older = startOrigin(
      serving(await imageInMemory(place, { sequence: sequence - 1 })),
    );
    await using refused = await startClient(place, [older], { name: "rollback", ...machine });
    await refused.waitFor(/error: .*older|error: .*sequence/, 120 * seconds);
    await refused.waitFor(/no system was started, exit code 4/, 30 * seconds);
    assert.doesNotMatch(refused.console(), /loading the kernel/);
    await refused.off(30 * seconds);
  }),
);
