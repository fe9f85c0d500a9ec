/**
 * How fast artifacts are hashed, beside `openssl dgst -sha256` on the same file.
 *
 * @module
 */

import { openHasher } from "../../src/artifacts/hash.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { formatLimits } from "../../src/lib/limits.ts";
import { testBytes } from "../support/artifacts.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { tempDirectory } from "../support/temp.ts";
import { missingTools, runTool } from "../support/tools.ts";

const MiB = 1024 * 1024;
const fileBytes = 256 * MiB;
const runs = 7;

/** Measures the hash of the whole and of each chunk, from the page cache. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  await using directory = await tempDirectory();
  const file = `${directory.path}/rootfs`;
  await Deno.writeFile(file, testBytes(fileBytes));
  const ours = (workers: number) => () => hashed(directory.path, file, workers);
  const measures: Record<string, () => Promise<string>> = {
    ...(missingTools(["openssl"]).length > 0 ? {} : {
      "openssl dgst -sha256, whole only": () => openssl(file),
    }),
    "plasmd, whole and 4 MiB chunks, one Worker": ours(1),
    "plasmd, whole and 4 MiB chunks, two Workers": ours(2),
  };
  const digests = new Set<string>();
  const speeds = new Map<string, number[]>(Object.keys(measures).map((what) => [what, []]));
  // In turn, so that a slow moment of the machine hits all of them.
  for (let run = 0; run <= runs; run++) {
    for (const [what, measure] of Object.entries(measures)) {
      signal.throwIfAborted();
      const start = performance.now();
      digests.add(await measure());
      const speed = fileBytes / MiB / ((performance.now() - start) / 1000);
      if (run > 0) speeds.get(what)!.push(speed); // the first one fills the caches
    }
  }
  if (digests.size !== 1) throw new Error(`The digests differ: ${[...digests].join(", ")}`);
  for (const [what, all] of speeds) say(`${what}: ${mbs(median(all))}`);
  return { title: "Hashing", markdown: table(speeds) };
}

async function hashed(directory: string, file: string, workers: number): Promise<string> {
  await using hasher = openHasher({ workers, read: [directory] }, systemDeps());
  return (await hasher.hash(file, { chunkSize: formatLimits.chunkBytesDefault })).digest;
}

async function openssl(file: string): Promise<string> {
  return (await runTool("openssl", "dgst", "-sha256", "-r", file)).slice(0, 64);
}

function table(speeds: ReadonlyMap<string, readonly number[]>): string {
  const rows = [...speeds].map(([what, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    return `| ${what} | ${mbs(median(all))} | ${mbs(sorted[0]!)} | ${mbs(sorted.at(-1)!)} |`;
  });
  return [
    `${fileBytes / MiB} MiB in the page cache, ${runs} runs, the start of processes and Workers ` +
    `included, ${navigator.hardwareConcurrency} cores (${Deno.build.target}), ` +
    `Deno ${Deno.version.deno}.`,
    "",
    "| what | median | slowest | fastest |",
    "|---|---|---|---|",
    ...rows,
    ...verdicts(speeds),
  ].join("\n");
}

/** Each byte is hashed twice, for the whole and for its chunk; openssl does it once. */
const hashesOfAByte = 2;

/** What was to be reached in SHA-256 computed, on one core and on two. */
function verdicts(speeds: ReadonlyMap<string, readonly number[]>): string[] {
  const [openssl, one, two] = [...speeds.values()].map(median);
  if (openssl === undefined || one === undefined || two === undefined) return [];
  const row = (cores: string, speed: number, wanted: number) => {
    const share = speed * hashesOfAByte / openssl;
    const verdict = share >= wanted ? "reached" : "**missed**";
    return `| ${cores} | ${mbs(speed * hashesOfAByte)} | ${share.toFixed(2)} | ${
      wanted.toFixed(1)
    } | ${verdict} |`;
  };
  return [
    "",
    "Each byte is hashed twice, once for the whole and once for its chunk. In SHA-256 computed:",
    "",
    "| Workers | SHA-256 | of openssl | wanted | |",
    "|---|---|---|---|---|",
    row("one", one, 1),
    row("two", two, 1.7),
  ];
}

function mbs(mibPerSecond: number): string {
  return `${Math.round(mibPerSecond * 1.048576)} MB/s`;
}
