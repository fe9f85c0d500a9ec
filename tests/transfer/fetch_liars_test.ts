import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import { fetchFrom, namesIn } from "../support/fetching.ts";
import {
  chunkBytes,
  honest,
  rangeOf,
  rangeReply,
  testImage,
  withRootfs,
} from "../support/image_origin.ts";
import { tempDirectory } from "../support/temp.ts";

const image = testImage();

/** Flips a byte in each chunk. */
function flip(bytes: Uint8Array<ArrayBuffer>, start: number): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes - (start % chunkBytes)) bytes[at]! ^= 1;
  return bytes;
}

const flipping: Behave = (request) => rangeReply(request, image.rootfs, flip);

/** Serves the bytes of the second half wrong. */
const halfWrong: Behave = (request) =>
  rangeReply(request, image.rootfs, (bytes, start) => {
    for (let at = Math.max(0, 5 * chunkBytes - start); at < bytes.length; at++) bytes[at]! ^= 1;
    return bytes;
  });

async function* endless(bytes: Uint8Array) {
  yield bytes;
  while (true) yield await Promise.resolve(new Uint8Array(64 * 1024));
}

/** What dishonest providers do to the rootfs; `why` is how they are named. */
const liars: readonly (readonly [what: string, behave: Behave, why: RegExp])[] = [
  ["flips a byte in each chunk", flipping, /sent wrong bytes in chunk \d+ of "rootfs"/],
  ["is wrong from the middle on", halfWrong, /sent wrong bytes in chunk \d+ of "rootfs"/],
  [
    "redirects",
    () => ({ status: 302, headers: { Location: "http://127.0.0.1:1/" } }),
    /answered with a redirect/,
  ],
  [
    "compresses",
    (request) => {
      const reply = rangeReply(request, image.rootfs);
      return { ...reply, headers: { ...reply.headers, "Content-Encoding": "gzip" } };
    },
    /sent an encoded answer/,
  ],
  [
    "sends another range",
    (request) => {
      const reply = rangeReply(request, image.rootfs);
      const size = image.rootfs.length;
      return { ...reply, headers: { ...reply.headers, "Content-Range": `bytes 1-9/${size}` } };
    },
    /sent another range/,
  ],
  ["has a file of another length", () => ({ body: new Uint8Array(5) }), /5 bytes/],
  ["has lost the file", () => ({ status: 404 }), /answered 404/],
  ["answers 500", () => ({ status: 500 }), /answered 500/],
  ["closes at once", () => undefined, /closed the connection/],
  [
    "closes in the middle of each first chunk",
    (request) => {
      const reply = rangeReply(request, image.rootfs);
      return { ...reply, body: (reply.body as Uint8Array).subarray(0, 1000) };
    },
    /closed the connection/,
  ],
  [
    "asks for a wait of years",
    () => ({ status: 503, headers: { "Retry-After": "1000000000" } }),
    /wants us to wait/,
  ],
  ["talks of something else", () => ({ raw: "SSH-2.0-x\r\n\r\n" }), /not HTTP/],
];

for (const [what, behave, why] of liars) {
  Deno.test(`where a provider ${what}, the next one delivers`, async () => {
    await using directory = await tempDirectory();
    await using liar = startOrigin(withRootfs(image, behave));
    await using good = startOrigin(honest(image));
    const told: string[] = [];
    const report = await fetchFrom(image, [liar, good], directory.path, {
      onDrop: (origin, error) => told.push(`${origin.name} ${error.message}`),
    });
    assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
    const usedLiar = report.providers.some(({ name }) => name === liar.url);
    assert.ok(report.providers.some(({ name }) => name === good.url), "the good one was used");
    // One that only fails for a while may not be asked often enough to be dropped.
    if (report.dropped.length === 0) return assert.match(what, /500|closes/);
    assert.equal(report.dropped[0]!.name, liar.url);
    assert.match(report.dropped[0]!.reason, why);
    assert.match(told[0]!, why);
    assert.equal(usedLiar, true, "its kernel was right");
  });

  Deno.test(`where the only provider ${what}, nothing unverified gets a name`, async () => {
    await using directory = await tempDirectory();
    await using liar = startOrigin(withRootfs(image, behave));
    await assert.rejects(fetchFrom(image, [liar], directory.path), (thrown: unknown) => {
      assert.ok(thrown instanceof PlasmdError);
      assert.equal(thrown.code, "transfer");
      assert.match(thrown.message, why);
      assert.ok(thrown.message.includes(liar.url), "it is named");
      return true;
    });
    assert.deepEqual(await namesIn(directory.path), ["kernel.part", "rootfs.part"]);
  });
}

Deno.test("chunks that were right before a provider lied are kept", async () => {
  await using directory = await tempDirectory();
  await using liar = startOrigin(withRootfs(image, halfWrong));
  await using good = startOrigin(honest(image));
  const report = await fetchFrom(image, [liar, good], directory.path, {
    artifacts: ["rootfs"],
    limits: { hedgeMs: 60_000, joinMs: 60_000 },
  });
  assert.deepEqual(report.providers, [
    { name: liar.url, bytes: 5 * chunkBytes },
    { name: good.url, bytes: image.rootfs.length - 5 * chunkBytes },
  ]);
});

Deno.test("an endless body is cut where the file ends", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(withRootfs(image, (request) => {
    const { start } = rangeOf(request, image.rootfs.length);
    const range = `bytes ${start}-${image.rootfs.length - 1}/${image.rootfs.length}`;
    const body = endless(image.rootfs.subarray(start));
    return { status: 206, headers: { "Content-Range": range }, body };
  }));
  await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a provider that ignores ranges serves a fresh and a resumed fetch", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(withRootfs(image, () => ({ body: image.rootfs })));
  await Deno.writeFile(directory.join("rootfs.part"), image.rootfs.subarray(0, 7 * chunkBytes));
  const report = await fetchFrom(image, [origin], directory.path, { artifacts: ["rootfs"] });
  assert.equal(report.bytes, image.rootfs.length - 7 * chunkBytes);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a provider that is busy for a moment is asked again", async () => {
  await using directory = await tempDirectory();
  const busy = { status: 503, headers: { "Retry-After": "0" } };
  await using origin = startOrigin((request, self) =>
    request.number % 2 === 0 ? busy : honest(image)(request, self)
  );
  const report = await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(report.dropped, []);
});

Deno.test("a provider that closes after each chunk still delivers all", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(withRootfs(image, (request) => {
    const reply = rangeReply(request, image.rootfs);
    return { ...reply, body: (reply.body as Uint8Array).subarray(0, chunkBytes + 10) };
  }));
  const report = await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(report.dropped, []);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});
