import { equal, match } from "node:assert/strict";
import { serverLimits } from "../../src/lib/limits.ts";
import { connectionRoom, connectionsFor } from "../../src/node/descriptors.ts";
import { writeFiles } from "../support/artifacts.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units
Max processes             1000                 1000                 processes
Max open files            ${soft.padEnd(20)} 524288               files
`;

Deno.test("connections stay below the descriptors that there are", () => {
  equal(connectionsFor(limits("1024")), 768);
  equal(connectionsFor(limits("60")), 16);
  equal(connectionsFor(limits("524288")), 524_032);
  equal(connectionsFor(limits("unlimited")), serverLimits.connections);
});

Deno.test("where the system doesn't say, the usual limit holds", async () => {
  equal(connectionsFor(""), serverLimits.connections);
  equal(await connectionRoom({ p2p: false }, "/nonexistent/limits"), serverLimits.connections);
});

Deno.test("a limit on connections that the system can't give is said", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "artifacts/kernel": "a kernel" });
  await using provider = await startProvider(directory.join("artifacts"), directory.path, {
    prefix: ["sh", "-c", 'ulimit -n 600 && exec "$@"', "sh"],
    env: { PLASMD_LIMITS_CONNECTIONS: "1000" },
  });
  match(provider.process.stderr(), /Fewer connections .*1000.*344/);
});
