/**
 * Where memory is that a kernel may be put to: from /proc/iomem.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";

/** Addresses from `start` to before `end`. */
export interface Area {
  readonly start: number;
  readonly end: number;
}

/** This kernel's own places: the next one may overwrite them. */
const ownKernel = /^Kernel (?:code|data|rodata|bss)$/;

/**
 * The memory that is free for the next kernel, lowest first: "System RAM" without whatever is
 * reserved in it.
 *
 * @throws {PlasmdError} `permission` where the kernel hides its addresses, `malformed` where there is
 * no memory in the text
 */
export function freeMemory(iomem: string): Area[] {
  const free: Area[] = [];
  let inside = false;
  let shown = false;
  for (const line of iomem.split("\n")) {
    const match = /^( *)([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$/.exec(line);
    if (match === null) continue;
    const [, indent, from, to, name] = match as unknown as [string, string, string, string, string];
    const area = { start: parseInt(from, 16), end: parseInt(to, 16) + 1 };
    shown ||= area.start !== 0 || area.end !== 1;
    if (indent === "") inside = name === "System RAM";
    if (!inside) continue;
    if (indent === "") free.push(area);
    else if (!ownKernel.test(name)) remove(free, area);
  }
  if (!shown && free.length > 0) {
    throw new PlasmdError("permission", "Cannot see where memory is: /proc/iomem hides it", {
      hint: "run it as root, with CAP_SYS_ADMIN",
      blame: "host",
    });
  }
  if (free.length === 0) {
    throw new PlasmdError("malformed", "Cannot find memory in /proc/iomem", { blame: "host" });
  }
  return free;
}

function remove(free: Area[], { start, end }: Area): void {
  for (let i = free.length - 1; i >= 0; i--) {
    const area = free[i]!;
    if (end <= area.start || start >= area.end) continue;
    const rest = [{ start: area.start, end: start }, { start: end, end: area.end }];
    free.splice(i, 1, ...rest.filter((one) => one.start < one.end));
  }
}

/**
 * Takes the lowest place of so many bytes at a multiple of `align` out of the free memory.
 *
 * @param lowest no lower than this
 * @throws {PlasmdError} `unsupported` where there is none
 */
export function takePlace(free: Area[], size: number, align: number, lowest = 0): Area {
  for (const area of free) {
    const start = Math.ceil(Math.max(area.start, lowest) / align) * align;
    const place = { start, end: start + size };
    if (place.end > area.end) continue;
    remove(free, place);
    return place;
  }
  throw new PlasmdError(
    "unsupported",
    "Cannot start the new kernel: there is no hole in memory that is large enough",
    { hint: "stop what takes memory, or use a smaller image", blame: "host" },
  );
}
