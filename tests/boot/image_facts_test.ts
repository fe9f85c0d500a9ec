/**
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBuild, parseProviders, readImageFacts } from "../../src/boot/image_facts.ts";
import { settingsEntries } from "../../src/boot/media/settings.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("an image's settings are read as they were written", async () => {
  await using directory = await tempDirectory();
  const entries = settingsEntries({
    kind: "client",
    arch: "x86_64",
    trust: [testIdentity(1).keyid],
    threshold: 1,
    channel: "testing",
    providers: ["http://10.0.0.1:8080", "https://boot.example/testing/x86_64/manifest.json"],
    cmdline: "",
    buildTime: Date.UTC(2026, 0, 2, 3, 4, 5),
    notBefore: Date.UTC(2025, 9, 1),
    kernelVersion: "6.1.0",
  }, []);
  for (const entry of entries) {
    if (entry.kind !== "file") continue;
    await Deno.writeFile(directory.join(entry.path.split("/").at(-1)!), entry.bytes);
  }
  assert.deepEqual(await readImageFacts(directory.path), {
    buildTime: Date.UTC(2026, 0, 2, 3, 4, 5),
    channel: "testing",
    providers: ["http://10.0.0.1:8080", "https://boot.example/testing/x86_64/manifest.json"],
    policy: directory.join("trust.toml"),
  });
});

Deno.test("a machine that is no boot image says nothing", async () => {
  const facts = await readImageFacts("/nowhere");
  assert.deepEqual(facts, { providers: [], policy: "/nowhere/trust.toml" });
});

Deno.test("comments, empty lines and repetitions don't count", () => {
  const text = "# ours\n\nhttp://a/  # the first\n  http://b:1\nhttp://a/\n";
  assert.deepEqual(parseProviders(text), ["http://a/", "http://b:1"]);
});

Deno.test("a line that is no URL is refused, and so are too many", () => {
  const many = Array.from({ length: 33 }, (_, i) => `http://h${i}/`).join("\n");
  for (const text of ["ftp://a/", "a b", "http://a/ http://b/", "http://u:p@h/", many]) {
    assert.throws(
      () => parseProviders(text),
      (thrown) => thrown instanceof PlasmdError && thrown.code === "config",
      text.slice(0, 40),
    );
  }
});

Deno.test("an unknown build.json is refused", () => {
  const good = { build_version: 1, built_at: "2026-01-02T03:04:05Z", channel: null };
  assert.deepEqual(parseBuild(JSON.stringify(good)), { buildTime: 1767323045000 });
  const bad = [
    "",
    "[]",
    "null",
    JSON.stringify({ ...good, build_version: 2 }),
    JSON.stringify({ ...good, built_at: 1 }),
    JSON.stringify({ ...good, built_at: "yesterday" }),
    JSON.stringify({ ...good, channel: "../x" }),
  ];
  for (const text of bad) {
    assert.throws(() => parseBuild(text), /build\.json/, text);
  }
});

Deno.test("no text makes the readers fail in another way than by refusing", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
    for (const read of [parseBuild, parseProviders]) {
      try {
        read(text);
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError && thrown.code === "config");
      }
    }
  }));
});
