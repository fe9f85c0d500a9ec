import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dataBytes,
  decodeMessage,
  type DnsRecord,
  encodeMessage,
  makeMessage,
  recordBytes,
} from "../../../src/discovery/mdns/packet.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { mdnsLimits } from "../../../src/lib/limits.ts";
import { unicastQuery } from "../../support/mdns.ts";

const common = { name: "a.local", ttl: 120, flush: true };
const records: readonly DnsRecord[] = [
  { ...common, type: "A", data: "192.0.2.1" },
  { ...common, type: "AAAA", data: "fd00::1" },
  { ...common, type: "SRV", data: { port: 8080, target: "b.local" } },
  { ...common, type: "TXT", data: ["channel=stable", "empty="] },
  { ...common, type: "PTR", data: "c.local", flush: false },
];

/** A header that promises so many of each section. */
function header(...counts: number[]): number[] {
  return [0, 0, 0x84, 0, ...counts.flatMap((count) => [count >> 8, count & 255])];
}

function refused(bytes: Uint8Array): void {
  assert.throws(
    () => decodeMessage(bytes),
    (thrown) => thrown instanceof PlasmdError && thrown.code === "malformed",
  );
}

Deno.test("a message is read as it was written", () => {
  const message = makeMessage({
    response: true,
    truncated: true,
    id: 7,
    questions: [{ name: "a.local", type: "ANY", unicast: false }],
    answers: records.slice(0, 2),
    authorities: records.slice(2, 3),
    additionals: records.slice(3),
  });
  assert.deepEqual(decodeMessage(encodeMessage(message)), message);
});

Deno.test("a question for a unicast answer is seen as one", () => {
  const questions = [{ name: "a.local", type: "A", unicast: false }];
  const [question] = decodeMessage(unicastQuery(makeMessage({ questions }))).questions;
  assert.equal(question?.unicast, true);
});

Deno.test("data is compared as bytes, and the size of a record is known", () => {
  assert.deepEqual([...dataBytes(records[0]!)], [192, 0, 2, 1]);
  assert.deepEqual(
    new TextDecoder().decode(dataBytes(records[3]!)),
    "\x0echannel=stable\x06empty=",
  );
  assert.equal(recordBytes(records[0]!), 9 + 10 + 4);
});

Deno.test("bad datagrams are refused", () => {
  const good = encodeMessage(makeMessage({ response: true, answers: records }));
  refused(new Uint8Array());
  refused(new Uint8Array(11));
  refused(new Uint8Array(mdnsLimits.datagramBytes + 1));
  refused(new Uint8Array(65_535));
  for (let cut = 12; cut < good.length; cut++) refused(good.subarray(0, cut));
  const tooMany = Uint8Array.from(header(0, 0xffff, 0xffff, 0xffff));
  refused(tooMany);
  // A pointer to itself, two that point to each other, one past the end, one forwards.
  refused(Uint8Array.from([...header(1, 0, 0, 0), 0xc0, 12, 0, 1, 0, 1]));
  refused(Uint8Array.from([...header(1, 0, 0, 0), 0xc0, 14, 0xc0, 12, 0, 1, 0, 1]));
  refused(Uint8Array.from([...header(1, 0, 0, 0), 0xff, 0xff, 0, 1, 0, 1]));
  refused(Uint8Array.from([...header(1, 0, 0, 0), 0x40, 0, 0, 1, 0, 1]));
  const long = Array.from({ length: 5 }, () => [63, ...Array(63).fill(97)]).flat();
  refused(Uint8Array.from([...header(1, 0, 0, 0), ...long, 0, 0, 1, 0, 1]));
});

Deno.test("other operations and errors of DNS are no messages", () => {
  const bytes = encodeMessage(makeMessage({ response: true, answers: records })).slice();
  const update = bytes.slice();
  update[2]! |= 5 << 3;
  refused(update);
  bytes[3]! |= 3;
  refused(bytes);
});

Deno.test("a TXT record that is too large is left out, the others stay", () => {
  const big: DnsRecord = { ...common, type: "TXT", data: Array(6).fill("x".repeat(250)) };
  const many: DnsRecord = { ...common, type: "TXT", data: Array(40).fill("a=b") };
  const message = makeMessage({ response: true, answers: [big, many, records[0]!] });
  assert.deepEqual(decodeMessage(encodeMessage(message)).answers, [records[0]]);
});

Deno.test("control characters arrive as they are, for the printer to escape", () => {
  const data = ["version=\u001b[31m", "\u202e=x"];
  const message = makeMessage({ response: true, answers: [{ ...common, type: "TXT", data }] });
  assert.deepEqual(decodeMessage(encodeMessage(message)).answers[0]?.data, data);
});

Deno.test("any bytes are a message or malformed, and quickly so", () => {
  const start = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)).map((n) => header(...n));
  const bytes = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(start, bytes, (head, tail) => {
      try {
        decodeMessage(Uint8Array.from([...head, ...tail]));
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed", String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a message with any byte changed is a message or malformed", () => {
  const good = encodeMessage(makeMessage({ response: true, answers: records }));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const changed = good.slice();
      changed[at] = byte;
      try {
        decodeMessage(changed);
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError, String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});
