/**
 * Jobs: how fast they start and compute, beside another runtime, and how many a worker does.
 *
 * @module
 */

import { runJob } from "../../src/jobs/broker.ts";
import { openPool } from "../../src/jobs/pool.ts";
import type { JobInput } from "../../src/jobs/job.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { buildCompute, type computePrograms, computeTools } from "../support/compute_modules.ts";
import { hello } from "../support/job_modules.ts";
import { bareJob, jobProcessesOf, ownJobProcess } from "../support/job_processes.ts";
import { workerHome } from "../support/job_worker.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { processFigures } from "../support/process_figures.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { missingTools } from "../support/tools.ts";
import { installWasmtime, type Wasmtime, wasmtimeVersion } from "../support/wasmtime.ts";

const MiB = 1 << 20;
const computeRuns = 5;
const startRuns = 15;
const tinyJobs = 1000;
const inFlight = 16;

/** What is to be reached. */
const aims = { compute: 0.9, warmMs: 30, perSecond: 50, memoryMiB: 20 } as const;

const deps = systemDeps();
const signal = new AbortController().signal;

/** What the tables are made of. */
interface Row {
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
  readonly aim: string;
  readonly verdict: string;
}

/** Measures jobs. */
export async function bench({ say, signal: stop }: BenchOptions): Promise<BenchSection> {
  await using home = await tempDirectory();
  const load = Deno.loadavg()[0]!;
  const peer = await installWasmtime(home.path);
  if (typeof peer === "string") say(peer);
  const other = typeof peer === "string" ? undefined : peer;
  const rows: Row[] = [];
  const step = async (measure: () => Promise<readonly Row[]>) => {
    stop.throwIfAborted();
    const made = await measure();
    for (const row of made) say(`${row.what}: ${row.ours}, wasmtime ${row.theirs}`);
    rows.push(...made);
  };
  await step(() => starts(home.path, other));
  if (missingTools(computeTools).length === 0) {
    await step(async () => [await compute("sha256", "256", home.path, other)]);
    await step(async () => [await compute("mandelbrot", "1500", home.path, other)]);
  }
  await step(manyTiny);
  return {
    title: "Jobs",
    markdown: [
      `One machine, ${navigator.hardwareConcurrency} cores (${Deno.build.target}), Deno ` +
      `${Deno.version.deno} from source. Beside it ` +
      (other ? `the Python package wasmtime ${wasmtimeVersion}` : `nothing: ${peer}`) +
      ". Medians, in turn. A job of ours is checked, handed to a process of its own, compiled and " +
      "run; there it is compiled and run in the process that asks. Processes of jobs have less " +
      "priority than what else the machine does: its load was " +
      `${load.toFixed(1)} before and ${
        Deno.loadavg()[0]!.toFixed(1)
      } behind, and the other runtime ` +
      "has the usual one. Each job has a process of its own, whose start is what a tiny job costs.",
      "",
      "| what | plasmd | wasmtime | wanted | |",
      "|---|---|---|---|---|",
      ...rows.map(({ what, ours, theirs, aim, verdict }) =>
        `| ${what} | ${ours} | ${theirs} | ${aim} | ${verdict} |`
      ),
    ].join("\n"),
  };
}

async function starts(directory: string, peer: Wasmtime | undefined): Promise<Row[]> {
  const file = `${directory}/hello.wasm`;
  const module = hello("hello\n", 0);
  await Deno.writeFile(file, module);
  const command = await times(startRuns, () => runProgram(["job", "run", file]));
  const cold = await times(
    startRuns,
    () => runJob(bareJob(module), { ...ownJobProcess(), write: () => {}, signal }, deps),
  );
  await using pool = openPool({ ...ownJobProcess(), warm: 1 }, deps);
  const warm = await times(startRuns, async () => {
    await pool.run(bareJob(module), { write: () => {} }, { signal, submitter: "bench" });
  }, () => deps.clock.sleep(500)); // the next process is ready
  const there = peer && await peer.run(file, [], startRuns + 1);
  const python = peer && await times(startRuns, () => peer.run(file, [], 1));
  return [
    {
      what: "a small job by a command, from the start of its process",
      ours: ms(median(command)),
      theirs: python ? ms(median(python)) : "",
      aim: "",
      verdict: "",
    },
    {
      what: "a small job in a process that is started for it",
      ours: ms(median(cold)),
      theirs: "",
      aim: "",
      verdict: "",
    },
    {
      what: "a small job in a process that waits for it",
      ours: ms(median(warm)),
      theirs: there ? ms(median(there.times.slice(1))) : "",
      aim: `under ${aims.warmMs} ms`,
      verdict: verdict(median(warm) < aims.warmMs),
    },
  ];
}

