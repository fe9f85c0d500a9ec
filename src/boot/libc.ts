/**
 * The few calls of libc that a boot needs and Deno lacks: sealed memory files, kexec, reboot.
 * Nothing here knows an arch; numbers of system calls come from the caller.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";

/** The calls, each throwing or returning what the C function does. */
export interface Libc extends Disposable {
  /** A file in memory that can be sealed. Throws {@linkcode SystemCallError}. */
  memfd(name: string): number;
  /** Writes all bytes at the file's position. Throws {@linkcode SystemCallError}. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** Reads from a position. Returns how many bytes, 0 at the end. Throws {@linkcode SystemCallError}. */
  read(fd: number, into: Uint8Array<ArrayBuffer>, at: number): number;
  /** Forbids every further change of a memory file's bytes. Throws {@linkcode SystemCallError}. */
  seal(fd: number): void;
  close(fd: number): void;
  /** kexec_file_load(2); `initramfs` undefined where there is none. */
  kexecFileLoad(call: KexecFileLoad): void;
  /** kexec_load(2). */
  kexecLoad(call: KexecLoad): void;
  /** Flushes all file systems. */
  sync(): void;
  /** reboot(2) with a command; returns only when it failed. */
  reboot(command: number): void;
}

/** The arguments of kexec_file_load(2). */
export interface KexecFileLoad {
  /** The number of the system call on this arch. */
  readonly number: number;
  readonly kernel: number;
  readonly initramfs: number | undefined;
  readonly cmdline: string;
}

/** Bytes, and where the next kernel finds them. */
export interface KexecSegment {
  readonly source: Uint8Array<ArrayBuffer> | { readonly fd: number; readonly size: number };
  /** The physical address; this and the next are multiples of the page. */
  readonly at: number;
  /** Bytes that it takes there: what is more than the source has is zero. */
  readonly memoryBytes: number;
}

/** The arguments of kexec_load(2). */
export interface KexecLoad {
  /** The number of the system call on this arch. */
  readonly number: number;
  /** The physical address at which the next kernel is entered. */
  readonly entry: number;
  readonly segments: readonly KexecSegment[];
  readonly flags: number;
}

/** A call of the kernel's that failed, with its errno. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  /** The call's name. */
  readonly call: string;
  /** Why it failed, as a number of errno(3). */
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`${call} failed with errno ${errno}`);
    this.call = call;
    this.errno = errno;
  }
}

