import assert from "node:assert/strict";
import { multiaddr } from "@multiformats/multiaddr";
import { parseAddress, parseExternal, readAddress } from "../../src/p2p/address.ts";
import { resolveAddress } from "../../src/p2p/names.ts";
import type { NameLookup } from "../../src/p2p/options.ts";
import { testIdentity } from "../support/manifests.ts";

const peer = testIdentity(1).peerId;
const other = testIdentity(2).peerId;

function names(texts: Record<string, string[]>, hosts: Record<string, string[]> = {}): NameLookup {
  return {
    texts: (name) => Promise.resolve(texts[name] ?? []),
    addresses: (name) => Promise.resolve(hosts[name] ?? []),
  };
}

async function resolved(text: string, lookup: NameLookup): Promise<string[]> {
  return (await resolveAddress(multiaddr(text), lookup)).map(String);
}

Deno.test("an IP address stands for itself", async () => {
  const text = `/ip4/192.0.2.1/tcp/4001/p2p/${peer}`;
  assert.deepEqual(await resolved(text, names({})), [text]);
});

Deno.test("a dnsaddr name stands for the addresses of its texts", async () => {
  const lookup = names({
    "_dnsaddr.boot.example": [
      `dnsaddr=/ip4/192.0.2.1/tcp/4001/p2p/${peer}`,
      `dnsaddr=/dnsaddr/eu.boot.example/p2p/${other}`,
      "dnsaddr=garbage",
      "v=spf1 -all",
      "dnsaddr=/ip4/192.0.2.9/udp/4001/quic-v1",
    ],
    "_dnsaddr.eu.boot.example": [`dnsaddr=/ip6/2001:db8::1/tcp/4001/ws/p2p/${other}`],
  });
  const first = `/ip4/192.0.2.1/tcp/4001/p2p/${peer}`;
  const second = `/ip6/2001:db8::1/tcp/4001/ws/p2p/${other}`;
  assert.deepEqual(await resolved("/dnsaddr/boot.example", lookup), [first, second]);
  assert.deepEqual(await resolved(`/dnsaddr/boot.example/p2p/${peer}`, lookup), [first]);
});

Deno.test("names that stand for each other come to an end, and many texts are cut", async () => {
  const loop = names({ "_dnsaddr.a": ["dnsaddr=/dnsaddr/a", "dnsaddr=/dnsaddr/a"] });
  assert.deepEqual(await resolved("/dnsaddr/a", loop), []);
  const many = Array.from({ length: 1000 }, (_, i) => `dnsaddr=/ip4/192.0.2.1/tcp/${i + 1}`);
  assert.equal((await resolved("/dnsaddr/b", names({ "_dnsaddr.b": many }))).length, 16);
});

Deno.test("a dns name stands for its addresses of the family", async () => {
  const lookup = names({}, { "boot.example": ["192.0.2.1", "2001:db8::1"] });
  assert.deepEqual(await resolved("/dns4/boot.example/tcp/1", lookup), ["/ip4/192.0.2.1/tcp/1"]);
  assert.deepEqual(await resolved("/dns6/boot.example/tcp/1", lookup), ["/ip6/2001:db8::1/tcp/1"]);
  assert.equal((await resolved("/dns/boot.example/tcp/1", lookup)).length, 2);
});

Deno.test("what is no address that we can use is refused by its text", () => {
  for (const text of ["", "boot.example", "/ip4/300.1.1.1/tcp/1", "/ip4/192.0.2.1/udp/1", "/x"]) {
    assert.throws(() => parseAddress(text, "bootstrap address"), { code: "config" }, text);
  }
  assert.equal(readAddress(multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${peer}/p2p-circuit`)), undefined);
});

Deno.test("an external address may be an IP address alone", () => {
  assert.equal(String(parseExternal("203.0.113.7", 4001)), "/ip4/203.0.113.7/tcp/4001");
  assert.equal(String(parseExternal("/ip4/203.0.113.7/tcp/1", 4001)), "/ip4/203.0.113.7/tcp/1");
  assert.throws(() => parseExternal("203.0.113.7", 0), { code: "config" });
  assert.throws(() => parseExternal("/dns4/boot.example/tcp/1", 4001), { code: "config" });
});
