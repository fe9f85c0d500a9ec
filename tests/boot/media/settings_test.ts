import assert from "node:assert/strict";
import {
  defaultNotBefore,
  type ImageSettings,
  settingsEntries,
} from "../../../src/boot/media/settings.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { parsePolicy } from "../../../src/trust/policy_file.ts";
import { testIdentity } from "../../support/manifests.ts";

const keys = [1, 2].map((seed) => testIdentity(seed).keyid);
const buildTime = Date.UTC(2026, 10, 24, 6);
const plain: ImageSettings = {
  kind: "client",
  arch: "arm64",
  trust: [],
  threshold: 1,
  providers: [],
  cmdline: "",
  buildTime,
  notBefore: defaultNotBefore(buildTime, []),
  kernelVersion: "6.1.0",
};

function files(settings: Partial<ImageSettings>, modules: string[] = []): Map<string, string> {
  const entries = settingsEntries({ ...plain, ...settings }, modules);
  return new Map(entries.map((entry) => {
    assert.ok(entry.kind === "file");
    return [entry.path.replace("etc/phase/", ""), new TextDecoder().decode(entry.bytes)];
  }));
}

function refused(settings: Partial<ImageSettings>, code: string, message: RegExp): void {
  assert.throws(
    () => settingsEntries({ ...plain, ...settings }, []),
    (error) => error instanceof PlasmdError && error.code === code && message.test(error.message),
  );
}

Deno.test("the image's policy is one that a client reads, and holds what was asked for", () => {
  const text = files({ trust: keys, threshold: 2, channel: "stable" }).get("trust.toml")!;
  const { publishers } = parsePolicy(new TextEncoder().encode(text), "the image");
  assert.deepEqual(publishers, [{
    keys,
    threshold: 2,
    channels: ["stable"],
    notBefore: Date.UTC(2026, 7, 26, 6),
  }]);
});

Deno.test("without a channel all channels of the keys are accepted, without keys there is no policy", () => {
  const text = files({ trust: keys }).get("trust.toml")!;
  assert.equal(parsePolicy(new TextEncoder().encode(text), "x").publishers[0]!.channels, undefined);
  assert.equal(files({}).has("trust.toml"), false);
});

Deno.test("pinned root keys are written as such, beside keys that sign manifests", () => {
  const roots = keys.map((keyid) => `root:${keyid}`);
  const text = files({ trust: roots, threshold: 2 }).get("trust.toml")!;
  const read = (toml: string) => parsePolicy(new TextEncoder().encode(toml), "x").publishers;
  assert.deepEqual(read(text).map((it) => [it.keys, it.threshold, it.root]), [[keys, 2, true]]);
  const mixed = files({ trust: [keys[0]!, roots[1]!] }).get("trust.toml")!;
  assert.deepEqual(read(mixed).map((it) => [it.keys, it.root]), [
    [[keys[0]], undefined],
    [[keys[1]], true],
  ]);
});

Deno.test("an image that pins root keys accepts key lists of the year before it", () => {
  const days = (trust: string[]) => (buildTime - defaultNotBefore(buildTime, trust)) / 86_400_000;
  assert.equal(days(keys), 90);
  assert.equal(days([`root:${keys[0]}`]), 366);
});

Deno.test("keys and thresholds that can't work are refused when the image is built", () => {
  refused({ trust: ["ed25519:abc"] }, "policy", /is no keyid/);
  refused({ trust: keys, threshold: 3 }, "policy", /threshold 3 can't be reached/);
  refused({ trust: [`ed25519:${"00".repeat(32)}`] }, "policy", /no usable public key/);
});

Deno.test("build time, kind and arch are in build.json", () => {
  const facts = JSON.parse(files({ kind: "node", channel: "testing" }).get("build.json")!);
  assert.equal(facts.build_version, 1);
  assert.equal(facts.built_at, "2026-11-24T06:00:00Z");
  assert.deepEqual([facts.kind, facts.arch, facts.channel], ["node", "arm64", "testing"]);
});

Deno.test("init finds kind, memory and modules a line each", () => {
  const written = files({}, ["af_packet", "ext4"]);
  assert.equal(written.get("kind"), "client\n");
  assert.match(written.get("memory")!, /^\d+\n$/);
  assert.equal(written.get("modules"), "af_packet\next4\n");
});

Deno.test("providers are written one a line, and only URLs of providers", () => {
  const providers = ["http://192.0.2.1:8080", "https://boot.example/x"];
  assert.equal(files({ providers }).get("providers"), `${providers.join("\n")}\n`);
  for (
    const url of ["boot.example", "ftp://a/", "http://u:p@a/", "http://a/ b", "http://a/,b", ""]
  ) {
    refused({ providers: [url] }, "config", /Invalid provider/);
  }
  refused({ providers: Array(33).fill(providers[0]) }, "config", /33 providers, limit is 32/);
});

Deno.test("words for the command line are written anew, and never name keys", () => {
  assert.equal(
    files({ cmdline: "  ip=dhcp   phase.once=1 " }).get("cmdline"),
    "ip=dhcp phase.once=1\n",
  );
  assert.equal(files({}).get("cmdline"), "");
  refused({ cmdline: `phase.trust=${keys[0]}` }, "config", /belong into the image's policy/);
  refused({ cmdline: "phase.threshold=1" }, "config", /belong into the image's policy/);
  refused({ cmdline: "phase.truts=1" }, "config", /unknown argument "phase.truts"/);
  refused({ cmdline: "a\nb" }, "config", /plain ASCII/);
  refused({ cmdline: 'a="b c"' }, "config", /plain ASCII/);
  refused({ cmdline: "phase.channel=a", channel: "b" }, "config", /different channels/);
});
