/**
 * Finding providers: offers from several sides, each looked at as it comes, until there is enough.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import { joinArrivals } from "./arrivals.ts";
import type { Ignored } from "./find.ts";
import type { ImageTarget } from "./keys.ts";
import type { Offer } from "./offer.ts";
import { makePool } from "./pool.ts";
import { type Judged, rank } from "./rank.ts";

/** One side from which offers come. */
export interface Source {
  readonly offers: (signal: AbortSignal) => AsyncIterable<Offer>;
  /** Milliseconds for which a side is waited for where all are wanted, unless it ends before. */
  readonly settleMs: number;
}

/** How a search is made. */
export interface SearchOptions extends ImageTarget {
  readonly sources: readonly Source[];
  /** Looks at an offer. */
  readonly probe: (offer: Offer, signal: AbortSignal) => Promise<Judged>;
  /** Waits for all sides, and for the time where nothing is found; else the first window will do. */
  readonly all: boolean;
  /** Milliseconds for the whole search; 0 for one that ends with the signal only. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of each provider that can be used, as it is found. */
  readonly onFound?: (found: Judged) => void;
  /** Told of each that can't. */
  readonly onIgnored?: (ignored: Ignored) => void;
}

/** Searches. Returns what was found, best first; nothing where there is nothing in time. */
export async function search(options: SearchOptions, deps: Deps): Promise<Judged[]> {
  const { signal, timeoutMs, all } = options;
  const enough = new AbortController();
  const sides = AbortSignal.any([signal, enough.signal]);
  const closed = new AbortController();
  const found: Judged[] = [];
  const done = () => enough.abort();
  const after = (ms: number) => deps.clock.sleep(ms, { signal: sides }).then(done, () => {});
  const timers: Promise<void>[] = timeoutMs > 0 ? [after(timeoutMs)] : [];

  const watched = options.sources.map((source) => watchEnd(source));
  const settled = Promise.all(watched.map(({ settleMs, ended }) => {
    const either = AbortSignal.any([sides, ended]);
    return deps.clock.sleep(settleMs, { signal: either }).catch(() => {});
  }));

  function take(judged: Judged): void {
    found.push(judged);
    if (rank([judged], options, deps.clock.now()).length === 0) return;
    options.onFound?.(judged);
    if (timeoutMs === 0) return;
    // What has been offered until then is still looked at.
    if (all) settled.then(() => closed.abort());
    else timers.push(after(discoveryLimits.windowMs));
  }

  await lookAtAll({ ...options, sources: watched }, closed.signal, sides, take, deps);
  done();
  await Promise.all(timers);
  signal.throwIfAborted();
  return rank(found, options, deps.clock.now());
}

/** The same source, and a signal that aborts when it has ended. */
function watchEnd({ offers, settleMs }: Source): Source & { readonly ended: AbortSignal } {
  const end = new AbortController();
  return {
    settleMs,
    ended: end.signal,
    async *offers(signal) {
      try {
        yield* offers(signal);
      } finally {
        end.abort();
      }
    },
  };
}

/** Looks at every offer once, until all sides have ended or no more are taken. */
async function lookAtAll(
  { sources, probe, onIgnored }: SearchOptions,
  closed: AbortSignal,
  signal: AbortSignal,
  take: (judged: Judged) => void,
  deps: Deps,
): Promise<void> {
  const pool = makePool(discoveryLimits.probes);
  const seen = new Map<string, string>();
  const looks: Promise<void>[] = [];
  const failed = (thrown: unknown) => {
    if (!signal.aborted) deps.log.warn("A way of finding has failed", { reason: thrown });
  };
  const offers = joinArrivals(sources.map((source) => source.offers(signal)), failed);
  for await (const offer of stopped(offers, AbortSignal.any([signal, closed]))) {
    const mark = `${offer.via} ${offer.origin}`;
    const news = `${offer.manifestId} ${offer.sequence} ${offer.gone}`;
    if (seen.get(mark) === news || seen.size >= discoveryLimits.offers) continue;
    seen.set(mark, news);
    looks.push(pool(() => look(offer)));
  }
  await Promise.all(looks);

  async function look(offer: Offer): Promise<void> {
    if (signal.aborted) return;
    try {
      const judged = offer.gone
        ? { offer, status: "unverified" as const, signers: [] }
        : await probe(offer, signal);
      take(judged);
      if (judged.error) onIgnored?.({ peer: offer.peer ?? offer.origin, error: judged.error });
    } catch (thrown) {
      if (!signal.aborted) onIgnored?.({ peer: offer.origin, error: toPlasmdError(thrown) });
    }
  }
}

/** The items until the signal aborts, even where the source doesn't notice. */
async function* stopped<T>(items: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    while (true) {
      const step = await Promise.race([items.next(), aborted]);
      if (step === undefined || step.done) return;
      yield step.value;
    }
  } finally {
    items.return(undefined).catch(() => {});
  }
}
