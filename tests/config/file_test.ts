import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { parseDocument } from "../../src/config/file.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseDocument(bytes(text), "provider.toml");

/** The first line of what is said about a text. */
function complaint(text: string): string {
  try {
    parse(text);
  } catch (thrown) {
    assert.ok(thrown instanceof PlasmdError, String(thrown));
    assert.equal(thrown.code, "config");
    return thrown.message.split("\n")[0]!;
  }
  assert.fail(`accepted:\n${text}`);
}

Deno.test("the mission's own document is valid, word for word", () => {
  const document = parse(`[provider]
enabled = true
port = 8080
artifacts_dir = "/var/lib/plasm/boot-artifacts"
[provider.channels.stable]
arch = ["arm64", "x86_64"]
kernel = "vmlinuz-stable"
initramfs = "initramfs-stable.img"
rootfs = "rootfs-stable.sqfs"
[provider.channels.testing]
arch = ["arm64"]
kernel = "vmlinuz-testing"
initramfs = "initramfs-testing.img"
[provider.advertisement]
dht = true
mdns = true
`);
  assert.equal(document.provider?.channels?.testing?.kernel, "vmlinuz-testing");
});

Deno.test("an unknown key is an error with its place and a suggestion", () => {
  assert.equal(
    complaint("[provider]\n  prot = 1\n"),
    'provider.toml:2:3: Unknown key "provider.prot": did you mean "port"?',
  );
  assert.equal(
    complaint("provider = { port = 1, hots = 'x' }"),
    'provider.toml:1:24: Unknown key "provider.hots": did you mean "host"?',
  );
  assert.match(complaint("[nothing]"), /1:2: Unknown key "nothing": known are provider, network/);
});

Deno.test("a wrong value is an error with its place, what is wanted and what it is", () => {
  const cases: [string, string][] = [
    ["[provider]\nport = '80'", '2:1: Wrong value of "provider.port": Expected a whole number'],
    ["[provider]\nport = 70000", '2:1: Wrong value of "provider.port": Expected at most 65535'],
    ["[provider]\nport = 1.5", '2:1: Wrong value of "provider.port": Expected a whole number'],
    ["[provider]\nenabled = 'yes'", '"provider.enabled": Expected true or false'],
    ["[provider]\nexpires_in = '91d'", '"provider.expires_in": Expected at most 90d'],
    ["[provider]\nexpires_in = '3w'", '"provider.expires_in": Expected a time like 30d'],
    ["provider = 1", '1:1: Wrong value of "provider": Expected Object'],
    [
      "[provider.channels.a]\nkernel = '../x'",
      '"provider.channels.a.kernel": Expected a file name',
    ],
    ["[provider.channels.a]\ninitramfs = 'x'", '"provider.channels.a.kernel" is missing'],
    ["[provider.channels.Big]\nkernel = 'x'", "Expected a channel's name"],
    ["[provider.channels.a]\nkernel = 'x'\narch = ['arm']", "3:1: .*Expected arm64 or x86_64"],
    ["[provider.channels.a]\nkernel = 'x'\narch = []", "Expected at least one arch"],
    ["[provider.channels.a]\nkernel = 'x'\ncmdline = 'a -- b'", 'must not hold " -- "'],
    ["[provider.channels.a]\nkernel = 'x'\nversion = '-1'", "Expected a version"],
    ["[jobs]\nallow = 'ed25519:00'", '"jobs.allow": Expected Array'],
    ["[jobs]\nallow = ['ed25519:00']", "2:1: .*Expected a keyid"],
    ["[jobs]\nconcurrency = 0", "Expected at least 1"],
    ["[jobs.limits]\nmemory_bytes = 1000", "Expected at least 1048576"],
  ];
  for (const [toml, expected] of cases) assert.match(complaint(toml), new RegExp(expected), toml);
});

Deno.test("several mistakes are listed together", () => {
  assert.throws(() => parse("[provider]\nprot = 1\nhost = 2\n"), ({ message }: Error) => {
    assert.equal(message.split("\n").length, 2);
    return true;
  });
});

Deno.test("what is no TOML is an error with its place", () => {
  assert.match(complaint("[provider\nport = 1"), /^provider\.toml:1:\d+: /);
  assert.match(complaint("[provider]\nport = 1\nport = 2"), /^provider\.toml:3:1: /);
  assert.match(complaint("x = ".padEnd(200, "[")), /^provider\.toml:1:/);
});

Deno.test("bytes that are no UTF-8 are refused", () => {
  assert.throws(() => parseDocument(new Uint8Array([0xff, 0xfe]), "p"), {
    code: "config",
    message: /not UTF-8/,
  });
});

Deno.test("any bytes give a document or an error of ours", () => {
  const keys = fc.constantFrom("provider", "port", "host", "channels", "stable", "x", "__proto__");
  const values = fc.constantFrom("1", "true", "'a'", "[]", "{}", "1979-05-27", "[1, 'x']", "{a=1}");
  const line = fc.oneof(
    fc.tuple(keys, values).map(([key, value]) => `${key} = ${value}`),
    fc.array(keys, { minLength: 1, maxLength: 4 }).map((path) => `[${path.join(".")}]`),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      try {
        parse(lines.join("\n"));
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError, String((thrown as Error).stack));
      }
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
    try {
      parseDocument(noise, "p");
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError);
    }
  }));
});
