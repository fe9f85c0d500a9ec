/**
 * Runs a component that was made ready, in this thread, to its end.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { jobLimits } from "../../lib/limits.ts";
import type { JobInput, JobOutcome } from "../job.ts";
import { hostOf, type JobWriter, limited, outcomeOf } from "../run_module.ts";
import type { Interfaces } from "../preview2/cli.ts";
import { makePreview2 } from "../preview2/interfaces.ts";
import type { CheckedModule } from "../wasm/check.ts";
import { limitMemory } from "../wasm/limit_memory.ts";
import { checkCores, type Transpiled } from "./transpiled.ts";

/** What the script of a component exports. */
interface ComponentScript {
  instantiate(
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: Interfaces,
    instantiateCore: (
      module: WebAssembly.Module,
      imports?: WebAssembly.Imports,
    ) => WebAssembly.Instance,
  ): Readonly<Record<string, { run(): unknown }>>;
}

/**
 * Runs a component's `run`. What it throws becomes the outcome.
 *
 * @throws {PlasmdError} `module` where its modules can't be compiled or ask for more than they get
 */
export async function runComponent(
  transpiled: Transpiled,
  input: Omit<JobInput, "module">,
  { write, compiled }: {
    readonly write: JobWriter;
    /** Told when all of it is compiled, before any of it runs. */
    readonly compiled: () => void;
  },
): Promise<JobOutcome> {
  const host = hostOf(input, limited(write, input.limits.outputBytes));
  const { memoryBytes } = input.limits;
  const interfaces = makePreview2({ host, files: input.files, fileBytes: memoryBytes });
  const modules = await compileAll(transpiled.cores, memoryBytes);
  const script = await loadScript(transpiled.script);
  compiled();
  try {
    const { [transpiled.run]: entry } = script.instantiate(
      (name) => modules.get(name)!,
      interfaces,
      countedInstances(factsOf(transpiled.cores, modules), memoryBytes),
    );
    entry!.run();
    return { completion: "exit", exitCode: 0 };
  } catch (thrown) {
    if (thrown instanceof PlasmdError) throw thrown;
    return isFailure(thrown) ? { completion: "exit", exitCode: 1 } : outcomeOf(thrown);
  }
}

async function compileAll(
  cores: Transpiled["cores"],
  memoryBytes: number,
): Promise<Map<string, WebAssembly.Module>> {
  const modules = [...cores].map(async ([name, bytes]) =>
    [name, await WebAssembly.compile(limitMemory(bytes, memoryBytes) as BufferSource)] as const
  );
  return new Map(await Promise.all(modules));
}

async function loadScript(script: Uint8Array): Promise<ComponentScript> {
  const url = URL.createObjectURL(
    new Blob([script as BlobPart], { type: "text/javascript" }),
  );
  try {
    // deno-lint-ignore layers/imports -- it has no place: it was made of the job's component
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function factsOf(
  cores: Transpiled["cores"],
  modules: ReadonlyMap<string, WebAssembly.Module>,
): Map<WebAssembly.Module, CheckedModule> {
  const facts = checkCores(cores);
  return new Map([...modules].map(([name, module]) => [module, facts.get(name)!]));
}

/**
 * DESIGN 11: one small module can be instantiated many times, so what instances take is counted
 * over all of them.
 */
function countedInstances(
  facts: ReadonlyMap<WebAssembly.Module, CheckedModule>,
  memoryBytes: number,
): Parameters<ComponentScript["instantiate"]>[2] {
  let [instances, bytes, entries] = [0, 0, 0];
  return (module, imports) => {
    const { memoryPages, tableEntries } = facts.get(module)!;
    bytes += memoryPages * 65_536;
    entries += tableEntries;
    if (++instances > jobLimits.componentInstances) refuse(`more than ${instances - 1} instances`);
    if (bytes > memoryBytes) refuse(`${bytes} bytes of memory at its start`);
    if (entries > jobLimits.moduleTableEntries) refuse(`${entries} entries of tables`);
    return new WebAssembly.Instance(module, imports);
  };
}

function refuse(what: string): never {
  throw new PlasmdError("module", `Cannot run the component: it wants ${what}`);
}

/** `run` answered with its error, which has no value. */
function isFailure(thrown: unknown): boolean {
  return !(thrown instanceof Error) || thrown.name === "ComponentError";
}
