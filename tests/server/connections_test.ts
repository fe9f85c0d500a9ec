import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { addressKey, countConnections } from "../../src/server/connections.ts";
import { emptyCatalog } from "../support/fake_catalog.ts";
import {
  connectAndSend,
  parseAnswer,
  readAll,
  requestText,
  sendRaw,
  startTestServer,
} from "../support/http.ts";

Deno.test("an IPv6 /64 is one address, an IPv4 address is one however it is written", () => {
  equal(addressKey("2001:db8:1:2:3:4:5:6"), addressKey("2001:DB8:1:2::9"));
  equal(addressKey("fe80::1%eth0"), addressKey("fe80:0:0:0:ffff::"));
  equal(addressKey("::1"), addressKey("0:0:0:0:0:0:0:2"));
  equal(addressKey("::ffff:192.0.2.1"), addressKey("192.0.2.1"));
  ok(addressKey("2001:db8:1:2::1") !== addressKey("2001:db8:1:3::1"));
  ok(addressKey("192.0.2.1") !== addressKey("192.0.2.2"));
  ok(addressKey("64:ff9b::192.0.2.1") === addressKey("64:ff9b::192.0.2.2"));
});

Deno.test("the host part of an IPv6 address never changes its key", () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
  const four = fc.tuple(group, group, group, group).map((g) => g.join(":"));
  fc.assert(fc.property(four, four, four, (net, a, b) => {
    equal(addressKey(`${net}:${a}`), addressKey(`${net}:${b}`));
  }));
});

Deno.test("connections are counted in and out, per address and in all", () => {
  const count = countConnections({ connections: 3, connectionsPerAddress: 2 });
  equal(count.enter("192.0.2.1"), "entered");
  equal(count.enter("::ffff:192.0.2.1"), "entered");
  equal(count.enter("192.0.2.1"), "too_many");
  equal(count.enter("192.0.2.2"), "entered");
  equal(count.enter("192.0.2.3"), "full");
  count.leave("192.0.2.1");
  equal(count.enter("192.0.2.1"), "entered");
});

Deno.test("one connection too many from an address is told so, and others go on", async () => {
  const limits = { connectionsPerAddress: 2, lingerMs: 200 };
  await using server = await startTestServer({ catalog: emptyCatalog, limits });
  using first = await connectAndSend(server.port, "");
  using _second = await connectAndSend(server.port, "");
  const { status, headers, text } = await sendRaw(server.port, requestText("/health"));
  equal(status, 429);
  equal(headers["retry-after"], "2");
  ok(text.includes('"code":"too_many"'));
  await first.write(new TextEncoder().encode(requestText("/health")));
  equal(parseAnswer(await readAll(first)).status, 200);
  equal((await sendRaw(server.port, requestText("/health"))).status, 200);
});

Deno.test("a full server says that it is busy", async () => {
  const limits = { connections: 1, lingerMs: 200 };
  await using server = await startTestServer({ catalog: emptyCatalog, limits });
  using _first = await connectAndSend(server.port, "");
  equal((await sendRaw(server.port, requestText("/health"))).status, 503);
  equal(server.connections(), 1);
});
