import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { compile } from "../../src/build/compile.ts";
import { fetchPackage } from "../../src/build/npm_runtime.ts";
import { hostTarget, targetsOf } from "../../src/build/targets.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { rootTools, startInRoot, withProc } from "../support/empty_root.ts";
import { executable, executableTools } from "../support/executable.ts";
import { type Ended, projectRoot } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const chrooted = { tools: [...executableTools, ...rootTools], root: true };
const memoryOnly = { PLASMD_CACHE_DIR: "" };

Deno.test(
  "alone in an empty root with /proc it runs, tests itself, and leaves nothing behind",
  needing(chrooted, async () => {
    await using root = await rootWith(await executable());
    const version = await inRoot(root, ["/plasmd", "version"], { env: memoryOnly });
    assert.equal(version.stderr, "");
    assert.match(version.stdout, /^plasmd \d+\.\d+\.\d+\n$/);

    const { code, stdout, stderr } = await inRoot(root, ["/plasmd", "selftest"], {
      env: memoryOnly,
    });
    console.log(stdout);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^7 of 7 passed/m);
    assert.deepEqual(await namesIn(root.path), ["plasmd", "proc"]);
  }),
);

Deno.test(
  "alone in an empty root it serves 100 MB to a client outside",
  needing(chrooted, async () => {
    await using root = await rootWith(await executable());
    await servesHundredMegabytes(root);
  }),
);

Deno.test(
  "in a root whose only libc is musl it runs beside programs of that libc",
  needing({ ...chrooted, tools: [...chrooted.tools, "musl-gcc", "busybox"] }, async () => {
    await using root = await rootWith(await executable());
    await addMusl(root);
    const script = "/hello && /plasmd version && /plasmd selftest";
    const { code, stdout, stderr } = await inRoot(root, ["/bin/sh", "-c", script], {
      env: memoryOnly,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^linked to musl\nplasmd \d/);
    assert.match(stdout, /^7 of 7 passed/m);
    await servesHundredMegabytes(root);
  }),
);

Deno.test(
  "without /proc it says what it needs",
  needing(chrooted, async () => {
    await using root = await rootWith(await executable());
    const { code, stderr } = await inRoot(root, ["/plasmd", "version"], { prepare: "true" });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "error: Cannot start: /proc is not mounted\nhint: mount -t proc proc /proc\n",
    );
  }),
);

Deno.test(
  "from tmpfs, a read-only root and beside a /tmp that forbids programs it runs",
  needing(chrooted, async () => {
    await using root = await rootWith(await executable());
    const prepare = 'mount --bind "$ROOT" "$ROOT" && mkdir -p "$ROOT/tmp" "$ROOT/shm" && ' +
      `${withProc} && mount -t tmpfs -o noexec tmpfs "$ROOT/tmp" && ` +
      'mount -t tmpfs tmpfs "$ROOT/shm" && cp "$ROOT/plasmd" "$ROOT/shm/" && ' +
      'mount -o remount,ro,bind "$ROOT"';
    for (const program of ["/plasmd", "/shm/plasmd"]) {
      const { stdout, stderr } = await inRoot(root, [program, "selftest"], { prepare });
      assert.match(stdout, /^7 of 7 passed/m, stdout + stderr);
    }
  }),
);

Deno.test(
  "the second start comes from the cache, from which a changed environment can't lure it",
  needing({ tools: executableTools }, async () => {
    await using place = await tempDirectory();
    const env = {
      PLASMD_CACHE_DIR: place.join("cache"),
      LD_PRELOAD: place.join("evil.so"),
      DENO_V8_FLAGS: "--no-such-flag",
      NODE_OPTIONS: "--no-such-option",
    };
    for (let start = 0; start < 2; start++) {
      const { stdout, stderr } = await run(["version", "--json"], env);
      assert.equal(stderr, "");
      const { target, runtime } = JSON.parse(stdout);
      assert.equal(target, hostTarget());
      assert.match(runtime, /^deno 2\./);
    }
    const [entry] = await namesIn(place.join("cache"));
    assert.match(entry!, /^[0-9a-f]{32}$/);
  }),
);

Deno.test(
  "arguments, exit codes and other names come through",
  needing({ tools: executableTools }, async () => {
    await using place = await tempDirectory();
    const env = { PLASMD_CACHE_DIR: place.join("cache") };
    const missing = await run(["manifest", "show", "two words, no file"], env);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /"two words, no file"/);
    assert.equal((await run(["version", "--bogus"], env)).code, 2);
    const link = place.join("phase-verify");
    await Deno.symlink(await executable(), link);
    const help = await run(["--help"], env, link);
    assert.match(help.stdout, /^ {2}plasmd boot verify /m);
  }),
);

Deno.test(
  "it shows the licences of all that it holds",
  needing({ tools: executableTools }, async () => {
    await using place = await tempDirectory();
    const { stdout } = await run(["licenses"], { PLASMD_CACHE_DIR: place.join("cache") });
    for (
      const text of [
        "GNU C Library (loader and libraries)",
        "GNU LESSER GENERAL PUBLIC LICENSE",
        "GCC RUNTIME LIBRARY EXCEPTION",
        "the Deno authors",
        "@noble/curves 2.4.0",
        "Apache License",
      ]
    ) assert.ok(stdout.includes(text), text);
  }),
);

