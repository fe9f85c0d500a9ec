/**
 * docs/wasi.md's table, made from the calls that there are.
 *
 * @module
 */

import { preview1Names } from "../../src/jobs/wasi/preview1.ts";
import { projectRoot } from "./program.ts";

/** What is worth saying of a call; the others behave as specified, and no more is to be said. */
const remarks: Readonly<Record<string, string>> = {
  clock_res_get: "1 microsecond for every clock",
  clock_time_get: "real time and monotonic; both CPU clocks are the monotonic one",
  fd_advise: "checked, and without effect",
  fd_allocate: "grows the file",
  fd_datasync: "files are in memory: nothing is to be done",
  fd_fdstat_set_flags: "append counts; the others are kept and change nothing",
  fd_prestat_get: "descriptor 3 is the root directory, `/`",
  fd_readdir: "entries in the order in which they came, after `.` and `..`",
  fd_sync: "files are in memory: nothing is to be done",
  path_link: "no hard links to directories, and none through a link",
  path_open: "a path never leaves the directory that it is opened from: ENOTCAPABLE",
  path_symlink: "an absolute target is refused: ENOTCAPABLE",
  poll_oneoff: "clocks sleep; files and streams are always ready",
  proc_raise: "ENOSYS: there are no signals",
  random_get: "the system's randomness; seeded with `--deterministic`",
  sched_yield: "nothing to yield to",
  sock_accept: "there are no sockets: ENOTSOCK, or EBADF",
  sock_recv: "there are no sockets: ENOTSOCK, or EBADF",
  sock_send: "there are no sockets: ENOTSOCK, or EBADF",
  sock_shutdown: "there are no sockets: ENOTSOCK, or EBADF",
};

/** The rows as they must stand on the page. */
export function wasiRows(): string[] {
  return preview1Names().map((name) => `\`${name}\`: ${remarks[name] ?? "as specified"}`);
}

if (import.meta.main) {
  const page = `${projectRoot}docs/wasi.md`;
  const [head] = (await Deno.readTextFile(page)).split("\n- `");
  await Deno.writeTextFile(
    page,
    `${head!.trimEnd()}\n\n${wasiRows().map((row) => `- ${row}`).join("\n")}\n`,
  );
}
