/**
 * How well a provider is found in a DHT of hundreds of nodes of which many die: all on loopback, in
 * ten processes.
 *
 * `PLASMD_BENCH_NODES` (300), `PLASMD_BENCH_TRIES` (100) and `PLASMD_BENCH_IDLE_SECONDS` (360) make
 * a shorter run possible.
 *
 * @module
 */

import { openDht } from "../../src/discovery/dht.ts";
import { findInDht } from "../../src/discovery/find.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { silentLog } from "../../src/lib/log.ts";
import { bytesText } from "../../src/lib/text.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { processFigures } from "../support/process_figures.ts";
import { follow, projectRoot, type Running } from "../support/program.ts";

const processes = 10;
const stageTries = 20;
const lookupMs = 15_000;

/** A process full of nodes. */
interface Farm extends AsyncDisposable {
  readonly running: Running;
  readonly addresses: readonly string[];
}

/** One lookup by a client that has just been started. */
interface Lookup {
  /** Milliseconds from the start of the client to the first record; undefined without one. */
  readonly first?: number;
  /** The same to the end of the lookup. */
  readonly all: number;
  /** Messages of the DHT until the first record, and in all. */
  readonly messagesFirst: number;
  readonly messages: number;
}

const deps = { ...systemDeps(), log: silentLog };

/** Measures lookups in a growing network, an idle one, and one that has lost many nodes. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  const nodes = numberOf("PLASMD_BENCH_NODES", 300);
  const tries = numberOf("PLASMD_BENCH_TRIES", 100);
  const idleSeconds = numberOf("PLASMD_BENCH_IDLE_SECONDS", 360);
  const each = Math.ceil(nodes / processes);
  const providersEach = Math.max(1, Math.round(each / 10));
  await using stack = new AsyncDisposableStack();
  const farms: Farm[] = [];
  const grow = async (count: number) => {
    while (farms.length < count) {
      signal.throwIfAborted();
      farms.push(stack.use(await startFarm(each, providersEach, farms)));
      say(`${farms.length * each} nodes`);
    }
  };
  const stages: { readonly size: number; readonly lookups: readonly Lookup[] }[] = [];
  for (const part of [1 / 3, 2 / 3, 1]) {
    await grow(Math.round(processes * part));
    stages.push({ size: farms.length * each, lookups: await lookUp(stageTries, farms, signal) });
  }
  say(`idle for ${idleSeconds} s`);
  const idle = await watchIdle(farms, each, idleSeconds, signal);
  const dead = farms.splice(0, processes / 5);
  for (const { running } of dead) running.kill("SIGKILL");
  const killed = await lookUp(tries, farms, signal);
  say("a fifth is killed");
  await grow(processes);
  const replaced = await lookUp(tries, farms, signal);
  return {
    title: "Discovery in a DHT",
    markdown: report({ each, providersEach, idleSeconds, stages, idle, killed, replaced }),
  };
}

function numberOf(name: string, otherwise: number): number {
  return Number(Deno.env.get(name) ?? otherwise);
}

async function startFarm(
  count: number,
  providers: number,
  others: readonly Farm[],
): Promise<Farm> {
  const bootstrap = others.slice(0, 3).map(({ addresses }) => addresses[0]!);
  const farm = `${projectRoot}tests/support/load/dht_farm.ts`;
  const running = follow(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", farm, `${count}`, `${providers}`, ...bootstrap],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  const stop = async () => {
    running.kill("SIGKILL");
    await running.ended;
  };
  try {
    const { ready } = await running.until((text) =>
      text.endsWith("}\n") ? JSON.parse(text) as { ready: string[] } : undefined
    );
    return { running, addresses: ready, [Symbol.asyncDispose]: stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function lookUp(
  tries: number,
  farms: readonly Farm[],
  signal: AbortSignal,
): Promise<Lookup[]> {
  const lookups: Lookup[] = [];
  for (let i = 0; i < tries; i++) {
    signal.throwIfAborted();
    const farm = farms[i % farms.length]!;
    lookups.push(await lookUpOnce(farm.addresses[i % farm.addresses.length]!));
  }
  return lookups;
}

async function lookUpOnce(bootstrap: string): Promise<Lookup> {
  const start = performance.now();
  await using node = await openDht({ bootstrap: [bootstrap] }, deps);
  const signal = AbortSignal.timeout(lookupMs);
  let first: number | undefined;
  let messagesFirst = 0;
  try {
    const target = { channel: "stable", arch: "arm64" } as const;
    for await (const _ of findInDht(node, { ...target, signal }, deps)) {
      if (first !== undefined) continue;
      first = performance.now() - start;
      messagesFirst = node.status().sent;
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return { first, messagesFirst, all: performance.now() - start, messages: node.status().sent };
}

/** What the nodes take while nobody asks them anything. */
async function watchIdle(
  farms: readonly Farm[],
  each: number,
  seconds: number,
  signal: AbortSignal,
) {
  const figures = () => farms.map(({ running }) => processFigures(running.pid));
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  const before = figures();
  await deps.clock.sleep(seconds * 1000, { signal });
  const after = figures();
  const nodes = farms.length * each;
  const cpu = sum(after.map((one, i) => one.cpu - before[i]!.cpu));
  return {
    cpuPercent: 100 * cpu / seconds / nodes,
    bytes: sum(after.map(({ resident }) => resident)) / nodes,
  };
}

/** The value that so many of a hundred are not above. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)] ?? NaN;
}

interface Results {
  readonly each: number;
  readonly providersEach: number;
  readonly idleSeconds: number;
  readonly stages: readonly { readonly size: number; readonly lookups: readonly Lookup[] }[];
  readonly idle: { readonly cpuPercent: number; readonly bytes: number };
  readonly killed: readonly Lookup[];
  readonly replaced: readonly Lookup[];
}

function report(results: Results): string {
  const { each, providersEach, idleSeconds, stages, idle, killed, replaced } = results;
  const all = processes * each;
  return [
    `${all} nodes on loopback in ${processes} processes, ${processes * providersEach} of them ` +
    `providers of one key, ${navigator.hardwareConcurrency} cores (${Deno.build.target}), Deno ` +
    `${Deno.version.deno}. Each try is a client with a new key that joins by one node; the clock ` +
    "starts before it does. A provider counts as found when its signed record has come from it. " +
    "Messages are those of the lookup, medians.",
    "",
    "| network | found one | first, p50 | first, p95 | all, p50 | all, p95 | messages, first | messages, all |",
    "|---|---|---|---|---|---|---|---|",
    ...stages.map(({ size, lookups }) => row(`${size} nodes`, lookups)),
    row(`${all} nodes, a fifth just killed`, killed),
    row(`${all} nodes, a fifth replaced`, replaced),
    "",
    `Idle for ${idleSeconds} s: ${idle.cpuPercent.toFixed(2)} % of a core and ` +
    `${bytesText(Math.round(idle.bytes))} of memory a node.`,
  ].join("\n");
}

function row(name: string, lookups: readonly Lookup[]): string {
  const firsts = lookups.flatMap(({ first }) => first ?? []);
  const ends = lookups.map(({ all }) => all);
  const ms = (value: number) => `${Math.round(value)} ms`;
  const times = [firsts, ends].flatMap((v) => [ms(percentile(v, 50)), ms(percentile(v, 95))]);
  const messages = [
    median(lookups.map((one) => one.messagesFirst)),
    median(lookups.map((one) => one.messages)),
  ];
  return `| ${name} | ${firsts.length} of ${lookups.length} | ` +
    `${[...times, ...messages].join(" | ")} |`;
}
