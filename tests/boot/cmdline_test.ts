/**
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCmdline, plainArguments, splitCmdline } from "../../src/boot/cmdline.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

const key = `ed25519:${"a1".repeat(32)}`;
const otherKey = `ed25519:${"b2".repeat(32)}`;

Deno.test("a command line without phase arguments asks for nothing", () => {
  const real = "BOOT_IMAGE=/vmlinuz root=UUID=3f2a ro quiet console=tty0 console=ttyS0,115200n8";
  assert.deepEqual(parseCmdline(real), {});
  assert.deepEqual(parseCmdline(""), {});
  assert.deepEqual(parseCmdline("\n"), {});
});

Deno.test("every phase argument is read", () => {
  const text = [
    "console=ttyS0",
    "phase.mode=private",
    "phase.channel=stable",
    "phase.arch=amd64",
    "phase.provider=http://10.0.2.2:8080,https://[fd00::1]/manifest.json",
    `phase.trust=${key},root:${otherKey}`,
    "phase.threshold=2",
    "phase.bootstrap=/ip4/10.0.0.1/tcp/4001/p2p/12D3Koo,/dnsaddr/boot.example",
    "phase.serve=1",
    "phase.state=LABEL=phase-state",
    'phase.cmdline="quiet panic=5"',
    "phase.fail=poweroff",
    "phase.once=0",
  ].join(" ");
  assert.deepEqual(parseCmdline(text), {
    mode: "private",
    channel: "stable",
    arch: "x86_64",
    provider: ["http://10.0.2.2:8080", "https://[fd00::1]/manifest.json"],
    trust: [key, `root:${otherKey}`],
    threshold: 2,
    bootstrap: ["/ip4/10.0.0.1/tcp/4001/p2p/12D3Koo", "/dnsaddr/boot.example"],
    serve: true,
    state: { by: "LABEL", value: "phase-state" },
    cmdline: "quiet panic=5",
    fail: "poweroff",
    once: false,
  });
});

Deno.test("words are split as the kernel splits them", () => {
  const cases: [string, [string, string?][]][] = [
    ["a  b\tc\nd", [["a"], ["b"], ["c"], ["d"]]],
    ['x="a b" y', [["x", "a b"], ["y"]]],
    ['"x=a b" y', [["x", "a b"], ["y"]]],
    ["x=a=b", [["x", "a=b"]]],
    ["x=", [["x", ""]]],
    ['x="a b', [["x", "a b"]]],
    ['x=a"b c"', [["x", 'a"b c"']]],
    ["a -- phase.serve=1", [["a"]]],
    ["a --b", [["a"], ["--b"]]],
  ];
  for (const [text, words] of cases) {
    const expected = words.map(([name, value]) => value === undefined ? { name } : { name, value });
    assert.deepEqual(splitCmdline(text), expected, text);
  }
});

Deno.test("what stands behind -- belongs to init and is not ours", () => {
  assert.deepEqual(parseCmdline("quiet -- phase.serve=1 phase.nonsense"), {});
});

Deno.test("the same value twice is one value, another one is refused", () => {
  assert.deepEqual(parseCmdline("phase.channel=a phase.channel=a"), { channel: "a" });
  assert.throws(() => parseCmdline("phase.channel=a phase.channel=b"), /given twice/);
});

Deno.test("repeated entries of a list count once", () => {
  assert.deepEqual(parseCmdline(`phase.trust=${key},${key}`), { trust: [key] });
});

Deno.test("a wrong value is refused, and the message names the argument", () => {
  const bad = [
    "phase.trsut=x",
    "phase.",
    "phase.mode=fast",
    "phase.mode",
    "phase.channel=../etc",
    "phase.channel=Stable",
    "phase.arch=riscv64",
    "phase.provider=",
    "phase.provider=ftp://x/",
    "phase.provider=file:///etc/passwd",
    "phase.provider=http://user:pass@host/",
    "phase.provider=http://host/#x",
    "phase.provider=http://",
    "phase.provider=http://a,,http://b",
    'phase.provider="http://a/ b"',
    "phase.provider=http://caf\u00e9/",
    `phase.provider=${Array(33).fill(0).map((_, i) => `http://h${i}/`).join(",")}`,
    `phase.provider=http://${"a".repeat(600)}/`,
    "phase.trust=",
    "phase.trust=ed25519:ABCD",
    `phase.trust=${key.toUpperCase()}`,
    `phase.trust=${key}0`,
    `phase.trust=leaf:${key}`,
    "phase.threshold=0",
    "phase.threshold=-1",
    "phase.threshold=1e3",
    "phase.threshold=01",
    "phase.threshold=100",
    "phase.bootstrap=10.0.0.1",
    "phase.bootstrap=/ip4",
    `phase.bootstrap=${Array(17).fill(0).map((_, i) => `/ip4/10.0.0.${i}`).join(",")}`,
    "phase.serve=yes",
    "phase.jobs=",
    "phase.jobs=ed25519:abc",
    `phase.jobs=root:ed25519:${"ab".repeat(32)}`,
    "phase.serve",
    "phase.fail=explode",
    "phase.once=2",
    "phase.state=/dev/sda1",
    "phase.state=LABEL=../../etc",
    "phase.state=LABEL=",
    `phase.state=LABEL=${"a".repeat(17)}`,
    "phase.state=UUID=1234",
    'phase.cmdline="a phase.trust=x"',
    'phase.cmdline="a PHASE.trust=x"',
    'phase.cmdline="a -- b"',
    "phase.cmdline=caf\u00e9",
  ];
  for (const text of bad) {
    assert.throws(() => parseCmdline(`quiet ${text} ro`), (thrown) => {
      assert.ok(thrown instanceof PlasmdError, text);
      assert.equal(thrown.code, "config", text);
      assert.match(thrown.message, /^Cannot use the kernel command line: .*phase\./, text);
      return true;
    }, text);
  }
});

Deno.test("a UUID is written in lower case", () => {
  const state = parseCmdline("phase.state=UUID=3F2504E0-4F89-11D3-9A0C-0305E82C3301").state;
  assert.deepEqual(state, { by: "UUID", value: "3f2504e0-4f89-11d3-9a0c-0305e82c3301" });
});

Deno.test("a command line above the limit is refused before it is read", () => {
  assert.throws(() => parseCmdline("a ".repeat(3000)), /limit is 4096/);
});

Deno.test("no text makes the parser fail in another way than by refusing", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom("phase.", "phase.trust=", "phase.serve=", "__proto__=", '"', " ", "--", "="),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
    try {
      parseCmdline(pieces.join(""));
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "config");
    }
  }));
});

Deno.test("what isn't ours never changes what is read", () => {
  const foreign = fc.stringMatching(/^[a-oq-z][a-z0-9_.]{0,8}(=[!#-,.-~]{0,10})?$/);
  fc.assert(fc.property(fc.array(foreign), fc.array(foreign), (before, after) => {
    const text = [...before, "phase.serve=1", `phase.trust=${key}`, ...after].join(" ");
    assert.deepEqual(parseCmdline(text), { serve: true, trust: [key] });
  }));
});

Deno.test("plain arguments are printable words without quotes, -- and phase", () => {
  assert.deepEqual(plainArguments(" a  b=c "), ["a", "b=c"]);
  assert.deepEqual(plainArguments(""), []);
  for (const text of ["a\nb", "a\tb", 'a="b"', "--", "a -- b", "phase.x", "Phase.x", "\u00e9"]) {
    assert.equal(plainArguments(text), undefined, JSON.stringify(text));
  }
});
