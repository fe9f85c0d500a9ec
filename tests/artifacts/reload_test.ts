import assert from "node:assert/strict";
import { join } from "node:path";
import {
  catalogPlace,
  followed,
  replaceFiles,
  testBytes,
  ticking,
  writeFiles,
} from "../support/artifacts.ts";
import { testIdentity } from "../support/manifests.ts";

const kernel = testBytes(400_000, 1);
const newer = testBytes(500_000, 2);
const channel = (name: string, file = "vmlinuz") =>
  ({ name, arches: ["arm64"], files: { kernel: file } }) as const;

Deno.test("a reload serves other words and other channels, and no download ends", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel, "vmlinuz-new": newer });
  await using catalog = await place.open({ channels: [channel("stable"), channel("old")] });
  const kinds: string[] = [];
  catalog.onChange((change) => kinds.push(`${change.kind} ${change.channel}`));
  const reading = catalog.find("old", "arm64")!.artifacts.get("kernel")!;
  using _reader = reading.acquire();
  const reloading = catalog.reload({
    cmdline: "quiet",
    imageVersion: "7",
    lifetimeMs: 3_600_000,
    channels: [channel("stable"), { ...channel("testing", "vmlinuz-new"), cmdline: "debug" }],
  });
  assert.equal(await ticking(reloading, place.clock), undefined);
  assert.deepEqual(
    catalog.list().map(({ channel, manifest: { manifest } }) =>
      `${channel} ${manifest.cmdline} ${manifest.version} ${manifest.artifacts.kernel.size}`
    ),
    ["stable quiet 7 400000", "testing debug 7 500000"],
  );
  assert.deepEqual(kinds, ["published stable", "published testing", "withdrawn old"]);
  const into = new Uint8Array(kernel.length);
  assert.equal(await reading.read(into, 0), kernel.length);
  assert.deepEqual(into, kernel);
});

Deno.test("after a reload the new settings are followed", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel, "vmlinuz-new": newer });
  await using catalog = await place.open({ channels: [channel("stable")] });
  const wanted = { cmdline: "quiet", channels: [channel("testing", "vmlinuz-new")] };
  assert.equal(await ticking(catalog.reload(wanted), place.clock), undefined);
  await followed(catalog, place.clock);
  assert.deepEqual(catalog.list().map(({ channel }) => channel), ["testing"]);
  await replaceFiles(place.artifacts, { "vmlinuz-new": kernel });
  await followed(catalog, place.clock);
  const [{ manifest: { manifest } }] = catalog.list() as [ReturnType<typeof catalog.list>[number]];
  assert.deepEqual([manifest.cmdline, manifest.artifacts.kernel.size], ["quiet", 400_000]);
});

Deno.test("a reload that fails says why, and everything stays and is followed", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel, "vmlinuz-new": newer });
  await using catalog = await place.open({ channels: [channel("stable")], cmdline: "old" });
  const before = catalog.list();
  const sequence = before[0]!.manifest.manifest.sequence;
  const failures: [object, string, RegExp][] = [
    [{ channels: [channel("stable"), channel("other", "gone")] }, "artifacts", /No file "gone"/],
    [{ channels: [channel("stable", "../../etc/passwd")] }, "artifacts", /outside of|No file/],
    [{ channels: [channel("stable")], cmdline: 'a "quote"' }, "config", /cmdline/],
    [{ channels: [channel("stable")], lifetimeMs: 1 }, "config", /lives for 1 s/],
    [
      {
        cmdline: "new",
        channels: [channel("stable"), { ...channel("testing"), version: "no good" }],
      },
      "config",
      /version/,
    ],
  ];
  for (const [options, code, message] of failures) {
    const failure = await ticking(catalog.reload(options), place.clock);
    assert.equal(failure?.code, code);
    assert.match(failure!.message, message);
    assert.equal(catalog.list(), before);
  }
  assert.deepEqual(await catalog.check(), []);
  await replaceFiles(place.artifacts, { vmlinuz: newer });
  await followed(catalog, place.clock);
  const { manifest } = catalog.list()[0]!.manifest;
  assert.equal(manifest.cmdline, "old");
  assert.ok(manifest.sequence > sequence);
});

Deno.test("another default and another key can be loaded", async () => {
  await using place = await catalogPlace({
    "stable/arm64/kernel": kernel,
    "testing/arm64/kernel": newer,
  });
  await using catalog = await place.open();
  const { sequence } = catalog.find("stable", "arm64")!.manifest.manifest;
  const identity = testIdentity(2);
  assert.equal(await catalog.reload({ channel: "testing", identity }), undefined);
  assert.deepEqual(catalog.default, { channel: "testing", arch: "arm64" });
  for (const { manifest } of catalog.list()) assert.deepEqual(manifest.signers, [identity.keyid]);
  assert.ok(catalog.find("stable", "arm64")!.manifest.manifest.sequence > sequence);
  assert.equal(await catalog.reload({}), undefined);
  assert.deepEqual(catalog.default, { channel: "testing", arch: "arm64" });
});

Deno.test("a reload waits for files that are being written", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  await using catalog = await place.open();
  await writeFiles(place.artifacts, { vmlinuz: newer.subarray(0, 1000) });
  let done = false;
  const reloading = catalog.reload({ cmdline: "quiet" }).finally(() => done = true);
  for (let part = 1; part <= 4; part++) {
    await writeFiles(place.artifacts, { vmlinuz: newer.subarray(0, 100_000 * part) });
    for (let turn = 0; turn < 100; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      place.clock.advance(1);
    }
    assert.equal(done, false);
  }
  await writeFiles(place.artifacts, { vmlinuz: newer });
  assert.equal(await ticking(reloading, place.clock), undefined);
  const { manifest } = catalog.list()[0]!.manifest;
  assert.deepEqual([manifest.cmdline, manifest.artifacts.kernel.size], ["quiet", 500_000]);
});

Deno.test("a reload doesn't wait for ever", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  await using catalog = await place.open();
  const writing = {
    ...place.clock,
    advance(ms: number) {
      Deno.writeFileSync(join(place.artifacts, "vmlinuz"), newer.subarray(0, 10), {
        append: true,
      });
      place.clock.advance(ms);
    },
  };
  writing.advance(1);
  const failure = await ticking(catalog.reload({ cmdline: "quiet" }), writing);
  assert.equal(failure?.code, "changed");
  assert.match(failure!.message, /still being written/);
});

Deno.test("a reload, a look and an end one after another leave nothing open", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const catalog = await place.open();
  await replaceFiles(place.artifacts, { vmlinuz: newer });
  const all = [catalog.refresh(), catalog.reload({ cmdline: "1" }), catalog.refresh()];
  await catalog[Symbol.asyncDispose]();
  const [, failure] = await Promise.all(all);
  assert.equal((failure as { code: string }).code, "cancelled");
  assert.equal(catalog.list()[0]!.manifest.manifest.cmdline, undefined);
  await Deno.remove(join(place.artifacts, "vmlinuz"));
});
