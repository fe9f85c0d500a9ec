/**
 * Asks a provider for its health without a pause, and keeps how long each answer took. In a thread of
 * its own: what else the test does must not count.
 *
 * @module
 */

/** How long answers took, in milliseconds. */
export interface HealthFigures {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

/** A watch that goes on until it is stopped. */
export interface HealthWatch {
  stop(): Promise<HealthFigures>;
}

/** From the thread that asks: it has begun, or every time that an answer took, or what went wrong. */
export type FromWatch =
  | { readonly type: "asking" }
  | { readonly type: "times"; readonly times: readonly number[] }
  | { readonly type: "failed"; readonly message: string };

/** Starts to ask, each time on a connection of its own, as somebody does who looks in. */
export async function watchHealth(port: number): Promise<HealthWatch> {
  const worker = new Worker(new URL("./health_watch_worker.ts", import.meta.url), {
    type: "module",
  });
  const asking = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<readonly number[]>();
  ended.promise.catch(() => {}); // told by stop
  worker.onmessage = ({ data }: MessageEvent<FromWatch>) => {
    if (data.type === "asking") asking.resolve();
    else if (data.type === "times") ended.resolve(data.times);
    else ended.reject(new Error(data.message));
  };
  worker.postMessage(port);
  await asking.promise;
  return {
    async stop() {
      worker.postMessage("stop");
      try {
        return figuresOf(await ended.promise);
      } finally {
        worker.terminate();
      }
    },
  };
}

function figuresOf(times: readonly number[]): HealthFigures {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
  return { count: sorted.length, median: at(0.5), p95: at(0.95), worst: at(1) };
}

/** The figures in one line. */
export function healthText({ count, median, p95, worst }: HealthFigures): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `${count} answers, median ${ms(median)}, p95 ${ms(p95)}, worst ${ms(worst)}`;
}
