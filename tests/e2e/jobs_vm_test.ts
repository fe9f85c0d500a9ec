/**
 * A booted machine as a worker: a client in PHP asks a node of the DHT who runs jobs, finds the
 * machine, has it run a job, and verifies its receipt.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { hello } from "../support/job_modules.ts";
import { bootLink, linkProvider } from "../support/link_boot.ts";
import { loopPlace, loopTools, quietKernel, stranger } from "../support/loop.ts";
import { netnsTools } from "../support/netns.ts";
import { projectRoot } from "../support/program.ts";
import { needing, runTool } from "../support/tools.ts";

const seconds = 1000;

/** A JSON document as a machine of the link sees it; asked for until it fits. */
async function untilJson<T>(
  machine: string,
  url: string,
  fits: (value: T) => boolean,
): Promise<T> {
  let last: unknown;
  for (const until = performance.now() + 120 * seconds; performance.now() < until;) {
    try {
      const text = await runTool("ip", "netns", "exec", machine, "curl", "-sf", "-m", "10", url);
      last = text;
      if (fits(JSON.parse(text))) return JSON.parse(text);
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${url} never said it: ${last}`);
}

Deno.test(
  "a booted machine is found in the DHT, runs a job of a PHP client, and its receipt is verified",
  needing(
    { tools: [...loopTools, ...netnsTools, "busybox", "curl", "php"], root: true },
    async () => {
      await using place = await loopPlace();
      await using link = await bootLink(place, {
        args: ["--p2p-port", "4001", "--no-mdns", "--cmdline", quietKernel],
      });
      const { machine } = link;
      await using vm = await link.start({
        name: "worker",
        kernel: place.kernel,
        initramfs: place.client,
        append:
          `quiet phase.once=1 phase.fail=poweroff phase.serve=1 phase.provider=${linkProvider} ` +
          `phase.bootstrap=/ip4/10.99.0.1/tcp/4001 phase.jobs=${stranger.keyid}`,
        memory: 1536,
      });
      await vm.waitFor(/phase: this machine was booted by plasmd/, 240 * seconds);
      const [, address] = await vm.waitFor(/phase: eth0: ([0-9.]+)\//, 60 * seconds);

      interface Workers {
        readonly workers: readonly {
          readonly keyid: string;
          readonly origins: readonly string[];
        }[];
      }
      const { workers } = await untilJson<Workers>(
        machine,
        `${linkProvider}/v1/workers`,
        ({ workers }) => workers.length > 0,
      );
      const origin = `http://${address}:8080`;
      assert.deepEqual(workers.map(({ origins }) => origins), [[origin]]);
      // Pinned is what the machine itself says of its key, asked at its own address.
      const { provider } = await untilJson<{ provider: { keyid: string } }>(
        machine,
        `${origin}/status`,
        ({ provider }) => provider.keyid !== "",
      );
      const key = place.directory.join("submitter.key");
      await fs.writeFile(key, stranger.seed, { mode: 0o600 });
      await fs.writeFile(
        place.directory.join("hello.wasm"),
        hello("hello from a booted machine\n", 0),
      );
      const example = `${projectRoot}docs/clients/php/examples/run.php`;
      const run = [key, linkProvider, provider.keyid, place.directory.join("hello.wasm")];
      const said = await runTool("ip", "netns", "exec", machine, "php", example, ...run);
      assert.match(said, /hello from a booted machine/);
    },
  ),
);
