/**
 * Three providers on slow links are nearly three times as fast as one. Each is a machine of its own
 * as far as the network is concerned, and all are found by the DHT.
 *
 * @module
 */

import assert from "node:assert/strict";
import { machineArch } from "../../src/formats/names.ts";
import { openStar, type Spoke, type Star, starTools } from "../support/star.ts";
import { type Running, runProgram, startProgram } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

const rootfsBytes = 1_200_000_000;
const linkRate = "160mbit"; // 20 MB/s

/** Files of a publisher that every provider serves as they are, and the publisher's keyid. */
async function publish(directory: TempDirectory): Promise<string> {
  const artifacts = directory.join("artifacts");
  await Deno.mkdir(artifacts);
  await Deno.writeFile(`${artifacts}/vmlinuz`, new Uint8Array(1000));
  await Deno.writeFile(`${artifacts}/rootfs.squashfs`, new Uint8Array());
  await Deno.truncate(`${artifacts}/rootfs.squashfs`, rootfsBytes);
  const generate = ["manifest", "generate", "--artifacts", artifacts, "--sign", "--json"];
  const output = ["--output", `${artifacts}/manifest.json`];
  const { code, stdout, stderr } = await runProgram([...generate, ...output], {
    env: { PLASMD_IDENTITY: directory.join("publisher.key") },
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).signers[0];
}

async function startReady(
  args: readonly string[],
  prefix: readonly string[],
  home: string,
): Promise<Running> {
  const state = ["--state-dir", `${home}/state`, "--json"];
  const env = { PLASMD_IDENTITY: `${home}/identity.key` };
  const running = startProgram([...args, ...state], { prefix, env });
  await running.until((text) => text.endsWith("}\n") ? true : undefined);
  return running;
}

function startSpoke({ prefix, address, middle }: Spoke, directory: TempDirectory) {
  return startReady(
    [
      ...["serve", "--artifacts", directory.join("artifacts"), "--host", address, "--port", "8080"],
      ...["--p2p-port", "4001", "--bootstrap", `/ip4/${middle}/tcp/4001`, "--no-mdns"],
    ],
    prefix,
    directory.join(address),
  );
}

/** Flags of a client in the middle that looks for the image. */
function lookFlags({ spokes: [first] }: Star): string[] {
  return [
    ...["--channel", "stable", "--arch", machineArch(), "--mode", "internet"],
    ...["--bootstrap", `/ip4/${first!.middle}/tcp/4001`],
  ];
}

/** Waits until so many providers are found. */
async function untilFound(count: number, star: Star): Promise<void> {
  const args = ["provider", "list", "--network", "--json", ...lookFlags(star)];
  for (let tries = 0; tries < 20; tries++) {
    const { stdout } = await runProgram(args, { prefix: star.prefix });
    if (JSON.parse(stdout).providers.length === count) return;
  }
  throw new Error(`${count} providers are not found`);
}

/** Fetches the rootfs; returns bytes a second of the whole fetch, and the providers it used. */
async function fetchSpeed(name: string, keyid: string, star: Star, directory: TempDirectory) {
  const { code, stdout, stderr } = await runProgram([
    ...["boot", "fetch", ...lookFlags(star), "--trust", keyid, "--artifact", "rootfs", "--json"],
    ...["--output", directory.join(name), "--state-dir", directory.join("client")],
  ], { prefix: star.prefix });
  assert.equal(code, 0, stderr);
  const { bytes, providers, duration_ms: ms } = JSON.parse(stdout);
  assert.equal(bytes, rootfsBytes);
  await Deno.remove(directory.join(name), { recursive: true });
  return { speed: bytes / (ms / 1000), providers: providers.length };
}

Deno.test(
  "three providers of 20 MB/s each give at least 2.7 times the speed of one",
  needing({ tools: starTools, root: true }, async () => {
    await using directory = await tempDirectory();
    const keyid = await publish(directory);
    await using star = await openStar(3, linkRate);
    await using stack = new AsyncDisposableStack();
    const node = ["node", "--host", "0.0.0.0", "--p2p-port", "4001"];
    stack.use(await startReady(node, star.prefix, directory.join("node")));
    const [first, ...others] = star.spokes;
    stack.use(await startSpoke(first!, directory));
    await untilFound(1, star);
    const one = await fetchSpeed("one", keyid, star, directory);
    for (const spoke of others) stack.use(await startSpoke(spoke, directory));
    await untilFound(3, star);
    const three = await fetchSpeed("three", keyid, star, directory);
    const times = three.speed / one.speed;
    const megabytes = (speed: number) => `${(speed / 1e6).toFixed(1)} MB/s`;
    console.log(
      `one ${megabytes(one.speed)}, three ${megabytes(three.speed)}: ${times.toFixed(2)} times`,
    );
    assert.equal(one.providers, 1);
    assert.equal(three.providers, 3);
    assert.ok(times >= 2.7, `${times.toFixed(2)} times`);
  }),
);
