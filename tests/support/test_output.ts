/**
 * What a run of `deno test` said: its counts and the tests that skipped themselves.
 *
 * @module
 */

/** The counts of a run. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Why tests were skipped, one entry a test. */
  readonly skipped: readonly string[];
}

/** Takes the output of `deno test` line by line. */
export interface OutputReader {
  /** Takes one line, colours and all. */
  line(text: string): void;
  /** The counts, once the run has ended with this exit code. */
  end(exitCode: number): Counts;
}

/**
 * Reads the output of a run. A test that lacks its tools prints `SKIPPED: why` and returns, or was
 * ignored by `deno test`, its file then printing the reason: neither counts as passed. A run that
 * failed without a failed test (it didn't compile, it crashed) counts as one failure.
 */
export function readOutput(): OutputReader {
  const inTests: string[] = [];
  const inFiles: string[] = [];
  let running = false;
  let summary = { passed: 0, failed: 0, ignored: 0 };
  return {
    line(text) {
      const line = stripColours(text);
      if (/ \.\.\.$/.test(line)) running = true;
      if (/ \.\.\. (?:ok|FAILED|ignored|cancelled)\b/.test(line)) running = false;
      const reason = /^SKIPPED: (.+)/.exec(line)?.[1];
      if (reason !== undefined) (running ? inTests : inFiles).push(reason);
      // A test that runs tests can print a summary of its own: the last one is the run's.
      summary = parseSummary(line) ?? summary;
    },
    end(exitCode) {
      const ignored = Array.from(
        { length: summary.ignored },
        (_, i) => inFiles[i] ?? "ignored by its own condition",
      );
      return {
        passed: Math.max(0, summary.passed - inTests.length),
        failed: summary.failed === 0 && exitCode !== 0 ? 1 : summary.failed,
        skipped: [...inTests, ...ignored],
      };
    },
  };
}

/** The counts of a line like `ok | 2 passed (1 step) | 0 failed | 1 ignored (5ms)`. */
function parseSummary(
  line: string,
): { passed: number; failed: number; ignored: number } | undefined {
  const match = /^(?:ok|FAILED) \| (\d+) passed\b.*?\| (\d+) failed\b/.exec(line);
  if (match === null) return undefined;
  const ignored = /\| (\d+) ignored\b/.exec(line)?.[1] ?? "0";
  return { passed: Number(match[1]), failed: Number(match[2]), ignored: Number(ignored) };
}

function stripColours(text: string): string {
  // deno-lint-ignore no-control-regex -- what a terminal's colours are made of
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

/** The lines that close a run; the last one is for programs. */
export function closingLines({ passed, failed, skipped }: Counts, strict: boolean): string[] {
  const lines = skipped.map((reason) => `skipped: ${reason}`);
  if (skipped.length > 0) {
    lines.push(`${skipped.length} skipped${strict ? ", which counts as failed here" : ""}`);
  }
  return [...lines, `${passed} passed, ${failed + (strict ? skipped.length : 0)} failed`];
}
