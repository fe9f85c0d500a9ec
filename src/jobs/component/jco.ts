/**
 * The transpiler of components, a part that is loaded when a job is one: a component becomes core
 * modules and the script that joins them.
 *
 * @module
 */

import { $init, generate } from "@bytecodealliance/jco-transpile/component";

/** A component as the engine can run it. */
export interface Generated {
  /** Names → bytes: one script, and the core modules that it asks for. */
  readonly files: readonly (readonly [string, Uint8Array])[];
  /** Interfaces that it wants, without their versions. */
  readonly imports: readonly string[];
  /** Interfaces that it has, with their versions. */
  readonly exports: readonly string[];
}

/** Waits until the transpiler can work. */
export async function prepare(): Promise<void> {
  await $init;
}

/** Transpiles a component; what it throws says what is wrong with the component. */
export function transpile(component: Uint8Array): Generated {
  const { files, imports, exports } = generate(component, {
    name: "component",
    // The script instantiates at once, in its thread, with what it is given.
    instantiation: { tag: "sync" },
    noTypescript: true,
    noNodejsCompat: true,
    noComponentErrorWrapping: true,
    // Every core module is a file: none is compiled that wasn't checked.
    base64Cutoff: 0,
  });
  return { files, imports, exports: exports.map(([name]) => name) };
}
