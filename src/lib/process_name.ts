/**
 * The name of this process in `ps`, `top` and `pgrep`.
 *
 * @module
 */

/**
 * Gives this process its name. The kernel names it after the file that was executed, which for the
 * executable is the loader. Where that can't be said there is nothing to do about it.
 */
export function nameProcess(name: string, file = "/proc/self/comm"): void {
  try {
    Deno.writeTextFileSync(file, name, { create: false });
  } catch {
    // No /proc, or another system: the name stays what it is.
  }
}
