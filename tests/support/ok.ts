/**
 * `deno task ok`: the one gate. Runs every check, stops at the first that fails and says what to
 * do.
 *
 * @module
 */

import { parseLcov, percentOf, withUnloaded } from "./coverage.ts";
import { isHeld, parseDocLint } from "./doc_lint.ts";

const root = new URL("../../", import.meta.url).pathname;
const coverageDirectory = "coverage";
/** Percent of the source's lines that the tests must run. */
const leastCoverage = 85;

/** One check of the gate. */
interface Step {
  readonly name: string;
  /** What to do when it fails. */
  readonly hint: string;
  /** Resolves to whether all is well; prints what isn't. */
  run(sources: readonly string[]): Promise<boolean>;
}

const steps: readonly Step[] = [
  {
    name: "format",
    hint: "run `deno fmt`",
    run: () => deno("fmt", "--check"),
  },
  {
    name: "lint, the order of the parts included",
    hint: "see CONTRIBUTING.md for the order; `deno lint --fix` mends what can be mended",
    run: lint,
  },
  {
    name: "types",
    hint: "`deno check FILE` shows one file's errors",
    run: () => deno("check", "--quiet", "main.ts", "src", "tests"),
  },
  {
    name: "doc comments",
    hint: "every export has a comment that says what it is for, and an explicit type",
    run: checkDocComments,
  },
  {
    name: "examples in docs and comments",
    hint: "a block that isn't meant to run says so: ```ts ignore",
    run: checkExamples,
  },
  {
    name: "tests",
    hint: "`deno task test PATH --filter NAME` runs one; `--trace-leaks` shows where a leak began",
    run: () =>
      deno(
        ...["run", "-A", "tests/support/run_tests.ts"],
        ...["--clean", "--coverage-raw-data-only", `--coverage=${coverageDirectory}`],
      ),
  },
  {
    name: `coverage of at least ${leastCoverage} % of the lines`,
    hint: "the files with the most lines that no test runs are listed above",
    run: checkCoverage,
  },
];

async function deno(...args: string[]): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), { args, cwd: root }).spawn();
  return (await child.status).success;
}

/**
 * Lints. Deno's linter itself crashes now and then (its process dies of SIGSEGV, here about once in
 * a hundred runs): that is no finding, so it is said and run again; findings never are.
 */
async function lint(): Promise<boolean> {
  for (let tries = 0; tries < 3; tries++) {
    const child = new Deno.Command(Deno.execPath(), { args: ["lint", "--quiet"], cwd: root });
    const { success, signal } = await child.spawn().status;
    if (signal === null) return success;
    console.log(`deno lint died of ${signal}: once more`);
  }
  return false;
}

async function denoOutput(...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

async function checkDocComments(sources: readonly string[]): Promise<boolean> {
  const findings = parseDocLint(await denoOutput("doc", "--lint", ...sources)).filter(isHeld);
  for (const { file, line, message } of findings) {
    console.log(`${file.replace(root, "")}:${line}: ${message}`);
  }
  let ok = findings.length === 0;
  for (const path of sources) {
    const text = await Deno.readTextFile(root + path);
    if (/^\/\*\*[\s\S]*?@module\s*\*\//.test(text)) continue;
    console.log(`${path}: no @module comment that says what the file is for`);
    ok = false;
  }
  return ok;
}

/** Runs the code blocks of pages and comments. */
async function checkExamples(sources: readonly string[]): Promise<boolean> {
  const modules: string[] = [];
  for (const path of sources) {
    // A module without blocks need not be loaded, and the entry of a Worker would start its work.
    if ((await Deno.readTextFile(root + path)).includes(" * ```")) modules.push(path);
  }
  const flags = ["-A", "--doc", "--quiet", "--permit-no-files"];
  return await deno("test", ...flags, "README.md", "docs", ...modules);
}

async function checkCoverage(sources: readonly string[]): Promise<boolean> {
  // Programs that tests kill leave empty files, over which the report would fail.
  for await (const { name } of Deno.readDir(coverageDirectory)) {
    const file = `${coverageDirectory}/${name}`;
    if ((await Deno.stat(file)).size === 0) await Deno.remove(file);
  }
  const report = parseLcov(await denoOutput("coverage", "--lcov", coverageDirectory), root);
  const texts = new Map<string, string>();
  for (const path of sources) texts.set(path, await Deno.readTextFile(root + path));
  const files = withUnloaded(report, texts);
  const percent = percentOf(files);
  const worst = files.toSorted((a, b) => (b.lines - b.hit) - (a.lines - a.hit)).slice(0, 10);
  for (const { path, lines, hit } of worst) console.log(`${path}: ${lines - hit} of ${lines}`);
  console.log(`${percent.toFixed(1)} % of the lines are covered`);
  return percent >= leastCoverage;
}

/** The source files, from the root of the project, sorted. */
async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(root + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await sourceFiles(path));
    else if (path.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

/** Runs the steps in order. Returns the exit code. */
async function main(): Promise<number> {
  const sources = await sourceFiles("src");
  for (const { name, hint, run } of steps) {
    console.log(`ok: ${name}`);
    if (await run(sources)) continue;
    console.log(`FAILED: ${name}\nhint: ${hint}`);
    return 1;
  }
  console.log("ok: all checks passed");
  return 0;
}

if (import.meta.main) Deno.exit(await main());
