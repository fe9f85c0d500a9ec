import assert from "node:assert/strict";
import { writeFiles } from "../support/artifacts.ts";
import { netnsLink, netnsTools } from "../support/netns.ts";
import { type ProgramOptions, runProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

interface Line {
  readonly status: string;
  readonly found: string;
}

/** The line of a check that doctor prints for a home, wherever it runs. */
async function line(
  name: string,
  home: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Line> {
  const state = ["--state-dir", `${home}/state`];
  const { stdout, stderr } = await runProgram(["doctor", "--json", ...state, ...args], {
    ...options,
    env: { PLASMD_IDENTITY: `${home}/identity.key` },
  });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout).checks.find((line: { name: string }) => line.name === name);
}

Deno.test("doctor knows this machine's provider from another's", async () => {
  await using place = await tempDirectory();
  await writeFiles(place.join("artifacts"), { vmlinuz: new Uint8Array(1000) });
  await using provider = await startProvider(place.join("artifacts"), place.path);
  const flags = ["--host", "127.0.0.1", "--port", `${provider.port}`];
  const own = await line("port", place.path, flags);
  assert.equal(own.status, "ok", own.found);
  assert.match(own.found, /answered by this machine's plasmd/);
  const other = await line("port", place.join("stranger"), flags);
  assert.equal(other.status, "warning");
  assert.ok(other.found.endsWith(provider.keyid));
});

Deno.test(
  "doctor hears itself on each interface, and says where it doesn't",
  needing({ tools: [...netnsTools, "nft"], root: true }, async () => {
    await using place = await tempDirectory();
    await using link = await netnsLink(1);
    const [machine] = link.machines;
    const inside = { prefix: ["ip", "netns", "exec", machine!] };
    const heard = await line("multicast", place.path, [], inside);
    assert.deepEqual([heard.status, heard.found], ["ok", "heard on eth0/4, eth0/6"]);
    const rule =
      "table ip f {\nchain i {\ntype filter hook input priority 0\nudp dport 5353 drop\n}\n}\n";
    await Deno.writeTextFile(place.join("rules"), rule);
    await runTool("ip", "netns", "exec", machine!, "nft", "-f", place.join("rules"));
    const lost = await line("multicast", place.path, [], inside);
    assert.deepEqual([lost.status, lost.found], [
      "warning",
      "not heard (eth0/4: nothing came back)",
    ]);
    await runTool("ip", "-n", machine!, "link", "set", "eth0", "down");
    await runTool("ip", "-n", machine!, "address", "flush", "dev", "eth0");
    const none = await line("multicast", place.path, [], inside);
    assert.equal(none.found, "no interface but loopback has an address");
  }),
);
