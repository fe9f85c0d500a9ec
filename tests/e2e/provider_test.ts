import assert from "node:assert/strict";
import { bootImage, bootImageTools } from "../support/boot_image.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { flippingProxy, lateProxy, silentProxy } from "../support/proxies.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool, type TestBody } from "../support/tools.ts";

const MiB = 1024 * 1024;
const artifacts = ["kernel", "initramfs", "rootfs"] as const;

/** What a test on the real image gets: a provider, and a directory for what it fetches. */
interface Scene {
  readonly provider: Provider;
  readonly home: string;
  /** SHA-256 of each artifact's file, by sha256sum. */
  readonly sums: Readonly<Record<string, string>>;
}

/** Serves the real boot image for one test. */
function withProvider(tools: readonly string[], body: (scene: Scene) => Promise<void>): TestBody {
  return needing({ tools: [...bootImageTools, "sha256sum", ...tools] }, async () => {
    const { directory, files } = await bootImage();
    await using home = await tempDirectory();
    await using provider = await startProvider(directory, home.path);
    const sums: Record<string, string> = {};
    for (const name of artifacts) sums[name] = await sha256sum(`${directory}/${files[name]}`);
    await body({ provider, home: home.path, sums });
  });
}

async function sha256sum(path: string): Promise<string> {
  return (await runTool("sha256sum", path)).split(" ")[0]!;
}

/** The size of a file, 0 where there is none. */
async function sizeOf(path: string): Promise<number> {
  return (await Deno.stat(path).catch(() => undefined))?.size ?? 0;
}

/** Resolves once one of the directory's files is larger than that; looks 50 times a second. */
async function grown(directory: string, bytes: number): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    for await (const { name } of Deno.readDir(directory)) {
      if (await sizeOf(`${directory}/${name}`) > bytes) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Nothing in ${directory} grew above ${bytes} bytes within a minute`);
}

async function names(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}

async function assertFetched(output: string, sums: Scene["sums"]): Promise<void> {
  assert.deepEqual(await names(output), ["initramfs", "kernel", "manifest.json", "rootfs"]);
  for (const name of artifacts) assert.equal(await sha256sum(`${output}/${name}`), sums[name]);
}

Deno.test(
  "curl fetches all three, and sha256sum agrees with manifest and headers",
  withProvider(["curl", "jq"], async ({ provider: { origin }, home, sums }) => {
    await runTool("curl", "-sSf", "-o", `${home}/manifest.json`, `${origin}/manifest.json`);
    for (const name of artifacts) {
      const headers = await runTool(
        ...["curl", "-sSf", "-D", "-", "-o", `${home}/${name}`] as const,
        `${origin}/${name}`,
      );
      assert.match(headers, new RegExp(`^x-content-sha256: ${sums[name]}\r$`, "im"));
      assert.equal(await sha256sum(`${home}/${name}`), sums[name]);
      const hash = await runTool("jq", "-r", `.artifacts.${name}.hash`, `${home}/manifest.json`);
      assert.equal(hash.trim(), `sha256:${sums[name]}`);
    }
  }),
);

Deno.test(
  "openssl agrees with the manifest's signature, and refuses it over one other byte",
  withProvider(["curl", "jq"], async ({ provider: { origin, keyid }, home }) => {
    await runTool("curl", "-sSf", "-o", `${home}/manifest.json`, `${origin}/manifest.json`);
    const script = `
      set -euo pipefail
      cd "$1"
      test "$(jq -r '.signatures[0].keyid' manifest.json)" = "$2"
      { printf phase-manifest:v1:; jq -cjS 'del(.signatures)' manifest.json; } > signed
      jq -r '.signatures[0].sig' manifest.json | base64 -d > sig
      printf 302A300506032B6570032100%s "\${2#ed25519:}" | tr a-f A-F | basenc --base16 -d > key.der
      openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in signed -sigfile sig
      sed 's/"size":/"size" :/' signed > other
      ! openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in other -sigfile sig
    `;
    assert.match(
      await runTool("bash", "-c", script, "bash", home, keyid),
      /Signature Verified Successfully/,
    );
  }),
);

Deno.test(
  "curl resumes with -C - after it was killed",
  withProvider(["curl"], async ({ provider: { origin }, home, sums }) => {
    const file = `${home}/rootfs`;
    const url = `${origin}/rootfs`;
    const curl = new Deno.Command("curl", {
      args: ["-sSf", "--limit-rate", "200M", "-o", file, url],
    }).spawn();
    await grown(home, 100 * MiB);
    curl.kill("SIGKILL");
    assert.equal((await curl.status).signal, "SIGKILL");
    const before = await sizeOf(file);
    assert.ok(before < 1024 * MiB, "it was killed before the end");
    const got = await runTool(
      ...["curl", "-sSf", "-C", "-", "-w", "%{size_download}", "-o", file] as const,
      url,
    );
    assert.equal(Number(got), 1024 * MiB - before, "only the rest was sent");
    assert.equal(await sha256sum(file), sums.rootfs);
  }),
);

Deno.test(
  "boot fetch gets the same bytes, killed in the middle and resumed",
  withProvider([], async ({ provider: { origin, keyid }, home, sums }) => {
    const output = `${home}/fetched`;
    await Deno.mkdir(output);
    const args = [
      ...["boot", "fetch", origin, "--trust", keyid, "--output", output],
      ...["--state-dir", `${home}/client`],
    ];
    await using killed = startProgram([...args, "--limit-rate", "200M"]);
    await grown(output, 300 * MiB);
    killed.kill("SIGKILL");
    assert.equal((await killed.ended).signal, "SIGKILL");
    assert.ok(!(await names(output)).includes("rootfs"), "nothing unverified has its final name");
    const resumed = await runProgram([...args, "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const { bytes } = JSON.parse(resumed.stdout);
    assert.ok(bytes <= 1024 * MiB - 250 * MiB, `what was there is not sent again (${bytes} bytes)`);
    await assertFetched(output, sums);
  }),
);

Deno.test(
  "boot fetch gets the right bytes from three providers, one lying and one falling silent",
  withProvider([], async ({ provider: { origin, keyid }, home, sums }) => {
    const manifest = await (await fetch(`${origin}/manifest.json`)).json();
    await using lying = flippingProxy(origin, manifest.artifacts.rootfs.chunks.size);
    await using silent = silentProxy(origin, 50 * MiB);
    await using honest = lateProxy(origin, [lying, silent]);
    const output = `${home}/fetched`;
    const providers = [lying.origin, silent.origin, honest.origin];
    const { code, stdout, stderr } = await runProgram([
      ...["boot", "fetch", ...providers.flatMap((url) => ["--provider", url])],
      ...["--trust", keyid, "--output", output, "--state-dir", `${home}/client`, "--json"],
    ]);
    assert.equal(code, 0, stderr);
    await assertFetched(output, sums);
    const { providers: used, dropped } = JSON.parse(stdout);
    const nameOf = ({ name }: { name: string }) => `${new URL(name).origin}`;
    assert.ok(dropped.map(nameOf).includes(lying.origin), "who lies is dropped");
    // How much comes from whom before it falls silent is a matter of time; who lied gave nothing.
    assert.ok(used.map(nameOf).includes(honest.origin));
    assert.ok(!used.map(nameOf).includes(lying.origin));
    assert.match(stderr, new RegExp(`${lying.origin}.* is not used: .*wrong bytes in chunk`));
  }),
);
