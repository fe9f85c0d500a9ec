/**
 * `plasmd image build`
 *
 * @module
 */

import { loadPart } from "../../lib/part.ts";
import type { Command } from "@stricli/core";
import type { Compression } from "../../boot/media/compress.ts";
import type { ImageFormat, SigningFiles } from "../../boot/media/formats.ts";
import type { ImageReport } from "../../boot/media/image.ts";
import type { ImageKind } from "../../boot/media/settings.ts";
import { type Arch, machineArch } from "../../formats/names.ts";
import { formatTime, parseTime } from "../../formats/time.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { bytesText, printable } from "../../lib/text.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { archFlag, channelFlag } from "../flags.ts";
import { parseLevel, parseThreshold } from "../parse.ts";
import type { Ui } from "../ui.ts";

/** The options of `image build`. */
type ImageBuildFlags = {
  readonly kind: ImageKind;
  readonly kernel: string;
  readonly modules: string;
  readonly output: string;
  readonly trust?: readonly string[];
  readonly threshold: number;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly provider?: readonly string[];
  readonly exe?: string;
  readonly busybox: string;
  readonly cmdline?: string;
  readonly notBefore?: number;
  readonly compress: Compression;
  readonly format: ImageFormat;
  readonly stub?: string;
  readonly signKey?: string;
  readonly signCert?: string;
  readonly level: number;
  readonly json: boolean;
};

/** The command. */
export const imageBuildCommand: Command<Context> = command<ImageBuildFlags>({
  brief: "Build what a machine starts from: initramfs, UEFI program or stick",
  description:
    "Writes an initramfs, or a stick that starts it, that holds plasmd, a static busybox, the kernel modules that network and " +
    "disks need, and the keys that it trusts. A client image is Phase Boot: it asks providers for " +
    "a system, verifies it and starts it. A node image is what is booted: it serves what it was " +
    "booted from when the kernel command line says phase.serve=1. The same input and " +
    "SOURCE_DATE_EPOCH give the same bytes.",
  examples: [
    [
      "plasmd image build --kind client --kernel vmlinuz --modules /lib/modules/6.1.0-13-amd64 " +
      "--trust ed25519:... --provider http://192.0.2.1:8080 --output phase-boot.img",
      "media that boot from that provider, and only what that key has signed",
    ],
    [
      "plasmd image build --kind node --kernel vmlinuz --modules /lib/modules/6.1.0-13-amd64 " +
      "--trust ed25519:... --output artifacts/initramfs.img",
      "the initramfs of an image to publish",
    ],
    [
      "plasmd image build --kind client --kernel vmlinuz --modules /lib/modules/6.1.0-13-amd64 " +
      "--trust ed25519:... --format disk --output stick.img",
      "a stick that boots on any machine with UEFI: write it with dd",
    ],
  ],
  flags: {
    kind: {
      kind: "enum",
      values: ["client", "node"],
      brief: "Phase Boot, or what it boots",
      placeholder: "KIND",
    },
    kernel: needed("The kernel that will start the image", "FILE"),
    modules: needed("The modules of that kernel, as in /lib/modules/VERSION", "DIR"),
    output: needed("The file to write", "FILE"),
    trust: textsFlag("A key that may sign what is booted, or root:KEYID; repeatable", "KEYID"),
    threshold: {
      kind: "parsed",
      parse: parseThreshold,
      brief: "How many of the keys must have signed",
      placeholder: "N",
      default: "1",
    },
    channel: { ...channelFlag, brief: "The channel to ask for, and the only one to accept" },
    arch: { ...archFlag, brief: "arm64 or x86_64; default: this machine's" },
    provider: textsFlag("A provider to ask; repeatable", "URL"),
    exe: textFlag("The plasmd executable; default: this one", "FILE"),
    busybox: {
      ...textFlag("A static busybox; default: /bin/busybox", "FILE"),
      optional: false,
      default: "/bin/busybox",
    },
    cmdline: textFlag("Words that go before those of the kernel command line", "TEXT"),
    notBefore: {
      kind: "parsed",
      parse: parseDate,
      brief: "Refuse older manifests; default: build time - 90 days, with root keys - 366",
      placeholder: "DATE",
      optional: true,
    },
    format: {
      kind: "enum",
      values: ["initramfs", "uki", "disk"],
      brief: "An initramfs, a program for UEFI, or a disk image for a stick",
      default: "initramfs",
    },
    stub: textFlag("systemd's UEFI stub; default: where Debian puts it", "FILE"),
    signKey: textFlag("Sign for Secure Boot with this private key, a PEM file", "FILE"),
    signCert: textFlag("The certificate of that key, a PEM file", "FILE"),
    compress: {
      kind: "enum",
      values: ["zstd", "gzip"],
      brief: "How the image is packed; the kernel must know it",
      default: "zstd",
    },
    level: {
      kind: "parsed",
      parse: parseLevel,
      brief: "How hard zstd tries, 1 to 19: 19 takes long and makes the smallest image",
      placeholder: "N",
      default: "9",
    },
    json: jsonFlag,
  },
  async run({ ui, deps, signal }, { json, exe, signKey, signCert, ...flags }) {
    const { buildImage, defaultNotBefore } = await loadPart<
      typeof import("../../boot/media/image.ts")
    >("image");
    const buildTime = buildTimeOf(Deno.env.get("SOURCE_DATE_EPOCH")) ?? deps.clock.now();
    const report = await buildImage({
      ...flags,
      arch: flags.arch ?? machineArch(),
      trust: flags.trust ?? [],
      providers: flags.provider ?? [],
      cmdline: flags.cmdline ?? "",
      compression: flags.compress,
      level: flags.level,
      exe: exe ?? thisExecutable(),
      sign: signingFiles(signKey, signCert),
      buildTime,
      notBefore: flags.notBefore ?? defaultNotBefore(buildTime, flags.trust ?? []),
      signal,
    });
    for (const warning of report.warnings) ui.warn(warning);
    if (json) ui.json(jsonOf(report));
    else sayBuilt(ui, report, flags.kind);
  },
});

