import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { parsePolicy, policyPlaces } from "../../src/trust/policy_file.ts";
import { testIdentity } from "../support/manifests.ts";

const [one, two] = [testIdentity(1).keyid, testIdentity(2).keyid];

function parse(text: string) {
  return parsePolicy(new TextEncoder().encode(text), "trust.toml");
}

function refused(text: string, message: RegExp, hint?: RegExp) {
  assert.throws(() => parse(text), { code: "policy", message, ...(hint && { hint }) });
}

const head = "trust_version = 1\n[[publisher]]\n";

Deno.test("a whole policy is read", () => {
  const policy = parse(`# whom this machine trusts
trust_version = 1
[[publisher]]
keys = ["${one}", "${two}"] # two of us
threshold = 2
channels = ["stable", "testing"]
not_before = "2026-08-26T00:00:00Z"

[[publisher]]
keys = ["${one}"]
`);
  assert.equal(policy.source, '"trust.toml"');
  const [first, second] = policy.publishers;
  assert.deepEqual({ ...first }, {
    keys: [one, two],
    threshold: 2,
    channels: ["stable", "testing"],
    notBefore: Date.UTC(2026, 7, 26),
  });
  assert.deepEqual([second?.keys, second?.threshold, second?.channels], [[one], 1, undefined]);
});

Deno.test("text that is no TOML is refused, with its line", () => {
  refused(`trust_version = 1\n\npublisher = = 2\n`, /"trust\.toml": line 3: /);
  refused(`${head}keys = ["${one}"]\nkeys = ["${two}"]\n`, /line 4/);
  refused(`${head}keys = ["${one}"`, /line \d/);
});

Deno.test("a setting that is unknown is refused, with its line and those that are known", () => {
  refused(
    `${head}keys = ["${one}"]\ntreshold = 2\n`,
    /line 4: unknown setting "treshold"/,
    /threshold/,
  );
  refused(`trust_version = 1\npublishers = []\n`, /line 2: unknown setting "publishers"/);
  refused(`${head}keys = ["${one}"]\n[other]\nx = 1\n`, /line 4: unknown setting "other"/);
  refused(`${head}keys = ["${one}"]\n__proto__ = 1\n`, /unknown setting "__proto__"/);
  refused(`${head}keys = ["${one}"]\n"a\\u001b" = 1\n`, /unknown setting "a\\u\{1b\}"/);
});

Deno.test("root keys are read with the rest of a publisher", () => {
  const { publishers } = parse(
    `${head}root = ["${one}", "${two}"]\nthreshold = 2\nchannels = ["stable"]\n`,
  );
  assert.deepEqual({ ...publishers[0] }, {
    keys: [one, two],
    threshold: 2,
    channels: ["stable"],
    notBefore: undefined,
    root: true,
  });
});

Deno.test("a publisher has keys or root keys, not both, and good ones", () => {
  refused(
    `${head}keys = ["${one}"]\nroot = ["${two}"]\n`,
    /line 4: a publisher has keys or root, not both/,
    /a \[\[publisher\]\] table for each/,
  );
  refused(`${head}root = "${one}"\n`, /line 3: root must be a list/);
  refused(`${head}root = []\n`, /no keys/);
  refused(`${head}root = ["root:${one}"]\n`, /is no keyid/);
  refused(`${head}root = ["${one}"]\nthreshold = 2\n`, /threshold 2 can't be reached/);
  refused(`${head}root = ["ed25519:${"00".repeat(32)}"]\n`, /no usable public key/);
});

Deno.test("a policy without a version or of another one is refused", () => {
  refused("", /trust_version must be 1/);
  refused(`[[publisher]]\nkeys = ["${one}"]\n`, /trust_version must be 1/);
  refused(
    `trust_version = 2\n[[publisher]]\nkeys = ["${one}"]\n`,
    /line 1: trust_version must be 1/,
  );
  refused(`trust_version = "1"\n`, /trust_version must be 1/);
});

Deno.test("values of another type are refused, with their line", () => {
  refused("trust_version = 1\n", /\[\[publisher\]\]/);
  refused("trust_version = 1\npublisher = []\n", /names no publisher/);
  refused("trust_version = 1\npublisher = [1]\n", /line 2: .*\[\[publisher\]\]/);
  refused(`trust_version = 1\n[publisher]\nkeys = ["${one}"]\n`, /line 2: .*\[\[publisher\]\]/);
  refused(head, /a publisher has no keys/);
  refused(`${head}keys = "${one}"\n`, /line 3: keys must be a list/);
  refused(`${head}keys = [1]\n`, /line 3: keys must be a list/);
  refused(
    `${head}keys = ["${one}"]\nthreshold = "1"\n`,
    /line 4: threshold must be a whole number/,
  );
  refused(`${head}keys = ["${one}"]\nthreshold = 1.5\n`, /threshold 1\.5/);
  refused(`${head}keys = ["${one}"]\nchannels = "stable"\n`, /line 4: channels must be a list/);
});

Deno.test("not_before is a time in quotes", () => {
  const wrong = ['"yesterday"', "2026-08-26T00:00:00Z", "1", '"2026-02-30T00:00:00Z"', "true"];
  for (const value of wrong) {
    refused(`${head}keys = ["${one}"]\nnot_before = ${value}\n`, /line 4: not_before must be like/);
  }
});

Deno.test("a threshold that can't be reached and a bad key are refused here too", () => {
  refused(
    `${head}keys = ["${one}"]\nthreshold = 2\n`,
    /"trust\.toml": threshold 2 can't be reached/,
  );
  refused(`${head}keys = ["${one}"]\nthreshold = 0\n`, /threshold 0/);
  refused(`${head}keys = ["ed25519:${"00".repeat(32)}"]\n`, /no usable public key/);
  refused(`${head}keys = []\n`, /no keys/);
});

Deno.test("a file that is too large or no UTF-8 is refused", () => {
  refused("#".repeat(257 * 1024), /size is 257 KiB, limit is 256 KiB/);
  assert.throws(() => parsePolicy(Uint8Array.of(0xff, 0xfe), "t"), {
    code: "policy",
    message: /not UTF-8/,
  });
});

Deno.test("no text makes anything but a policy or a refusal", () => {
  const line = fc.constantFrom(
    "trust_version = 1",
    "[[publisher]]",
    "[publisher]",
    `keys = ["${one}"]`,
    `keys = ["${one}", "${one}"]`,
    `root = ["${one}"]`,
    "threshold = 1",
    "threshold = 2",
    "threshold = -1",
    "channels = []",
    'channels = ["a"]',
    "publisher.keys = 1",
    "= [",
    "a.b.c = 1979-05-27",
  );
  const text = fc.oneof(fc.string(), fc.array(line, { maxLength: 8 }).map((all) => all.join("\n")));
  fc.assert(fc.property(text, (toml) => {
    try {
      const { publishers } = parse(toml);
      for (const { keys, threshold } of publishers) {
        assert.ok(threshold >= 1 && threshold <= new Set(keys).size);
      }
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "policy", String(thrown));
    }
  }));
});

Deno.test("the system's policy is looked for first, then the user's", () => {
  const places = (env: Record<string, string>) => policyPlaces((name) => env[name]);
  const system = "/etc/phase/trust.toml";
  assert.deepEqual(places({ XDG_CONFIG_HOME: "/c", HOME: "/h" }), [system, "/c/phase/trust.toml"]);
  assert.deepEqual(places({ XDG_CONFIG_HOME: "c", HOME: "/h" }), [
    system,
    "/h/.config/phase/trust.toml",
  ]);
  assert.deepEqual(places({}), [system]);
});
