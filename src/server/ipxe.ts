/**
 * iPXE scripts for machines without Phase Boot media: `/boot.ipxe`, `/{channel}/{arch}/boot.ipxe`.
 *
 * Nothing that iPXE loads so is verified: it trusts this provider, and every machine on the way to
 * it. The script says so on the screen. DESIGN 7.
 *
 * @module
 */

import type { Catalog, Snapshot } from "../artifacts/snapshot.ts";
import type { Arch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { commonHeaders, type Reply } from "./reply.ts";
import { queryValues, type ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";
import { snapshotOf } from "./target.ts";

/** What iPXE calls its machine's arch. */
const buildArch: Readonly<Record<Arch, string>> = { x86_64: "x86_64", arm64: "arm64" };

/**
 * Answers with the script for an image. Where nobody names an arch, and both are served, the script
 * goes on with that of the machine.
 *
 * @throws {PlasmdError} as {@linkcode snapshotOf} says; `unsupported` for a command line that iPXE
 * would change
 */
export function serveIpxe(request: ServerRequest, { catalog }: Site): Reply {
  const snapshot = snapshotOf(request, catalog);
  const chosen = request.params.arch !== undefined || queryValues(request.query, "arch").length > 0;
  const text = [
    "#!ipxe",
    "echo Nothing here is verified: this trusts the provider and the network to it.",
    ...(chosen ? [] : otherArches(snapshot, catalog)),
    // DESIGN 7: addresses from the socket, never from Host.
    ...bootLines(snapshot, request.origin()),
  ];
  return {
    status: 200,
    headers: {
      ...commonHeaders,
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-cache, no-transform",
    },
    body: new TextEncoder().encode(`${text.join("\n")}\n`),
  };
}

/** Lines that go on with another script. iPXE asks for a path where this one came from. */
function otherArches({ channel, arch }: Snapshot, catalog: Catalog): string[] {
  return catalog.list().filter((other) => other.channel === channel && other.arch !== arch)
    .map((other) =>
      `iseq \${buildarch} ${buildArch[other.arch]} && ` +
      `chain /${channel}/${other.arch}/boot.ipxe ||`
    );
}

function bootLines({ channel, arch, manifest, artifacts }: Snapshot, origin: string): string[] {
  const { cmdline = "", version } = manifest.manifest;
  if (cmdline.includes("${")) {
    throw new PlasmdError("unsupported", "iPXE would change the image's kernel command line", {
      hint: "publish it without ${",
    });
  }
  const at = `/${channel}/${arch}`;
  const initramfs = artifacts.has("initramfs");
  const words = [
    ...(initramfs ? ["initrd=initramfs"] : []),
    // A node image that comes without a handover asks for the rest, and verifies it.
    `phase.provider=${origin}`,
    `phase.channel=${channel}`,
    ...(cmdline === "" ? [] : [cmdline]),
  ];
  return [
    `echo plasmd: ${channel}/${arch} ${version}`,
    `kernel ${at}/kernel ${words.join(" ")}`,
    ...(initramfs ? [`initrd --name initramfs ${at}/initramfs`] : []),
    "boot",
  ];
}
