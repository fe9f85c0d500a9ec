/**
 * How much memory a process holds.
 *
 * @module
 */

/** Bytes that are resident of a process, or undefined where the system doesn't say. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (Deno.build.os === "linux") {
    const text = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
    return residentOf(text);
  }
  const ps = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)], stderr: "null" });
  const { stdout } = await ps.output();
  const kilobytes = Number(new TextDecoder().decode(stdout).trim());
  return kilobytes > 0 ? kilobytes * 1024 : undefined;
}

/** The figure in the text of /proc/PID/status. */
export function residentOf(status: string): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
