/**
 * How long the program takes to start: a short command, and a provider until its first answer.
 *
 * @module
 */

import type { BenchOptions, BenchSection } from "../support/performance_page.ts";
import { median } from "../support/performance_page.ts";
import { runProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { executableTables } from "./start_executable.ts";

const runs = 15;

/** Measures starts from source, with everything cached. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  await using home = await tempDirectory();
  const image = `${home.path}/image`;
  await Deno.mkdir(image);
  await Deno.writeFile(`${image}/vmlinuz`, crypto.getRandomValues(new Uint8Array(65_536)));
  const rows: string[] = [];
  const measures = {
    "`plasmd version`": async () => void await runProgram(["version"]),
    "`plasmd --help`": async () => void await runProgram(["--help"]),
    "`plasmd serve` until GET /kernel is answered": () => firstAnswer(image, home.path),
  };
  for (const [what, measure] of Object.entries(measures)) {
    say(what);
    await measure(); // fills the caches
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      signal.throwIfAborted();
      times.push(await timed(measure));
    }
    const sorted = times.toSorted((a, b) => a - b);
    rows.push(`| ${what} | ${ms(median(times))} | ${ms(sorted[0]!)} | ${ms(sorted.at(-1)!)} |`);
  }
  return {
    title: "Start",
    markdown: [
      `${runs} runs each from source, caches warm, 64 KiB of kernel, ` +
      `${navigator.hardwareConcurrency} cores (${Deno.build.target}), Deno ${Deno.version.deno}.`,
      "",
      "| what | median | fastest | slowest |",
      "|---|---|---|---|",
      ...rows,
      "",
      await executableTables({ say, signal }),
    ].join("\n"),
  };
}

async function timed(measure: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await measure();
  return performance.now() - start;
}

/** From the start of the process to the last byte of an artifact; ends it again, untimed after. */
async function firstAnswer(image: string, home: string): Promise<void> {
  const provider = await startProvider(image, home);
  try {
    await (await fetch(`${provider.origin}/kernel`)).bytes();
  } finally {
    provider.process.kill("SIGKILL");
    await provider.process.ended;
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
