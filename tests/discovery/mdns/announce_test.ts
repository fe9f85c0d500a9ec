import assert from "node:assert/strict";
import { announceMdns, type Announcer } from "../../../src/discovery/mdns/announce.ts";
import { listingName, sameName, serviceName } from "../../../src/discovery/mdns/names.ts";
import {
  type DnsRecord,
  encodeMessage,
  makeMessage,
  type Message,
} from "../../../src/discovery/mdns/packet.ts";
import { type FakeLink, fakeLink, testService, unicastQuery } from "../../support/mdns.ts";

const peerId = "12D3KooWE6Zhvg4Qnkv2nzHuBPYiDQgZtfa8wVEKAYTyDEf7kEvD";
const plainName = "phase-stable-x86_64-DEf7kEvD._phase-image._tcp.local";

function announce(link: FakeLink, address = "192.0.2.1", port = 8080): Promise<Announcer> {
  const choice = { host: "::", loopback: false };
  return announceMdns({ peerId, port, services: [testService()], choice }, link.machine(address));
}

function ask(link: FakeLink, question: Partial<Message>, port = 5353): void {
  link.inject(encodeMessage(makeMessage(question)), { address: "192.0.2.99", port });
}

const ptr = { name: serviceName, type: "PTR", unicast: false };
const known: DnsRecord = {
  type: "PTR",
  name: serviceName,
  ttl: 4500,
  flush: false,
  data: plainName,
};
const responses = ({ sent }: FakeLink) => sent.filter(({ message }) => message.response);

Deno.test("a name is probed for three times before it is announced twice", async () => {
  const link = fakeLink();
  await using announcer = await announce(link);
  await link.pass(200);
  assert.equal(announcer.status().instances[0]?.lanes, 0);
  await link.pass(3000);
  const probes = link.sent.filter(({ message }) => message.authorities.length > 0);
  assert.equal(probes.length, 3);
  assert.ok(probes[2]!.at - probes[1]!.at >= 250);
  assert.equal(responses(link).length, 2);
  const types = responses(link)[0]!.message.answers.map(({ type, flush }) => `${type} ${flush}`);
  assert.deepEqual(types.toSorted(), ["A true", "PTR false", "PTR false", "SRV true", "TXT true"]);
  assert.equal(announcer.status().instances[0]?.lanes, 1);
});

Deno.test("an answer carries what would be asked for next", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { questions: [ptr] });
  await link.pass(150);
  const [{ message, to } = assert.fail("no answer")] = link.sent;
  assert.equal(to, undefined);
  assert.deepEqual(message.answers.map(({ data }) => data), [plainName]);
  assert.deepEqual(message.additionals.map(({ type }) => type).toSorted(), ["A", "SRV", "TXT"]);
  const text = message.additionals.find(({ type }) => type === "TXT")!.data as string[];
  assert.deepEqual(text, [
    "channel=stable",
    "arch=x86_64",
    "version=1.0",
    "manifest=http://192.0.2.1:8080/manifest.json",
    "path=/manifest.json",
    "http_port=8080",
    `peer=${peerId}`,
    `keyid=ed25519:${"ab".repeat(32)}`,
    "sequence=7",
  ]);
});

Deno.test("who knows the answer isn't told again", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { questions: [ptr], answers: [known] });
  await link.pass(600);
  assert.deepEqual(link.sent, []);
  ask(link, { questions: [ptr], answers: [{ ...known, ttl: 2000 }] });
  await link.pass(600);
  assert.equal(link.sent.length, 1);
});

Deno.test("known answers that follow a question are waited for", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { questions: [ptr], truncated: true });
  await link.pass(300);
  ask(link, { answers: [known] });
  await link.pass(500);
  assert.deepEqual(link.sent, []);
});

Deno.test("what another has just answered isn't said again", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { questions: [ptr] });
  ask(link, { response: true, answers: [known] });
  await link.pass(600);
  assert.deepEqual(link.sent, []);
});

Deno.test("a record is sent to all at most once a second", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  for (let i = 0; i < 20; i++) {
    ask(link, { questions: [ptr] });
    await link.pass(100);
  }
  assert.ok(link.sent.length <= 3, `${link.sent.length} answers in 2 seconds`);
});

Deno.test("a plain DNS client gets its own answer, with its id and short lives", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { id: 77, questions: [ptr] }, 40_000);
  const [{ message, to } = assert.fail("no answer")] = link.sent;
  assert.equal(to, "192.0.2.99");
  assert.equal(message.id, 77);
  assert.deepEqual(message.questions, [ptr]);
  const all = [...message.answers, ...message.additionals];
  assert.ok(all.every(({ ttl, flush }) => ttl <= 10 && !flush));
});

