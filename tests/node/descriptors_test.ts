import { equal } from "node:assert/strict";
import { serverLimits } from "../../src/lib/limits.ts";
import { connectionRoom, connectionsFor } from "../../src/node/descriptors.ts";

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
