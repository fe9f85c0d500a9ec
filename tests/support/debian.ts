/**
 * Debian for virtual machines: its kernel, downloaded once a version, and a small root file system,
 * made once. Both stay in .cache.
 *
 * @module
 */

import { join } from "node:path";
import type { Arch } from "../../src/formats/names.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { projectRoot } from "./program.ts";
import { runTool } from "./tools.ts";

/** A kernel and its modules. */
export interface DebianKernel {
  /** `uname -r` */
  readonly version: string;
  readonly kernel: string;
  /** The modules directory, with depmod's tables. */
  readonly modules: string;
}

/** What {@linkcode debianKernel} needs, for `needing`. */
export const debianTools: readonly string[] = ["apt-get", "apt-cache", "dpkg-deb", "depmod"];

/** What Debian calls an arch. */
const architectures: Readonly<Record<Arch, string>> = { x86_64: "amd64", arm64: "arm64" };

/** What is being fetched or has been, so that two who ask at once don't fetch it twice. */
const kernels = new Map<Arch, Promise<DebianKernel>>();
const packages = new Map<string, Promise<void>>();

/** The kernel of Debian's `linux-image-cloud-amd64`, or that of another arch. */
export function debianKernel(arch: Arch = "x86_64"): Promise<DebianKernel> {
  const known = kernels.get(arch) ?? fetchKernel(arch);
  kernels.set(arch, known);
  return known;
}

async function fetchKernel(arch: Arch): Promise<DebianKernel> {
  const architecture = architectures[arch];
  const cloud = `linux-image-cloud-${architecture}:${architecture}`;
  const depends = await runTool("apt-cache", "depends", cloud);
  const name = /Depends: (linux-image-[^\s:]+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt knows no kernel: ${depends}`);
  const shown = await runTool("apt-cache", "show", "--no-all-versions", `${name}:${architecture}`);
  const debian = /^Version: (\S+)$/m.exec(shown)![1]!;
  const version = name.slice("linux-image-".length);
  const root = join(projectRoot, ".cache", "debian", `${name}_${debian}`);
  const kernel = join(root, "boot", `vmlinuz-${version}`);
  const modules = join(root, "lib/modules", version);
  const whole = join(root, "unpacked");
  if (!await isThere(whole)) {
    await download(`${name}:${architecture}`, root);
    await runTool("depmod", "-b", root, version);
    await Deno.writeTextFile(whole, "");
  }
  return { version, kernel, modules };
}

/** A file of a Debian package of another arch, unpacked and not installed. */
export async function debianFile(name: string, arch: Arch, file: string): Promise<string> {
  const architecture = architectures[arch];
  const root = join(projectRoot, ".cache", "debian", `${name}_${architecture}`);
  const path = join(root, file);
  if (await isThere(path)) return path;
  const known = packages.get(root) ?? download(`${name}:${architecture}`, root);
  packages.set(root, known);
  await known;
  return path;
}

/** What {@linkcode debianRootfs} needs besides, for `needing`. */
export const rootfsTools: readonly string[] = ["debootstrap", "mksquashfs"];

/** A squashfs with a small Debian and its systemd. */
export async function debianRootfs(): Promise<string> {
  const script = join(projectRoot, "tests/e2e/make_rootfs.sh");
  const key = sha256Hex(await Deno.readFile(script)).slice(0, 12);
  const file = join(projectRoot, ".cache", "debian", `rootfs-${key}.squashfs`);
  if (!await isThere(file)) {
    await Deno.mkdir(join(projectRoot, ".cache", "debian"), { recursive: true });
    await runTool("bash", script, file);
  }
  return file;
}

async function download(name: string, root: string): Promise<void> {
  await Deno.mkdir(root, { recursive: true });
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["download", "-qq", name],
    cwd: root,
  }).output();
  if (!success) throw new Error(`apt-get download ${name}: ${new TextDecoder().decode(stderr)}`);
  for await (const entry of Deno.readDir(root)) {
    if (!entry.name.endsWith(".deb")) continue;
    await runTool("dpkg-deb", "-x", join(root, entry.name), root);
    await Deno.remove(join(root, entry.name));
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
