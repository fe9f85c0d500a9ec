import assert from "node:assert/strict";
import { type Ended, runProgram, startProgram } from "../support/program.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { nobody, publicProgram } from "../support/public_program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, type TestBody } from "../support/tools.ts";

const MiB = 1024 * 1024;

/** A small image: a kernel and a rootfs of some MiB, different in every byte that matters. */
async function smallImage(directory: string, rootfsBytes = 8 * MiB): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeFile(`${directory}/vmlinuz`, pattern(1 * MiB, 3));
  await Deno.writeFile(`${directory}/rootfs.squashfs`, pattern(rootfsBytes, 5));
}

function pattern(length: number, step: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => (i * step) ^ (i >> 8) ^ (i >> 16));
}

/** What every failure looks like: an error line with what and where, and no stack trace. */
function assertClear({ code, stdout, stderr }: Ended, expected: number, message: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.match(stderr, /^error: /m);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr + stdout, /^\s+at .+:\d+:\d+/m, "no stack trace");
  assert.doesNotMatch(stderr, /mistake in plasmd/, "it is nobody's bug");
}

/** Words before a command: it runs with a tmpfs at the directory, which ends with it. */
function withTmpfs(directory: string, options: string, fill = ""): string[] {
  const script = `mount -t tmpfs -o ${options} tmpfs "$0" && ${fill || ":"} && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, directory];
}

/** Words that fill the file system of a shell's `$0`. */
const fill = `{ cat /dev/zero > "$0/full" 2>/dev/null || :; }`;

/** A test as root, with the small image in `home/image`. */
function asRoot(body: (home: string) => Promise<void>): TestBody {
  return needing({ tools: ["setpriv", "unshare", "mount"], root: true }, async () => {
    await using home = await tempDirectory();
    await Deno.chmod(home.path, 0o755);
    await smallImage(`${home.path}/image`);
    await body(home.path);
  });
}

function fetchArgs(home: string, { origin, keyid }: Provider, ...more: string[]): string[] {
  return [
    ...["boot", "fetch", origin, "--trust", keyid, "--output", `${home}/output`],
    ...["--state-dir", `${home}/client`, ...more],
  ];
}

function serveArgs(home: string, ...more: string[]): string[] {
  return [
    ...["serve", "--artifacts", `${home}/image`, "--host", "127.0.0.1", "--port", "0"],
    ...["--no-dht", "--no-mdns", ...more],
  ];
}

Deno.test(
  "port 80 without rights ends with 1 and says so",
  asRoot(async (home) => {
    await using program = await publicProgram();
    // A network namespace of its own: port 80 is free there, and privileged.
    const own = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
    const args = serveArgs(home).map((arg) => arg === "0" ? "80" : arg);
    const ended = await runProgram(args, program.asNobody(own));
    assertClear(ended, 1, /port 80/i);
    assert.match(ended.stderr, /^hint: /m);
  }),
);

Deno.test(
  "artifacts that another user may not read are named, and nothing is served",
  asRoot(async (home) => {
    await using program = await publicProgram();
    await Deno.chmod(`${home}/image/vmlinuz`, 0o600);
    const ended = await runProgram(serveArgs(home), program.asNobody());
    assertClear(ended, 1, /vmlinuz/);
    assert.match(ended.stderr, /permission denied/i);
    assert.equal(ended.stdout, "");
  }),
);

Deno.test(
  "a directory that another user may not enter is named",
  asRoot(async (home) => {
    await using program = await publicProgram();
    await Deno.chmod(`${home}/image`, 0o700);
    assertClear(
      await runProgram(serveArgs(home), program.asNobody()),
      2,
      /image"?:? .*permission/i,
    );
  }),
);

Deno.test(
  "a key file that others could read, that another user owns or that is a link is refused",
  asRoot(async (home) => {
    const key = `${home}/identity.key`;
    const show = () => runProgram(["identity", "show", "--file", key]);
    await Deno.writeFile(key, pattern(32, 7), { mode: 0o600 });
    assert.equal((await show()).code, 0);
    await Deno.chmod(key, 0o644);
    assertClear(await show(), 2, /mode/);
    await Deno.chmod(key, 0o600);
    await Deno.chown(key, nobody, nobody);
    assertClear(await show(), 2, /belongs to user 65534/);
    await Deno.chown(key, 0, 0);
    await Deno.symlink(key, `${home}/link.key`);
    assertClear(await runProgram(["identity", "show", "--file", `${home}/link.key`]), 2, /link/);
    await Deno.writeFile(key, pattern(31, 7));
    assertClear(await show(), 2, /31 bytes/);
  }),
);

Deno.test(
  "a provider doesn't start with a key file that others could read",
  asRoot(async (home) => {
    const key = `${home}/identity.key`;
    await Deno.writeFile(key, pattern(32, 7), { mode: 0o644 });
    const ended = await runProgram(serveArgs(home, "--state-dir", `${home}/state`), {
      env: { PLASMD_IDENTITY: key },
    });
    assertClear(ended, 2, /identity\.key/);
  }),
);

for (
  const [kind, prefix] of [
    ["read-only", (state: string) => withTmpfs(state, "ro")],
    ["full", (state: string) => withTmpfs(state, "size=64k", fill)],
  ] as const
) {
  Deno.test(
    `a provider with a ${kind} state directory serves, and warns`,
    asRoot(async (home) => {
      const state = `${home}/state`;
      await Deno.mkdir(state);
      await using provider = await startProvider(`${home}/image`, home, { prefix: prefix(state) });
      const answer = await fetch(`${provider.origin}/kernel`);
      assert.deepEqual(await answer.bytes(), await Deno.readFile(`${home}/image/vmlinuz`));
      assert.match(provider.process.stderr(), /state/);
    }),
  );

  Deno.test(
    `a fetch into a ${kind} directory ends with 1 and says so`,
    asRoot(async (home) => {
      const output = `${home}/output`;
      await Deno.mkdir(output);
      await using provider = await startProvider(`${home}/image`, home);
      const ended = await runProgram(fetchArgs(home, provider), { prefix: prefix(output) });
      assertClear(ended, 1, kind === "full" ? /0 B are free/ : /read-only/i);
    }),
  );
}

Deno.test(
  "a disk that is too small is noticed before anything is fetched",
  asRoot(async (home) => {
    const output = `${home}/output`;
    await Deno.mkdir(output);
    await using provider = await startProvider(`${home}/image`, home);
    const ended = await runProgram(fetchArgs(home, provider), {
      prefix: withTmpfs(output, "size=4m"),
    });
    assertClear(ended, 1, /Cannot fetch 9 MiB into .*: 4 MiB are free/);
    assert.match(ended.stderr, /^hint: make room/m);
  }),
);

Deno.test(
  "a provider killed with SIGKILL serves the same manifest after a restart on the same port",
  asRoot(async (home) => {
    let port: number;
    let manifest: string;
    {
      await using provider = await startProvider(`${home}/image`, home);
      port = provider.port;
      manifest = await (await fetch(`${provider.origin}/manifest.json`)).text();
      provider.process.kill("SIGKILL");
      assert.equal((await provider.process.ended).signal, "SIGKILL");
    }
    await using again = await startProvider(`${home}/image`, home, {
      args: ["--port", String(port)],
    });
    assert.equal(again.port, port);
    assert.equal(await (await fetch(`${again.origin}/manifest.json`)).text(), manifest);
  }),
);

Deno.test(
  "a client whose provider is killed in the middle finishes when it is back",
  asRoot(async (home) => {
    await smallImage(`${home}/image`, 48 * MiB);
    const output = `${home}/output`;
    {
      await using provider = await startProvider(`${home}/image`, home);
      await using client = startProgram(fetchArgs(home, provider, "--limit-rate", "20M"));
      await firstBytes(output);
      provider.process.kill("SIGKILL");
      assertClear(await client.ended, 5, /127\.0\.0\.1/);
    }
    await using again = await startProvider(`${home}/image`, home);
    const ended = await runProgram(fetchArgs(home, again));
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      await Deno.readFile(`${output}/rootfs`),
      await Deno.readFile(`${home}/image/rootfs.squashfs`),
    );
  }),
);

/** Resolves once a partial rootfs is there; looks 50 times a second. */
async function firstBytes(directory: string): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    const entries = await Array.fromAsync(Deno.readDir(directory)).catch(() => []);
    if (entries.some(({ name }) => /rootfs.*part/.test(name))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`No partial rootfs in ${directory} within half a minute`);
}
