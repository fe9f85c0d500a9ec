/**
 * Loads the next kernel and starts it. How a kernel is loaded depends on the arch and on what the
 * running one offers; everything else doesn't.
 *
 * @module
 */

import type { Arch } from "../formats/names.ts";
import type { PlasmdError } from "../lib/errors.ts";
import { kexecFileLoader } from "./kexec_file.ts";
import { kexecLoader, type MachineLayout } from "./kexec_load/loader.ts";
import { errnos, kexecRefusal, type KexecState } from "./kexec_refusal.ts";
import { type Libc, SystemCallError } from "./libc.ts";
import type { SealedFile } from "./sealed.ts";

/** What is started: bytes that were verified and can't change, and a checked command line. */
export interface KexecImage {
  readonly kernel: SealedFile;
  readonly initramfs?: SealedFile;
  readonly cmdline: string;
}

/** One way to load a kernel. Each call throws SystemCallError. */
export interface KexecLoader {
  /** The system call's name. */
  readonly name: string;
  /** Fails with what the kernel would refuse any image for; loads nothing. */
  probe(): void;
  load(image: KexecImage): void;
}

/** Loads a kernel and starts it. */
export interface Kexec {
  /** Why no kernel can be loaded here, or undefined. Loads nothing. */
  obstacle(): PlasmdError | undefined;
  /** Throws PlasmdError `permission` or `unsupported` with the reason. */
  load(image: KexecImage): void;
  /** Leaves this system; returns only by throwing. */
  start(): never;
}

/** What the choice of a loader rests on besides the arch. */
export interface KexecMachine {
  readonly state: KexecState;
  /** Without it images are loaded by kexec_file_load alone. */
  readonly layout?: MachineLayout;
  /** Random bytes for the next kernel. */
  readonly random: (bytes: number) => Uint8Array;
}

/** kexec for a machine of this arch. */
export function openKexec(libc: Libc, arch: Arch, machine: KexecMachine): Kexec {
  const { state } = machine;
  const loader = loaderFor(libc, arch, machine);
  const explained = (run: () => void) => {
    try {
      run();
    } catch (thrown) {
      if (thrown instanceof SystemCallError) throw kexecRefusal(thrown.errno, state);
      throw thrown;
    }
  };
  return {
    obstacle: () => obstacleOf(loader, state),
    load: (image) => explained(() => loader.load(image)),
    start() {
      libc.sync();
      explained(() => libc.reboot(startLoadedKernel));
      throw kexecRefusal(errnos.EINVAL, state);
    },
  };
}

/** kexec_file_load where the kernel has it; it checks signatures, too. DESIGN 9. */
function loaderFor(libc: Libc, arch: Arch, { layout, random }: KexecMachine): KexecLoader {
  const loader = kexecFileLoader(libc, arch);
  if (arch !== "arm64" || layout === undefined) return loader;
  try {
    loader.probe();
  } catch (thrown) {
    if (thrown instanceof SystemCallError && thrown.errno === errnos.ENOSYS) {
      return kexecLoader(libc, layout, random);
    }
  }
  return loader;
}

/** LINUX_REBOOT_CMD_KEXEC, as a signed number. */
const startLoadedKernel = 0x45584543;

function obstacleOf(loader: KexecLoader, state: KexecState): PlasmdError | undefined {
  try {
    loader.probe();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SystemCallError) return kexecRefusal(thrown.errno, state);
    throw thrown;
  }
}
