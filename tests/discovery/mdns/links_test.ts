import assert from "node:assert/strict";
import fc from "fast-check";
import { isOnLink, lanesOf, linksOf } from "../../../src/discovery/mdns/links.ts";
import { testLink } from "../../support/mdns.ts";

const interfaces = {
  lo: [
    { address: "127.0.0.1", netmask: "255.0.0.0", family: "IPv4", internal: true },
    {
      address: "::1",
      netmask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      family: "IPv6",
      internal: true,
    },
  ],
  eth0: [
    { address: "192.0.2.1", netmask: "255.255.255.0", family: "IPv4", internal: false },
    { address: "fe80::1", netmask: "ffff:ffff:ffff:ffff::", family: "IPv6", internal: false },
    { address: "fd00:1::1", netmask: "ffff:ffff:ffff:ffff::", family: "IPv6", internal: false },
  ],
};
const idsOf = (host: string, loopback: boolean) =>
  lanesOf(linksOf(interfaces, { host, loopback })).map(({ id }) => id);

Deno.test("a wildcard host means every interface, loopback only where it is asked for", () => {
  assert.deepEqual(idsOf("::", false), ["eth0/4", "eth0/6"]);
  assert.deepEqual(idsOf("::", true), ["lo/4", "lo/6", "eth0/4", "eth0/6"]);
  assert.deepEqual(idsOf("0.0.0.0", false), ["eth0/4"]);
});

Deno.test("each IPv4 network of an interface has a lane of its own", () => {
  const entry = (address: string) => ({
    ...{ address, netmask: "255.255.255.0", family: "IPv4", internal: false },
  });
  const two = {
    eth0: [...interfaces.eth0, entry("10.9.8.1"), entry("192.0.2.2"), entry("10.9.8.2")],
  };
  const links = linksOf(two, { host: "::", loopback: false });
  const lanes = lanesOf(links);
  assert.deepEqual(lanes.map(({ id }) => id), ["eth0/4", "eth0/6", "eth0/4/10.9.8.0/24"]);
  assert.deepEqual(
    lanes.map(({ link }) => link.ipv4.map(({ address }) => address)),
    [["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"], ["10.9.8.1", "10.9.8.2"]],
  );
  assert.equal(isOnLink(links[1]!, "10.9.8.77"), true);
  assert.equal(isOnLink(links[1]!, "192.0.2.77"), false);
});

Deno.test("an address means its own interface and nothing else", () => {
  assert.deepEqual(idsOf("192.0.2.1", false), ["eth0/4"]);
  assert.deepEqual(idsOf("fd00:1::1", false), ["eth0/6"]);
  assert.deepEqual(idsOf("127.0.0.1", true), ["lo/4"]);
  assert.deepEqual(idsOf("198.51.100.1", false), []);
});

Deno.test("an address is on the link where its network is the interface's", () => {
  const [link] = linksOf(interfaces, { host: "::", loopback: false });
  const on = ["192.0.2.77", "fd00:1::9", "fe80::abcd"];
  const off = [
    ...["192.0.3.1", "192.0.2.0", "192.0.2.255", "8.8.8.8", "127.0.0.1", "169.254.1.1"],
    ...["fd00:2::1", "::1", "::ffff:192.0.2.7", "ff02::fb", "0.0.0.0", "x", "", "fe80::1%eth0"],
  ];
  for (const address of on) assert.equal(isOnLink(link!, address), true, address);
  for (const address of off) assert.equal(isOnLink(link!, address), false, address);
});

Deno.test("a netmask that is most of the internet puts nothing on the link", () => {
  assert.equal(isOnLink(testLink("192.0.2.1", 0), "192.0.2.2"), false);
  assert.equal(isOnLink(testLink("192.0.2.1", 32), "192.0.2.1"), true);
});

Deno.test("no IPv4 address is on a link whose first three numbers it doesn't share", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    const same = address.startsWith("192.0.2.");
    if (isOnLink(testLink(), address)) assert.ok(same, address);
  }));
  fc.assert(fc.property(fc.ipV6(), (address) => {
    if (isOnLink(testLink(), address)) assert.match(address, /^fe[89ab]/i);
  }));
});
