import assert from "node:assert/strict";
import { type IpScope, ipScope } from "../../src/lib/ip_scope.ts";

const cases: Record<IpScope, readonly string[]> = {
  loopback: ["127.0.0.1", "127.255.1.2", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"],
  private: [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "fd00::1",
    "fc00::1",
    "::ffff:10.1.2.3",
    "::ffff:a00:1",
    "64:ff9b::192.168.0.1",
    "2002:c0a8:1::1",
  ],
  public: [
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.2.1",
    "2001:db8::1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
  ],
  none: [
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "240.1.1.1",
    "169.254.1.1",
    "198.18.0.1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::fb",
    "::7f00:1",
    "::ffff:0.0.0.0",
    "",
    "boot.example",
    "127.1",
    "0x7f000001",
    "2130706433",
    "1.2.3.4.5",
    "2001:db8::1::2",
  ],
};

for (const [scope, addresses] of Object.entries(cases)) {
  Deno.test(`these addresses have the scope ${scope}`, () => {
    for (const address of addresses) assert.equal(ipScope(address), scope, address);
  });
}
