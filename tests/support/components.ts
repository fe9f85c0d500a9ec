/**
 * Components written by hand, in the text format: a core module between WASI 0.2 and `wasi:cli/run`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** What a component of a test is made of. */
export interface ComponentText {
  /** Instructions of `run`, which returns 0 for ok and 1 for an error. */
  readonly run: string;
  /** Text at 1024 in its memory. */
  readonly data?: string;
  /** More of the component, before its core modules. */
  readonly before?: string;
  /** More imports of its module: name → a core function that is made in `before`. */
  readonly calls?: Readonly<Record<string, string>>;
  /** Pages that its memory starts with. */
  readonly pages?: number;
  /** The interface that it exports. */
  readonly exported?: string;
}

const interfaces = `
  (import "wasi:io/error@0.2.0" (instance $err (export "error" (type (sub resource)))))
  (alias export $err "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $outer))
    (export "error" (type $e (eq $outer)))
    (export "output-stream" (type $os (sub resource)))
    (type $se (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $failed (eq $se)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $os)) (param "contents" (list u8))
      (result (result (error $failed)))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $out (type $outer))
    (export "output-stream" (type $o (eq $outer)))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit-with-code" (func (param "status-code" u8)))))`;

/**
 * Makes a component. Its `run` can call `$print` with an address and a length, and `$exit` with a
 * code.
 */
export async function componentOf(text: ComponentText): Promise<Uint8Array> {
  return await makeComponent(new TextEncoder().encode(componentText(text)));
}

/** Makes a preview 1 module a component. */
export async function componentOfModule(module: Uint8Array, adapter: string): Promise<Uint8Array> {
  return await makeComponent(module, adapter);
}

async function makeComponent(input: Uint8Array, ...args: string[]): Promise<Uint8Array> {
  const tool = fileURLToPath(new URL("components_tool.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", tool, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return stdout;
}

/** The same as text. */
export function componentText(
  { run, data = "", before = "", calls = {}, pages = 1, exported = "wasi:cli/run@0.2.0" }:
    ComponentText,
): string {
  return `(component ${interfaces} ${before}
  (core module $memory (memory (export "memory") ${pages}))
  (core instance $m (instantiate $memory))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $m "memory"))))
  (core func $leave (canon lower (func $exit "exit-with-code")))
  (core module $main
    (import "host" "get" (func $get (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "leave" (func $exit (param i32)))
    (import "host" "memory" (memory ${pages}))
    ${Object.keys(calls).map((name) => `(import "host" "${name}" ${types(name)})`).join("\n")}
    (data (i32.const 1024) ${JSON.stringify(data)})
    (func $print (param i32 i32)
      (call $write (call $get) (local.get 0) (local.get 1) (i32.const 64)))
    (func (export "run") (result i32) ${run}))
  (core instance $i (instantiate $main (with "host" (instance
    (export "get" (func $get)) (export "write" (func $write)) (export "leave" (func $leave))
    (export "memory" (memory $m "memory"))
    ${Object.entries(calls).map(([name, call]) => `(export "${name}" (func ${call}))`).join("\n")}
  ))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $r (export "run" (func $run)))
  (export "${exported}" (instance $r)))`;

  /** A call's own function is named for it; it takes nothing and gives a number. */
  function types(name: string): string {
    return `(func $${name} (result i32))`;
  }
}
