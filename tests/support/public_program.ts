/**
 * The program in a place where every user of the machine can run it: a bundle and a copy of deno.
 * The project itself may lie in a home directory that others can't enter.
 *
 * @module
 */

import { bundleProgram } from "../../src/build/bundle.ts";
import { partModules } from "../../src/lib/part.ts";
import { workerModules } from "../../src/lib/worker.ts";
import { type ProgramOptions, projectRoot } from "./program.ts";
import { tempDirectory } from "./temp.ts";

/** A user without rights; Debian calls it nobody. */
export const nobody = 65534;

/** A program that can be started as {@linkcode nobody}. */
export interface PublicProgram extends AsyncDisposable {
  /** A directory of nobody's own. */
  readonly home: string;
  /** How to start it as nobody, after the words of `prefix`. */
  asNobody(prefix?: readonly string[]): ProgramOptions;
}

/** Bundles the program into a temporary directory. */
export async function publicProgram(): Promise<PublicProgram> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await tempDirectory());
  await Deno.chmod(path, 0o755);
  await bundleProgram({
    entry: new URL(`file://${projectRoot}main.ts`),
    workers: Object.fromEntries(workerModules().map(({ name, module }) => [name, module()])),
    parts: Object.fromEntries(partModules().map(({ name, module }) => [name, module()])),
    output: `${path}/plasmd.js`,
    build: { commit: "test", target: "linux-x64" },
  });
  await Deno.copyFile(Deno.execPath(), `${path}/deno`);
  for (const file of ["deno", "plasmd.js"]) await Deno.chmod(`${path}/${file}`, 0o755);
  const home = `${path}/home`;
  await Deno.mkdir(home);
  await Deno.chmod(home, 0o700);
  await Deno.chown(home, nobody, nobody);
  const owned = stack.move();
  return {
    home,
    asNobody: (prefix = []) => ({
      prefix: [
        ...prefix,
        ...["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"],
      ],
      deno: `${path}/deno`,
      main: `${path}/plasmd.js`,
      flags: ["--no-config", "--no-lock", "--cached-only", "--unstable-worker-options"],
      cwd: home,
      env: { HOME: home, DENO_DIR: `${home}/.deno`, XDG_STATE_HOME: "", XDG_CONFIG_HOME: "" },
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
