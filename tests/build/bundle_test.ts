import assert from "node:assert/strict";
import { join } from "node:path";
import { type Bundle, bundleProgram, mapFile } from "../../src/build/bundle.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { partModules } from "../../src/lib/part.ts";
import { workerModules } from "../../src/lib/worker.ts";
import { runFromDescriptor, startFromDescriptor } from "../support/fd_program.ts";

const frame = new URL("../support/frame/", import.meta.url);

/** A bootstrap address at which nobody listens. */
const nobody = "/ip4/127.0.0.1/tcp/1";

/** What the confined Worker reports wherever it runs. */
const confined = {
  environment: 0,
  read: "NotCapable",
  write: "NotCapable",
  run: "NotCapable",
  ffi: "NotCapable",
  env: "NotCapable",
  http: "served",
  sqlite: "stored",
  nested: sha256Hex(new Uint8Array(3)),
  libp2p: "connected",
  mdns: "answered",
};

Deno.test("a confined Worker from source does its work and nothing else", async () => {
  await using directory = await temporary();
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-prompt", new URL("main.ts", frame).pathname, directory.path],
  }).output();
  assert.notEqual(stdout.length, 0, new TextDecoder().decode(stderr));
  const { commit, ...report } = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual(report, confined);
  assert.equal(commit, null);
});

Deno.test("a bundle run from a descriptor in an empty directory does the same", async (t) => {
  await using build = await temporary();
  await using empty = await temporary();
  const output = join(build.path, "frame.js");
  const bundle = await bundleFrame(output);

  await t.step("the Workers in it are confined and work", async () => {
    const { stdout, stderr } = await runFromDescriptor(output, [empty.path], { cwd: empty.path });
    assert.notEqual(stdout, "", stderr);
    const { commit, ...report } = JSON.parse(stdout);
    assert.deepEqual(report, confined);
    assert.equal(commit, "c0ffee", "the nested Worker knows the build");
  });

  await t.step("it says how large it and its Workers are", async () => {
    assert.equal(bundle.bytes, (await Deno.stat(output)).size);
    assert.deepEqual(Object.keys(bundle.workers), ["frame_daemon", "frame_hash"]);
    assert.ok(bundle.workers.frame_daemon! < bundle.bytes);
    assert.ok(bundle.workers.frame_hash! < 20_000, "the hash Worker carries only what it needs");
  });

  await t.step("its source maps lie beside it and name no directory of this machine", async () => {
    const map = JSON.parse(await Deno.readTextFile(mapFile(output)));
    assert.ok(map.sources.includes("src/lib/worker.ts"), map.sources.join(" "));
    assert.ok(map.mappings.startsWith(";"), "the first line is the preamble's");
    const daemon = JSON.parse(await Deno.readTextFile(mapFile(output, "frame_daemon")));
    for (const source of [...map.sources, ...daemon.sources]) {
      assert.match(source, /^(npm:|src\/|tests\/|deno\.json)/);
    }
  });

  await t.step("a second build is the same, byte for byte", async () => {
    const again = join(build.path, "again.js");
    await bundleFrame(again);
    for (const [a, b] of [[output, again], [mapFile(output), mapFile(again)]] as const) {
      assert.equal(sha256Hex(await Deno.readFile(a)), sha256Hex(await Deno.readFile(b)));
    }
  });
});

Deno.test("the program itself, bundled, serves and fetches in an empty directory", async () => {
  await using build = await temporary();
  await using empty = await temporary();
  const output = join(build.path, "plasmd.js");
  await bundleProgram({
    entry: new URL("../../main.ts", import.meta.url),
    workers: Object.fromEntries(workerModules().map(({ name, module }) => [name, module()])),
    parts: Object.fromEntries(partModules().map(({ name, module }) => [name, module()])),
    output,
    build: { commit: "c0ffee", target: "linux-x64" },
    licenses: (packages) => Promise.resolve(packages.map(({ name }) => name).join("\n")),
  });
  const run = (...args: string[]) => runFromDescriptor(output, args, { cwd: empty.path });

  const { code, stdout, stderr } = await run("selftest", "--directory", empty.path, "--json");
  assert.equal(code, 0, stdout + stderr);
  const { commit, target } = JSON.parse(stdout);
  assert.deepEqual({ commit, target }, { commit: "c0ffee", target: "linux-x64" });
  const lost = await run("discover", "--mode", "internet", "--timeout", "1", "--bootstrap", nobody);
  assert.equal(lost.code, 3, lost.stdout + lost.stderr);
  await servesAndIsFound(output, empty.path);
  const licensed = (await run("licenses")).stdout.split("\n");
  for (const name of ["@noble/curves", "@stricli/core"]) assert.ok(licensed.includes(name), name);
});

Deno.test("a module that doesn't parse is named with the bundler's own words", async () => {
  await using build = await temporary();
  const broken = join(build.path, "broken.ts");
  await Deno.writeTextFile(broken, "export const = 1;");
  await assert.rejects(
    bundleProgram({
      entry: new URL(`file://${broken}`),
      workers: {},
      output: join(build.path, "out.js"),
      build: { commit: null, target: "linux-x64" },
    }),
    /broken\.ts/,
  );
});

/** The daemon of the bundle serves and joins the DHT; the client of the bundle finds it there. */
async function servesAndIsFound(bundle: string, cwd: string): Promise<void> {
  await Deno.mkdir(join(cwd, "artifacts"));
  await Deno.writeFile(join(cwd, "artifacts/vmlinuz"), new Uint8Array(100_000).fill(1));
  await using provider = startFromDescriptor(bundle, [
    ...["serve", "--artifacts", "artifacts", "--host", "127.0.0.1", "--port", "0", "--json"],
    ...["--state-dir", join(cwd, "state"), "--no-mdns"],
  ], { cwd });
  const ready = await provider.until((text) => text.endsWith("}\n") ? JSON.parse(text) : undefined);
  assert.ok(ready.p2p_addresses.length > 0, "the DHT node listens");
  const address = ready.p2p_addresses.find((one: string) => one.includes("/ip4/127.0.0.1/tcp/"));
  const found = await runFromDescriptor(bundle, [
    ...["discover", "--mode", "internet", "--bootstrap", address, "--timeout", "20", "--json"],
    ...["--trust", ready.keyid],
  ], { cwd });
  assert.equal(found.code, 0, found.stdout + found.stderr);
  assert.match(found.stdout, new RegExp(`${ready.origins[0]}/`));
}

function bundleFrame(output: string): Promise<Bundle> {
  return bundleProgram({
    entry: new URL("main.ts", frame),
    workers: { frame_daemon: new URL("daemon.ts", frame), frame_hash: new URL("hash.ts", frame) },
    output,
    build: { commit: "c0ffee", target: "linux-x64" },
  });
}

async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
