/**
 * docs/wasi.md's lists, made from the calls and interfaces that there are.
 *
 * @module
 */

import { preview2Names } from "../../src/jobs/preview2/interfaces.ts";
import { preview1Names } from "../../src/jobs/wasi/preview1.ts";
import { projectRoot } from "./program.ts";

/** What is worth saying of a call; the others behave as specified, and no more is to be said. */
const remarks: Readonly<Record<string, string>> = {
  clock_res_get: "1 microsecond for every clock",
  clock_time_get: "real time and monotonic; both CPU clocks are the monotonic one",
  fd_advise: "checked, and without effect",
  fd_allocate: "grows the file",
  fd_datasync: "files are in memory: nothing is to be done",
  fd_fdstat_get: "the type of standard streams is unknown: they are pipes, no terminals",
  fd_fdstat_set_flags: "append counts; the others are kept and change nothing",
  fd_prestat_get: "descriptor 3 is the root directory, `/`",
  fd_readdir:
    "entries as they were when cookie 0 was read, without those that are gone, after `.` and `..`",
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

/** What is to be known of an interface; all of them have all their calls. */
const interfaceRemarks: Readonly<Record<string, string>> = {
  "wasi:cli/environment": "arguments and variables that were given; the directory is `/`",
  "wasi:cli/exit": "`exit-with-code`, too: its code is the job's",
  "wasi:cli/terminal-stderr": "none is a terminal",
  "wasi:cli/terminal-stdin": "none is a terminal",
  "wasi:cli/terminal-stdout": "none is a terminal",
  "wasi:filesystem/preopens": "one: `/`",
  "wasi:filesystem/types": "links are relative; a hard link is never made through a link",
  "wasi:io/poll": "clocks sleep; streams are always ready",
  "wasi:random/insecure": "as `random`",
  "wasi:random/random": "the system's randomness; seeded with `--deterministic`",
  "wasi:sockets/instance-network": "a network that has nothing",
  "wasi:sockets/ip-name-lookup": "`access-denied`",
  "wasi:sockets/network": "its types",
  "wasi:sockets/tcp": "its types: there are no sockets",
  "wasi:sockets/tcp-create-socket": "there are no sockets: `not-supported`",
  "wasi:sockets/udp": "its types: there are no sockets",
  "wasi:sockets/udp-create-socket": "there are no sockets: `not-supported`",
};

/** The rows of interfaces as they must stand on the page. */
export function interfaceRows(): string[] {
  return preview2Names().map((name) => `${name}: ${interfaceRemarks[name] ?? "as specified"}`);
}

/** The rows of interfaces as they stand on a page. */
export function interfaceRowsOf(page: string): string[] {
  return [...page.matchAll(/^\| `(wasi:[^`]+)` +\| (.+?) +\|$/gm)]
    .map(([, name, remark]) => `${name}: ${remark}`);
}

if (import.meta.main) {
  const page = `${projectRoot}docs/wasi.md`;
  const [head] = tabled(await Deno.readTextFile(page)).split("\n- `");
  await Deno.writeTextFile(
    page,
    `${head!.trimEnd()}\n\n${wasiRows().map((row) => `- ${row}`).join("\n")}\n`,
  );
}

/** The page with the table of interfaces as it must be. */
function tabled(page: string): string {
  const rows = interfaceRows().map((row) => `| \`${row.replace(": ", "` | ")} |`);
  const table = ["| interface | what is to be known |", "| --- | --- |", ...rows].join("\n");
  return page.replace(/^\| interface[\s\S]*?(?=\n\n)/m, () => table);
}
