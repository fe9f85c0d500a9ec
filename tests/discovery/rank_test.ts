import assert from "node:assert/strict";
import fc from "fast-check";
import type { Offer } from "../../src/discovery/offer.ts";
import { type Judged, type Judgement, rank } from "../../src/discovery/rank.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

const target = { channel: "stable", arch: "arm64" } as const;
const now = 1_000_000;

function judged(
  host: number,
  judgement: Partial<Judgement> = {},
  offer: Partial<Offer> = {},
): Judged {
  return {
    status: "verified",
    sequence: 5,
    signers: [],
    latencyMs: 10,
    ...judgement,
    offer: {
      ...target,
      origin: `http://192.0.2.${host}:8080`,
      via: "dht",
      sameLink: false,
      ...offer,
    },
  };
}

function hosts(found: readonly Judged[]): number[] {
  return rank(found, target, now).map(({ offer }) => Number(/(\d+):8080/.exec(offer.origin)![1]));
}

Deno.test("the highest sequence comes first, however far it is", () => {
  const far = judged(1, { sequence: 6, latencyMs: 900 });
  const near = judged(2, {}, { sameLink: true });
  assert.deepEqual(hosts([near, far]), [1, 2]);
});

Deno.test("what a provider only claims in its record counts for nothing", () => {
  const liar = judged(1, { sequence: 5, latencyMs: 20 }, { sequence: 999 });
  assert.deepEqual(hosts([liar, judged(2)]), [2, 1]);
});

Deno.test("verified comes before unverified, whatever sequence that has", () => {
  assert.deepEqual(hosts([judged(1, { status: "unverified", sequence: 9 }), judged(2)]), [2, 1]);
});

Deno.test("of the same sequence the same link wins, then latency, then load", () => {
  const link = judged(1, { latencyMs: 50 }, { sameLink: true, via: "mdns" });
  const quick = judged(2, { latencyMs: 5 });
  const busy = judged(3, { latencyMs: 6 }, { load: 100 });
  const idle = judged(4, { latencyMs: 11 }, { load: 0 });
  assert.deepEqual(hosts([idle, busy, quick, link]), [1, 2, 4, 3]);
});

Deno.test("refused, foreign, expired and parted providers are dropped", () => {
  const error = new PlasmdError("unreachable", "no answer");
  const useless = [
    judged(1, { status: "refused", error }),
    judged(2, {}, { channel: "testing" }),
    judged(3, {}, { arch: "x86_64" }),
    judged(4, {}, { expiresAt: now }),
    judged(5, {}, { gone: true }),
  ];
  assert.deepEqual(hosts([...useless, judged(6, {}, { expiresAt: now + 1 })]), [6]);
});

Deno.test("a provider that was found in two ways counts once, as it is best reached", () => {
  const found = rank([judged(1), judged(1, {}, { via: "mdns", sameLink: true })], target, now);
  assert.deepEqual(found.map(({ offer }) => offer.via), ["mdns"]);
});

Deno.test("the order doesn't depend on the order of arrival", () => {
  const offers = fc.uniqueArray(
    fc.record({
      host: fc.integer({ min: 1, max: 250 }),
      sequence: fc.nat(3),
      latencyMs: fc.nat(3),
      sameLink: fc.boolean(),
      load: fc.nat(100),
    }),
    { selector: ({ host }) => host, maxLength: 12 },
  );
  fc.assert(fc.property(offers, fc.nat(), (all, turn) => {
    const found = all.map(({ host, sequence, latencyMs, sameLink, load }) =>
      judged(host, { sequence, latencyMs }, { sameLink, load })
    );
    const at = found.length === 0 ? 0 : turn % found.length;
    const turned = [...found.slice(at), ...found.slice(0, at)];
    assert.deepEqual(hosts(turned), hosts(found));
  }));
});
