import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Reply } from "../../src/server/reply.ts";
import { parseTarget, queryValues, type ServerRequest } from "../../src/server/request.ts";
import { makeRouter, match } from "../../src/server/routes.ts";
import { fakeCatalog, fakeSnapshot, memoryArtifact } from "../support/fake_catalog.ts";
import { fakeSite } from "../support/http.ts";

const router = makeRouter();
const site = fakeSite(
  fakeCatalog([fakeSnapshot([memoryArtifact("kernel", new Uint8Array(5))])]),
  { metrics: () => Promise.resolve("up 1\n") },
);

function ask(target: string, method = "GET"): Promise<Reply> | Reply {
  const parts = {
    address: "127.0.0.1",
    origin: () => "http://127.0.0.1:80",
    gone: () => new AbortController().signal,
  };
  const request: ServerRequest = {
    method,
    headers: {},
    params: {},
    query: "",
    hold() {},
    ...parts,
  };
  return match(router, target, request).answer(site);
}

Deno.test("every route of the table answers GET and HEAD", async () => {
  for (
    const target of [
      "/",
      "/health",
      "/status",
      "/metrics",
      "/manifest.json",
      "/kernel",
      "/stable/arm64/manifest.json",
      "/stable/arm64/kernel",
      "/?x=1",
      "/status?anything",
      "http://host.example",
    ]
  ) {
    for (const method of ["GET", "HEAD"]) equal((await ask(target, method)).status, 200, target);
  }
});

Deno.test("a path that exists answers another method with 405 and those that it has", async () => {
  for (
    const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "__proto__", ""]
  ) {
    const { status, headers } = await ask("/kernel", method);
    deepEqual([status, headers.Allow], [405, "GET, HEAD"], method);
  }
  equal((await ask("*", "OPTIONS")).status, 405);
  equal((await ask("/nowhere", "POST")).status, 404);
});

Deno.test("no spelling of a way out of the tree matches a route", async () => {
  for (
    const target of [
      "/../kernel",
      "/./kernel",
      "//kernel",
      "/kernel/",
      "/kernel//",
      "/%2e%2e/kernel",
      "/%2E./kernel",
      "/..%2fkernel",
      "/..%5ckernel",
      "/%252e%252e/kernel",
      "/%c0%ae%c0%ae/kernel",
      "/kernel%00",
      "/kernel;x",
      "/stable/arm64/../kernel",
      "/stable/../arm64/kernel",
      "/stable/arm64/kernel/",
      "/..;/kernel",
      "/stable%2farm64%2fkernel",
      "/blobs/sha256/../../etc/passwd",
      "/%6bernel",
      "kernel",
      "/etc/passwd",
      "/\u00e9",
      "/kernel#",
      "/KERNEL",
      "",
      "http:///../kernel",
      "file:///etc/passwd",
      "//evil.example/kernel",
      "/\\..\\kernel",
      "/stable/arm64/..",
      "/stable/arm64/.",
    ]
  ) {
    const expected = target === "" ? 200 : 404;
    let status: number;
    try {
      status = (await ask(target)).status;
    } catch (thrown) {
      ok((thrown as { code: string }).code === "not_found", target);
      status = 404;
    }
    equal(status, expected, target);
  }
});

Deno.test("a target is taken apart and never decoded", () => {
  deepEqual(parseTarget("/a/b?c=%41"), { path: "/a/b", query: "c=%41" });
  deepEqual(parseTarget("HTTPS://h:1?x"), { path: "/", query: "x" });
  deepEqual(queryValues("a=1&b=2&a=3&a", "a"), ["1", "3", ""]);
  deepEqual(queryValues("", "a"), []);
  deepEqual(queryValues("aa=1&ba=2", "a"), []);
});

Deno.test("whatever the target, a path that is matched holds no odd character", () => {
  const odd = fc.stringMatching(/^[/a-z.%2eEfF\\?#:@;]{0,40}$/);
  fc.assert(fc.property(fc.oneof(odd, fc.string(), fc.webUrl()), (target) => {
    const parsed = parseTarget(target);
    if (parsed !== undefined) ok(/^\/[A-Za-z0-9._/-]*$/.test(parsed.path), target);
    if (parsed !== undefined) ok(!parsed.path.includes("//"), target);
  }));
});
