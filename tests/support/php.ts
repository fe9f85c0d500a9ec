/**
 * The client in PHP, run with the PHP that this machine has.
 *
 * @module
 */

import { projectRoot } from "./program.ts";
import { needing, runTool, type TestBody } from "./tools.ts";

/** The folder of the client. */
export const phpClient: string = `${projectRoot}docs/clients/php`;

/** What a PHP program that ended has left. */
export interface PhpEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The body, or one that says `SKIPPED: why` where PHP, an extension or a tool is missing. */
export function needingPhp(tools: readonly string[], body: TestBody): TestBody {
  return needing({ tools: ["php", ...tools] }, async (t) => {
    const there = (await runTool("php", "-m")).toLowerCase().split("\n");
    const missing = ["curl", "sodium"].filter((name) => !there.includes(name));
    if (missing.length > 0) return console.log(`SKIPPED: PHP has no ${missing.join(", ")}`);
    await body(t);
  });
}

/** Runs a PHP program to its end; errors of PHP itself go to stderr. */
export async function runPhp(
  args: readonly string[],
  { stdin = "", cwd = phpClient }: { readonly stdin?: string; readonly cwd?: string } = {},
): Promise<PhpEnded> {
  const child = new Deno.Command("php", {
    args: ["-d", "display_errors=stderr", "-d", "error_reporting=-1", ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Has the client answer questions, in one process; see php/cross_check.php. */
export async function askPhp(questions: readonly unknown[]): Promise<unknown[]> {
  const script = new URL("php/cross_check.php", import.meta.url).pathname;
  const lines = questions.map((question) => JSON.stringify(question)).join("\n");
  const { code, stdout, stderr } = await runPhp([script], { stdin: `${lines}\n` });
  if (code !== 0 || stderr !== "") throw new Error(`PHP ended with ${code}: ${stderr}`);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
