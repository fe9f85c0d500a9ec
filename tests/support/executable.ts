/**
 * The executable for end-to-end tests: this source, packed with the npm runtime. Compressed runtimes
 * are cached, so that building it again takes a moment.
 *
 * @module
 */

import { compile } from "../../src/build/compile.ts";
import { hostTarget, targetsOf } from "../../src/build/targets.ts";
import { projectRoot } from "./program.ts";

/** What {@linkcode executable} needs, for `needing`. */
export const executableTools: readonly string[] = ["gcc"];

let built: Promise<string> | undefined;

/** The path of the executable for this machine, built when it is first asked for. */
export function executable(): Promise<string> {
  return built ??= build();
}

async function build(): Promise<string> {
  const [target] = targetsOf([hostTarget()]);
  const output = `${projectRoot}.cache/e2e`;
  await Deno.mkdir(output, { recursive: true });
  const { file } = await compile({
    target: target!,
    runtime: "npm",
    output,
    cache: `${projectRoot}.cache/build`,
  });
  return file;
}
