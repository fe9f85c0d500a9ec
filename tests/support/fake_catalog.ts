/**
 * Catalogs without a directory: of memory, of a file, empty, broken, slow, or changing while served.
 *
 * @module
 */

import { open } from "node:fs/promises";
import type { Catalog, OpenArtifact, Snapshot } from "../../src/artifacts/snapshot.ts";
import type { Arch, ArtifactName } from "../../src/formats/names.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import type { VerifiedManifest } from "../../src/trust/verified.ts";

/** When everything in here was modified. */
export const fakeModified = Date.UTC(2025, 10, 26, 12, 0, 0);

/** An artifact whose holders are counted. */
export interface FakeArtifact extends OpenArtifact {
  /** How many hold it now. */
  held(): number;
}

/** An artifact of the given bytes. */
export function memoryArtifact(name: ArtifactName, bytes: Uint8Array): FakeArtifact {
  let held = 0;
  return {
    name,
    digest: sha256Hex(bytes),
    size: bytes.length,
    modified: fakeModified,
    held: () => held,
    check: () => Promise.resolve(),
    read(into, at) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      return Promise.resolve(part.length);
    },
    acquire() {
      held++;
      return { [Symbol.dispose]: () => void held-- };
    },
  };
}

/** Bytes in which each position tells where it is, so that a splice shows. */
export function patternBytes(size: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2654435761);
  return new Uint8Array(words.buffer, 0, size);
}

/** An artifact that is an open file; `changed` once its size or time is another. */
export async function fileArtifact(
  name: ArtifactName,
  path: string,
): Promise<OpenArtifact & AsyncDisposable> {
  const file = await open(path);
  const { size, mtimeMs } = await file.stat();
  const check = async () => {
    const now = await file.stat();
    if (now.size === size && now.mtimeMs === mtimeMs) return;
    throw new PlasmdError("changed", "The file changed");
  };
  return {
    name,
    digest: "f".repeat(64),
    size,
    modified: mtimeMs,
    check,
    async read(into, at) {
      const { bytesRead } = await file.read(into, 0, into.length, at);
      await check();
      return bytesRead;
    },
    acquire: () => ({ [Symbol.dispose]() {} }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** The artifact, each read waiting for a promise first. */
export function slowArtifact(
  artifact: OpenArtifact,
  wait: (at: number) => Promise<void>,
): OpenArtifact {
  return {
    ...artifact,
    async read(into, at) {
      await wait(at);
      return await artifact.read(into, at);
    },
  };
}

/** The artifact, failing from a position on: the file changed, ended early or can't be read. */
export function failingArtifact(
  artifact: OpenArtifact,
  from: number,
  how: "changed" | "ends" | "io",
): OpenArtifact {
  return {
    ...artifact,
    read(into, at) {
      if (at + into.length <= from) return artifact.read(into, at);
      if (how === "ends") {
        return at >= from ? Promise.resolve(0) : artifact.read(into.subarray(0, from - at), at);
      }
      return Promise.reject(new PlasmdError(how, `Cannot read "/srv/secret/path": no more`));
    },
  };
}

/** An artifact whose file is known to have changed before it is asked for. */
export function changedArtifact(artifact: OpenArtifact): OpenArtifact {
  return {
    ...artifact,
    check: () => Promise.reject(new PlasmdError("changed", "A file changed since it was hashed")),
  };
}

/** A manifest that passes for verified; nothing in it was signed. */
export function fakeManifest(channel: string, arch: Arch, version = "1"): VerifiedManifest {
  const manifest = {
    version,
    manifest_version: 1,
    sequence: 1764158400,
    channel,
    arch,
    created_at: "2025-11-26T12:00:00Z",
    expires_at: "2025-12-26T12:00:00Z",
    artifacts: {},
    signatures: [],
  };
  return {
    manifest,
    bytes: new TextEncoder().encode(JSON.stringify(manifest)),
    id: `sha256:${"1".repeat(64)}`,
    signers: [`ed25519:${"2".repeat(64)}`],
  } as unknown as VerifiedManifest;
}

/** A snapshot of the given artifacts. */
export function fakeSnapshot(
  artifacts: readonly OpenArtifact[],
  { channel = "stable", arch = "arm64" }: { channel?: string; arch?: Arch } = {},
): Snapshot {
  return {
    channel,
    arch,
    manifest: fakeManifest(channel, arch),
    artifacts: new Map(artifacts.map((artifact) => [artifact.name, artifact])),
    madeAt: fakeModified,
  };
}

/** A catalog of snapshots; the first is the default one. None: nothing is ready. */
export function fakeCatalog(snapshots: readonly Snapshot[]): Catalog {
  return {
    default: snapshots[0],
    list: () => snapshots,
    find: (channel, arch) => snapshots.find((s) => s.channel === channel && s.arch === arch),
    blob: (digest) =>
      snapshots.flatMap(({ artifacts }) => [...artifacts.values()])
        .find((artifact) => artifact.digest === digest),
  };
}

/** A catalog before its first snapshot. */
export const emptyCatalog: Catalog = fakeCatalog([]);
