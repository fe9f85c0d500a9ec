/**
 * Another runtime of WebAssembly to compare with: the Python package `wasmtime`, in a directory of
 * its own.
 *
 * @module
 */

import { runTool } from "./tools.ts";

/** The version that is compared with. */
export const wasmtimeVersion = "50.0.1";

/** Runs a module so many times in one process; each time it is compiled anew, as jobs are. */
const script = `
import json, os, sys, time
from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig
path, runs, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
bytes_ = open(path, "rb").read()
engine = Engine()
times = []
for _ in range(runs):
    start = time.perf_counter()
    module = Module(engine, bytes_)
    linker = Linker(engine)
    linker.define_wasi()
    store = Store(engine)
    wasi = WasiConfig()
    wasi.argv = ["module"] + sys.argv[4:]
    wasi.stdout_file = out
    store.set_wasi(wasi)
    instance = linker.instantiate(store, module)
    try:
        instance.exports(store)["_start"](store)
    except ExitTrap:
        pass
    times.append((time.perf_counter() - start) * 1000)
print(json.dumps(times))
`;

/** The runtime, ready to run modules. */
export interface Wasmtime {
  /** Milliseconds of each run in one process, and what the last one printed. */
  run(
    module: string,
    args: readonly string[],
    runs: number,
  ): Promise<{ readonly times: readonly number[]; readonly stdout: string }>;
}

/** Installs it below a directory; a text says why it isn't there. */
export async function installWasmtime(directory: string): Promise<Wasmtime | string> {
  const home = `${directory}/wasmtime`;
  try {
    await runTool("python3", "-m", "venv", home);
    await runTool(`${home}/bin/pip`, "install", "--quiet", `wasmtime==${wasmtimeVersion}`);
  } catch (thrown) {
    return `wasmtime could not be installed (${(thrown as Error).message.slice(0, 100)})`;
  }
  const file = `${directory}/run_module.py`;
  await Deno.writeTextFile(file, script);
  return {
    async run(module, args, runs) {
      const out = `${directory}/wasmtime.out`;
      const python = `${home}/bin/python`;
      const said = await runTool(python, file, module, String(runs), out, ...args);
      return { times: JSON.parse(said), stdout: await Deno.readTextFile(out) };
    },
  };
}
