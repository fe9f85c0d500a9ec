/**
 * How well a provider is found: on the LAN, in a DHT of hundreds of nodes of which many die (all on
 * loopback, in ten processes), and in a smaller one with long links. The LAN and the long links are
 * network namespaces, which only root can make.
 *
 * `PLASMD_BENCH_NODES` (300), `PLASMD_BENCH_TRIES` (100) and `PLASMD_BENCH_IDLE_SECONDS` (360) make
 * a shorter run possible.
 *
 * @module
 */

import { systemDeps } from "../../src/lib/deps.ts";
import { silentLog } from "../../src/lib/log.ts";
import { bytesText } from "../../src/lib/text.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { type Lookup, lookUpOnce } from "../support/load/lookup.ts";
import { netnsLink, netnsTools, startOn } from "../support/netns.ts";
import { processFigures } from "../support/process_figures.ts";
import { follow, projectRoot, type Running } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { missingTools } from "../support/tools.ts";

const processes = 10;
const stageTries = 20;
const lanTries = 50;
/** The network with long links: nodes a process, and milliseconds each way. */
const farEach = 10;
const linkMs = 100;

/** A process full of nodes. */
interface Farm extends AsyncDisposable {
  readonly running: Running;
  readonly addresses: readonly string[];
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
  await stack.disposeAsync();
  const near = { each, providersEach, idleSeconds, stages, idle, killed, replaced };
  const lan = await onLink(() => measureLan(say, signal));
  const far = await onLink(() => measureFar(say, signal));
  return { title: "Discovery", markdown: report({ ...near, lan, far }) };
}

function numberOf(name: string, otherwise: number): number {
  return Number(Deno.env.get(name) ?? otherwise);
}

/** The measurement, or undefined where namespaces can't be made. */
async function onLink<T>(measure: () => Promise<T>): Promise<T | undefined> {
  return missingTools(netnsTools).length > 0 || Deno.uid() !== 0 ? undefined : await measure();
}

/** Milliseconds until new clients on a LAN hear of the one provider there. */
async function measureLan(say: BenchOptions["say"], signal: AbortSignal) {
  say("a LAN of two machines");
  await using link = await netnsLink(2);
  await using directory = await tempDirectory();
  const artifacts = directory.join("artifacts");
  await Deno.mkdir(artifacts);
  await Deno.writeTextFile(`${artifacts}/kernel`, "a kernel");
  const serve = ["serve", "--artifacts", artifacts, "--state-dir", directory.join("state")];
  await using provider = startOn(
    link.machines[0]!,
    [Deno.execPath(), "run", "-A", "--quiet", `${projectRoot}main.ts`, ...serve, "--no-dht"],
    { PLASMD_IDENTITY: directory.join("identity.key"), NO_COLOR: "1" },
  );
  await provider.waitFor(/Fetch it on another machine/, 20_000);
  // The first announcements are over: what is measured is the answer to a question.
  await deps.clock.sleep(5000, { signal });
  const program = `${projectRoot}tests/support/load/browses.ts`;
  const command = [Deno.execPath(), "run", "-A", "--quiet", program, `${lanTries}`] as const;
  await using client = startOn(link.machines[1]!, [...command]);
  const [said] = await client.waitFor(/\{"firsts".*\}/, 120_000);
  return (JSON.parse(said) as { firsts: (number | null)[] }).firsts;
}

/** Lookups in a DHT whose every link is long. */
async function measureFar(say: BenchOptions["say"], signal: AbortSignal): Promise<Lookup[]> {
  await using link = await netnsLink(1);
  await using stack = new AsyncDisposableStack();
  const machine = link.machines[0]!;
  const farms: Farm[] = [];
  for (let i = 0; i < processes; i++) {
    signal.throwIfAborted();
    farms.push(stack.use(await startFarm(farEach, 1, farms, { machine, ms: linkMs })));
    say(`${farms.length * farEach} nodes with links of ${linkMs} ms`);
  }
  const program = `${projectRoot}tests/support/load/lookup.ts`;
  const joinBy = farms.map(({ addresses }, i) => addresses[i % addresses.length]!);
  const command = ["run", "-A", "--quiet", program, `${stageTries}`, ...joinBy];
  await using client = startOn(machine, [Deno.execPath(), ...command]);
  const [said] = await client.waitFor(/\{"lookups".*\}/, 20 * stageTries * 1000);
  return (JSON.parse(said) as { lookups: Lookup[] }).lookups;
}

