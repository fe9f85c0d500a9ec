import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import {
  avahiTools,
  type NetnsLink,
  netnsLink,
  type NetnsProgram,
  netnsTools,
  startAvahi,
  startOn,
} from "../support/netns.ts";
import { projectRoot } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

const needs = { tools: [...netnsTools, ...avahiTools], root: true };

/** Starts `plasmd` on a machine. */
function plasmd(machine: string, home: string, ...args: string[]): NetnsProgram {
  const command = [Deno.execPath(), "run", "-A", "--no-prompt", `${projectRoot}main.ts`, ...args];
  return startOn(machine, command as [string, ...string[]], {
    PLASMD_IDENTITY: `${home}/identity.key`,
    NO_COLOR: "1",
  });
}

/** A directory with two channels. */
async function artifactsIn(directory: TempDirectory): Promise<string> {
  for (const channel of ["stable", "testing"]) {
    const folder = directory.join("artifacts", channel, "x86_64");
    await fs.mkdir(folder, { recursive: true });
    await fs.writeFile(`${folder}/vmlinuz`, `a kernel of ${channel}`);
  }
  return directory.join("artifacts");
}

async function serve(
  machine: string,
  directory: TempDirectory,
  name = "one",
  ...args: readonly string[]
): Promise<NetnsProgram> {
  const home = directory.join(name);
  await fs.mkdir(home, { recursive: true, mode: 0o700 });
  const artifacts = await artifactsIn(directory);
  const options = ["--artifacts", artifacts, "--state-dir", `${home}/state`, "--arch", "x86_64"];
  const program = plasmd(machine, home, "serve", ...options, "--no-dht", "--port", "8099", ...args);
  await program.waitFor(/Fetch it on another machine/, 20_000);
  return program;
}

function discover(link: NetnsLink, index: number, directory: TempDirectory, ...args: string[]) {
  const mode = ["--mode", "local", "--arch", "x86_64", "--json", ...args];
  return plasmd(link.machines[index]!, directory.join("client"), "discover", ...mode);
}

Deno.test(
  "Avahi sees every channel with its text and addresses, and our goodbye at once",
  needing(needs, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(2);
    await using avahi = await startAvahi(link.machines[1]!);
    await using browser = avahi.tool("avahi-browse", "-rp", "_phase-image._tcp");
    await using provider = await serve(link.machines[0]!, directory);
    for (const channel of ["stable", "testing"]) {
      for (const family of ["IPv4", "IPv6"]) {
        const start = `=;eth0;${family};phase-${channel}-x86_64-`;
        await browser.waitFor(new RegExp(`${start}.*channel=${channel}`), 10_000);
      }
      const line = await browser.waitFor(
        new RegExp(`=;eth0;IPv4;phase-${channel}-x86_64-.*`),
        1000,
      );
      const path = channel === "stable" ? "" : "/testing/x86_64";
      for (
        const part of [
          ";10.99.0.1;8099;",
          '"arch=x86_64"',
          `"manifest=http://10.99.0.1:8099${path}/manifest.json"`,
          `"path=${path}/manifest.json"`,
          '"http_port=8099"',
          '"peer=12D3Koo',
          '"keyid=ed25519:',
          '"sequence=',
          '"version=',
        ]
      ) assert.ok(line[0].includes(part), `${part} in ${line[0]}`);
    }
    const started = performance.now();
    provider.signal("SIGTERM");
    await browser.waitFor(/-;eth0;IPv4;phase-stable/, 5000);
    await browser.waitFor(/-;eth0;IPv4;phase-testing/, 5000);
    const took = performance.now() - started;
    // RFC 6762 10.1 has others keep a record one second after a goodbye.
    assert.ok(took < 2500, `the goodbye was seen after ${took} ms`);
    await provider.ended;
  }),
);

Deno.test(
  "what Avahi publishes is found, by its address and not by the URL that it names",
  needing(needs, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(3);
    await using avahi = await startAvahi(link.machines[1]!);
    // It serves without a word on the LAN; Avahi speaks for it.
    await using provider = await serve(link.machines[1]!, directory, "one", "--no-mdns");
    const text = ["channel=stable", "arch=x86_64", "manifest=http://198.51.100.1/manifest.json"];
    await using published = avahi.tool(
      ...["avahi-publish", "-s", "a foreign one", "_phase-image._tcp", "8099", ...text] as const,
    );
    await published.waitFor(/Established/, 10_000);
    await using client = discover(link, 2, directory, "--watch");
    await client.waitFor(/http:\/\/10\.99\.0\.2:8099/, 10_000);
    assert.ok(!client.output().includes("198.51.100.1"));
    client.signal("SIGTERM");
    provider.signal("SIGTERM");
    await Promise.all([client.ended, provider.ended]);
  }),
);

Deno.test(
  "a name that Avahi has already is left to it: there are two names",
  needing(needs, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(2);
    await using avahi = await startAvahi(link.machines[1]!);
    await using browser = avahi.tool("avahi-browse", "-rp", "_phase-image._tcp");
    let name: string;
    {
      await using first = await serve(link.machines[0]!, directory);
      const found = await browser.waitFor(/=;eth0;IPv4;(phase-stable-x86_64-[^;]+);/, 10_000);
      name = found[1]!;
      first.signal("SIGTERM");
      await first.ended;
    }
    await using published = avahi.tool("avahi-publish", "-s", name, "_phase-image._tcp", "8098");
    await published.waitFor(/Established/, 10_000);
    await using provider = await serve(link.machines[0]!, directory);
    // A browser of its own: one that knew the name before says nothing of its new owner.
    await using after = avahi.tool("avahi-browse", "-rp", "_phase-image._tcp");
    await after.waitFor(new RegExp(`=;eth0;IPv4;${name}-2;.*;10.99.0.1;8099;`), 15_000);
    await after.waitFor(new RegExp(`=;eth0;IPv4;${name};.*;10.99.0.2;8098;`), 5000);
    provider.signal("SIGTERM");
    await provider.ended;
  }),
);

Deno.test(
  "without mDNS nothing is announced",
  needing(needs, async () => {
    await using directory = await tempDirectory();
    await using link = await netnsLink(2);
    await using provider = await serve(link.machines[0]!, directory, "one", "--no-mdns");
    await using client = discover(link, 1, directory, "--timeout", "2");
    await client.ended;
    assert.match(client.output(), /Nobody serves stable\/x86_64/);
    provider.signal("SIGTERM");
    await provider.ended;
  }),
);
