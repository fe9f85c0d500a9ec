/**
 * The loop from power-on to serving, stage by stage, in a virtual machine without hardware help: a
 * machine starts Phase Boot, fetches an image from the host, verifies it, starts its kernel, and the
 * new system serves it on.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { bytesText } from "../../src/lib/text.ts";
import { freePort, type LoopPlace, loopPlace, loopTools } from "../support/loop.ts";
import { quietKernel, startClient, untilServed } from "../support/loop.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { startProvider } from "../support/provider.ts";
import { missingTools } from "../support/tools.ts";

const rounds = 3;
const stageMs = 180_000;

/** The stages by what the console says when each is over. */
const stages: readonly (readonly [stage: string, over: RegExp])[] = [
  ["firmware, kernel, unpacking Phase Boot", /phase: client image/],
  ["drivers, an address by DHCP", /phase: eth0: /],
  ["plasmd starts", /phase: looking for providers/],
  ["manifest and files are fetched and verified", /phase: copying what was verified/],
  ["hashed again into sealed memory", /phase: loading the kernel/],
  ["the kernel takes it", /phase: starting the kernel/],
  ["the next kernel, unpacking image and handover", /phase: node image/],
  ["drivers, an address by DHCP", /phase: eth0: /],
];
const lastStage = "plasmd starts, verifies and serves";

/** Measures the loop. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  const title = "The loop: power-on to serving";
  const missing = missingTools(loopTools);
  if (missing.length > 0) return { title, markdown: `Not run: ${missing.join(", ")} missing.` };
  await using place = await loopPlace("x86_64", 19);
  await using host = await startProvider(place.artifacts, place.home, {
    args: ["--cmdline", quietKernel],
  });
  await untilServed(`${host.origin}/manifest.json`, stageMs);
  const runs: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    const times = await oneLoop(place, host.origin);
    say(`round ${round + 1}: ${(times.at(-1)! / 1000).toFixed(1)} s`);
    runs.push(times);
  }
  return { title, markdown: await table(runs, place) };
}

/** Milliseconds from power-on to the end of each stage. */
async function oneLoop(place: LoopPlace, provider: string): Promise<number[]> {
  const port = freePort();
  const start = performance.now();
  await using vm = await startClient(place, [provider], {
    name: "loop",
    append: "phase.serve=1",
    forward: [{ host: port, guest: 8080 }],
  });
  const times: number[] = [];
  for (const [, over] of stages) {
    await vm.waitFor(over, stageMs);
    times.push(performance.now() - start);
  }
  await untilServed(`http://127.0.0.1:${port}/manifest.json`, stageMs);
  return [...times, performance.now() - start];
}

async function table(runs: readonly number[][], place: LoopPlace): Promise<string> {
  const names = [...stages.map(([name]) => name), lastStage];
  const at = (stage: number) => median(runs.map((times) => times[stage]!));
  const rows = names.map((name, i) => {
    const took = median(runs.map((times) => times[i]! - (times[i - 1] ?? 0)));
    return `| ${name} | ${text(took)} | ${text(at(i))} |`;
  });
  const sizes = await Promise.all(
    ["vmlinuz", "initramfs.img"].map(async (name) =>
      bytesText((await fs.stat(join(place.artifacts, name))).size)
    ),
  );
  return [
    `QEMU with TCG, 2 virtual cores on ${navigator.hardwareConcurrency} shared ones, 1 GiB of ` +
    `memory; kernel ${sizes[0]}, initramfs ${sizes[1]}; median of ${rounds} runs. Every byte is ` +
    "verified when it arrives, when it is sealed, and again by the system that serves it. The " +
    "images are built with --level 19, and the machines have no ERMS, which TCG emulates a byte at " +
    "a time ([why](decisions/boot-speed.md)).",
    "",
    "| stage | takes | over after |",
    "|---|---|---|",
    ...rows,
  ].join("\n");
}

function text(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
