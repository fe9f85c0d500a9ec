/**
 * Why the kernel won't load another one, in words, with what to do about it.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere } from "../lib/files.ts";
import { bootLimits } from "../lib/limits.ts";

/** What the running kernel says about kexec; undefined where it doesn't say. */
export interface KexecState {
  /** The kernel's lockdown: `none`, `integrity` or `confidentiality`. */
  readonly lockdown?: string;
  /** `kernel.kexec_load_disabled` is set, which lasts until the next start. */
  readonly disabled?: boolean;
  /** This process may restart the machine. */
  readonly mayReboot?: boolean;
}

/** Reads what the kernel says about kexec, below `root` (for tests). */
export async function readKexecState(root = ""): Promise<KexecState> {
  const [lockdown, disabled, status] = await Promise.all([
    textOf(`${root}/sys/kernel/security/lockdown`),
    textOf(`${root}/proc/sys/kernel/kexec_load_disabled`),
    textOf(`${root}/proc/self/status`),
  ]);
  const capabilities = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status ?? "")?.[1];
  return {
    lockdown: /\[([a-z]+)\]/.exec(lockdown ?? "")?.[1],
    disabled: disabled === undefined ? undefined : disabled.trim() !== "0",
    mayReboot: capabilities === undefined ? undefined : mayReboot(BigInt(`0x${capabilities}`)),
  };
}

function mayReboot(capabilities: bigint): boolean {
  return (capabilities >> 22n & 1n) === 1n; // CAP_SYS_BOOT
}

async function textOf(path: string): Promise<string | undefined> {
  const bytes = await readBoundedIfThere(path, bootLimits.imageFileBytes).catch(() => undefined);
  return bytes && new TextDecoder().decode(bytes);
}

/** The numbers of errno(3) that matter here; the same on every arch that we know. */
export const errnos = {
  EPERM: 1,
  ENOEXEC: 8,
  EBADF: 9,
  ENOMEM: 12,
  EBUSY: 16,
  EINVAL: 22,
  ENOSYS: 38,
  ENODATA: 61,
  EBADMSG: 74,
  EADDRNOTAVAIL: 99,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
} as const;

/** The error for a kernel that refused to load or start another one. */
export function kexecRefusal(errno: number, state: KexecState): PlasmdError {
  const [why, hint] = reasonOf(errno, state);
  const code = errno === errnos.EPERM ? "permission" : "unsupported";
  return new PlasmdError(code, `Cannot start the new kernel: ${why}`, { hint, blame: "host" });
}

type Reason = readonly [why: string, hint: string];

function reasonOf(errno: number, state: KexecState): Reason {
  if (errno === errnos.EPERM) return notPermitted(state);
  return reasons.get(errno) ?? [
    `the kernel refused it (errno ${errno})`,
    "the kernel's log (dmesg) may say more",
  ];
}

function notPermitted({ disabled, mayReboot, lockdown }: KexecState): Reason {
  if (mayReboot === false) {
    return ["this process may not restart the machine", "run it as root, with CAP_SYS_BOOT"];
  }
  if (disabled) {
    return [
      "kernel.kexec_load_disabled is set",
      "it can't be unset while the machine runs: remove it from sysctl.d and restart, or boot from media",
    ];
  }
  if (lockdown !== undefined && lockdown !== "none") return lockedDown(lockdown);
  return ["the kernel forbids it", "a security module may say more in the kernel's log (dmesg)"];
}

function lockedDown(lockdown: string): Reason {
  return [
    `the kernel is locked down (${lockdown})`,
    "with Secure Boot, only a kernel signed by a key of the firmware is started",
  ];
}

const signatureHint =
  "sign it with a key that the firmware or the running kernel trusts, or boot without Secure Boot";
const memoryHint = "stop what takes memory, or use a smaller image";

const reasons: ReadonlyMap<number, Reason> = new Map<number, Reason>([
  [errnos.ENOSYS, [
    "this kernel was built without kexec_file_load",
    "use a kernel with CONFIG_KEXEC_FILE",
  ]],
  [errnos.ENODATA, ["signatures are enforced, and the kernel has none", signatureHint]],
  [errnos.ENOKEY, ["signatures are enforced, and nobody trusts the kernel's", signatureHint]],
  [errnos.EKEYREJECTED, ["signatures are enforced, and the kernel's is wrong", signatureHint]],
  [errnos.EBADMSG, ["signatures are enforced, and the kernel's can't be read", signatureHint]],
  [errnos.EKEYEXPIRED, ["the key that signed the kernel has expired", signatureHint]],
  [errnos.EKEYREVOKED, ["the key that signed the kernel was revoked", signatureHint]],
  [errnos.ENOEXEC, [
    "it is no kernel that this one can start",
    "check that the image is for this machine's arch",
  ]],
  [errnos.ENOMEM, ["there is not enough memory to load it", memoryHint]],
  [errnos.EADDRNOTAVAIL, ["there is no hole in memory that is large enough", memoryHint]],
  [errnos.EBUSY, ["another program is loading a kernel", "try again"]],
  [errnos.EINVAL, [
    "the kernel doesn't take the image or its command line",
    "the kernel's log (dmesg) may say more",
  ]],
]);
