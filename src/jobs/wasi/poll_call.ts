/**
 * `poll_oneoff`: waiting for time or descriptors. Files and streams are always ready.
 *
 * @module
 */

import { errno, fail, rights, WasiError } from "./abi.ts";
import type { Calls, Job } from "./host.ts";
import { clockOf } from "./process_calls.ts";

/** Subscriptions in one call. */
const subscriptionsMost = 4096;

interface Event {
  readonly userdata: bigint;
  readonly error: number;
  readonly type: number;
  readonly bytes: bigint;
  readonly hangup: boolean;
}

/** A wait for a time, in nanoseconds from now. */
interface Wait {
  readonly event: Event;
  readonly left: bigint;
}

/** The calls of this family. */
export function pollCalls(job: Job): Calls {
  const { memory } = job;
  return {
    poll_oneoff(input: number, output: number, count: number, into: number) {
      if (count >>> 0 > subscriptionsMost || count === 0) fail(errno.inval);
      const events: Event[] = [];
      const waits: Wait[] = [];
      for (let i = 0; i < count >>> 0; i++) {
        const subscription = readSubscription(job, (input >>> 0) + 48 * i);
        if ("left" in subscription) waits.push(subscription);
        else events.push(subscription);
      }
      if (events.length === 0) events.push(...sleepUntilFirst(job, waits));
      else events.push(...waits.filter(({ left }) => left <= 0n).map(({ event }) => event));
      events.forEach((event, i) => writeEvent(job, (output >>> 0) + 32 * i, event));
      memory.setU32(into, events.length);
    },
  };
}

function readSubscription(job: Job, at: number): Event | Wait {
  const { memory } = job;
  const userdata = memory.u64(at);
  const type = memory.u8(at + 8);
  if (type > 2) fail(errno.inval);
  try {
    return type === 0
      ? readClock(job, at, userdata)
      : { ...readDescriptor(job, memory.u32(at + 16), type), userdata, type, error: 0 };
  } catch (thrown) {
    if (!(thrown instanceof WasiError)) throw thrown;
    return { userdata, type, error: thrown.errno, bytes: 0n, hangup: false };
  }
}

function readClock(job: Job, at: number, userdata: bigint): Wait {
  const { memory } = job;
  const now = clockOf(job, memory.u32(at + 16));
  const timeout = memory.u64(at + 24);
  const absolute = (memory.u16(at + 40) & 1) !== 0;
  const event = { userdata, type: 0, error: 0, bytes: 0n, hangup: false };
  return { event, left: absolute ? timeout - now : timeout };
}

function readDescriptor(
  { descriptors, host, stdinAt }: Job,
  fd: number,
  type: number,
): { bytes: bigint; hangup: boolean } {
  const open = descriptors.get(fd, rights.poll_fd_readwrite);
  if (open.kind === "directory") fail(errno.badf);
  const read = type === 1;
  if (open.kind === "stream" && read !== (open.stream === "stdin")) fail(errno.badf);
  if (!read) return { bytes: 65_536n, hangup: false };
  if (open.kind === "file") {
    const left = BigInt(open.file.size) - open.offset;
    return { bytes: left > 0n ? left : 0n, hangup: false };
  }
  const left = host.stdin.length - stdinAt;
  return { bytes: BigInt(left), hangup: left === 0 };
}

/** Sleeps until the first time comes; several may come at once. */
function sleepUntilFirst({ host }: Job, waits: readonly Wait[]): Event[] {
  const first = waits.reduce((least, { left }) => left < least ? left : least, waits[0]!.left);
  if (first > 0n) host.clocks.sleep(first);
  return waits.filter(({ left }) => left <= first || left <= 0n).map(({ event }) => event);
}

function writeEvent({ memory }: Job, at: number, event: Event): void {
  memory.bytes(at, 32).fill(0);
  memory.setU64(at, event.userdata);
  memory.setU16(at + 8, event.error);
  memory.setU8(at + 10, event.type);
  memory.setU64(at + 16, event.bytes);
  memory.setU16(at + 24, event.hangup ? 1 : 0);
}
