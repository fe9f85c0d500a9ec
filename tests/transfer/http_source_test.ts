import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { artifactUrls, httpOrigin } from "../../src/transfer/http_source.ts";
import type { Wanted } from "../../src/transfer/source.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import { chunkBytes, rangeReply, testImage } from "../support/image_origin.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";

const image = testImage();
const wanted: Wanted = { name: "rootfs", artifact: image.verified.manifest.artifacts.rootfs! };
const hex = wanted.artifact.hash.slice(7);

function open(url: string, start = 0, end = chunkBytes) {
  const signal = new AbortController().signal;
  return httpOrigin(new URL(`${url}/manifest.json`), quickDeps, quickLimits)
    .open(wanted, start, end, { signal });
}

const isBad = (message: RegExp) => (thrown: unknown) =>
  thrown instanceof PlasmdError && thrown.code === "bad_source" && message.test(thrown.message);

const places = (manifestUrl: string, path: string) =>
  artifactUrls(new URL(manifestUrl), { ...wanted, artifact: { ...wanted.artifact, path } })
    .map(({ href }) => href);

Deno.test("an artifact is looked for at its path, beside the manifest, and by its digest", () => {
  assert.deepEqual(places("http://h:1/manifest.json", "/stable/arm64/rootfs"), [
    "http://h:1/stable/arm64/rootfs",
    "http://h:1/rootfs",
    `http://h:1/blobs/sha256/${hex}`,
  ]);
  assert.deepEqual(places("http://h:1/stable/arm64/manifest.json", "/stable/arm64/rootfs"), [
    "http://h:1/stable/arm64/rootfs",
    `http://h:1/blobs/sha256/${hex}`,
  ]);
});

Deno.test("a tree of files may lie below a prefix", () => {
  assert.equal(
    places("http://h/boot/stable/arm64/manifest.json", "/stable/arm64/rootfs")[0],
    "http://h/boot/stable/arm64/rootfs",
  );
});

Deno.test("no path of a manifest leads to another host", () => {
  for (const path of ["//evil.example/rootfs", "/\\evil.example/rootfs", "/..//evil.example/x"]) {
    for (const href of places("http://h:1/manifest.json", path)) {
      assert.equal(new URL(href).host, "h:1", path);
    }
  }
});

Deno.test("the query of a manifest's URL is not that of its artifacts", () => {
  assert.equal(places("http://h/manifest.json?channel=x", "/rootfs")[0], "http://h/rootfs");
});

Deno.test("a range is asked for and taken", async () => {
  await using origin = startOrigin((request) => rangeReply(request, image.rootfs));
  using stream = await open(origin.url, chunkBytes, 2 * chunkBytes);
  assert.equal(stream.start, chunkBytes);
  assert.equal(
    origin.requests[0]!.headers.get("range"),
    `bytes=${chunkBytes}-${2 * chunkBytes - 1}`,
  );
  const into = new Uint8Array(10);
  await stream.read(into);
  assert.deepEqual(into, image.rootfs.slice(chunkBytes, chunkBytes + 10));
});

Deno.test("where the path leads nowhere, the next place is tried, and remembered", async () => {
  await using origin = startOrigin((request) =>
    request.path.startsWith("/blobs/") ? rangeReply(request, image.rootfs) : { status: 404 }
  );
  const source = httpOrigin(new URL(`${origin.url}/x/manifest.json`), quickDeps, quickLimits);
  const { signal } = new AbortController();
  for (let i = 0; i < 2; i++) {
    using _stream = await source.open(wanted, 0, chunkBytes, { signal });
  }
  const paths = origin.requests.map(({ path }) => path);
  const blob = `/blobs/sha256/${hex}`;
  assert.deepEqual(paths, ["/x/rootfs", blob, blob]);
});

Deno.test("a server that has another file at the path is asked for the digest", async () => {
  await using origin = startOrigin((request) => {
    const reply = rangeReply(request, image.rootfs);
    const digest = request.path.startsWith("/blobs/") ? hex : "0".repeat(64);
    return { ...reply, headers: { ...reply.headers, "X-Content-SHA256": digest } };
  });
  using _stream = await open(origin.url);
  assert.deepEqual(origin.requests.map(({ path }) => path), ["/rootfs", `/blobs/sha256/${hex}`]);
});

Deno.test("a server that ignores the range gives the whole", async () => {
  await using origin = startOrigin(() => ({ body: image.rootfs }));
  using stream = await open(origin.url, chunkBytes, 2 * chunkBytes);
  assert.equal(stream.start, 0);
});

const size = image.rootfs.length;
const last = chunkBytes - 1;
const wrong: [string, Behave][] = [
  ["no Content-Range", () => ({ status: 206 })],
  [
    "another start",
    () => ({ status: 206, headers: { "Content-Range": `bytes 1-${last}/${size}` } }),
  ],
  [
    "more than asked",
    () => ({ status: 206, headers: { "Content-Range": `bytes 0-${size - 1}/${size}` } }),
  ],
  [
    "another size",
    () => ({ status: 206, headers: { "Content-Range": `bytes 0-${last}/${size + 1}` } }),
  ],
  ["nonsense", () => ({ status: 206, headers: { "Content-Range": "bytes all" } })],
  ["a whole of another length", () => ({ body: image.rootfs.subarray(1) })],
  ["nothing, and says so", () => ({ status: 204 })],
  ["a refusal", () => ({ status: 403 })],
  ["404 everywhere", () => ({ status: 404 })],
  ["a wait of years", () => ({ status: 503, headers: { "Retry-After": "1000000000" } })],
];

for (const [what, behave] of wrong) {
  Deno.test(`a provider that sends ${what} is a bad source`, async () => {
    await using origin = startOrigin(behave);
    await assert.rejects(open(origin.url), isBad(/./));
  });
}

Deno.test("a range that is shorter than asked for is taken", async () => {
  const headers = { "Content-Range": `bytes 0-99/${size}`, "Content-Length": 100 };
  await using origin = startOrigin(() => ({
    status: 206,
    headers,
    body: image.rootfs.slice(0, 100),
  }));
  using stream = await open(origin.url);
  assert.equal(stream.start, 0);
});
