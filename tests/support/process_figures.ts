/**
 * What Linux tells of a process: its memory, its descriptors, its processor time.
 *
 * @module
 */

/** Figures of one moment. */
export interface ProcessFigures {
  /** Bytes that it holds in memory now, and held at most. */
  readonly resident: number;
  readonly peak: number;
  /** Open descriptors. */
  readonly descriptors: number;
  /** Seconds of processor time, of all threads, in 1/100. */
  readonly cpu: number;
}

/** The figures of a process now. */
export function processFigures(pid: number): ProcessFigures {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)![1]) * 1024;
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  return {
    resident: bytes("VmRSS"),
    peak: bytes("VmHWM"),
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}

/** Asks 20 times a second until the condition holds. */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  { ms, what }: { readonly ms: number; readonly what: string },
): Promise<void> {
  const start = performance.now();
  while (!await condition()) {
    if (performance.now() - start > ms) throw new Error(`Within ${ms} ms it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Lets the peak of a process count from now. */
export function resetPeak(pid: number): void {
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}
