/**
 * Things that arrive from several sides, one after the other for whoever takes them.
 *
 * @module
 */

/** A queue with one reader. */
export interface Arrivals<T> extends AsyncIterable<T> {
  add(item: T): void;
  /** Nothing more comes; where a reason is given the reader gets it. */
  end(reason?: unknown): void;
}

/** Makes an empty queue. */
export function makeArrivals<T>(): Arrivals<T> {
  const items: T[] = [];
  let ended: { readonly reason: unknown } | undefined;
  let wake = Promise.withResolvers<void>();
  return {
    add(item) {
      if (ended === undefined) items.push(item);
      wake.resolve();
    },
    end(reason) {
      ended ??= { reason };
      wake.resolve();
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        while (items.length > 0) yield items.shift()!;
        if (ended?.reason !== undefined) throw ended.reason;
        if (ended !== undefined) return;
        await wake.promise;
        wake = Promise.withResolvers();
      }
    },
  };
}

/** Joins several sources as they come. Ends when all have ended; a failed one ends alone. */
export async function* joinArrivals<T>(
  sources: readonly AsyncIterable<T>[],
  onFailed: (reason: unknown) => void = () => {},
): AsyncGenerator<T> {
  const arrivals = makeArrivals<T>();
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const follow = async (iterator: AsyncIterator<T>) => {
    try {
      for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
        arrivals.add(step.value);
      }
    } catch (thrown) {
      onFailed(thrown);
    }
  };
  Promise.all(iterators.map(follow)).then(() => arrivals.end());
  try {
    yield* arrivals;
  } finally {
    for (const iterator of iterators) iterator.return?.().catch(() => {});
  }
}
