/**
 * Names under which the executable is one of its commands. DESIGN 9.
 *
 * @module
 */

const commands: Readonly<Record<string, readonly string[]>> = {
  "phase-discover": ["discover"],
  "phase-fetch": ["boot", "fetch"],
  "phase-verify": ["boot", "verify"],
  "phase-boot": ["boot", "run"],
};

/** The arguments of plasmd for a start under this name; the launcher says which it was. */
export function argsCalledAs(name: string | undefined, args: readonly string[]): string[] {
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name]! : [];
  return [...command, ...args];
}
