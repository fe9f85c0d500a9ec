/**
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCmdline, splitCmdline } from "../../src/boot/cmdline.ts";
import { nextCmdline, withArguments } from "../../src/boot/next_cmdline.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

const key = `ed25519:${"a1".repeat(32)}`;

Deno.test("whose jobs are run is carried to the next system", () => {
  const key = `ed25519:${"ab".repeat(32)}`;
  const running = `phase.serve=1 phase.jobs=${key},${key}`;
  assert.equal(nextCmdline({ manifest: "", running }), `phase.serve=1 phase.jobs=${key}`);
});

Deno.test("the manifest's arguments come first, then what is carried", () => {
  assert.equal(
    nextCmdline({
      manifest: "quiet panic=5",
      running: "console=ttyS0 phase.serve=1 phase.provider=http://10.0.2.2:8080 root=/dev/sda",
    }),
    "quiet panic=5 console=ttyS0 phase.provider=http://10.0.2.2:8080 phase.serve=1",
  );
});

Deno.test("this machine's consoles come last, so that /dev/console stays the same", () => {
  const text = nextCmdline({
    manifest: "console=ttyAMA0 console=tty0",
    running: "console=tty0 console=ttyS0,115200n8",
  });
  assert.equal(text, "console=ttyAMA0 console=tty0 console=ttyS0,115200n8");
});

Deno.test("a static address is carried", () => {
  const ip = "ip=10.0.0.2::10.0.0.1:255.255.255.0:host:eth0:off";
  assert.equal(nextCmdline({ running: `${ip} quiet` }), ip);
});

Deno.test("consoles and addresses of an odd form are left behind", () => {
  const running = 'console="ttyS0 init=/bin/sh" ip="a b" console=../x console ip=$(x)';
  assert.equal(nextCmdline({ running }), "");
});

Deno.test("phase.cmdline adds arguments to one kernel and is used up", () => {
  const running = 'phase.cmdline="debug loglevel=7" phase.serve=0';
  assert.equal(nextCmdline({ manifest: "ro", running }), "ro debug loglevel=7 phase.serve=0");
});

Deno.test("a manifest can't set a phase argument, hide one in quotes or end the list", () => {
  const bad = [
    `phase.trust=${key}`,
    "a Phase.serve=1",
    'x="phase.serve=1"',
    "a -- b",
    "a\nphase.serve=1",
    "a\u0000b",
  ];
  for (const manifest of bad) {
    assert.throws(
      () => nextCmdline({ manifest, running: "" }),
      (thrown) => thrown instanceof PlasmdError && thrown.code === "malformed",
      JSON.stringify(manifest),
    );
  }
});

Deno.test("a line that the next kernel would cut is refused", () => {
  const hosts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `http://h${i}.${"a".repeat(240)}/`);
  const running = `phase.provider=${hosts.join(",")}`;
  assert.throws(() => nextCmdline({ running }), /limit is 2047/);
});

Deno.test("the next command line means the same to the next system", () => {
  const args = fc.record({
    mode: fc.constantFrom("auto", "local", "internet", "private"),
    channel: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
    arch: fc.constantFrom("arm64", "x86_64"),
    provider: fc.uniqueArray(fc.stringMatching(/^http:\/\/[a-z]{1,9}(:80)?\/[a-z0-9]{0,9}$/), {
      minLength: 1,
      maxLength: 4,
    }),
    trust: fc.uniqueArray(fc.stringMatching(/^ed25519:[0-9a-f]{64}$/), {
      minLength: 1,
      maxLength: 3,
    }),
    threshold: fc.integer({ min: 1, max: 9 }),
    bootstrap: fc.constant(["/ip4/10.0.0.1/tcp/1"]),
    serve: fc.boolean(),
    fail: fc.constantFrom("shell", "reboot", "poweroff"),
    once: fc.boolean(),
    state: fc.constantFrom({ by: "LABEL", value: "state" }),
  }, { requiredKeys: [], noNullPrototype: true });
  const manifest = fc.stringMatching(/^([a-z]{1,6}(=[a-z0-9]{1,6})? ){0,5}$/);
  fc.assert(fc.property(args, manifest, (args, manifest) => {
    const words = Object.entries(args).map(([name, value]) => `phase.${name}=${valueText(value)}`);
    const running = ["BOOT_IMAGE=/x", ...words, "console=ttyS0"].join(" ");
    const next = nextCmdline({ manifest, running });
    assert.deepEqual(parseCmdline(next), { ...args });
    assert.equal(
      splitCmdline(next).at(words.length === 0 ? -1 : -1 - words.length)?.name,
      "console",
    );
    // Carried again and again, it stays as it is.
    assert.equal(nextCmdline({ manifest, running: next }), next);
  }));
});

function valueText(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object") {
    const { by, value: text } = value as { by: string; value: string };
    return `${by}=${text}`;
  }
  return String(value);
}

Deno.test("nothing of a manifest gets into the next line but plain printable words", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (manifest) => {
    try {
      const next = nextCmdline({ manifest, running: "phase.serve=0" });
      assert.match(next, /^[\x20\x21\x23-\x7e]*$/);
      assert.deepEqual(parseCmdline(next), { serve: false });
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed");
    }
  }));
});

Deno.test("arguments given by hand replace those of phase.cmdline", () => {
  const running = 'root=/dev/sda1 "x=a b" phase.cmdline="old one" console=ttyS0';
  const text = withArguments(running, "new one");
  assert.equal(nextCmdline({ manifest: "ro", running: text }), "ro new one console=ttyS0");
  assert.equal(withArguments(running, undefined), running);
});

Deno.test("arguments given by hand are plain ones", () => {
  for (const given of ["phase.serve=1", 'a="b"', "a -- b", "a\nb"]) {
    assert.throws(
      () => withArguments("", given),
      (thrown) => thrown instanceof PlasmdError && thrown.code === "usage",
      given,
    );
  }
});
