import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("a DHT node goes on after SIGHUP, and ends with 0 on SIGTERM", async () => {
  await using directory = await tempDirectory();
  await using node = startProgram(
    ["node", "--host", "127.0.0.1", "--state-dir", directory.join("state"), "--json"],
    { env: { PLASMD_IDENTITY: directory.join("identity.key") } },
  );
  const ready = await node.until((text) => text.endsWith("}\n") ? JSON.parse(text) : undefined);
  assert.ok(ready.p2p_addresses.length > 0);
  node.kill("SIGHUP");
  for (let tries = 0; tries < 200 && !/restart it/.test(node.stderr()); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.match(node.stderr(), /Nothing of a DHT node can change/);
  node.kill("SIGTERM");
  assert.equal((await node.ended).code, 0);
});
