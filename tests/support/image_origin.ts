/**
 * A small boot image and honest providers of it, to be made dishonest by tests.
 *
 * @module
 */

import type { ManifestFields } from "../../src/formats/manifest.ts";
import type { VerifiedManifest } from "../../src/trust/verified.ts";
import { policyFromKeys, type TrustPolicy } from "../../src/trust/policy.ts";
import { verifyManifest } from "../../src/trust/verify.ts";
import { testBytes } from "./artifacts.ts";
import { type Behave, type FakeReply, type FakeRequest } from "./fake_origin.ts";
import { artifactOf, signedManifest, testIdentity } from "./manifests.ts";

/** The size of a chunk in these images: the smallest there is. */
export const chunkBytes = 256 * 1024;

/** An image in memory. */
export interface TestImage {
  readonly kernel: Uint8Array<ArrayBuffer>;
  readonly rootfs: Uint8Array<ArrayBuffer>;
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly verified: VerifiedManifest;
  readonly policy: TrustPolicy;
}

/** Makes an image: a small kernel, and a rootfs of ten chunks and a bit. */
export function testImage(changes: Partial<ManifestFields> = {}, seed = 1): TestImage {
  const kernel = testBytes(1000, seed);
  const rootfs = testBytes(10 * chunkBytes + 77, seed + 1);
  const manifest = signedManifest({
    artifacts: {
      kernel: artifactOf(kernel, "/kernel", chunkBytes),
      rootfs: artifactOf(rootfs, "/rootfs", chunkBytes),
    },
    ...changes,
  });
  const policy = policyFromKeys([testIdentity(1).keyid], { source: "test" });
  const { created_at } = JSON.parse(new TextDecoder().decode(manifest));
  const verified = verifyManifest(manifest, { policy, now: Date.parse(created_at) + 1000 });
  return { kernel, rootfs, manifest, verified, policy };
}

/** The file that a request asks for, or undefined. */
export function fileOf(image: TestImage, path: string): Uint8Array<ArrayBuffer> | undefined {
  if (path === "/manifest.json") return image.manifest;
  if (path === "/kernel") return image.kernel;
  return path === "/rootfs" ? image.rootfs : undefined;
}

/** The range that a request asks for, clamped to the file. */
export function rangeOf(request: FakeRequest, size: number): { start: number; end: number } {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (match === null) return { start: 0, end: size };
  return { start: Number(match[1]), end: Math.min(size, Number(match[2]) + 1) };
}

/** A reply with the range asked for; `change` may alter its bytes. */
export function rangeReply(
  request: FakeRequest,
  file: Uint8Array<ArrayBuffer>,
  change: (bytes: Uint8Array<ArrayBuffer>, start: number) => FakeReply["body"] = (bytes) => bytes,
): FakeReply {
  const { start, end } = rangeOf(request, file.length);
  const partial = request.headers.has("range");
  const range = `bytes ${start}-${end - 1}/${file.length}`;
  return {
    status: partial ? 206 : 200,
    headers: {
      "Content-Length": end - start,
      ...(partial ? { "Content-Range": range } : {}),
    },
    body: change(file.slice(start, end), start),
  };
}

/** Serves the image as a good provider does. */
export function honest(image: TestImage): Behave {
  return (request) => {
    const file = fileOf(image, request.path);
    return file === undefined ? { status: 404 } : rangeReply(request, file);
  };
}

/** Serves the manifest and kernel as a good provider does, the rootfs as told. */
export function withRootfs(image: TestImage, rootfs: Behave): Behave {
  return (request, origin) =>
    request.path === "/rootfs" ? rootfs(request, origin) : honest(image)(request, origin);
}

/** A body that begins well and then says nothing until the provider is disposed. */
export async function* thenSilence(bytes: Uint8Array, closed: Promise<void>) {
  yield bytes;
  await closed;
}
