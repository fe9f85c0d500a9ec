import assert from "node:assert/strict";
import { processFigures } from "../support/process_figures.ts";
import { startProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";

const MiB = 1024 * 1024;

/** The most memory that a process was seen to hold, looked at 20 times a second to its end. */
async function peakOf(pid: number, ended: Promise<unknown>): Promise<number> {
  let over = false;
  const end = ended.finally(() => over = true);
  let peak = 0;
  while (!over) {
    try {
      peak = Math.max(peak, processFigures(pid).peak);
    } catch {
      break; // it has just ended
    }
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  await end;
  return peak;
}

Deno.test("serving and fetching 1 GiB holds a small part of it in memory", async () => {
  await using home = await tempDirectory();
  await Deno.mkdir(home.join("image"));
  await Deno.writeFile(home.join("image/vmlinuz"), new Uint8Array(MiB).fill(7));
  await Deno.writeFile(home.join("image/rootfs.squashfs"), new Uint8Array([1]));
  await Deno.truncate(home.join("image/rootfs.squashfs"), 1024 * MiB);
  await using provider = await startProvider(home.join("image"), home.path);
  await using client = startProgram([
    ...["boot", "fetch", provider.origin, "--trust", provider.keyid],
    ...["--output", home.join("out"), "--state-dir", home.join("client")],
  ]);
  const peak = await peakOf(client.pid, client.ended);
  assert.equal((await client.ended).code, 0, client.stderr());
  assert.equal((await Deno.stat(home.join("out/rootfs"))).size, 1024 * MiB);
  assert.ok(peak > 0 && peak < 400 * MiB, `the client held ${peak} bytes`);
  const served = processFigures(provider.process.pid).peak;
  assert.ok(served < 400 * MiB, `the provider held ${served} bytes`);
});
