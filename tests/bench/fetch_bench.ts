/**
 * How fast a verified download is, and how much memory it takes, beside what people use: `curl` and
 * then `openssl dgst`, `aria2c` with a checksum, and `wget`. All from the same `plasmd serve` on loopback.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { bytesText } from "../../src/lib/text.ts";
import { type BenchOptions, type BenchSection, median } from "../support/performance_page.ts";
import { programCommand } from "../support/program.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { missingTools } from "../support/tools.ts";

const mebibytes = 1024;
const rounds = 5;

/** One measured run of a contestant. */
interface Measured {
  readonly ms: number;
  /** Peak resident bytes of its largest process. */
  readonly peak: number;
}

/** The command lines of a contestant, run one after another, into a directory. */
type Contestant = (directory: string) => readonly (readonly string[])[];

/** Measures a verified download of one large file. */
export async function bench({ say, signal }: BenchOptions): Promise<BenchSection> {
  await using directory = await tempDirectory();
  await Deno.mkdir(directory.join("artifacts"));
  await Deno.mkdir(directory.join("home"), { mode: 0o700 });
  await Deno.writeFile(directory.join("artifacts", "vmlinuz"), new Uint8Array(1024));
  const digest = await makeFile(directory.join("artifacts", "rootfs.squashfs"));
  await using provider = await startProvider(directory.join("artifacts"), directory.join("home"));
  const contestants = Object.entries(contestantsOf(provider, directory, digest));
  const runs = new Map<string, Measured[]>(contestants.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    // In turns, so that a busy moment of the machine meets all of them.
    for (const [name, contestant] of contestants) {
      signal.throwIfAborted();
      const out = directory.join("out");
      await Deno.mkdir(out);
      const measured = await measure(contestant(out));
      await Deno.remove(out, { recursive: true });
      if (round > 0) runs.get(name)!.push(measured); // The first one fills the caches.
    }
  }
  for (const [name, all] of runs) say(`${name}: ${speedOf(all)}`);
  return { title: "Verified download", markdown: table(runs) };
}

function contestantsOf(
  { origin, keyid }: Provider,
  directory: TempDirectory,
  digest: string,
): Record<string, Contestant> {
  const url = `${origin}/rootfs`;
  const has = (...tools: string[]) => missingTools(tools).length === 0;
  const ours: Contestant = (out) => [programCommand([
    ...["boot", "fetch", origin, "--trust", keyid, "--output", out, "--artifact", "rootfs"],
    ...["--state-dir", directory.join("client")],
  ])];
  const curl: Contestant = (out) => [
    ["curl", "-sf", "-o", `${out}/rootfs`, url],
    ["openssl", "dgst", "-sha256", `${out}/rootfs`],
  ];
  const aria2c: Contestant = (out) => [
    ["aria2c", "-q", `--checksum=sha-256=${digest}`, "-d", out, "-o", "rootfs", url],
  ];
  const wget: Contestant = (out) => [["wget", "-q", "-O", `${out}/rootfs`, url]];
  return {
    ...(has("curl", "openssl") ? { "curl, then openssl dgst": curl } : {}),
    "plasmd boot fetch": ours,
    ...(has("aria2c") ? { "aria2c --checksum": aria2c } : {}),
    ...(has("wget") ? { "wget, which checks nothing": wget } : {}),
  };
}

async function measure(commands: readonly (readonly string[])[]): Promise<Measured> {
  const started = performance.now();
  let peak = 0;
  for (const [command, ...args] of commands) {
    const child = new Deno.Command(command!, { args, stdout: "null", stderr: "piped" }).spawn();
    const ended = child.output();
    const watching = setInterval(() => peak = Math.max(peak, peakOf(child.pid)), 10);
    const { code, stderr } = await ended.finally(() => clearInterval(watching));
    if (code !== 0) {
      throw new Error(`${command} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
    }
  }
  return { ms: performance.now() - started, peak };
}

/** The peak resident bytes of a process, 0 once it has ended. */
function peakOf(pid: number): number {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Writes the large file, every MiB another one; returns its SHA-256 in hex. */
async function makeFile(path: string): Promise<string> {
  using file = await Deno.open(path, { write: true, create: true });
  const hash = createHash("sha256");
  const block = new Uint8Array(1024 * 1024);
  for (let at = 0; at < block.length; at += 65_536) {
    crypto.getRandomValues(block.subarray(at, at + 65_536));
  }
  for (let i = 0; i < mebibytes; i++) {
    new DataView(block.buffer).setUint32(0, i);
    hash.update(block);
    for (let at = 0; at < block.length;) at += await file.write(block.subarray(at));
  }
  return hash.digest("hex");
}

function speedOf(all: readonly Measured[]): string {
  return `${Math.round(mebibytes * 1.048576 / (median(all.map(({ ms }) => ms)) / 1000))} MB/s`;
}

function table(runs: ReadonlyMap<string, readonly Measured[]>): string {
  const rows = [...runs].map(([name, all]) => {
    const times = all.map(({ ms }) => ms / 1000);
    const span = `${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)} s`;
    const peak = bytesText(Math.max(...all.map((run) => run.peak)));
    return `| ${name} | ${speedOf(all)} | ${median(times).toFixed(2)} s | ${span} | ${peak} |`;
  });
  return [
    `${mebibytes} MiB over loopback onto a disk, median of ${rounds}, start of the processes ` +
    `included, ${navigator.hardwareConcurrency} cores that server and client share ` +
    `(${Deno.build.target}), Deno ${Deno.version.deno}. plasmd flushes the file to the disk and ` +
    "checks a signature and each chunk as well; the others don't.",
    "",
    "| what | speed | time | fastest to slowest | peak RSS |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "What we aim at:",
    "",
    "| what | aim | measured | |",
    "|---|---|---|---|",
    ...aims(runs),
  ].join("\n");
}

/** What was to be reached, and whether it was. */
function aims(runs: ReadonlyMap<string, readonly Measured[]>): string[] {
  const ours = runs.get("plasmd boot fetch")!;
  const typical = (all: readonly Measured[]) => median(all.map(({ ms }) => ms));
  const verdict = (met: boolean) => met ? "reached" : "**missed**";
  const faster = [["curl, then openssl dgst", 1.3], ["aria2c --checksum", 1.5]] as const;
  const speeds = faster.flatMap(([name, wanted]) => {
    const other = runs.get(name);
    if (other === undefined) return [`| speed of ${name} | ${wanted}x | not measured | |`];
    const got = typical(other) / typical(ours);
    return [`| speed of ${name} | ${wanted}x | ${got.toFixed(2)}x | ${verdict(got >= wanted)} |`];
  });
  const peak = Math.max(...ours.map((run) => run.peak));
  const memory = `${(peak / 1e6).toFixed(0)} MB`;
  return [...speeds, `| peak RSS | under 100 MB | ${memory} | ${verdict(peak < 100e6)} |`];
}
