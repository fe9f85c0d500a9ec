/**
 * kexec_file_load(2): the kernel reads, checks and places the image itself.
 *
 * @module
 */

import type { Arch } from "../formats/names.ts";
import type { KexecLoader } from "./kexec.ts";
import { errnos } from "./kexec_refusal.ts";
import { type Libc, SystemCallError } from "./libc.ts";

/** The number of the system call. Debian's arm64 kernels answer it with ENOSYS. */
const numbers: Readonly<Record<Arch, number>> = { x86_64: 320, arm64: 294 };

/** The loader for an arch. */
export function kexecFileLoader(libc: Libc, arch: Arch): KexecLoader {
  const number = numbers[arch];
  return {
    name: "kexec_file_load",
    probe() {
      try {
        // Permission is checked before the files: with no file, only EBADF is good news.
        libc.kexecFileLoad({ number, kernel: -1, initramfs: undefined, cmdline: "" });
      } catch (thrown) {
        if (!(thrown instanceof SystemCallError && thrown.errno === errnos.EBADF)) throw thrown;
      }
    },
    load({ kernel, initramfs, cmdline }) {
      libc.kexecFileLoad({ number, kernel: kernel.fd, initramfs: initramfs?.fd, cmdline });
    },
  };
}