Deno.test("a question for a unicast answer gets one, and floods of them don't", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  const bytes = unicastQuery(makeMessage({ questions: [ptr] }));
  for (let i = 0; i < 100; i++) link.inject(bytes, { address: "192.0.2.99", port: 5353 });
  assert.equal(link.sent[0]?.to, "192.0.2.99");
  assert.equal(link.sent.length, 32);
});

Deno.test("questions from another link aren't answered", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  const bytes = encodeMessage(makeMessage({ questions: [ptr] }));
  link.inject(bytes, { address: "198.51.100.1", port: 5353 });
  link.inject(bytes, { address: "198.51.100.1", port: 999 });
  await link.pass(600);
  assert.deepEqual(link.sent, []);
});

Deno.test("a type that a name doesn't have is denied, and the kind of service is listed", async () => {
  const link = fakeLink();
  await using _announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  ask(link, { questions: [{ name: "phase-DEf7kEvD.local", type: "AAAA", unicast: false }] });
  ask(link, { questions: [{ name: listingName, type: "PTR", unicast: false }] });
  await link.pass(200);
  const raw = link.sent.flatMap(({ message }) => message.answers);
  assert.deepEqual(raw.find(({ type }) => type === "NSEC")?.data, ["A"]);
  assert.ok(raw.some(({ name, data }) => name === listingName && data === serviceName));
});

Deno.test("two hosts that want one name end with two names", async () => {
  const link = fakeLink();
  await using first = await announce(link, "192.0.2.1", 8080);
  await using second = await announce(link, "192.0.2.2", 9090);
  await link.pass(8000);
  const names = [first, second].map((one) => one.status().instances[0]!);
  assert.deepEqual(names.map(({ lanes }) => lanes), [1, 1]);
  assert.ok(!sameName(names[0]!.name, names[1]!.name), names[0]!.name);
  assert.ok(names.some(({ name }) => name === plainName));
});

Deno.test("who comes later takes another name, who was first keeps it", async () => {
  const link = fakeLink();
  await using first = await announce(link, "192.0.2.1", 8080);
  await link.pass(4000);
  await using second = await announce(link, "192.0.2.2", 9090);
  await link.pass(6000);
  assert.equal(first.status().instances[0]?.name, plainName);
  assert.match(second.status().instances[0]!.name, /^phase-stable-x86_64-DEf7kEvD-2\./);
  assert.equal(second.status().instances[0]?.lanes, 1);
});

Deno.test("somebody who answers to every name doesn't make names grow for ever", async () => {
  const link = fakeLink();
  await using announcer = await announce(link);
  await link.pass(300);
  for (let i = 0; i < 200; i++) {
    const { name } = announcer.status().instances[0]!;
    ask(link, {
      response: true,
      answers: [{ type: "SRV", name, ttl: 120, flush: true, data: { port: 1, target: "x.local" } }],
    });
    await link.pass(10);
  }
  assert.ok(announcer.status().instances[0]!.name.split(".")[0]!.length <= 63);
  const probes = link.sent.filter(({ message }) => message.authorities.length > 0).length;
  assert.ok(probes < 40, `${probes} probes`);
});

Deno.test("a new snapshot is announced without a probe, a channel that is gone says goodbye", async () => {
  const link = fakeLink();
  await using announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  announcer.update([testService({ sequence: 8 })]);
  await link.pass(2500);
  assert.ok(link.sent.every(({ message }) => message.response));
  const texts = link.sent.flatMap(({ message }) => message.answers)
    .filter(({ type }) => type === "TXT");
  assert.ok((texts[0]!.data as string[]).includes("sequence=8"));
  link.sent.length = 0;
  announcer.update([]);
  await link.pass(10);
  const goodbye = link.sent[0]!.message.answers;
  assert.ok(goodbye.every(({ ttl }) => ttl === 0));
  assert.ok(goodbye.some(({ type, data }) => type === "PTR" && data === plainName));
});

Deno.test("whoever ends says goodbye", async () => {
  const link = fakeLink();
  const announcer = await announce(link);
  await link.pass(5000);
  link.sent.length = 0;
  await announcer[Symbol.asyncDispose]();
  const all = link.sent.flatMap(({ message }) => message.answers);
  assert.deepEqual(all.map(({ type }) => type).toSorted(), ["A", "PTR", "SRV", "TXT"]);
  assert.ok(all.every(({ ttl }) => ttl === 0));
});
