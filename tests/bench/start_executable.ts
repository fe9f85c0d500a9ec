/**
 * How the executable starts, beside a plain runtime with the same bundle and beside nginx: from the
 * start of the process to its first answer over HTTP, and how much memory it then holds.
 *
 * @module
 */

import { compile } from "../../src/build/compile.ts";
import type { SizeReport } from "../../src/build/report.ts";
import { runtimeArgs } from "../../src/build/runtime_args.ts";
import { hostTarget, targetsOf } from "../../src/build/targets.ts";
import { missingPackages } from "../../src/build/toolchain.ts";
import { type BenchOptions, median } from "../support/performance_page.ts";
import { projectRoot } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { missingTools } from "../support/tools.ts";

/** A program that serves /kernel, and one that ends by itself. */
interface Subject {
  readonly name: string;
  readonly port: number;
  readonly serve: readonly string[];
  readonly version?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Before each start. */
  readonly before?: () => Promise<void>;
}

/** Milliseconds and bytes of one start. */
interface Start {
  readonly answerMs: number;
  readonly memory: number;
  readonly versionMs?: number;
}

const runs = 9;

/** The tables of the executable, in Markdown; says why where there is none. */
export async function executableTables({ say, signal }: BenchOptions): Promise<string> {
  const [target] = targetsOf([hostTarget()]);
  if (target?.linux === undefined || missingPackages(target.linux).length > 0) {
    return "The executable was not measured: it can't be built here.";
  }
  const output = `${projectRoot}.cache/bench`;
  const cache = `${projectRoot}.cache/build`;
  const { file, sizes } = await compile({ target, runtime: "npm", output, cache, signal });
  await using home = await tempDirectory();
  await Deno.mkdir(home.join("image"));
  const kernel = crypto.getRandomValues(new Uint8Array(65_536));
  await Deno.writeFile(home.join("image", "kernel"), kernel);
  const rows: string[] = [];
  let plain: number | undefined;
  for (const subject of await subjects(file, home)) {
    say(subject.name);
    const starts = await measure(subject, signal);
    const answer = median(starts.map(({ answerMs }) => answerMs));
    plain ??= answer;
    rows.push(row(subject.name, starts, answer / plain));
  }
  return [startsTable(rows), sizeTable(sizes)].join("\n\n");
}

async function subjects(file: string, home: TempDirectory): Promise<Subject[]> {
  const port = freePort();
  const serve = [
    ...["serve", "--artifacts", home.join("image"), "--host", "127.0.0.1", "--port", `${port}`],
    ...["--state-dir", home.join("state"), "--no-dht", "--no-mdns", "--quiet"],
  ];
  const key = { PLASMD_IDENTITY: home.join("identity.key") };
  const cache = { ...key, PLASMD_CACHE_DIR: home.join("cache") };
  const plain = [Deno.execPath(), ...runtimeArgs, `${file}.js`];
  const own = { port, serve: [file, ...serve], version: [file, "version"] };
  return [
    {
      name: "`deno run` of the bundle",
      port,
      serve: [...plain, ...serve],
      version: [...plain, "version"],
      env: { ...key, DENO_DIR: home.join("deno") },
    },
    { name: "executable, cache filled", ...own, env: cache },
    {
      name: "executable, first start",
      ...own,
      env: cache,
      before: () => Deno.remove(home.join("cache"), { recursive: true }),
    },
    { name: "executable, from memory", ...own, env: { ...key, PLASMD_CACHE_DIR: "" } },
    ...missingTools(["nginx"]).length > 0
      ? []
      : [{ name: "nginx", port, serve: await nginx(home, port) }],
  ];
}

/** A port that is free now: nginx can't say which one it took. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function nginx(home: TempDirectory, port: number): Promise<string[]> {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${home.join(`nginx-${name}`)};`).join(" ");
  const user = Deno.uid() === 0 ? "user root; " : "";
  await Deno.writeTextFile(
    home.join("nginx.conf"),
    `${user}daemon off; master_process off; pid ${home.join("nginx.pid")};
error_log ${home.join("nginx.log")}; events {}
http { access_log off; ${temporary}
  server { listen 127.0.0.1:${port}; root ${home.join("image")}; } }\n`,
  );
  return ["nginx", "-c", home.join("nginx.conf"), "-e", home.join("nginx.log")];
}

async function measure(subject: Subject, signal: AbortSignal): Promise<Start[]> {
  const starts: Start[] = [];
  await serveOnce(subject); // fills caches, makes keys and signs a manifest
  for (let i = 0; i < runs; i++) {
    signal.throwIfAborted();
    await subject.before?.();
    const served = await serveOnce(subject);
    await subject.before?.();
    starts.push({ ...served, versionMs: subject.version && await versionOnce(subject) });
  }
  return starts;
}

async function serveOnce({ port, serve, env }: Subject): Promise<Start> {
  const startedAt = performance.now();
  const process = spawn(serve, env);
  try {
    await firstAnswer(port);
    const answerMs = performance.now() - startedAt;
    return { answerMs, memory: await residentBytes(process.pid) };
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
}

async function versionOnce({ version, env }: Subject): Promise<number> {
  const startedAt = performance.now();
  const { success } = await spawn(version!, env).status;
  if (!success) throw new Error(`${version!.join(" ")} failed`);
  return performance.now() - startedAt;
}

function spawn([program, ...args]: readonly string[], env: Subject["env"] = {}): Deno.ChildProcess {
  const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return new Deno.Command(program!, { args, env: { ...env }, ...output }).spawn();
}

/** Asks again until something answers; each try is a few hundred microseconds on loopback. */
async function firstAnswer(port: number): Promise<void> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/kernel`);
      if ((await answer.bytes()).length === 65_536) return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  throw new Error("nothing answered in time");
}

async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

function row(name: string, starts: readonly Start[], ratio: number): string {
  const versions = starts.flatMap(({ versionMs }) => versionMs ?? []);
  const cells = [
    name,
    ms(median(starts.map(({ answerMs }) => answerMs))),
    ratio.toFixed(2),
    mib(median(starts.map(({ memory }) => memory))),
    versions.length === 0 ? "" : ms(median(versions)),
  ];
  return `| ${cells.join(" | ")} |`;
}

function startsTable(rows: readonly string[]): string {
  return [
    `The executable beside a plain runtime with the same bundle, median of ${runs} starts. ` +
    "Memory is what is resident after the first answer; a runtime that was unpacked into memory " +
    "takes its own size besides.",
    "",
    "| what | until the first answer | of `deno run` | memory | `version` |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function sizeTable({ bytes, parts }: SizeReport): string {
  const rows = parts.map(({ name, bytes, packed }) =>
    `| ${name} | ${mib(bytes)} | ${mib(packed)} |`
  );
  const sum = parts.reduce((total, part) => total + part.bytes, 0);
  return [
    `The executable has ${mib(bytes)}, ${(bytes / sum).toFixed(2)} of the sum of its parts:`,
    "",
    "| part | size | packed |",
    "|---|---|---|",
    ...rows,
    `| all | ${mib(sum)} | ${mib(parts.reduce((total, part) => total + part.packed, 0))} |`,
  ].join("\n");
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
