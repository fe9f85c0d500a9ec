/**
 * Addresses that come and go while a provider serves: it is found on the new network, and no longer
 * on the old one.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { type NetnsLink, netnsLink, netnsTools, startOn } from "../support/netns.ts";
import { programCommand } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const seconds = 1000;

function plasmd(machine: string, directory: TempDirectory, ...args: string[]) {
  const [command, ...rest] = programCommand(args);
  return startOn(machine, [command!, ...rest], {
    PLASMD_IDENTITY: directory.join("identity.key"),
    NO_COLOR: "1",
  });
}

/** The origins that a machine finds. */
async function found(link: NetnsLink, directory: TempDirectory): Promise<string[]> {
  const args = ["--mode", "local", "--arch", "x86_64", "--all", "--timeout", "4", "--json"];
  await using search = plasmd(link.machines[1]!, directory, "discover", ...args);
  await search.ended;
  const text = search.output();
  const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  return JSON.parse(json).providers.map(({ origin }: { origin: string }) => origin);
}

const address = (machine: string, what: "add" | "del", cidr: string) =>
  runTool("ip", "-n", machine, "address", what, cidr, "dev", "eth0");

Deno.test(
  "a provider is found on a network that its interface joins, and not on one that it leaves",
  needing({ tools: netnsTools, root: true }, async () => {
    await using link = await netnsLink(2);
    await using directory = await tempDirectory();
    const [server, client] = link.machines as [string, string];
    // IPv4 alone, so that nothing is found over the other one.
    for (const machine of link.machines) {
      const off = "net.ipv6.conf.eth0.disable_ipv6=1";
      await runTool("ip", "netns", "exec", machine, "sysctl", "-qw", off);
    }
    await fs.mkdir(directory.join("artifacts"));
    await fs.writeFile(directory.join("artifacts/vmlinuz"), "a kernel");
    await using provider = plasmd(
      ...[server, directory, "serve", "--artifacts", directory.join("artifacts")] as const,
      ...["--state-dir", directory.join("state"), "--arch", "x86_64", "--no-dht", "--port", "8099"],
    );
    await provider.waitFor(/Fetch it on another machine/, 30 * seconds);
    assert.deepEqual(await found(link, directory), ["http://10.99.0.1:8099"]);

    await address(client, "del", "10.99.0.2/24");
    await address(client, "add", "10.98.0.2/24");
    assert.deepEqual(await found(link, directory), []);
    await address(server, "add", "10.98.0.1/24");
    let now: string[] = [];
    for (let i = 0; i < 5 && now.length === 0; i++) now = await found(link, directory);
    assert.deepEqual(now, ["http://10.98.0.1:8099"]);

    await address(server, "del", "10.98.0.1/24");
    for (let i = 0; i < 5 && now.length > 0; i++) now = await found(link, directory);
    assert.deepEqual(now, []);
  }),
);
