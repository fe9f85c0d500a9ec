/**
 * Line coverage of the source, from the lcov report of `deno coverage`.
 *
 * @module
 */

/** Lines of a file: how many can run, and how many did. */
export interface FileCoverage {
  /** The path from the root of the project. */
  readonly path: string;
  readonly lines: number;
  readonly hit: number;
}

/** The files of an lcov report, their paths cut to the project's root. */
export function parseLcov(report: string, root: string): FileCoverage[] {
  const files: FileCoverage[] = [];
  let path = "";
  let lines = 0;
  let hit = 0;
  for (const line of report.split("\n")) {
    if (line.startsWith("SF:")) {
      path = line.slice(3).replace(root, "");
      lines = hit = 0;
    } else if (line.startsWith("DA:")) {
      lines++;
      if (Number(line.slice(3).split(",")[1]) > 0) hit++;
    } else if (line === "end_of_record") {
      files.push({ path, lines, hit });
    }
  }
  return files;
}

/**
 * Whether a file counts. The entries of Workers don't: they run in another thread, which coverage
 * doesn't see.
 */
export function counts(path: string): boolean {
  return path.startsWith("src/") && path.endsWith(".ts") && !path.endsWith("_worker.ts");
}

/**
 * The coverage of all source files. One that no test ever loaded is missing in the report, so its
 * text is counted: every line that isn't empty or a comment, none of them hit.
 */
export function withUnloaded(
  report: readonly FileCoverage[],
  sources: ReadonlyMap<string, string>,
): FileCoverage[] {
  const known = new Map(report.map((file) => [file.path, file]));
  const all: FileCoverage[] = [];
  for (const [path, text] of sources) {
    if (!counts(path)) continue;
    const file = known.get(path) ?? { path, lines: codeLines(text), hit: 0 };
    if (file.lines > 0) all.push(file);
  }
  return all;
}

/** Lines of code of a file; none where it holds only types, which leave nothing to run. */
function codeLines(text: string): number {
  const runs = /^(?:export )?(?:default )?(?:async )?(?:const|let|function|class|enum) /m;
  if (!runs.test(text)) return 0;
  return text.replace(/\/\*[\s\S]*?\*\//g, "").split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*\/\//.test(line)).length;
}

/** Percent of all lines that ran; 0 where there are none, which is no success either. */
export function percentOf(files: readonly FileCoverage[]): number {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const hit = files.reduce((sum, file) => sum + file.hit, 0);
  return lines === 0 ? 0 : hit / lines * 100;
}
