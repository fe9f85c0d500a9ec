/**
 * `deno task compile [--target NAME]… [--runtime denort|npm]`: bundle, embed, wrap. One executable a
 * target in dist/, with SHA256SUMS.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { partModules } from "../lib/part.ts";
import { workerModules } from "../lib/worker.ts";
import { type Bundle, bundleProgram } from "./bundle.ts";
import { buildFacts } from "./facts.ts";
import { debianLicenses, joinLicenses, npmLicenses } from "./licenses.ts";
import { checkPackable, type PackedProgram, packProgram, type RuntimeKind } from "./pack.ts";
import { type SizeReport, sizeReport, sizeText } from "./report.ts";
import { hostTarget, type Target, targetsOf } from "./targets.ts";
import { sumsText } from "./sums.ts";

/** What is compiled. */
export interface CompileOptions {
  readonly target: Target;
  readonly runtime: RuntimeKind;
  /** Where the executable and the source maps go. */
  readonly output: string;
  /** Where runtimes and packed bytes are kept between builds. */
  readonly cache: string;
  readonly signal?: AbortSignal;
}

/** An executable that was written. */
export interface Compiled {
  readonly file: string;
  readonly sizes: SizeReport;
}

const root = new URL("../../", import.meta.url);

/** Compiles the program for one target. */
export async function compile(options: CompileOptions): Promise<Compiled> {
  const { target, output } = options;
  checkPackable(options);
  const file = join(output, `plasmd-${target.name}`);
  const { commit, epoch } = await buildFacts();
  const bundle = await bundleProgram({
    entry: new URL("main.ts", root),
    workers: Object.fromEntries(workerModules().map(({ name, module }) => [name, module()])),
    parts: Object.fromEntries(partModules().map(({ name, module }) => [name, module()])),
    // The transpiler of components: its own WASI is then none, instead of this machine.
    browser: ["component"],
    output: `${file}.js`,
    build: { commit, target: target.name },
    licenses: (packages) => licensesText(target, packages),
    signal: options.signal,
  });
  const packed = await packProgram({ ...options, bundle: bundle.file, epoch });
  const sizes = await writeExecutable(file, bundle, packed);
  return { file, sizes };
}

async function licensesText(
  { linux }: Target,
  packages: Parameters<typeof npmLicenses>[0],
): Promise<string> {
  return joinLicenses([
    { holders: ["plasmd"], text: await Deno.readTextFile(new URL("LICENSE", root)) },
    { holders: ["Deno"], text: await Deno.readTextFile(new URL("dist/licenses/deno.txt", root)) },
    ...linux === undefined ? [] : await debianLicenses(),
    ...await npmLicenses(packages),
  ]);
}

async function writeExecutable(
  file: string,
  bundle: Bundle,
  { bytes, parts }: PackedProgram,
): Promise<SizeReport> {
  // A running executable can be replaced, but not written to.
  const fresh = `${file}.${Deno.pid}.new`;
  await Deno.writeFile(fresh, bytes, { mode: 0o755 });
  await Deno.rename(fresh, file);
  const sizes = sizeReport(bytes.length, bundle, parts);
  await Deno.writeTextFile(`${file}.size.json`, `${JSON.stringify(sizes, null, 2)}\n`);
  return sizes;
}

/** Runs the task. Returns its exit code: 2 where the machine or the command line is wrong. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { targets, runtime } = parseOptions(args);
    const output = fileURLToPath(new URL("dist", root));
    const cache = fileURLToPath(new URL(".cache/build", root));
    for (const target of targets) {
      const { file, sizes } = await compile({ target, runtime, output, cache });
      console.log(sizeText(file, sizes));
    }
    await Deno.writeTextFile(join(output, "SHA256SUMS"), await sumsText(output));
    return 0;
  } catch (thrown) {
    const { code, message, hint } = toPlasmdError(thrown);
    console.error(`error: ${message}${hint === undefined ? "" : `\nhint: ${hint}`}`);
    return code === "usage" || code === "config" ? 2 : 1;
  }
}

/** What the command line of the task asks for. */
interface TaskOptions {
  readonly targets: readonly Target[];
  readonly runtime: RuntimeKind;
}

function parseOptions(args: readonly string[]): TaskOptions {
  const { target, runtime } = parse(args);
  if (runtime !== "denort" && runtime !== "npm") {
    throw new PlasmdError("usage", `Unknown runtime "${runtime}"`, { hint: "it is denort or npm" });
  }
  return { targets: targetsOf(target), runtime };
}

function parse(args: readonly string[]): { target: string[]; runtime: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        target: { type: "string", multiple: true, default: [hostTarget()] },
        runtime: { type: "string", default: "denort" },
      },
    }).values;
  } catch (thrown) {
    throw new PlasmdError("usage", thrown instanceof Error ? thrown.message : String(thrown), {
      hint: "deno task compile [--target linux-x64|linux-arm64|darwin-arm64|all]... " +
        "[--runtime denort|npm]",
    });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
