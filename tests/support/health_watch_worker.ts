/**
 * The thread that asks a provider for its health.
 *
 * @module
 */

import type { FromWatch } from "./health_watch.ts";
import { connectAndSend, requestText } from "./http.ts";

/** This thread, as a Worker sees it. */
interface WorkerScope {
  postMessage(message: FromWatch): void;
  onmessage: ((event: MessageEvent<number | "stop">) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
const pauseMs = 5;
let stopping = false;

scope.onmessage = ({ data }) => {
  if (data === "stop") stopping = true;
  else ask(data).catch(({ message }) => scope.postMessage({ type: "failed", message }));
};

async function ask(port: number): Promise<void> {
  await askOnce(port); // what is loaded at the first time doesn't count
  scope.postMessage({ type: "asking" });
  const times: number[] = [];
  while (!stopping || times.length === 0) {
    times.push(await askOnce(port));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  scope.postMessage({ type: "times", times });
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
