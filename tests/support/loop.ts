/**
 * What the loop is made of: Phase Boot, an image to boot, its publisher's key, and providers of it.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { Arch } from "../../src/formats/names.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import type { BootableFiles } from "./bootable.ts";
import { debianTools } from "./debian.ts";
import { executable, executableTools } from "./executable.ts";
import { testImage } from "./images.ts";
import { artifactOf, manifestFields, signedManifest, testIdentity } from "./manifests.ts";
import { type TempDirectory, tempDirectory } from "./temp.ts";
import { startVm, type Vm, type VmOptions } from "./vm.ts";

/** What a test of the loop needs, for `needing`. */
export const loopTools: readonly string[] = [
  "qemu-system-x86_64",
  ...debianTools,
  ...executableTools,
];

/** The publisher whose key the images pin, and one that nobody trusts. */
export const publisher: Identity = testIdentity(1);
export const stranger: Identity = testIdentity(2);

/** What a loop of arm64 machines needs besides. */
export const arm64Tools: readonly string[] = ["qemu-system-aarch64", "aarch64-linux-gnu-gcc"];

/** A place with images and a key; gone when disposed. */
export interface LoopPlace extends AsyncDisposable {
  readonly arch: Arch;
  readonly directory: TempDirectory;
  /** The kernel that every machine starts. */
  readonly kernel: string;
  /** Phase Boot's initramfs, which pins the publisher. */
  readonly client: string;
  /** A directory to publish: `vmlinuz` and `initramfs.img`, a node image. */
  readonly artifacts: string;
  /** A home with the publisher's key, for `startProvider`. */
  readonly home: string;
}

/** Builds the images, packed as hard as zstd's level says. */
export async function loopPlace(arch: Arch = "x86_64", level = 9): Promise<LoopPlace> {
  const directory = await tempDirectory();
  const [artifacts, home] = [directory.join("artifacts"), directory.join("home")];
  const client = directory.join("client.img");
  await fs.mkdir(artifacts);
  await fs.mkdir(home, { mode: 0o700 });
  await fs.writeFile(join(home, "identity.key"), publisher.seed, { mode: 0o600 });
  const exe = await executable(arch === "arm64" ? "linux-arm64" : undefined);
  const common = { arch, exe, level, trust: [publisher.keyid] };
  const [{ kernel }] = await Promise.all([
    testImage(client, common),
    testImage(join(artifacts, "initramfs.img"), { ...common, kind: "node" }),
  ]);
  await fs.copyFile(kernel, join(artifacts, "vmlinuz"));
  return {
    arch,
    directory,
    kernel,
    client,
    artifacts,
    home,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** The image of the place in memory, to be served by a provider that lies. */
export async function imageInMemory(
  { artifacts }: LoopPlace,
  changes: Partial<ManifestFields> = {},
  signer: Identity = publisher,
): Promise<BootableFiles> {
  const [kernel, initramfs] = await Promise.all(
    ["vmlinuz", "initramfs.img"].map(async (name) =>
      new Uint8Array(await fs.readFile(join(artifacts, name)))
    ),
  );
  const now = Date.now();
  const fields = manifestFields({
    arch: "x86_64",
    created_at: formatTime(now),
    expires_at: formatTime(now + 86_400_000),
    sequence: Math.floor(now / 1000),
    cmdline: quietKernel,
    artifacts: {
      kernel: artifactOf(kernel!, "/kernel", 1024 * 1024),
      initramfs: artifactOf(initramfs!, "/initramfs", 1024 * 1024),
    },
    ...changes,
  });
  const manifest = signedManifest(fields, [signer]);
  return { kernel: kernel!, initramfs: initramfs!, "manifest.json": manifest };
}

/** Kernel arguments with which a machine says little and goes off when its kernel fails. */
export const quietKernel = "quiet panic=-1";

/** Starts a machine from Phase Boot; it asks these providers once and goes off when all fail. */
export function startClient(
  place: LoopPlace,
  providers: readonly (string | { readonly url: string })[],
  { append = "", ...options }: Partial<VmOptions> & { readonly name: string },
): Promise<Vm> {
  const urls = providers.map((one) => fromMachine(typeof one === "string" ? one : one.url));
  return startVm({
    arch: place.arch,
    kernel: place.kernel,
    initramfs: place.client,
    append: `quiet phase.once=1 phase.fail=poweroff phase.provider=${urls.join(",")} ${append}`,
    ...options,
  });
}

/** A URL of the host's loopback as a machine sees it. */
export function fromMachine(url: string): string {
  return url.replace("127.0.0.1", "10.0.2.2");
}

/** A port of loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** The bytes at a URL, asked for until somebody serves them. */
export async function untilServed(
  url: string,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const until = performance.now() + timeoutMs;
  for (let last: unknown = "nobody"; performance.now() < until;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.status === 200) return bytes;
      last = response.status;
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (performance.now() >= until) throw new Error(`${url} isn't served: ${last}`);
  }
  throw new Error(`${url} isn't served`);
}
