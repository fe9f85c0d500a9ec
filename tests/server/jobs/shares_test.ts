import { equal, ok } from "node:assert/strict";
import { makeShares } from "../../../src/server/jobs/shares.ts";

Deno.test("places are taken in all and by one, and come back once", () => {
  const shares = makeShares({ all: 3, perKey: 2 });
  const first = shares.take("a");
  ok(first !== undefined);
  ok(shares.take("a") !== undefined);
  equal(shares.take("a"), undefined);
  ok(shares.take("b") !== undefined);
  equal(shares.take("c"), undefined);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  ok(shares.take("c") !== undefined);
  equal(shares.take("d"), undefined);
});
