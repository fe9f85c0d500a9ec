import assert from "node:assert/strict";
import fc from "fast-check";
import { hostName, instanceName, isInstance, sameName } from "../../../src/discovery/mdns/names.ts";
import { claimsOf } from "../../../src/discovery/mdns/records.ts";
import { testService } from "../../support/mdns.ts";

const peerId = "12D3KooWE6Zhvg4Qnkv2nzHuBPYiDQgZtfa8wVEKAYTyDEf7kEvD";

Deno.test("names say channel, arch and peer, and a number after a conflict", () => {
  const service = testService();
  assert.equal(
    instanceName(service, peerId, 1),
    "phase-stable-x86_64-DEf7kEvD._phase-image._tcp.local",
  );
  assert.match(instanceName(service, peerId, 2), /^phase-stable-x86_64-DEf7kEvD-2\./);
  assert.equal(hostName(peerId, 3), "phase-DEf7kEvD-3.local");
});

Deno.test("a label never has more than 63 bytes, nor a dot", () => {
  const channel = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/);
  fc.assert(fc.property(channel, fc.integer({ min: 1, max: 9999 }), (channel, attempt) => {
    const labels = instanceName({ channel, arch: "x86_64" }, peerId, attempt).split(".");
    assert.equal(labels.length, 4);
    assert.ok(labels[0]!.length <= 63);
  }));
});

Deno.test("two channels that differ in a dot have two names", () => {
  const services = [testService({ channel: "v1.2" }), testService({ channel: "v1-2" })];
  const names = claimsOf({ peerId, port: 80 }, services).map(({ name }) => name);
  assert.equal(new Set(names).size, 3);
});

Deno.test("names have no case, and only instances of the service are instances", () => {
  assert.ok(sameName("A._Phase-Image._tcp.LOCAL", "a._phase-image._tcp.local"));
  assert.ok(!sameName("ä.local", "Ä.local"));
  assert.ok(isInstance("x._PHASE-IMAGE._tcp.local"));
  assert.ok(!isInstance("_phase-image._tcp.local"));
  assert.ok(!isInstance("x._http._tcp.local"));
});