/** @param link the machine on which it runs, and the milliseconds that its links take each way */
async function startFarm(
  count: number,
  providers: number,
  others: readonly Farm[],
  link?: { readonly machine: string; readonly ms: number },
): Promise<Farm> {
  const bootstrap = others.slice(0, 3).map(({ addresses }) => addresses[0]!);
  const farm = `${projectRoot}tests/support/load/dht_farm.ts`;
  const program = link === undefined ? [] : ["ip", "netns", "exec", link.machine];
  program.push(Deno.execPath(), "run", "-A", "--quiet", farm);
  const running = follow(
    new Deno.Command(program[0]!, {
      args: [...program.slice(1), `${count}`, `${providers}`, ...bootstrap],
      env: link === undefined ? {} : { PLASMD_BENCH_LINK: `10.99.0.1 ${link.ms}` },
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
  /** Milliseconds of each search on the LAN, null where nobody was found. */
  readonly lan?: readonly (number | null)[];
  readonly far?: readonly Lookup[];
}

function report(results: Results): string {
  const { each, providersEach, idleSeconds, stages, idle, killed, replaced, far, lan } = results;
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
    ...far === undefined
      ? []
      : [row(`${processes * farEach} nodes, links of ${linkMs} ms each way`, far)],
    "",
    `Idle for ${idleSeconds} s: ${idle.cpuPercent.toFixed(2)} % of a core and ` +
    `${bytesText(Math.round(idle.bytes))} of memory a node.`,
    "",
    lanText(lan),
    "",
    "What we aim at:",
    "",
    "| what | aim | measured | |",
    "|---|---|---|---|",
    ...aims(results),
  ].join("\n");
}

function lanText(lan: Results["lan"]): string {
  if (lan === undefined) return "On the LAN: not measured, namespaces can't be made here.";
  const found = lan.filter((one) => one !== null);
  return `On the LAN (mDNS, two machines as network namespaces, ${lan.length} new clients): ` +
    `${found.length} found the provider; to the first offer p50 ${
      percentile(found, 50).toFixed(0)
    } ` +
    `ms, p95 ${percentile(found, 95).toFixed(0)} ms, longest ${Math.max(...found).toFixed(0)} ms.`;
}

/** A row for each aim. */
function aims({ stages, killed, replaced, idle, lan, far }: Results): string[] {
  const firsts = (lookups: readonly Lookup[]) => lookups.map(({ first }) => first ?? Infinity);
  const share = (lookups: readonly Lookup[]) =>
    100 * lookups.filter(({ first }) => first !== undefined).length / lookups.length;
  const aim = (what: string, text: string, value: number, holds: boolean, unit: string) =>
    `| ${what} | ${text} | ${value.toFixed(unit === "ms" ? 0 : 2)} ${unit} | ` +
    `${holds ? "reached" : "**missed**"} |`;
  const least = Math.min(share(killed), share(replaced));
  const near = percentile(firsts(stages.at(-1)!.lookups), 95);
  const lines = [
    aim(
      "a live one is found, a fifth killed or replaced",
      "99 % of tries",
      least,
      least >= 99,
      "%",
    ),
    aim("first live answer in the DHT, p95", "under 1 s", near, near < 1000, "ms"),
    aim("idle", "under 0.3 % of a core", idle.cpuPercent, idle.cpuPercent < 0.3, "%"),
  ];
  if (far !== undefined) {
    const p95 = percentile(firsts(far), 95);
    lines.push(
      aim("first live answer with long links, p95", "under 10 s", p95, p95 < 10_000, "ms"),
    );
  }
  if (lan !== undefined) {
    const all = lan.map((one) => one ?? Infinity);
    const [half, longest] = [percentile(all, 50), Math.max(...all)];
    lines.push(aim("mDNS, p50", "0.3 s", half, half <= 300, "ms"));
    lines.push(aim("mDNS, longest", "under 1 s", longest, longest < 1000, "ms"));
  }
  return lines;
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
