/**
 * Multicast DNS in the packed program: whatever its libraries need is in it.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { netnsLink, netnsTools, startOn } from "../support/netns.ts";
import { executable, executableTools } from "../support/executable.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

/** Asks a program on a machine, again and again, until its output is as wanted. */
async function until(machine: string, command: string[], wanted: (text: string) => boolean) {
  const end = performance.now() + 30_000;
  for (let text = "nothing";;) {
    if (performance.now() > end) throw new Error(`${command.join(" ")}: ${text}`);
    const run = new Deno.Command("ip", { args: ["netns", "exec", machine, ...command] });
    const { stdout, stderr } = await run.output();
    text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (wanted(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test(
  "the packed program announces and browses on the LAN",
  needing({ tools: [...netnsTools, ...executableTools], root: true }, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(2);
    const [first, second] = link.machines as [string, string];
    const folder = directory.join("artifacts");
    await fs.mkdir(folder);
    await fs.writeFile(`${folder}/vmlinuz`, "a kernel");
    const exe = await executable();
    const env = { PLASMD_IDENTITY: directory.join("identity.key"), NO_COLOR: "1" };
    const serve = ["serve", "--artifacts", folder, "--state-dir", directory.join("state")];
    const more = ["--arch", "x86_64", "--port", "8099", "--p2p-port", "4001"];
    await using provider = startOn(first, [exe, ...serve, ...more], env);
    await provider.waitFor(/Fetch it on another machine/, 60_000);

    const find = ["discover", "--mode", "local", "--channel", "stable", "--arch", "x86_64"];
    const discover = [exe, ...find, "--all", "--json"];
    await until(second, discover, (text) => text.includes("http://10.99.0.1:8099"));
  }),
);
