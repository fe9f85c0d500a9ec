import assert from "node:assert/strict";
import fc from "fast-check";
import { openEnvelope, sealEnvelope } from "../../src/formats/envelope.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import {
  openProviderRecord,
  providerEnvelope,
  type ProviderRecord,
  type RecordExpectation,
  sealProviderRecord,
} from "../../src/formats/provider_record.ts";
import { PlasmdError, toPlasmdError } from "../../src/lib/errors.ts";
import { madeAt, testIdentity } from "../support/manifests.ts";

const me = testIdentity(1);
const record: ProviderRecord = {
  channel: "stable",
  arch: "arm64",
  manifestId: `sha256:${"ab".repeat(32)}`,
  sequence: 7,
  httpPort: 8080,
  load: 12,
  expiresAt: madeAt + 900_000,
};
const expected: RecordExpectation = {
  peer: me.peerId,
  channel: "stable",
  arch: "arm64",
  now: madeAt,
};

function refusal(bytes: Uint8Array, changes: Partial<RecordExpectation> = {}): string {
  try {
    openProviderRecord(bytes, { ...expected, ...changes });
  } catch (thrown) {
    assert.ok(thrown instanceof PlasmdError, String(thrown));
    return thrown.code;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

/** An envelope around any payload, signed by test key 1. */
function sealed(payload: unknown): Uint8Array {
  const bytes = payload instanceof Uint8Array ? payload : canonicalBytes(payload);
  return sealEnvelope(bytes, providerEnvelope, me.seed);
}

const members = {
  channel: "stable",
  arch: "arm64",
  manifest_id: record.manifestId,
  sequence: 7,
  http_port: 8080,
  load: 12,
  expires_at: "2025-11-26T12:15:00Z",
};

Deno.test("a record is read as it was written, and by nobody else's name", () => {
  const bytes = sealProviderRecord(record, me.seed);
  assert.deepEqual(openProviderRecord(bytes, expected), record);
  assert.ok(bytes.length < 512, "a record is small");
  assert.equal(refusal(bytes, { peer: testIdentity(2).peerId }), "untrusted");
  assert.equal(refusal(bytes, { channel: "testing" }), "wrong_target");
  assert.equal(refusal(bytes, { arch: "x86_64" }), "wrong_target");
});

Deno.test("a record ends when it says, and can't say much", () => {
  const bytes = sealProviderRecord(record, me.seed);
  assert.equal(refusal(bytes, { now: record.expiresAt }), "expired");
  assert.doesNotThrow(() =>
    openProviderRecord(bytes, { ...expected, now: record.expiresAt - 1000 })
  );
  const long = sealProviderRecord({ ...record, expiresAt: madeAt + 26 * 3_600_000 }, me.seed);
  assert.equal(refusal(long), "not_yet_valid");
  const behind = { ...expected, clockUnsure: true };
  assert.equal(openProviderRecord(long, behind).sequence, 7, "a clock that is behind");
});

Deno.test("members that don't fit are refused by name", () => {
  assert.deepEqual(openProviderRecord(sealed(members), expected), record);
  assert.deepEqual(openProviderRecord(sealed({ ...members, later: [1] }), expected), record);
  const wrong: Record<string, readonly unknown[]> = {
    channel: [undefined, 1, "", "UPPER", "a/b", "x".repeat(33)],
    arch: [undefined, "aarch64", "amd64", "mips", 1],
    manifest_id: [undefined, "sha256:AB", record.manifestId.toUpperCase(), "ab".repeat(32), 1],
    sequence: [undefined, -1, 1.5, "7", 2 ** 53 + 2],
    http_port: [undefined, 0, 65_536, -1, "80", 80.5],
    load: [undefined, -1, 101, "1"],
    expires_at: [undefined, 1, "soon", "2025-11-26T12:15:00.000Z", "2025-02-30T00:00:00Z"],
  };
  for (const [member, values] of Object.entries(wrong)) {
    for (const value of values) {
      const { [member]: _, ...rest } = members as Record<string, unknown>;
      const payload = value === undefined ? rest : { ...rest, [member]: value };
      assert.equal(refusal(sealed(payload)), "malformed", `${member} ${value}`);
    }
  }
});

Deno.test("payloads that aren't canonical JSON are refused", () => {
  const text = new TextDecoder().decode(canonicalBytes(members));
  const bad = ["", "null", "[]", "{}", `${text}\n`, ` ${text}`, text.replace("7", "7.0"), "{"];
  for (const one of bad) {
    assert.equal(refusal(sealed(new TextEncoder().encode(one))), "malformed", one);
  }
  assert.equal(refusal(sealed({ ...members, pad: "x".repeat(5000) })), "malformed");
});

Deno.test("an envelope of another kind or key isn't taken for a record", () => {
  const payload = canonicalBytes(members);
  const seal = (domain: string, payloadType: string) =>
    sealEnvelope(payload, { domain, payloadType }, me.seed);
  assert.equal(refusal(seal("libp2p-peer-record", providerEnvelope.payloadType)), "untrusted");
  assert.equal(refusal(seal(providerEnvelope.domain, "/other/1.0.0")), "malformed");
});

Deno.test("no changed, cut or lengthened envelope is accepted", () => {
  const good = sealProviderRecord(record, me.seed);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = good.slice();
      bytes[at]! ^= flip;
      assert.match(refusal(bytes), /malformed|untrusted/);
    }),
    { numRuns: 300 },
  );
  for (let length = 0; length < good.length; length += 7) {
    assert.equal(refusal(good.subarray(0, length)), "malformed");
  }
  assert.equal(refusal(Uint8Array.from([...good, 0])), "malformed");
  assert.equal(refusal(Uint8Array.from([...good, 0x32, 0])), "malformed", "an unknown field");
  assert.equal(refusal(Uint8Array.from([...good, ...good])), "malformed", "twice");
});

Deno.test("whatever bytes come, the reader answers or refuses", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
    assert.match(refusal(bytes), /malformed|untrusted/);
  }));
  const fields = fc.array(
    fc.tuple(fc.constantFrom(0x0a, 0x12, 0x1a, 0x2a, 0x22), fc.uint8Array({ maxLength: 40 })),
    { maxLength: 6 },
  );
  fc.assert(fc.property(fields, (all) => {
    const bytes = all.flatMap(([tag, value]) => [tag, value.length, ...value]);
    assert.match(refusal(Uint8Array.from(bytes)), /malformed|untrusted/);
  }));
});

Deno.test("what is sealed opens, for every payload", () => {
  const kind = { domain: "a-domain", payloadType: "/a/type" };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (payload) => {
      const opened = openEnvelope(sealEnvelope(payload, kind, me.seed), kind);
      assert.deepEqual([...opened.payload], [...payload]);
      assert.equal(opened.peer, me.peerId);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a record that we would refuse is never made", () => {
  const make = (changes: Partial<ProviderRecord>) => () =>
    sealProviderRecord({ ...record, ...changes }, me.seed);
  for (const changes of [{ httpPort: 0 }, { load: 101 }, { channel: "A" }, { sequence: -1 }]) {
    assert.throws(make(changes), (thrown) => toPlasmdError(thrown).code === "malformed");
  }
});