Deno.test(
  "an executable with one byte changed, or cut, is refused and runs nothing",
  needing({ tools: executableTools }, async () => {
    await using place = await tempDirectory();
    const bytes = await Deno.readFile(await executable());
    const copy = place.join("plasmd");
    const refused = async (altered: Uint8Array) => {
      await Deno.writeFile(copy, altered, { mode: 0o755 });
      const { code, stdout, stderr } = await run(["version"], memoryOnly, copy);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(stderr, /^error: Cannot start: this executable was (cut or )?altered\nhint: /);
    };
    await refused(bytes.subarray(0, bytes.length >> 1));
    bytes[bytes.length >> 1]! ^= 0x10;
    await refused(bytes);
  }),
);

Deno.test("a runtime package that isn't what the lock file says is refused", async () => {
  await using place = await tempDirectory();
  const project = new URL(`file://${projectRoot}`);
  const definition = new URL("deno.json", project);
  // A small package without dependencies stands in: each runtime has 40 MB.
  const fetchSmall = (lock: URL) =>
    fetchPackage("rou3", { definition, lock }, { directory: place.join("package") });
  const files = await fetchSmall(new URL("deno.lock", project));
  assert.ok((await namesIn(files)).includes("package.json"));

  const lock = await Deno.readTextFile(new URL("deno.lock", project));
  const other = lock.replace(/("rou3@[^"]+": \{\s*"integrity": "sha512-)[^"]{6}/, "$1AAAAAA");
  assert.notEqual(other, lock);
  await Deno.writeTextFile(place.join("other.lock"), other);
  const refused = fetchSmall(new URL(`file://${place.join("other.lock")}`));
  await assert.rejects(refused, { code: "failed", message: /Expected: AAAAAA/ });
});

Deno.test(
  "two builds are the same, byte for byte",
  needing({ tools: executableTools }, async () => {
    await using place = await tempDirectory();
    const [target] = targetsOf([hostTarget()]);
    const cache = `${projectRoot}.cache/build`;
    const digests = [];
    for (const output of [place.join("a"), place.join("b")]) {
      const { file } = await compile({ target: target!, runtime: "npm", output, cache });
      digests.push(sha256Hex(await Deno.readFile(file)));
    }
    assert.equal(digests[0], digests[1]);
  }),
);

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  program?: string,
): Promise<Ended> {
  const { code, signal, stdout, stderr } = await new Deno.Command(program ?? await executable(), {
    args: [...args],
    env: { ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, stdout: text(stdout), stderr: text(stderr) };
}

async function inRoot(
  root: TempDirectory,
  command: readonly string[],
  options: Parameters<typeof startInRoot>[2],
): Promise<Ended> {
  await using running = startInRoot(root.path, command, options);
  return await running.ended;
}

async function rootWith(file: string): Promise<TempDirectory> {
  const root = await tempDirectory();
  await Deno.copyFile(file, root.join("plasmd"));
  await Deno.chmod(root.join("plasmd"), 0o755);
  return root;
}

/** A provider in the root serves 100 MB to a client outside of it. */
async function servesHundredMegabytes(root: TempDirectory): Promise<void> {
  await Deno.mkdir(root.join("artifacts"));
  const kernel = crypto.getRandomValues(new Uint8Array(65_536));
  await using file = await Deno.open(root.join("artifacts", "vmlinuz"), {
    write: true,
    create: true,
  });
  const hash = createHash("sha256");
  for (let i = 0; i < 1600; i++) {
    await file.write(kernel);
    hash.update(kernel);
  }
  await using daemon = startInRoot(root.path, [
    ...["/plasmd", "serve", "--artifacts", "/artifacts", "--host", "127.0.0.1", "--port", "0"],
    ...["--state-dir", "/state", "--no-dht", "--no-mdns", "--json"],
  ], { env: { ...memoryOnly, PLASMD_IDENTITY: "/state/identity.key" } });
  const { port } = await daemon.until((out) =>
    out.trimEnd().endsWith("}") ? JSON.parse(out) as { port: number } : undefined
  );
  // The launcher, the loader and the runtime are one process, and it has our name.
  assert.equal(await Deno.readTextFile(`/proc/${daemon.pid}/comm`), "plasmd\n");
  const answer = await fetch(`http://127.0.0.1:${port}/kernel`);
  const got = createHash("sha256");
  let bytes = 0;
  for await (const part of answer.body!) {
    got.update(part);
    bytes += part.length;
  }
  assert.equal(bytes, 1600 * 65_536);
  assert.equal(got.digest("hex"), hash.digest("hex"));
  daemon.kill("SIGTERM");
  const { code, signal, stderr } = await daemon.ended;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
}

/** A shell, and a program that needs musl's loader. */
async function addMusl(root: TempDirectory): Promise<void> {
  for (const name of ["bin", "lib"]) await Deno.mkdir(root.join(name));
  await Deno.copyFile("/bin/busybox", root.join("bin", "sh"));
  await Deno.writeTextFile(
    root.join("hello.c"),
    '#include <stdio.h>\nint main(void) { puts("linked to musl"); }\n',
  );
  await runTool("musl-gcc", "-o", root.join("hello"), root.join("hello.c"));
  const loader = /interpreter: ([^\]]+)\]/.exec(await runTool("readelf", "-l", root.join("hello")));
  await Deno.copyFile(await Deno.realPath(loader![1]!), root.join(loader![1]!));
  await Deno.chmod(root.join(loader![1]!), 0o755);
}

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}
