import assert from "node:assert/strict";
import { announceMdns } from "../../../src/discovery/mdns/announce.ts";
import { browseMdns } from "../../../src/discovery/mdns/browse.ts";
import { serviceName } from "../../../src/discovery/mdns/names.ts";
import { type DnsRecord, encodeMessage, makeMessage } from "../../../src/discovery/mdns/packet.ts";
import type { Offer } from "../../../src/discovery/offer.ts";
import { type FakeLink, fakeLink, testService } from "../../support/mdns.ts";

const peerId = "12D3KooWE6Zhvg4Qnkv2nzHuBPYiDQgZtfa8wVEKAYTyDEf7kEvD";

/** A browser whose offers and complaints are collected. */
function browse(link: FakeLink, options: { channel?: string } = {}) {
  const stop = new AbortController();
  const offers: Offer[] = [];
  const ignored: string[] = [];
  const found = browseMdns({
    ...options,
    signal: stop.signal,
    onIgnored: ({ peer, error }) => ignored.push(`${peer}: ${error.message}`),
  }, link.machine("192.0.2.50"));
  const done = (async () => {
    for await (const offer of found) offers.push(offer);
  })();
  return {
    offers,
    ignored,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

function instance(label: string, changes: { text?: string[]; address?: string } = {}): DnsRecord[] {
  const name = `${label}.${serviceName}`;
  const host = `${label}.local`;
  const { text = ["channel=stable", "arch=x86_64"], address = "192.0.2.9" } = changes;
  return [
    { type: "PTR", name: serviceName, ttl: 4500, flush: false, data: name },
    { type: "SRV", name, ttl: 120, flush: true, data: { port: 8080, target: host } },
    { type: "TXT", name, ttl: 4500, flush: true, data: text },
    { type: "A", name: host, ttl: 120, flush: true, data: address },
  ];
}

function say(link: FakeLink, answers: DnsRecord[], address = "192.0.2.9", port = 5353): void {
  link.inject(encodeMessage(makeMessage({ response: true, answers })), { address, port });
}

Deno.test("a provider is found within a quarter of a second, and its goodbye is seen at once", async () => {
  const link = fakeLink();
  const choice = { host: "::", loopback: false };
  const services = [testService(), testService({ channel: "testing", path: "/t" })];
  const options = { peerId, port: 8080, services, choice };
  const announcer = await announceMdns(options, link.machine("192.0.2.1"));
  await link.pass(5000);
  await using found = browse(link);
  await link.pass(250);
  const expected: Offer = {
    channel: "stable",
    arch: "x86_64",
    version: "1.0",
    peer: peerId,
    keyid: `ed25519:${"ab".repeat(32)}`,
    sequence: 7,
    origin: "http://192.0.2.1:8080",
    via: "mdns",
    sameLink: true,
  };
  assert.deepEqual(found.offers, [expected, { ...expected, channel: "testing" }]);
  await announcer[Symbol.asyncDispose]();
  await link.pass(10);
  assert.deepEqual(found.offers.slice(2), [
    { ...expected, gone: true },
    { ...expected, channel: "testing", gone: true },
  ]);
});

Deno.test("a new snapshot is an offer again, others of the link are not", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  say(link, instance("a", { text: ["channel=stable", "arch=amd64", "sequence=1"] }));
  say(link, instance("a", { text: ["channel=stable", "arch=amd64", "sequence=1"] }));
  await link.pass(1500);
  say(link, instance("a", { text: ["channel=stable", "arch=amd64", "sequence=2"] }));
  await link.pass(1500);
  say(link, [{ type: "A", name: "printer.local", ttl: 9, flush: true, data: "192.0.2.8" }]);
  await link.pass(10);
  assert.deepEqual(found.offers.map(({ sequence }) => sequence).slice(0, 1), [1]);
  assert.equal(found.offers.at(-1)?.sequence, 2);
  assert.ok(found.offers.length <= 3);
});

Deno.test("only the channel that is looked for is offered", async () => {
  const link = fakeLink();
  await using found = browse(link, { channel: "testing" });
  await link.pass(50);
  say(link, instance("a"));
  say(link, instance("b", { text: ["channel=testing", "arch=arm64"] }));
  await link.pass(10);
  assert.deepEqual(found.offers.map(({ channel }) => channel), ["testing"]);
});

Deno.test("questions come less and less often, and name who is known", async () => {
  const link = fakeLink();
  await using _found = browse(link);
  await link.pass(200);
  say(link, instance("a"));
  await link.pass(16_000);
  const questions = link.sent.filter(({ message }) =>
    message.questions.some(({ name }) => name === serviceName)
  );
  assert.equal(questions.length, 5);
  assert.equal(questions[0]!.message.answers.length, 0);
  assert.equal(questions[1]!.message.answers[0]?.type, "PTR");
});

Deno.test("what an instance lacks is asked for, three times and no more", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(200);
  link.sent.length = 0;
  say(link, instance("a").slice(0, 1));
  await link.pass(20_000);
  const asked = link.sent.filter(({ message }) => message.questions[0]?.type === "SRV");
  assert.equal(asked.length, 3);
  say(link, instance("a").slice(1));
  await link.pass(10);
  assert.equal(found.offers.length, 1);
});

