/**
 * What makes components, as a program of its own: it reads the text of one from stdin, or a module
 * where an adapter is named, and writes the component to stdout. The package starts threads that
 * a test must not leave behind.
 *
 * @module
 */

import { componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const input = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
const [adapter] = Deno.args;
const component = adapter === undefined
  ? await parse(new TextDecoder().decode(input))
  : await componentNew(input, [["wasi_snapshot_preview1", await Deno.readFile(adapter)]]);
for (let done = 0; done < component.length;) {
  done += Deno.stdout.writeSync(component.subarray(done));
}
Deno.exit(0);
