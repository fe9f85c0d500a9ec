/**
 * The shell part of an image: /init and what it reads. The scripts are files of their own in
 * shell/, for busybox's ash; here is where each lies in the image.
 *
 * @module
 */

import clientText from "./shell/client.sh" with { type: "text" };
import commonText from "./shell/common.sh" with { type: "text" };
import driversText from "./shell/drivers.sh" with { type: "text" };
import initText from "./shell/init.sh" with { type: "text" };
import networkText from "./shell/network.sh" with { type: "text" };
import plasmdText from "./shell/plasmd.sh" with { type: "text" };
import serveText from "./shell/serve.sh" with { type: "text" };
import systemText from "./shell/system.sh" with { type: "text" };
import udhcpcText from "./shell/udhcpc.sh" with { type: "text" };
import unitText from "./shell/phase-serve.service" with { type: "text" };
import type { CpioEntry } from "./cpio.ts";

/** The scripts by their paths in the image. */
export const imageScripts: Readonly<Record<string, string>> = {
  "init": initText,
  "lib/phase/client.sh": clientText,
  "lib/phase/common.sh": commonText,
  "lib/phase/drivers.sh": driversText,
  "lib/phase/network.sh": networkText,
  "lib/phase/phase-serve.service": unitText,
  "lib/phase/system.sh": systemText,
  "lib/phase/udhcpc.sh": udhcpcText,
  "run/phase/plasmd": plasmdText,
  "run/phase/serve": serveText,
};

/** Directories that init mounts on, and that `busybox --install` fills. */
const directories = [
  ...["bin", "dev", "etc", "proc", "run", "sbin", "sys", "usr/bin", "usr/sbin", "var/lib", "root"],
];

/** Every entry of an image but programs, modules and settings. */
export function initEntries(): CpioEntry[] {
  const text = new TextEncoder();
  return [
    ...directories.map((path): CpioEntry => ({ kind: "directory", path })),
    { kind: "directory", path: "tmp", mode: 0o1777 },
    // Without it the kernel has nothing to print init's first words on.
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
    { kind: "link", path: "bin/sh", target: "busybox" },
    { kind: "link", path: "bin/plasmd", target: "/run/phase/plasmd" },
    { kind: "link", path: "etc/resolv.conf", target: "/run/phase/resolv.conf" },
    { kind: "file", path: "etc/hosts", bytes: text.encode("127.0.0.1 localhost\n::1 localhost\n") },
    { kind: "file", path: "etc/passwd", bytes: text.encode("root::0:0:root:/root:/bin/sh\n") },
    { kind: "file", path: "etc/group", bytes: text.encode("root:x:0:\n") },
    ...Object.entries(imageScripts).map(([path, script]): CpioEntry => ({
      kind: "file",
      path,
      bytes: text.encode(script),
      mode: script.startsWith("#!") ? 0o755 : 0o644,
    })),
  ];
}
