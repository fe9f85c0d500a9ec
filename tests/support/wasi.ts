/**
 * Preview 1 as a module sees it: a memory, the imports, and a way to call them.
 *
 * @module
 */

import type { WasiHost } from "../../src/jobs/wasi/host.ts";
import { makePreview1 } from "../../src/jobs/wasi/preview1.ts";

/** A job that a test plays by hand. */
export interface FakeJob {
  /** Calls an import; returns its error code. */
  call(name: string, ...args: (number | bigint)[]): number;
  /** Puts bytes or a text into the memory; returns [address, length]. */
  put(content: string | Uint8Array): [number, number];
  /** An address with room for so many bytes. */
  room(bytes: number): number;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  u64(at: number): bigint;
  bytes(at: number, length: number): Uint8Array;
  view(): DataView;
  /** Names of the imports that were called. */
  readonly called: ReadonlySet<string>;
  /** What it wrote. */
  readonly written: { stdout: string; stderr: string };
  /** Nanoseconds that it slept. */
  readonly slept: () => bigint;
  /** Opens a path below descriptor 3; returns [error, descriptor]. */
  open(path: string, options?: OpenOptions): [number, number];
  /** Reads all that is left; returns [error, text]. */
  read(fd: number): [number, string];
  write(fd: number, text: string): number;
  /** Reads or writes at an offset; returns [error, text]. */
  pread(fd: number, offset: bigint): [number, string];
  pwrite(fd: number, text: string, offset: bigint): number;
  /** The `filestat` of a path below descriptor 3, or of a descriptor. */
  stat(of: string | number): FakeStat;
}

/** What `filestat` says, and the error of asking. */
export interface FakeStat {
  readonly error: number;
  readonly ino: bigint;
  readonly type: number;
  readonly links: bigint;
  readonly size: bigint;
  readonly atim: bigint;
  readonly mtim: bigint;
}

/** How a path is opened. */
export interface OpenOptions {
  readonly at?: number;
  readonly flags?: number;
  readonly follow?: boolean;
  readonly rights?: bigint;
  readonly inheriting?: bigint;
  readonly fdflags?: number;
}

/** Rights that programs ask for when they read and write files. */
export const usualRights = (1n << 1n) | (1n << 2n) | (1n << 5n) | (1n << 6n) | (1n << 8n) |
  (1n << 21n) | (1n << 22n) | (1n << 23n);

/** Makes a job with these files and this host. */
export function fakeJob(
  files: Readonly<Record<string, string>> = {},
  host: Partial<WasiHost> = {},
  fileBytes = 1 << 20,
): FakeJob {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const written = { stdout: "", stderr: "" };
  let slept = 0n;
  const encoder = new TextEncoder();
  const wasi = makePreview1({
    host: {
      args: [],
      env: [],
      stdin: new Uint8Array(),
      write: (stream, bytes) => void (written[stream] += new TextDecoder().decode(bytes)),
      clocks: {
        realtime: () => 1_700_000_000_000_000_000n + slept,
        monotonic: () => 5n + slept,
        sleep: (nanoseconds) => void (slept += nanoseconds),
      },
      random: (into) => void into.fill(7),
      ...host,
    },
    files: new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)])),
    fileBytes,
  });
  wasi.bind(memory);
  const called = new Set<string>();
  const imports = new Proxy(wasi.imports, {
    get(target, name: string) {
      called.add(name);
      return target[name];
    },
  });
  let next = 1024;
  const view = () => new DataView(memory.buffer);
  const room = (bytes: number) => {
    const at = next;
    next += Math.ceil(bytes / 8) * 8 + 8;
    return at;
  };
  const vectorOf = (at: number, length: number) => {
    const vector = room(8);
    view().setUint32(vector, at, true);
    view().setUint32(vector + 4, length, true);
    return vector;
  };
  const readInto = (read: (vector: number, done: number) => number): [number, string] => {
    const [buffer, done] = [room(256), room(4)];
    const error = read(vectorOf(buffer, 256), done);
    return [error, new TextDecoder().decode(job.bytes(buffer, job.u32(done)))];
  };
  const job: FakeJob = {
    call: (name, ...args) => (imports[name] as (...args: (number | bigint)[]) => number)(...args),
    put(content) {
      const bytes = typeof content === "string" ? encoder.encode(content) : content;
      const at = room(bytes.length);
      new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
      return [at, bytes.length];
    },
    room,
    u8: (at) => view().getUint8(at),
    u16: (at) => view().getUint16(at, true),
    u32: (at) => view().getUint32(at, true),
    u64: (at) => view().getBigUint64(at, true),
    bytes: (at, length) => new Uint8Array(memory.buffer, at, length).slice(),
    view,
    called,
    written,
    slept: () => slept,
    open(
      path,
      { at = 3, flags = 0, follow = true, rights = usualRights, inheriting = 0n, fdflags = 0 } = {},
    ) {
      const into = room(4);
      const error = job.call(
        "path_open",
        at,
        follow ? 1 : 0,
        ...job.put(path),
        flags,
        rights,
        inheriting,
        fdflags,
        into,
      );
      return [error, job.u32(into)];
    },
    read: (fd) => readInto((vector, done) => job.call("fd_read", fd, vector, 1, done)),
    pread: (fd, offset) =>
      readInto((vector, done) => job.call("fd_pread", fd, vector, 1, offset, done)),
    write: (fd, text) => job.call("fd_write", fd, vectorOf(...job.put(text)), 1, room(4)),
    pwrite: (fd, text, offset) =>
      job.call("fd_pwrite", fd, vectorOf(...job.put(text)), 1, offset, room(4)),
    stat(of) {
      const at = room(64);
      const error = typeof of === "number"
        ? job.call("fd_filestat_get", of, at)
        : job.call("path_filestat_get", 3, 0, ...job.put(of), at);
      return {
        error,
        ino: job.u64(at + 8),
        type: job.u8(at + 16),
        links: job.u64(at + 24),
        size: job.u64(at + 32),
        atim: job.u64(at + 40),
        mtim: job.u64(at + 48),
      };
    },
  };
  return job;
}