const symbols = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  fcntl: { parameters: ["i32", "i32", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  sync: { parameters: [], result: "void" },
  reboot: { parameters: ["i32"], result: "i32" },
  syscall: {
    parameters: ["isize", "isize", "isize", "usize", "buffer", "usize"],
    result: "isize",
  },
  kexec_load: {
    name: "syscall",
    parameters: ["isize", "usize", "usize", "buffer", "usize"],
    result: "isize",
  },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const allowSealing = 2 | 1; // MFD_ALLOW_SEALING | MFD_CLOEXEC
// MFD_NOEXEC_SEAL: what is loaded by kexec is never run as a program, and vm.memfd_noexec=2 demands it.
const noExecution = 8;
const EINVAL = 22;
const addSeals = 1033; // F_ADD_SEALS
const allSeals = 1 | 2 | 4 | 8; // F_SEAL_SEAL, _SHRINK, _GROW, _WRITE
const noInitramfs = 4; // KEXEC_FILE_NO_INITRAMFS
const readOnly = 1; // PROT_READ
const privately = 2; // MAP_PRIVATE: a sealed file can't be mapped in another way by older kernels
const segmentBytes = 32; // of struct kexec_segment where a pointer has 64 bits

/**
 * Opens libc.
 *
 * @throws {PlasmdError} `unsupported` elsewhere than on Linux with glibc
 */
export function openLibc(): Libc {
  const library = openLibrary();
  const { symbols: c } = library;
  const check = (call: string, result: number | bigint) => {
    // errno is read before anything else can run on this thread.
    if (Number(result) >= 0) return Number(result);
    throw new SystemCallError(call, new Deno.UnsafePointerView(c.__errno_location()!).getInt32());
  };
  return {
    memfd: (name) =>
      openMemfd((flags) => check("memfd_create", c.memfd_create(cString(name), flags))),
    write(fd, bytes) {
      for (let done = 0; done < bytes.length;) {
        const rest = bytes.subarray(done);
        done += check("write", c.write(fd, rest, BigInt(rest.length)));
      }
    },
    read: (fd, into, at) => check("pread", c.pread(fd, into, BigInt(into.length), BigInt(at))),
    seal: (fd) => void check("fcntl", c.fcntl(fd, addSeals, BigInt(allSeals))),
    close: (fd) => void c.close(fd),
    kexecFileLoad({ number, kernel, initramfs, cmdline }) {
      const text = cString(cmdline);
      const flags = initramfs === undefined ? noInitramfs : 0;
      const result = c.syscall(
        BigInt(number),
        BigInt(kernel),
        BigInt(initramfs ?? -1),
        BigInt(text.length),
        text,
        BigInt(flags),
      );
      check("kexec_file_load", result);
    },
    kexecLoad({ number, entry, segments, flags }) {
      using mapped = mapSegments(segments, (fd, size) => {
        const result = c.mmap(0n, BigInt(size), readOnly, privately, fd, 0n);
        check("mmap", BigInt.asIntN(64, BigInt(result)));
        return { address: BigInt(result), unmap: () => void c.munmap(result, BigInt(size)) };
      });
      const { table } = mapped;
      const count = BigInt(segments.length);
      check(
        "kexec_load",
        c.kexec_load(BigInt(number), BigInt(entry), count, table, BigInt(flags)),
      );
    },
    sync: () => c.sync(),
    reboot: (command) => void check("reboot", c.reboot(command)),
    [Symbol.dispose]: () => library.close(),
  };
}

/** The table of segments, and what was mapped for it. */
function mapSegments(
  segments: readonly KexecSegment[],
  map: (fd: number, size: number) => { readonly address: bigint; unmap(): void },
): Disposable & { readonly table: Uint8Array<ArrayBuffer> } {
  using mapped = new DisposableStack();
  const table = new Uint8Array(segmentBytes * segments.length);
  const view = new DataView(table.buffer);
  segments.forEach(({ source, at, memoryBytes }, i) => {
    const [address, size] = source instanceof Uint8Array
      ? [Deno.UnsafePointer.value(Deno.UnsafePointer.of(source)), source.length]
      : [mapFile(source), source.size];
    [BigInt(address), BigInt(size), BigInt(at), BigInt(memoryBytes)].forEach((value, word) =>
      view.setBigUint64(segmentBytes * i + 8 * word, value, true)
    );
  });
  function mapFile({ fd, size }: { readonly fd: number; readonly size: number }): bigint {
    const { address, unmap } = map(fd, size);
    mapped.defer(unmap);
    return address;
  }
  const owned = mapped.move();
  return { table, [Symbol.dispose]: () => owned.dispose() };
}

/** Kernels before 6.3 don't know the flag that forbids execution. */
function openMemfd(create: (flags: number) => number): number {
  try {
    return create(allowSealing | noExecution);
  } catch (thrown) {
    if (thrown instanceof SystemCallError && thrown.errno === EINVAL) return create(allowSealing);
    throw thrown;
  }
}

function openLibrary(): Deno.DynamicLibrary<typeof symbols> {
  try {
    if (Deno.build.os !== "linux") throw new Error(`this is ${Deno.build.os}`);
    return Deno.dlopen("libc.so.6", symbols);
  } catch (thrown) {
    throw new PlasmdError("unsupported", "Cannot reach the kernel here: it takes Linux and glibc", {
      cause: thrown,
    });
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
