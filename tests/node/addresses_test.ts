import assert from "node:assert/strict";
import { isLoopback, originOf, serverOrigins } from "../../src/node/addresses.ts";

const interfaces = [
  { family: "IPv4", address: "127.0.0.1" },
  { family: "IPv6", address: "::1" },
  { family: "IPv6", address: "fe80::1" },
  { family: "IPv6", address: "2001:db8::7" },
  { family: "IPv4", address: "169.254.1.1" },
  { family: "IPv4", address: "192.0.2.7" },
  { family: "IPv4", address: "192.0.2.7" },
] as const;

Deno.test("a server on all addresses names the useful ones first, each once", () => {
  assert.deepEqual(serverOrigins("::", 8080, interfaces), [
    "http://192.0.2.7:8080",
    "http://[2001:db8::7]:8080",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
  ]);
});

Deno.test("a server on all IPv4 addresses names no IPv6 one", () => {
  assert.deepEqual(serverOrigins("0.0.0.0", 80, interfaces), [
    "http://192.0.2.7:80",
    "http://127.0.0.1:80",
  ]);
});

Deno.test("a server on one address names that one", () => {
  assert.deepEqual(serverOrigins("::1", 1, interfaces), ["http://[::1]:1"]);
  assert.equal(originOf("localhost", 1), "http://localhost:1");
});

Deno.test("loopback is told from the rest", () => {
  for (const yes of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) assert.ok(isLoopback(yes), yes);
  for (const no of ["128.0.0.1", "::", "0.0.0.0", "1127.0.0.1", "::2"]) {
    assert.ok(!isLoopback(no), no);
  }
});
