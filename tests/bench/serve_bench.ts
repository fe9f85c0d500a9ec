/**
 * How fast files are served on loopback, beside nginx with sendfile and lighttpd: bytes a second,
 * processor time, memory, small answers a second, and what a download does to them.
 *
 * @module
 */

import { type LoadClient, loadClient } from "../support/load/client.ts";
import { startLighttpd, startNginx, type Subject } from "../support/load/servers.ts";
import { measureTransfer, type TransferFigures, transfers } from "../support/load/transfers.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { processFigures } from "../support/process_figures.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { runTool } from "../support/tools.ts";

const MiB = 1024 * 1024;
/** PLASMD_BENCH=short measures less, to see that it works. */
const short = Deno.env.get("PLASMD_BENCH") === "short";
const size = (short ? 128 : 1024) * MiB;
const runs = short ? 2 : 7;
const seconds = short ? 1 : 5;

/** One claim and what came of it. */
interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly met: boolean;
  /** Why it is hard to reach. */
  readonly obstacle: string;
}

/** Measures the servers in turn. */
export async function bench(options: BenchOptions): Promise<BenchSection> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await tempDirectory()).path;
  const client = await loadClient(home);
  await makeImage(`${home}/image`);
  const start = performance.now();
  const provider = parts.use(await startProvider(`${home}/image`, home));
  const ready = performance.now() - start;
  const cold = await timed(() => runTool("curl", "-sf", `${provider.origin}/manifest.json`));
  await makeRoot(home, provider.origin);
  const plasmd: Subject = { name: "plasmd", ...provider, pid: provider.process.pid };
  const others = [await startNginx(home, `${home}/www`), await startLighttpd(home, `${home}/www`)];
  const subjects = [plasmd, ...others.flatMap((one) => one === undefined ? [] : [parts.use(one)])];
  const idle = processFigures(plasmd.pid).resident;
  const rows: string[] = [];
  const goals: Goal[] = [];
  for (const transfer of transfers(size, client)) {
    const figures = await measureTransfer(transfer, subjects, { runs, signal: options.signal });
    options.say(`${transfer.what}: ${figures.map(said).join(", ")}`);
    rows.push(...transferRows(transfer.what, figures));
    goals.push(...transferGoals(transfer.what, figures, idle));
  }
  const small = await smallAnswers(subjects, client, options);
  const beside = await besideDownload(plasmd, client);
  const restart = await firstAnswers(`${home}/image`, home);
  goals.push(...answerGoals(small.plasmd, beside, cold));
  return {
    title: "Serving files",
    markdown: [
      intro(),
      table(["what", "server", "speed", "of nginx", "processor time a GiB", "peak memory"], rows),
      "Small answers, 16 connections that are kept:",
      table(["what", "server", "a second", "p50", "p99"], small.rows),
      "Beside others:",
      table(["what", "value"], [
        `| /health beside a download, p50 and p99 | ${ms(beside.p50)}, ${ms(beside.p99)} |`,
        `| first start to ready, ${size / MiB} MiB hashed | ${ms(ready)} |`,
        `| start to the first answer, hashes kept | ${ms(restart)} |`,
        `| the first manifest after the start, curl's start included | ${ms(cold)} |`,
        `| a manifest after that, p50 and p99 | ${ms(small.plasmd.manifest.p50)}, ${
          ms(small.plasmd.manifest.p99)
        } |`,
      ]),
      "What we aim at:",
      goalTable(goals),
    ].join("\n\n"),
  };
}

async function makeImage(directory: string): Promise<void> {
  await Deno.mkdir(directory);
  await Deno.writeFile(`${directory}/vmlinuz`, new Uint8Array(MiB).fill(1));
  using file = await Deno.open(`${directory}/rootfs.squashfs`, { write: true, createNew: true });
  const part = new Uint8Array(MiB);
  for (let i = 0; i < part.length; i += 65_536) {
    crypto.getRandomValues(part.subarray(i, i + 65_536));
  }
  for (let done = 0; done < size;) done += await file.write(part);
}

