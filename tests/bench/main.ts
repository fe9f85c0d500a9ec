/**
 * `deno task bench [NAME...]`: runs the benchmarks of this folder, all or those named, and writes
 * their sections of docs/performance.md.
 *
 * @module
 */

import { type Bench, withSection } from "../support/performance_page.ts";

const page = new URL("../../docs/performance.md", import.meta.url);

/** The names of the benchmarks that there are. */
async function names(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(new URL("./", import.meta.url))) {
    if (name.endsWith("_bench.ts")) found.push(name.replace(/_bench\.ts$/, ""));
  }
  return found.sort();
}

async function runBench(name: string, signal: AbortSignal): Promise<void> {
  console.log(`bench: ${name}`);
  const module: { bench: Bench } = await import(`./${name}_bench.ts`);
  const section = await module.bench({ signal, say: (line) => console.log(`  ${line}`) });
  console.log(section.markdown);
  const text = await Deno.readTextFile(page).catch(() => "");
  await Deno.writeTextFile(page, withSection(text, name, section));
  const fmt = ["fmt", "--quiet", page.pathname];
  await new Deno.Command(Deno.execPath(), { args: fmt }).output();
}

async function main(args: readonly string[]): Promise<number> {
  const known = await names();
  const unknown = args.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`error: no benchmark "${unknown[0]}"\nhint: there are ${known.join(", ")}`);
    return 2;
  }
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error("Stopped by a signal"));
  Deno.addSignalListener("SIGINT", onSignal);
  try {
    for (const name of args.length > 0 ? args : known) await runBench(name, stop.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", onSignal);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
