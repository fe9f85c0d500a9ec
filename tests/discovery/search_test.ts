import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Offer } from "../../src/discovery/offer.ts";
import type { Judged } from "../../src/discovery/rank.ts";
import { search, type SearchOptions, type Source } from "../../src/discovery/search.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { discoveryLimits } from "../../src/lib/limits.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";

const target = { channel: "stable", arch: "arm64" } as const;

function offerOf(port: number): Offer {
  return { ...target, origin: `http://192.0.2.1:${port}`, via: "dht", sameLink: false };
}

/** A side that offers these, and then ends or goes on for ever. */
function side(ports: readonly number[], settleMs: number, ends: boolean): Source {
  return {
    settleMs,
    async *offers(signal) {
      for (const port of ports) yield offerOf(port);
      if (ends || signal.aborted) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
  };
}

const good = (offer: Offer): Promise<Judged> =>
  Promise.resolve({ offer, status: "unverified", signers: [], sequence: 1, latencyMs: 1 });

/** Runs a search while the clock moves on; returns what was found and when it ended. */
async function run(options: Partial<SearchOptions>, clock: FakeClock = fakeClock()) {
  let ended = false;
  const searching = search({
    ...target,
    sources: [],
    probe: good,
    all: false,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...options,
  }, { ...systemDeps(), clock }).finally(() => ended = true);
  while (!ended) {
    for (let i = 0; i < 20 && !ended; i++) await setImmediate();
    if (!ended) clock.advance(50);
  }
  const ports = (await searching).map(({ offer }) => Number(new URL(offer.origin).port));
  return { ports: ports.toSorted(), ms: clock.steady() };
}

Deno.test("a search ends a short time after the first provider", async () => {
  const { ports, ms } = await run({ sources: [side([1, 2], 1000, false)] });
  assert.deepEqual(ports, [1, 2]);
  assert.ok(Math.abs(ms - discoveryLimits.windowMs) <= 50, `${ms} ms`);
});

Deno.test("a search for all waits for each side until it ends or has had its time", async () => {
  const sources = [side([1], 1000, false), side([2, 3], 10_000, true)];
  const { ports, ms } = await run({ sources, all: true });
  assert.deepEqual(ports, [1, 2, 3]);
  assert.ok(Math.abs(ms - 1000) <= 50, `${ms} ms`);
});

Deno.test("a search for all still looks at what was offered in time", async () => {
  const clock = fakeClock();
  const slow = async (offer: Offer) => {
    if (offer.origin.endsWith(":2")) await clock.sleep(3000);
    return await good(offer);
  };
  const sources = [side([1, 2], 1000, false)];
  const { ports, ms } = await run({ sources, probe: slow, all: true }, clock);
  assert.deepEqual(ports, [1, 2]);
  assert.ok(Math.abs(ms - 3000) <= 50, `${ms} ms`);
});

Deno.test("a search in which nobody is found ends with its time", async () => {
  for (const all of [true, false]) {
    const { ports, ms } = await run({ sources: [side([], 1000, false)], all, timeoutMs: 2000 });
    assert.deepEqual(ports, []);
    assert.ok(Math.abs(ms - 2000) <= 50, `${ms} ms`);
  }
});

Deno.test("a probe that never ends doesn't hold up a search beyond its time", async () => {
  const never = (_: Offer, signal: AbortSignal) =>
    new Promise<Judged>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const { ports, ms } = await run({ sources: [side([1], 100, true)], probe: never });
  assert.deepEqual(ports, []);
  assert.ok(ms <= 10_050, `${ms} ms`);
});

Deno.test("a side that fails ends alone", async () => {
  const failing: Source = {
    settleMs: 100,
    // deno-lint-ignore require-yield
    async *offers() {
      await Promise.resolve();
      throw new Error("no network");
    },
  };
  const { ports } = await run({ sources: [failing, side([4], 100, true)], all: true });
  assert.deepEqual(ports, [4]);
});