function needed<P extends string>(brief: string, placeholder: P) {
  return { kind: "parsed", parse: String, brief, placeholder } as const;
}

/** A day, or a time of it. */
function parseDate(input: string): number {
  const time = parseTime(/^\d{4}-\d\d-\d\d$/.test(input) ? `${input}T00:00:00Z` : input);
  if (time !== undefined) return time;
  throw new SyntaxError(
    `Invalid date "${printable(input)}": write it like 2026-08-26 or 2026-08-26T00:00:00Z`,
  );
}

/** https://reproducible-builds.org: seconds since 1970 that stand for the build time. */
function buildTimeOf(epoch: string | undefined): number | undefined {
  if (epoch === undefined || epoch === "") return undefined;
  if (/^\d{1,11}$/.test(epoch)) return Number(epoch) * 1000;
  throw new PlasmdError("config", "SOURCE_DATE_EPOCH is no number of seconds since 1970");
}

function signingFiles(key?: string, cert?: string): SigningFiles | undefined {
  if (key === undefined && cert === undefined) return undefined;
  if (key !== undefined && cert !== undefined) return { key, cert };
  throw new PlasmdError("usage", "--sign-key and --sign-cert belong together");
}

function thisExecutable(): string {
  const exe = Deno.env.get("PLASMD_EXE");
  if (exe !== undefined) return exe;
  throw new PlasmdError("config", "plasmd runs from source: there is no executable to put in", {
    hint: "build one with deno task compile, and give it with --exe",
  });
}

function sayBuilt(ui: Ui, report: ImageReport, kind: ImageKind): void {
  const { output, size, unpackedSize, sha256, kernelVersion, modules, format } = report;
  const what = { initramfs: "image", uki: "UEFI program", disk: "disk image" }[format];
  ui.result(
    [
      `${output}: ${kind} ${what}, ${bytesText(size)} (${bytesText(unpackedSize)} unpacked)`,
      `kernel      ${kernelVersion}, ${modules.length} modules`,
      `not before  ${formatTime(report.notBefore)}`,
      `sha256      ${sha256}`,
    ].join("\n"),
  );
}

function jsonOf(report: ImageReport): Record<string, unknown> {
  return {
    output: report.output,
    format: report.format,
    size: report.size,
    unpacked_size: report.unpackedSize,
    sha256: report.sha256,
    kernel_version: report.kernelVersion,
    modules: report.modules,
    built_at: formatTime(report.buildTime),
    not_before: formatTime(report.notBefore),
    warnings: report.warnings,
  };
}
