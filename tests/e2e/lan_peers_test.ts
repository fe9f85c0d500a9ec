/**
 * Nodes of the DHT on one link, none of which is told of another.
 *
 * @module
 */

import assert from "node:assert/strict";
import { netnsLink, type NetnsProgram, netnsTools, startOn } from "../support/netns.ts";
import { programCommand } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

async function node(machine: string, directory: TempDirectory, name: string, ...more: string[]) {
  const args = ["node", "--p2p-port", "4001", "--state-dir", directory.join(name), ...more];
  const [command, ...rest] = programCommand(args);
  const program: NetnsProgram = startOn(machine, [command!, ...rest], {
    PLASMD_IDENTITY: directory.join(`${name}.key`),
    NO_COLOR: "1",
  });
  await program.waitFor(/A node of the DHT/, 60_000);
  return program;
}

Deno.test(
  "nodes without a bootstrap address have each other in their tables, but not one with --no-mdns",
  needing({ tools: netnsTools, root: true }, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(3);
    const [first, second, third] = link.machines as [string, string, string];
    await using silent = await node(third, directory, "silent", "--no-mdns");
    await using one = await node(first, directory, "one");
    await using two = await node(second, directory, "two");
    // The log tells of the table once a minute, or when it is first looked at.
    for (const each of [one, two]) await each.waitFor(/table[=:" ]+1\b/, 90_000);
    assert.doesNotMatch(silent.output(), /table[=:" ]+1\b/);
  }),
);
