/**
 * Many providers that are found in the DHT, of which few are any good: a whole `boot fetch`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Behave } from "../support/fake_origin.ts";
import { type FoundOrigins, foundOrigins, freshImage } from "../support/found_origins.ts";
import {
  chunkBytes,
  honest,
  rangeOf,
  rangeReply,
  type TestImage,
  thenSilence,
  withRootfs,
} from "../support/image_origin.ts";
import { p2pTest } from "../support/dht.ts";
import { signedManifest, testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

/** What `boot fetch --json` says. */
interface Report {
  readonly providers: readonly { readonly name: string; readonly bytes: number }[];
  readonly dropped: readonly { readonly name: string; readonly reason: string }[];
}

async function fetchFound(found: FoundOrigins, directory: TempDirectory): Promise<Report> {
  const { code, stdout, stderr } = await found.run(
    ...["boot", "fetch", "--json", "--output", directory.join("out")],
    ...["--state-dir", directory.join("state")],
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function assertFetched(image: TestImage, directory: TempDirectory): Promise<void> {
  assert.deepEqual(await Deno.readFile(directory.join("out", "rootfs")), image.rootfs);
  assert.deepEqual(await Deno.readFile(directory.join("out", "kernel")), image.kernel);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Parts of the bytes, with a pause after each. */
async function* paced(bytes: Uint8Array<ArrayBuffer>, part: number, ms: number) {
  for (let at = 0; at < bytes.length; at += part) {
    yield bytes.subarray(at, at + part);
    await pause(ms);
  }
}

/** Says everything right, and late: manifest and rootfs arrive drop by drop. */
function slow(image: TestImage): Behave {
  return (request) => {
    const file = request.path === "/manifest.json" ? image.manifest : image.rootfs;
    if (request.path === "/kernel") return rangeReply(request, image.kernel);
    const [part, ms] = file === image.manifest ? [200, 60] : [8 * 1024, 60];
    return rangeReply(request, file, (bytes) => paced(bytes, part, ms));
  };
}

function flipped(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) bytes[at]! ^= 1;
  return bytes;
}

/** Says a true manifest at once, and sends other bytes than it promises. */
function lying(image: TestImage): Behave {
  const wrong: Behave = (request) => rangeReply(request, image.rootfs, flipped);
  return withRootfs(image, wrong);
}

/** A manifest that a stranger has signed, or nobody. */
function forged(image: TestImage): Behave {
  const manifest = signedManifest(JSON.parse(new TextDecoder().decode(image.manifest)), [
    testIdentity(2),
  ]);
  return honest({ ...image, manifest });
}

Deno.test("of a slow, a lying and a good provider the good one is chosen", p2pTest, async () => {
  await using directory = await tempDirectory();
  const image = freshImage();
  await using found = await foundOrigins([slow(image), lying(image), honest(image)]);
  const [slowOne, liar, good] = found.origins.map(({ url }) => url);
  const { providers, dropped } = await fetchFound(found, directory);
  await assertFetched(image, directory);
  const bytesOf = (name?: string) => providers.find((one) => one.name === name)?.bytes ?? 0;
  assert.ok(bytesOf(good) >= 8 * chunkBytes, JSON.stringify(providers));
  assert.ok(bytesOf(slowOne) <= 2 * chunkBytes, JSON.stringify(providers));
  // The good one may be so much faster that the liar is never asked for a chunk.
  for (const { name, reason } of dropped.filter((one) => one.name === liar)) {
    assert.match(reason, /wrong bytes in chunk \d+ of "rootfs"/, name);
  }
  assert.ok(bytesOf(liar) <= image.kernel.length, "no chunk of the liar's rootfs was taken");
});

Deno.test(
  "discover names a provider whose manifest the publisher has signed",
  p2pTest,
  async () => {
    const image = freshImage();
    await using found = await foundOrigins([forged(image), honest(image)]);
    const [liar, good] = found.origins.map(({ url }) => url);
    const { code, stdout, stderr } = await found.run("discover", "--all");
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`${testIdentity(100).peerId}|${liar}`), "the liar is named");
    assert.match(stdout, new RegExp(`^MANIFEST_URL=${good}/`, "m"));
    assert.doesNotMatch(stdout, new RegExp(liar!));
  },
);

Deno.test(
  "a provider that dies in the middle of the rootfs is replaced at the same chunk",
  p2pTest,
  async () => {
    await using directory = await tempDirectory();
    const image = freshImage();
    const whole = 4;
    const starts: number[] = [];
    const dying: Behave = (request, origin) =>
      rangeReply(request, image.rootfs, (bytes) => {
        const sent = bytes.slice(0, whole * chunkBytes + 1000);
        return (async function* () {
          yield* paced(sent, chunkBytes, 20);
          await pause(50);
          // Its connections and its port are gone; it can't wait for itself.
          origin[Symbol.asyncDispose]();
        })();
      });
    const second: Behave = (request) => {
      starts.push(rangeOf(request, image.rootfs.length).start);
      return rangeReply(request, image.rootfs);
    };
    const late: Behave = (request, origin) =>
      request.path === "/manifest.json"
        ? rangeReply(request, image.manifest, (bytes) => paced(bytes, 1000, 30))
        : withRootfs(image, second)(request, origin);
    await using found = await foundOrigins([withRootfs(image, dying), late]);
    const [dead, alive] = found.origins.map(({ url }) => url);
    const { providers } = await fetchFound(found, directory);
    await assertFetched(image, directory);
    assert.deepEqual(starts, [whole * chunkBytes], "the chunk that was cut, and nothing twice");
    const bytesOf = (name?: string) => providers.find((one) => one.name === name)?.bytes;
    assert.equal(bytesOf(alive), image.rootfs.length - whole * chunkBytes);
    assert.equal(bytesOf(dead), image.kernel.length + whole * chunkBytes);
  },
);

Deno.test("with nine liars of ten a fetch still succeeds", p2pTest, async () => {
  await using directory = await tempDirectory();
  const image = freshImage();
  const silent: Behave = (request, { closed }) =>
    rangeReply(request, image.rootfs, (bytes) => thenSilence(bytes.slice(0, 1000), closed));
  const liars: Behave[] = [
    lying(image),
    lying(image),
    forged(image),
    withRootfs(image, silent),
    withRootfs(image, () => ({ status: 404 })),
    withRootfs(image, () => ({ status: 302, headers: { Location: "http://127.0.0.1:1/" } })),
    () => ({ body: new TextEncoder().encode("{}") }),
    () => ({ raw: "SSH-2.0-x\r\n\r\n" }),
    () => undefined,
  ];
  await using found = await foundOrigins([...liars, honest(image)]);
  const good = found.origins.at(-1)!.url;
  const { providers } = await fetchFound(found, directory);
  await assertFetched(image, directory);
  const rest = providers.filter(({ name }) => name !== good);
  const taken = rest.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(taken <= image.kernel.length, "of the liars nothing but the kernel was taken");
});
