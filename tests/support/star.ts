/**
 * Network namespaces of a test's own: one in the middle, and others that each have a link to it.
 *
 * @module
 */

import { runTool } from "./tools.ts";

/** What {@linkcode openStar} needs, for `needing` with `root`. */
export const starTools: readonly string[] = ["ip", "tc"];

/** A namespace at the end of a link. */
export interface Spoke {
  /** Words before a command that is to run there. */
  readonly prefix: readonly string[];
  /** Its address, and that of the middle on its link. */
  readonly address: string;
  readonly middle: string;
}

/** Namespaces around one in the middle. Disposing it removes them. */
export interface Star extends AsyncDisposable {
  /** Words before a command that is to run in the middle. */
  readonly prefix: readonly string[];
  readonly spokes: readonly Spoke[];
}

/** Makes a star; what a spoke sends is held to `rate`, in `tc`'s words. */
export async function openStar(spokes: number, rate: string): Promise<Star> {
  const name = (part: string) => `plasmd-${Deno.pid}-${part}`;
  const within = (part: string) => ["ip", "netns", "exec", name(part)];
  await using stack = new AsyncDisposableStack();
  const add = async (part: string) => {
    await runTool("ip", "netns", "add", name(part));
    stack.defer(async () => void await runTool("ip", "netns", "del", name(part)));
    await runTool("ip", "-n", name(part), "link", "set", "lo", "up");
  };
  await add("m");
  const made: Spoke[] = [];
  for (let i = 1; i <= spokes; i++) {
    const [address, middle] = [`10.77.${i}.2`, `10.77.${i}.1`];
    await add(`${i}`);
    const there = ["type", "veth", "peer", "name", "up0", "netns", name(`${i}`)];
    await runTool("ip", "-n", name("m"), "link", "add", `down${i}`, ...there);
    await addAddress(name("m"), `down${i}`, middle);
    await addAddress(name(`${i}`), "up0", address);
    const shape = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms"];
    await runTool("tc", "-n", name(`${i}`), "qdisc", "add", "dev", "up0", ...shape);
    made.push({ prefix: within(`${i}`), address, middle });
  }
  const owned = stack.move();
  return {
    prefix: within("m"),
    spokes: made,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function addAddress(namespace: string, device: string, address: string): Promise<void> {
  await runTool("ip", "-n", namespace, "address", "add", `${address}/24`, "dev", device);
  await runTool("ip", "-n", namespace, "link", "set", device, "up");
}
