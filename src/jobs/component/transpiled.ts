/**
 * A component made ready to run, and what must hold of it before anything in it is compiled.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { jobLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import { preview2Names } from "../preview2/interfaces.ts";
import { type CheckedModule, checkModule } from "../wasm/check.ts";
import type { Generated } from "./jco.ts";

/** What runs a component. */
export interface Transpiled {
  /** A module of JavaScript: `instantiate(getCoreModule, imports, instantiateCore)`. */
  readonly script: Uint8Array;
  /** Names → core modules. */
  readonly cores: ReadonlyMap<string, Uint8Array>;
  /** The export that runs it. */
  readonly run: string;
}

/**
 * Makes a component ready to run.
 *
 * @throws {PlasmdError} `module` where it is malformed, wants what there isn't, or holds a core
 * module that is not allowed
 */
export function transpiledOf(
  component: Uint8Array,
  transpile: (component: Uint8Array) => Generated,
): Transpiled {
  const { files, imports, exports } = attempt(() => transpile(component));
  const unknown = imports.filter((name) => !preview2Names().includes(name));
  if (unknown.length > 0) {
    refuse(`it imports ${unknown.map((name) => `"${printable(name, 100)}"`).join(", ")}`);
  }
  const run = exports.find((name) => /^wasi:cli\/run@0\.2\.\d+$/.test(name));
  if (run === undefined) refuse("it exports no wasi:cli/run of WASI 0.2");
  const scripts = files.filter(([name]) => name.endsWith(".js"));
  const cores = new Map(files.filter(([name]) => name.endsWith(".wasm")));
  if (scripts.length !== 1) refuse("it can't be made ready to run");
  const total = files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  if (total > jobLimits.transpiledBytes) {
    refuse(`ready to run it has ${total} bytes, limit is ${jobLimits.transpiledBytes}`);
  }
  checkCores(cores);
  return { script: scripts[0]![1], cores, run };
}

/**
 * Checks every core module as if it had come by itself.
 *
 * @throws {PlasmdError} `module`
 */
export function checkCores(cores: Transpiled["cores"]): Map<string, CheckedModule> {
  const checked = [...cores].map(([name, bytes]) => [name, checkCore(bytes)] as const);
  return new Map(checked);
}

/** DESIGN 11: the transpiler writes modules of its own; they are held to the same rules. */
function checkCore(bytes: Uint8Array): CheckedModule {
  const checked = checkModule(bytes);
  if (checked.kind === "component") refuse("a component stands where a module should");
  return checked;
}

/** The transpiler is itself WebAssembly: what it throws, a trap included, is about its input. */
function attempt<Value>(transpile: () => Value): Value {
  try {
    return transpile();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    refuse(printable(message.split("\n")[0]!, 500), thrown);
  }
}

function refuse(why: string, cause?: unknown): never {
  throw new PlasmdError("module", `Cannot run the component: ${why}`, { cause });
}
