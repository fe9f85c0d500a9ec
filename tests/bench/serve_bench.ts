/**
 * How fast a large file is served on loopback, beside nginx with sendfile: bytes a second, and the
 * processor time that the server takes for them.
 *
 * @module
 */

import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { missingTools, runTool } from "../support/tools.ts";

const MiB = 1024 * 1024;
const size = 1024 * MiB;
const runs = 7;

/** A server under measurement. */
interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

/** What one server came to. */
interface Figures {
  /** Bytes a second, median of the runs. */
  readonly speed: number;
  /** Seconds of processor time for one GiB, median of the runs. */
  readonly cpu: number;
  /** MiB of the most memory that the process held. */
  readonly peak: number;
}

/** Measures one download at a time, and eight at once. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  await using home = await tempDirectory();
  const image = `${home.path}/image`;
  await Deno.mkdir(image);
  await Deno.writeFile(`${image}/vmlinuz`, new Uint8Array(MiB).fill(1));
  await writeLarge(`${image}/rootfs.squashfs`);
  await using provider = await startProvider(image, home.path);
  const subjects: Subject[] = [
    { name: "plasmd", url: `${provider.origin}/rootfs`, pid: provider.process.pid },
  ];
  await using nginx = missingTools(["nginx"]).length > 0
    ? undefined
    : await startNginx(home.path, image);
  if (nginx !== undefined) subjects.push(nginx);
  else say("nginx is not installed: plasmd alone is measured");
  const rows: string[] = [];
  for (const [what, clients] of [["one download", 1], ["8 at once", 8]] as const) {
    const figures = await measureAll(subjects, clients, say, signal);
    const reference = figures.get("nginx");
    for (const [name, it] of figures) rows.push(row(what, name, it, reference));
  }
  return { title: "Serving a file", markdown: markdown(rows) };
}

/** Runs alternate between the servers, so that a machine that gets slower is fair to both. */
async function measureAll(
  subjects: readonly Subject[],
  clients: number,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Map<string, Figures>> {
  const kept = new Map(subjects.map(({ name }) => [name, { speeds: [0], cpus: [0] }]));
  for (let run = -1; run < runs; run++) {
    for (const { name, url, pid } of subjects) {
      signal.throwIfAborted();
      const before = await cpuSeconds(pid);
      const start = performance.now();
      await Promise.all(Array.from({ length: clients }, () => download(url, size / clients)));
      const seconds = (performance.now() - start) / 1000;
      const { speeds, cpus } = kept.get(name)!;
      speeds[Math.max(0, run)] = size / seconds; // the first one fills the caches
      cpus[Math.max(0, run)] = await cpuSeconds(pid) - before;
      say(`${name}, ${clients} at once: ${(size / seconds / MiB).toFixed(0)} MiB/s`);
    }
  }
  const entries = subjects.map(async ({ name, pid }) => {
    const { speeds, cpus } = kept.get(name)!;
    return [name, { speed: median(speeds), cpu: median(cpus), peak: await peakMiB(pid) }] as const;
  });
  return new Map(await Promise.all(entries));
}

async function download(url: string, bytes: number): Promise<void> {
  await runTool("curl", "-sf", "-o", "/dev/null", "-r", `0-${bytes - 1}`, url);
}

/** Seconds of processor time, of all threads, in 1/100. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function peakMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

/** One nginx process in the foreground, everything of it in the directory. */
async function startNginx(home: string, root: string): Promise<Subject & AsyncDisposable> {
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${home}/nginx-${name};`).join(" ");
  const user = Deno.uid() === 0 ? "user root; " : "";
  const config = `${user}daemon off; master_process off; pid ${home}/nginx.pid;
error_log ${home}/nginx.log; events {}
http { access_log off; sendfile on; ${temporary}
server { listen 127.0.0.1:${port}; root ${root}; } }`;
  await Deno.writeTextFile(`${home}/nginx.conf`, config);
  const process = new Deno.Command("nginx", {
    args: ["-c", `${home}/nginx.conf`, "-e", `${home}/nginx.log`],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdout: "null",
    stderr: "null",
  }).spawn();
  await answers(`http://127.0.0.1:${port}/vmlinuz`);
  return {
    name: "nginx",
    url: `http://127.0.0.1:${port}/rootfs.squashfs`,
    pid: process.pid,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(url: string): Promise<void> {
  const args = ["--retry", "50", "--retry-connrefused", "--retry-delay", "0"];
  await runTool("curl", "-sf", "-o", "/dev/null", "--retry-max-time", "10", ...args, url);
}

async function writeLarge(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const part = new Uint8Array(MiB);
  for (let i = 0; i < part.length; i += 65_536) {
    crypto.getRandomValues(part.subarray(i, i + 65_536));
  }
  for (let done = 0; done < size;) done += await file.write(part);
}

function row(what: string, name: string, it: Figures, reference?: Figures): string {
  const share = reference === undefined ? "" : (it.speed / reference.speed).toFixed(2);
  const speed = (it.speed / MiB).toFixed(0);
  return `| ${what} | ${name} | ${speed} MiB/s | ${share} | ${it.cpu.toFixed(2)} s | ${
    it.peak.toFixed(0)
  } MiB |`;
}

function markdown(rows: readonly string[]): string {
  return [
    `curl on the same machine takes 1 GiB over loopback, in all; median of ${runs} runs, the servers ` +
    `in turn, file in the page cache, ${navigator.hardwareConcurrency} cores ` +
    `(${Deno.build.target}), Deno ${Deno.version.deno}. On loopback a client that reads competes ` +
    "for the same cores and caches; a network card is another matter, and sendfile is better there.",
    "",
    "| what | server | speed | of nginx | processor time a GiB | peak memory |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
