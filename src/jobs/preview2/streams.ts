/**
 * `wasi:io/streams`: everything is in memory, so a stream is always ready.
 *
 * @module
 */

import type { WasiClocks } from "../wasi/host.ts";
import { closed, ComponentTrap, streamResult } from "./failures.ts";
import { Pollable } from "./poll.ts";

/** Bytes that one call reads or writes at most. */
const chunkBytes = 1 << 20;
/** Bytes of a blocking write, as the specification says. */
const blockingBytes = 4096;

/** What is read from. */
export interface Source {
  /** At most so many bytes; undefined at the end. */
  take(most: number): Uint8Array | undefined;
  /** The stream is dropped. */
  drop?(): void;
}

/** What is written to. */
export interface Sink {
  put(bytes: Uint8Array): void;
  /** The stream is dropped. */
  drop?(): void;
}

/** `wasi:io/streams.input-stream` */
export class InputStream {
  readonly #source: Source;
  readonly #clocks: WasiClocks;

  constructor(source: Source, clocks: WasiClocks) {
    this.#source = source;
    this.#clocks = clocks;
  }

  /** Reads; nothing waits. */
  read(length: bigint): Uint8Array {
    const most = length < BigInt(chunkBytes) ? Number(length) : chunkBytes;
    const bytes = streamResult(() => this.#source.take(most));
    if (bytes === undefined) throw closed;
    return bytes;
  }

  blockingRead(length: bigint): Uint8Array {
    return this.read(length);
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }

  subscribe(): Pollable {
    return new Pollable(this.#clocks);
  }

  [Symbol.dispose](): void {
    this.#source.drop?.();
  }
}

/** `wasi:io/streams.output-stream` */
export class OutputStream {
  readonly #sink: Sink;
  readonly #clocks: WasiClocks;
  #permit = 0;

  constructor(sink: Sink, clocks: WasiClocks) {
    this.#sink = sink;
    this.#clocks = clocks;
  }

  /** How much may be written now. */
  checkWrite(): bigint {
    this.#permit = chunkBytes;
    return BigInt(chunkBytes);
  }

  /** Writes what a call of checkWrite permitted; more is a trap, as the specification says. */
  write(bytes: Uint8Array): void {
    if (bytes.length > this.#permit) throw new ComponentTrap("it writes more than was permitted");
    this.#permit -= bytes.length;
    this.#put(bytes);
  }

  writeZeroes(length: bigint): void {
    if (length > BigInt(this.#permit)) {
      throw new ComponentTrap("it writes more than was permitted");
    }
    this.write(new Uint8Array(Number(length)));
  }

  blockingWriteAndFlush(bytes: Uint8Array): void {
    if (bytes.length > blockingBytes) throw new ComponentTrap("it writes more than 4096 bytes");
    this.#put(bytes);
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    if (length > BigInt(blockingBytes)) throw new ComponentTrap("it writes more than 4096 bytes");
    this.#put(new Uint8Array(Number(length)));
  }

  flush(): void {}

  blockingFlush(): void {}

  splice(source: InputStream, length: bigint): bigint {
    const bytes = source.read(length);
    this.#put(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }

  subscribe(): Pollable {
    return new Pollable(this.#clocks);
  }

  [Symbol.dispose](): void {
    this.#sink.drop?.();
  }

  #put(bytes: Uint8Array): void {
    // What ends the job isn't the stream's error and goes up as it is.
    streamResult(() => this.#sink.put(bytes));
  }
}
