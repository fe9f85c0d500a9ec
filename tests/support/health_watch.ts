/**
 * Asks a provider for its health without a pause, and keeps how long each answer took.
 *
 * @module
 */

import { connectAndSend, requestText } from "./http.ts";

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

const pauseMs = 5;

/** Starts to ask, each time on a connection of its own, as somebody does who looks in. */
export function watchHealth(port: number): HealthWatch {
  const times: number[] = [];
  let stopping = false;
  const asking = (async () => {
    while (!stopping) {
      times.push(await askOnce(port));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  asking.catch(() => {}); // told by stop
  return {
    async stop() {
      stopping = true;
      await asking;
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
      return { count: sorted.length, median: at(0.5), p95: at(0.95), worst: at(1) };
    },
  };
}

async function askOnce(port: number): Promise<number> {
  const start = performance.now();
  using connection = await connectAndSend(port, requestText("/health"));
  const part = new Uint8Array(4096);
  const count = await connection.read(part) ?? 0;
  const took = performance.now() - start;
  const head = new TextDecoder().decode(part.subarray(0, count));
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`/health answered: ${head}`);
  return took;
}

/** The figures in one line. */
export function healthText({ count, median, p95, worst }: HealthFigures): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `${count} answers, median ${ms(median)}, p95 ${ms(p95)}, worst ${ms(worst)}`;
}