async function compute(
  name: keyof typeof computePrograms,
  size: string,
  directory: string,
  peer: Wasmtime | undefined,
): Promise<Row> {
  const file = await buildCompute(name, directory);
  const module = await Deno.readFile(file);
  const job: JobInput = { ...bareJob(module, { wallMs: 120_000 }), args: ["module", size] };
  await using pool = openPool({ ...ownJobProcess(), warm: 1 }, deps);
  const ours: number[] = [];
  const theirs: number[] = [];
  const printed = new Set<string>();
  for (let run = 0; run <= computeRuns; run++) {
    await deps.clock.sleep(500); // the process is ready
    let out = "";
    const write = (_: string, bytes: Uint8Array) => void (out += new TextDecoder().decode(bytes));
    const [took] = await times(
      1,
      () => pool.run(job, { write }, { signal, submitter: "bench" }),
    );
    printed.add(out);
    const there = await peer?.run(file, [size], 1);
    if (there) printed.add(there.stdout);
    if (run === 0) continue; // fills the caches
    ours.push(took!);
    if (there) theirs.push(there.times[0]!);
  }
  if (printed.size !== 1) throw new Error(`The results differ: ${[...printed].join(", ")}`);
  const share = theirs.length > 0 ? median(theirs) / median(ours) : undefined;
  return {
    what: `${name} ${size}, in a process that waits`,
    ours: ms(median(ours)) + (share === undefined ? "" : ` (${share.toFixed(2)}x)`),
    theirs: share === undefined ? "" : ms(median(theirs)),
    aim: `${aims.compute}x`,
    verdict: share === undefined ? "" : verdict(share >= aims.compute),
  };
}

/** Many tiny jobs of one submitter over HTTP: signed, queued, run, with a receipt each. */
async function manyTiny(): Promise<Row[]> {
  await using home = await workerHome(`concurrency = ${navigator.hardwareConcurrency}`);
  await using worker = await home.start();
  const { pid } = worker.provider.process;
  const module = hello("hello\n", 0);
  const sendAll = async (count: number) => {
    let left = count;
    const one = async () => {
      while (left-- > 0) {
        const { state, problem } = await worker.run(module);
        if (state !== "done") throw new Error(`A job is ${state}: ${problem?.detail}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, one));
  };
  await sendAll(50);
  await deps.clock.sleep(1000);
  const before = processFigures(pid).resident;
  const waiting = median(jobProcessesOf(pid).map((one) => processFigures(one).resident));
  const [took] = await times(1, () => sendAll(tinyJobs));
  await deps.clock.sleep(5000);
  const grown = (processFigures(pid).resident - before) / MiB;
  const rate = tinyJobs / (took! / 1000);
  return [
    {
      what: `jobs a second, ${tinyJobs} tiny ones of one submitter over HTTP`,
      ours: rate.toFixed(0),
      theirs: "",
      aim: String(aims.perSecond),
      verdict: verdict(rate >= aims.perSecond),
    },
    {
      what: `memory of the worker after these jobs, above that before`,
      ours: `${grown.toFixed(0)} MiB`,
      theirs: "",
      aim: `under ${aims.memoryMiB} MB`,
      verdict: verdict(grown * 1.048576 < aims.memoryMiB),
    },
    {
      what: "memory of a process that waits for a job",
      ours: `${(waiting / MiB).toFixed(0)} MiB`,
      theirs: "",
      aim: "",
      verdict: "",
    },
  ];
}

/** Milliseconds of each run; a first one, unless it is the only one, fills the caches. */
async function times(
  runs: number,
  run: () => Promise<unknown>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<number[]> {
  const all: number[] = [];
  for (let i = runs > 1 ? -1 : 0; i < runs; i++) {
    await before();
    const start = performance.now();
    await run();
    if (i >= 0) all.push(performance.now() - start);
  }
  return all;
}

function ms(value: number): string {
  return `${value < 20 ? value.toFixed(1) : Math.round(value)} ms`;
}

function verdict(reached: boolean): string {
  return reached ? "reached" : "**missed**";
}
