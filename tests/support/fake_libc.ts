/**
 * A libc that starts nothing: memory files are byte arrays, and what was loaded is kept.
 *
 * @module
 */

import {
  type KexecFileLoad,
  type KexecLoad,
  type Libc,
  SystemCallError,
} from "../../src/boot/libc.ts";

/** What a test may set and look at. */
export interface FakeLibc extends Libc {
  /** The bytes of each memory file by its descriptor. */
  readonly files: ReadonlyMap<number, FakeFile>;
  /** What was loaded, in order. */
  readonly loaded: readonly LoadedKernel[];
  /** What was placed by kexec_load, in order. */
  readonly placed: readonly PlacedKernel[];
  /** The calls that were made, in order. */
  readonly calls: readonly string[];
}

/** A memory file. */
export interface FakeFile {
  readonly name: string;
  bytes: Uint8Array;
  sealed: boolean;
  closed: boolean;
}

/** A kernel that was loaded. */
export interface LoadedKernel {
  readonly kernel: Uint8Array;
  readonly initramfs: Uint8Array | undefined;
  readonly cmdline: string;
}

/** A kernel that was placed, with the bytes of each segment. */
export interface PlacedKernel {
  readonly entry: number;
  readonly flags: number;
  readonly segments: readonly {
    readonly bytes: Uint8Array;
    readonly at: number;
    readonly memoryBytes: number;
  }[];
}

/** The errno with which calls fail. */
export interface FakeLibcFaults {
  readonly load?: number;
  readonly reboot?: number;
  readonly write?: number;
}

/** Makes one. Without a fault, `reboot` throws {@linkcode Restarted}, as the machine would be gone. */
export function fakeLibc(faults: FakeLibcFaults = {}): FakeLibc {
  const files = new Map<number, FakeFile>();
  const loaded: LoadedKernel[] = [];
  const placed: PlacedKernel[] = [];
  const calls: string[] = [];
  let next = 100;
  const open = (fd: number) => {
    const file = files.get(fd);
    if (file === undefined || file.closed) throw new SystemCallError("fd", 9);
    return file;
  };
  return {
    files,
    loaded,
    placed,
    calls,
    memfd(name) {
      files.set(next, { name, bytes: new Uint8Array(), sealed: false, closed: false });
      return next++;
    },
    write(fd, bytes) {
      if (faults.write !== undefined) throw new SystemCallError("write", faults.write);
      const file = open(fd);
      if (file.sealed) throw new SystemCallError("write", 1);
      const longer = new Uint8Array(file.bytes.length + bytes.length);
      longer.set(file.bytes);
      longer.set(bytes, file.bytes.length);
      file.bytes = longer;
    },
    read(fd, into, at) {
      const part = open(fd).bytes.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    seal: (fd) => void (open(fd).sealed = true),
    close: (fd) => void (open(fd).closed = true),
    kexecFileLoad(call: KexecFileLoad) {
      calls.push(`kexec_file_load ${call.number}`);
      if (faults.load !== undefined) throw new SystemCallError("kexec_file_load", faults.load);
      const kernel = open(call.kernel);
      const initramfs = call.initramfs === undefined ? undefined : open(call.initramfs);
      loaded.push({ kernel: kernel.bytes, initramfs: initramfs?.bytes, cmdline: call.cmdline });
    },
    kexecLoad({ number, entry, segments, flags }: KexecLoad) {
      calls.push(`kexec_load ${number}`);
      // As the kernel does: it knows no such flag.
      if ((flags & 0xffff) !== 0) throw new SystemCallError("kexec_load", 22);
      placed.push({
        entry,
        flags,
        segments: segments.map(({ source, at, memoryBytes }) => ({
          bytes: source instanceof Uint8Array ? source : open(source.fd).bytes,
          at,
          memoryBytes,
        })),
      });
    },
    sync: () => void calls.push("sync"),
    reboot(command) {
      calls.push(`reboot ${command.toString(16)}`);
      if (faults.reboot !== undefined) throw new SystemCallError("reboot", faults.reboot);
      throw new Restarted();
    },
    [Symbol.dispose]() {},
  };
}

/** Thrown in the place of a machine that is gone. */
export class Restarted extends Error {
  override readonly name = "Restarted";
}
