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
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const allowSealing = 2 | 1; // MFD_ALLOW_SEALING | MFD_CLOEXEC
// MFD_NOEXEC_SEAL: what is loaded by kexec is never run as a program, and vm.memfd_noexec=2 demands it.
const noExecution = 8;
const EINVAL = 22;
const addSeals = 1033; // F_ADD_SEALS
const allSeals = 1 | 2 | 4 | 8; // F_SEAL_SEAL, _SHRINK, _GROW, _WRITE
const noInitramfs = 4; // KEXEC_FILE_NO_INITRAMFS

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
    sync: () => c.sync(),
    reboot: (command) => void check("reboot", c.reboot(command)),
    [Symbol.dispose]: () => library.close(),
  };
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