/** The same files under the same names for servers that know nothing of us. */
async function makeRoot(home: string, origin: string): Promise<void> {
  const root = `${home}/www`;
  await Deno.mkdir(root);
  await Deno.symlink(`${home}/image/rootfs.squashfs`, `${root}/rootfs`);
  for (const name of ["health", "manifest.json"]) {
    await Deno.writeFile(`${root}/${name}`, await (await fetch(`${origin}/${name}`)).bytes());
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

type Small = Record<"health" | "manifest", { perSecond: number; p50: number; p99: number }>;

async function smallAnswers(
  subjects: readonly Subject[],
  client: LoadClient,
  { say, signal }: BenchOptions,
): Promise<{ rows: string[]; plasmd: Small }> {
  const rows: string[] = [];
  const ours: Partial<Small> = {};
  for (const [key, path] of [["health", "/health"], ["manifest", "/manifest.json"]] as const) {
    for (const { name, origin } of subjects) {
      signal.throwIfAborted();
      const load = await client.ask(`${origin}${path}`, { connections: 16, seconds });
      say(`${path} of ${name}: ${load.perSecond.toFixed(0)} a second`);
      const rate = Math.round(load.perSecond).toLocaleString("en-US");
      rows.push(`| ${path} | ${name} | ${rate} | ${ms(load.p50)} | ${ms(load.p99)} |`);
      if (name === "plasmd") ours[key] = load;
    }
  }
  return { rows, plasmd: ours as Small };
}

/** One client asks every 2 ms while another downloads as fast as it can. */
async function besideDownload({ origin }: Subject, client: LoadClient) {
  let over = false;
  const download = (async () => {
    while (!over) await runTool("curl", "-sf", "-o", "/dev/null", `${origin}/rootfs`);
  })();
  const options = { connections: 1, seconds, pauseUs: 2000 };
  try {
    return await client.ask(`${origin}/health`, options);
  } finally {
    over = true;
    await download;
  }
}

/** Milliseconds from the start of a process to the manifest from it, median. */
async function firstAnswers(image: string, home: string): Promise<number> {
  const times: number[] = [];
  await Deno.mkdir(`${home}/again`);
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    await using provider = await startProvider(image, `${home}/again`);
    await (await fetch(`${provider.origin}/manifest.json`)).bytes();
    if (i > 0) times.push(performance.now() - start); // the first one hashes
  }
  return median(times);
}

function transferRows(what: string, figures: readonly TransferFigures[]): string[] {
  const nginx = figures.find(({ name }) => name === "nginx");
  return figures.map(({ name, speed, cpu, peak }) => {
    const share = nginx === undefined ? "" : (speed / nginx.speed).toFixed(2);
    return `| ${what} | ${name} | ${mibs(speed)} | ${share} | ${cpu.toFixed(2)} s | ${mib(peak)} |`;
  });
}

const copies = "every byte is copied through the process, which sendfile spares";

function transferGoals(
  what: string,
  figures: readonly TransferFigures[],
  idle: number,
): Goal[] {
  const ours = figures.find(({ name }) => name === "plasmd")!;
  const nginx = figures.find(({ name }) => name === "nginx");
  const least = /by curl/.test(what) ? 1 : /unread/.test(what) ? 0.5 : undefined;
  const goals: Goal[] = [];
  if (least !== undefined && nginx !== undefined) {
    const share = ours.speed / nginx.speed;
    goals.push({
      what,
      wanted: `at least ${least.toFixed(1)}x nginx`,
      got: `${share.toFixed(2)}x`,
      met: share >= least,
      obstacle: copies,
    });
  }
  if (/^100 /.test(what)) {
    goals.push({
      what: "memory with 100 downloads",
      wanted: "under 130 MB",
      got: `${(ours.peak / 1e6).toFixed(0)} MB`,
      met: ours.peak < 130e6,
      obstacle:
        `${mib(idle)} are held before the first download; smaller buffers, fewer reads at ` +
        "once and a smaller V8 heap were tried and change little",
    });
  }
  return goals;
}

function answerGoals(
  { health, manifest }: Small,
  beside: { readonly p99: number },
  cold: number,
): Goal[] {
  return [
    {
      what: "/health",
      wanted: "over 10,000 a second",
      got: Math.round(health.perSecond).toLocaleString("en-US"),
      met: health.perSecond > 10_000,
      obstacle: "one thread answers everything",
    },
    {
      what: "/health beside a download, p99",
      wanted: "under 10 ms",
      got: ms(beside.p99),
      met: beside.p99 < 10,
      obstacle: "server, curl and the asking client share the machine's cores",
    },
    {
      what: "a manifest, first",
      wanted: "under 500 ms",
      got: ms(cold),
      met: cold < 500,
      obstacle: "the start of curl is part of it",
    },
    {
      what: "a manifest after that, p50",
      wanted: "under 10 ms",
      got: ms(manifest.p50),
      met: manifest.p50 < 10,
      obstacle: "16 connections wait for one thread",
    },
  ];
}

function goalTable(goals: readonly Goal[]): string {
  return table(
    ["what", "aim", "measured", "", "what stands in the way"],
    goals.map(({ what, wanted, got, met, obstacle }) =>
      `| ${what} | ${wanted} | ${got} | ${met ? "reached" : "**missed**"} | ${
        met ? "" : obstacle
      } |`
    ),
  );
}

function intro(): string {
  const cores = `${navigator.hardwareConcurrency} cores (${Deno.build.target})`;
  return `One machine, loopback, ${cores}, Deno ${Deno.version.deno}, files in the page cache; ` +
    `median of ${runs} runs, the servers in turn. A client that reads competes for the same cores ` +
    "and caches; one that drops the data unread is nearer to a network card.";
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---|").join("")}`, ...rows].join("\n");
}

function said({ name, speed }: TransferFigures): string {
  return `${name} ${mibs(speed)}`;
}

function mibs(bytes: number): string {
  return `${(bytes / MiB).toFixed(0)} MiB/s`;
}

function mib(bytes: number): string {
  return `${(bytes / MiB).toFixed(0)} MiB`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}