Deno.test("records that end are asked for before, and then forgotten", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(200);
  say(link, instance("a"));
  link.sent.length = 0;
  await link.pass(119_000);
  const again = link.sent.flatMap(({ message }) => message.questions.map(({ type }) => type));
  assert.ok(again.includes("SRV") && again.includes("A"));
  await link.pass(2000);
  assert.deepEqual(found.offers.map(({ gone }) => gone), [undefined, true]);
});

Deno.test("addresses off the link are ignored, and that is said once", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  for (const address of ["198.51.100.7", "127.0.0.1", "192.0.2.255", "224.0.0.1"]) {
    say(link, instance("a", { address }));
    await link.pass(1500);
    say(link, instance("a", { address }));
  }
  assert.deepEqual(found.offers, []);
  assert.equal(found.ignored.length, 4);
  assert.match(found.ignored[0]!, /^a\._phase-image.*198\.51\.100\.7 is not on the link eth0$/);
});

Deno.test("URLs and ports of a TXT record aim nobody: they are unread or refused", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  const text = ["channel=stable", "arch=x86_64", "manifest=http://198.51.100.7/x", "path=//evil"];
  say(link, instance("a", { text }));
  say(link, instance("b", { text: [...text, "http_port=99999"] }));
  say(link, instance("c", { text: [...text, "http_port=0"] }));
  say(link, instance("d", { text: ["channel=../x", "arch=x86_64"] }));
  say(link, instance("e", { text: ["channel=stable", "arch=mips"] }));
  await link.pass(10);
  assert.deepEqual(found.offers.map(({ origin }) => origin), ["http://192.0.2.9:8080"]);
  assert.equal(found.ignored.length, 4);
});

Deno.test("claims that don't fit their kind are left out", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  const wrong = ["version=\u001b[2J", "peer=../..", "keyid=ed25519:xyz", "sequence=-1"];
  say(link, instance("a", { text: ["channel=stable", "arch=x86_64", ...wrong, "", "=", "x"] }));
  await link.pass(10);
  const { version, peer, keyid, sequence } = found.offers[0]!;
  assert.deepEqual([version, peer, keyid, sequence], [undefined, undefined, undefined, undefined]);
});

Deno.test("what comes from elsewhere, from another port or malformed finds nobody", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  say(link, instance("a"), "198.51.100.1");
  say(link, instance("b"), "192.0.2.9", 1234);
  link.inject(new Uint8Array(65_000), { address: "192.0.2.9", port: 5353 });
  link.inject(new TextEncoder().encode("GET / HTTP/1.1"), { address: "192.0.2.9", port: 5353 });
  await link.pass(10);
  assert.deepEqual(found.offers, []);
  assert.equal(found.ignored.length, 3);
});

Deno.test("escape sequences in names reach nobody's terminal", async () => {
  const link = fakeLink();
  await using found = browse(link);
  await link.pass(50);
  say(link, instance("\u001b[31mred", { address: "198.51.100.7" }));
  await link.pass(10);
  // deno-lint-ignore no-control-regex -- this is what must not be there
  assert.ok(found.ignored.length === 1 && !/\u001b/.test(found.ignored[0]!), found.ignored[0]);
});

Deno.test("thousands of instances leave room for an honest one", async () => {
  const link = fakeLink();
  await using found = browse(link, { channel: "testing" });
  await link.pass(50);
  for (let sender = 1; sender < 250; sender++) {
    for (let i = 0; i < 20; i++) {
      const records = instance(`x${sender}-${i}`, { address: `192.0.2.${sender}` });
      say(link, records, `192.0.2.${sender}`);
    }
  }
  say(link, instance("good", { text: ["channel=testing", "arch=arm64"] }), "192.0.2.252");
  await link.pass(10);
  assert.equal(found.offers.length, 1);
});
