/**
 * The targets of the executable, and what each needs of its platform. Nothing else in the build
 * knows a processor's name.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";

/** What a Linux target needs of glibc and of a compiler. */
export interface LinuxParts {
  /** The C compiler for this processor. */
  readonly compiler: string;
  /** Where Debian puts this processor's libraries, native or for cross compiling. */
  readonly directories: readonly string[];
  readonly loader: string;
  /** What the runtime links to, in the order in which the loader gets them. */
  readonly libraries: readonly string[];
  /** The Debian packages that hold compiler, static libc and static zstd. */
  readonly packages: Readonly<Record<"compiler" | "libc" | "zstd", string>>;
}

/** A target of the executable. */
export interface Target {
  readonly name: string;
  /** What `deno compile --target` calls it. */
  readonly triple: string;
  /** The npm package that holds the runtime. */
  readonly package: string;
  /** Absent where the executable needs no launcher. */
  readonly linux?: LinuxParts;
}

const glibcLibraries = [
  "libdl.so.2",
  "libgcc_s.so.1",
  "librt.so.1",
  "libpthread.so.0",
  "libm.so.6",
  "libc.so.6",
];

const targets: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    package: "@deno/linux-x64-glibc",
    linux: {
      compiler: "x86_64-linux-gnu-gcc",
      directories: [
        "/usr/lib/x86_64-linux-gnu",
        "/lib/x86_64-linux-gnu",
        "/usr/x86_64-linux-gnu/lib",
      ],
      loader: "ld-linux-x86-64.so.2",
      libraries: glibcLibraries,
      packages: debianPackages("amd64", "x86-64-linux-gnu"),
    },
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    package: "@deno/linux-arm64-glibc",
    linux: {
      compiler: "aarch64-linux-gnu-gcc",
      directories: [
        "/usr/lib/aarch64-linux-gnu",
        "/lib/aarch64-linux-gnu",
        "/usr/aarch64-linux-gnu/lib",
      ],
      loader: "ld-linux-aarch64.so.1",
      libraries: glibcLibraries,
      packages: debianPackages("arm64", "aarch64-linux-gnu"),
    },
  },
  { name: "darwin-arm64", triple: "aarch64-apple-darwin", package: "@deno/darwin-arm64" },
];

/** The targets of these names; `all` is every one. */
export function targetsOf(names: readonly string[]): Target[] {
  if (names.includes("all")) return [...targets];
  return names.map((name) => {
    const target = targets.find((known) => known.name === name);
    if (target !== undefined) return target;
    throw new PlasmdError("usage", `Unknown target "${name}"`, {
      hint: `targets are ${targets.map(({ name }) => name).join(", ")} and all`,
    });
  });
}

/** The name of the target that the build itself runs on. */
export function hostTarget(): string {
  return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
}

function debianPackages(architecture: string, triplet: string): LinuxParts["packages"] {
  const native = architecture === (Deno.build.arch === "aarch64" ? "arm64" : "amd64");
  return native ? { compiler: "gcc", libc: "libc6-dev", zstd: "libzstd-dev" } : {
    compiler: `gcc-${triplet}`,
    libc: `libc6-dev-${architecture}-cross`,
    zstd: `libzstd-dev:${architecture}`,
  };
}
