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

const built = new Map<string, Promise<string>>();

/** The path of the executable for a target, built when it is first asked for. */
export function executable(name: string = hostTarget()): Promise<string> {
  const known = built.get(name) ?? build(name);
  built.set(name, known);
  return known;
}

async function build(name: string): Promise<string> {
  const [target] = targetsOf([name]);
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
