/**
 * `deno task test`, `e2e` and `interop`: runs `deno test` on a suite and ends with the line
 * `N passed, N failed`. Other arguments go to `deno test`; a path replaces the suite's own.
 *
 * @module
 */

import { closingLines, type Counts, readOutput } from "./test_output.ts";

/** The suites: what of tests/ each runs, and how long the whole may take. */
const suites = {
  unit: {
    paths: ["--ignore=tests/e2e,tests/interop,tests/bench", "tests"],
    limitMs: 15 * 60_000,
  },
  e2e: { paths: ["tests/e2e"], limitMs: 45 * 60_000 },
  interop: { paths: ["tests/interop"], limitMs: 15 * 60_000 },
} as const;

/** Runs a suite with `deno test`, its output passed on. */
async function runSuite(name: keyof typeof suites, args: readonly string[]): Promise<Counts> {
  const { paths, limitMs } = suites[name];
  const own = args.some((arg) => !arg.startsWith("-")) ? [] : paths;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-prompt", ...own, ...args],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
  }).spawn();
  // A suite that hangs must end as a failure, not as a machine that waits for ever.
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const output = readOutput();
  try {
    await passOn(child.stdout, output.line);
    return output.end((await child.status).code);
  } finally {
    clearTimeout(timer);
  }
}

/** Writes a stream to stdout as it comes, and hands out its lines. */
async function passOn(
  stream: ReadableStream<Uint8Array>,
  line: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of stream) {
    for (let done = 0; done < part.length;) done += Deno.stdout.writeSync(part.subarray(done));
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!;
    lines.forEach(line);
  }
  if (rest !== "") line(rest);
}

/** Runs a suite and prints its closing lines. Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const e2e = args[0] === "--e2e";
  const interop = args[0] === "--interop";
  const suite = e2e ? "e2e" : interop ? "interop" : "unit";
  const counts = await runSuite(suite, suite === "unit" ? args : args.slice(1));
  // On a machine that is there to test, a tool that is missing is a failure.
  const strict = e2e && Deno.env.get("CI") === "true";
  for (const line of closingLines(counts, strict)) console.log(line);
  const nothingRan = counts.passed + counts.failed + counts.skipped.length === 0;
  return counts.failed > 0 || nothingRan || (strict && counts.skipped.length > 0) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
