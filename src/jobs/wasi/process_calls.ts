/**
 * Arguments, environment, clocks, randomness, exit, and the sockets that there aren't.
 *
 * @module
 */

import { errno, fail } from "./abi.ts";
import { type Calls, type Job, ProcessExit } from "./host.ts";

/** The calls of this family. */
export function processCalls(job: Job): Calls {
  const { host, memory } = job;
  const args = host.args.map(terminated);
  const env = host.env.map(([name, value]) => terminated(`${name}=${value}`));
  return {
    args_sizes_get: (count: number, size: number) => sizes(job, args, count, size),
    args_get: (list: number, buffer: number) => strings(job, args, list, buffer),
    environ_sizes_get: (count: number, size: number) => sizes(job, env, count, size),
    environ_get: (list: number, buffer: number) => strings(job, env, list, buffer),
    clock_res_get(id: number, into: number) {
      clockOf(job, id);
      memory.setU64(into, 1_000n);
    },
    clock_time_get(id: number, _precision: bigint, into: number) {
      memory.setU64(into, clockOf(job, id));
    },
    random_get(at: number, length: number) {
      host.random(memory.bytes(at, length));
    },
    sched_yield: () => {},
    proc_exit(code: number) {
      throw new ProcessExit(code >>> 0);
    },
    proc_raise: () => errno.nosys,
    ...socketCalls(job),
  };
}

/** There are no sockets: what is open isn't one, what isn't open is no descriptor. */
function socketCalls({ descriptors }: Job): Calls {
  const refuse = (fd: number) => {
    descriptors.get(fd);
    fail(errno.notsock);
  };
  return {
    sock_accept: (fd: number) => refuse(fd),
    sock_recv: (fd: number) => refuse(fd),
    sock_send: (fd: number) => refuse(fd),
    sock_shutdown: (fd: number) => refuse(fd),
  };
}

/** The time of a clock: real time, monotonic, or the job's own time for both CPU clocks. */
export function clockOf({ host: { clocks } }: Job, id: number): bigint {
  if (id === 0) return clocks.realtime();
  if (id === 1 || id === 2 || id === 3) return clocks.monotonic();
  return fail(errno.inval);
}

function terminated(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function sizes({ memory }: Job, list: readonly Uint8Array[], count: number, size: number): void {
  memory.setU32(count, list.length);
  memory.setU32(size, list.reduce((sum, { length }) => sum + length, 0));
}

function strings({ memory }: Job, list: readonly Uint8Array[], at: number, buffer: number): void {
  let end = buffer >>> 0;
  list.forEach((bytes, i) => {
    memory.setU32((at >>> 0) + 4 * i, end);
    memory.bytes(end, bytes.length).set(bytes);
    end += bytes.length;
  });
}
