import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { unpackExecutable } from "../../src/boot/media/executable.ts";
import {
  launcherMissing,
  type Seen,
  smallExecutable,
  startSmall,
} from "../support/launcher/small.ts";
import { tempDirectory } from "../support/temp.ts";

/** A test with a small executable in a directory of its own; skipped where none can be built. */
function test(name: string, body: (place: Place) => Promise<void>): void {
  Deno.test(name, async () => {
    if (launcherMissing !== undefined) return console.log(`SKIPPED: ${launcherMissing} missing`);
    await using directory = await tempDirectory();
    const file = directory.join("plasmd");
    await Deno.writeFile(file, await small(), { mode: 0o755 });
    await body({ file, cache: directory.join("cache"), join: directory.join });
  });
}

/** Where a test runs. */
interface Place {
  readonly file: string;
  readonly cache: string;
  readonly join: (...parts: string[]) => string;
}

let built: Promise<Uint8Array<ArrayBuffer>> | undefined;

async function buildOnce(): Promise<Uint8Array<ArrayBuffer>> {
  await using directory = await tempDirectory();
  return await smallExecutable(directory.path);
}

function small(): Promise<Uint8Array<ArrayBuffer>> {
  return built ??= buildOnce();
}

const contents = ["library one", "library two", "the runtime", "the program"];

/** That it started and got all its parts. */
function assertStarted(seen: Seen): void {
  assert.equal(seen.code, 7, seen.stderr);
  assert.deepEqual(seen.files, contents);
  assert.equal(seen.stderr, "");
}

test("arguments go behind the program, exit code and descriptors through", async ({ file }) => {
  const seen = await startSmall(file, ["serve", "", "two words", "--", "-x"], {
    PLASMD_CACHE_DIR: "",
  });
  assertStarted(seen);
  const shown = seen.args.map((arg) => arg.replaceAll(/\/proc\/self\/fd\/\d+/g, "FD"));
  assert.deepEqual(shown, [
    "plasmd",
    "--inhibit-cache",
    "--preload",
    "FD:FD",
    "--argv0",
    "plasmd",
    "FD",
    "run",
    "--flag",
    "FD",
    "serve",
    "",
    "two words",
    "--",
    "-x",
  ]);
});

test("what would change the runtime is dropped from the environment", async ({ file }) => {
  const seen = await startSmall(file, [], {
    PLASMD_CACHE_DIR: "",
    HOME: "/home/someone",
    DENO_V8_FLAGS: "--expose-gc",
    DENO_DIR: "/elsewhere",
    NODE_OPTIONS: "--require=/tmp/x.js",
    LD_PRELOAD: "/tmp/x.so",
    LD_LIBRARY_PATH: "/tmp",
    GLIBC_TUNABLES: "glibc.malloc.check=3",
    PLASMD_EXE: "/tmp/other",
    PLASMD_CALLED_AS: "phase-boot",
    PLASMD_IDENTITY: "/etc/key",
  });
  assertStarted(seen);
  assert.deepEqual(seen.env, {
    PLASMD_CACHE_DIR: "",
    HOME: "/home/someone",
    PLASMD_IDENTITY: "/etc/key",
    PLASMD_EXE: file,
    PLASMD_CALLED_AS: "plasmd",
    DENO_DIR: "/proc/plasmd/deno",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_LOG: "error,deno::cache=off",
  });
});

test("under another name the program learns that name and its own file", async (place) => {
  const link = place.join("phase-fetch");
  await Deno.symlink(place.file, link);
  const seen = await startSmall(link, [], { PLASMD_CACHE_DIR: "" });
  assertStarted(seen);
  assert.equal(seen.env.PLASMD_CALLED_AS, "phase-fetch");
  assert.equal(seen.env.PLASMD_EXE, place.file);
});

test("the first start fills a private cache, the second only opens it", async ({ file, cache }) => {
  const env = { PLASMD_CACHE_DIR: cache };
  assertStarted(await startSmall(file, [], env));
  assert.equal((await Deno.stat(cache)).mode! & 0o777, 0o700);
  const [entry, ...others] = await Array.fromAsync(Deno.readDir(cache));
  assert.equal(others.length, 0);
  const kept = join(cache, entry!.name);
  const inodes = await inodesOf(kept);
  assert.deepEqual([...inodes.keys()].sort(), [
    "ld.so",
    "libone.so",
    "libtwo.so",
    "plasmd.js",
    "runtime",
  ]);
  const seen = await startSmall(file, [], env);
  assertStarted(seen);
  assert.deepEqual(await inodesOf(kept), inodes);
  assert.equal(seen.env.DENO_DIR, join(kept, "deno"));
});

test("who starts once uses the cache and keeps no compiled code", async ({ file, cache }) => {
  const env = { PLASMD_CACHE_DIR: cache, PLASMD_START_ONCE: "1" };
  const seen = await startSmall(file, [], env);
  assertStarted(seen);
  assert.equal(seen.env.DENO_DIR, "/proc/plasmd/deno");
  assert.equal(seen.env.PLASMD_START_ONCE, undefined, "it is about this start alone");
  assert.deepEqual(seen.args.slice(7, 10), ["run", "--no-code-cache", "--flag"]);
  assert.equal((await Array.fromAsync(Deno.readDir(cache))).length, 1);
  const again = await startSmall(file, [], { ...env, PLASMD_START_ONCE: "" });
  assert.match(again.env.DENO_DIR!, /\/deno$/);
  assert.ok(!again.args.includes("--no-code-cache"));
  assert.notEqual(again.env.DENO_DIR, "/proc/plasmd/deno");
});

test("a cached part that was cut is unpacked again", async ({ file, cache }) => {
  const env = { PLASMD_CACHE_DIR: cache };
  assertStarted(await startSmall(file, [], env));
  const [entry] = await Array.fromAsync(Deno.readDir(cache));
  const runtime = join(cache, entry!.name, "runtime");
  await Deno.chmod(runtime, 0o700);
  await Deno.truncate(runtime, 3);
  assertStarted(await startSmall(file, [], env));
  assert.equal(await Deno.readTextFile(runtime), "the runtime");
});

test("a cache that others could have written to is not used", async ({ file, cache, join }) => {
  const env = { PLASMD_CACHE_DIR: cache };
  await Deno.mkdir(cache);
  await Deno.chmod(cache, 0o755);
  assertStarted(await startSmall(file, [], env));
  assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);

  await Deno.remove(cache);
  await Deno.mkdir(join("real"), { mode: 0o700 });
  await Deno.symlink(join("real"), cache);
  assertStarted(await startSmall(file, [], env));
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join("real"))), []);
});

test("a cache that another user owns is not used", async ({ file, cache }) => {
  if (Deno.uid() !== 0) return console.log("SKIPPED: root only");
  await Deno.mkdir(cache, { mode: 0o700 });
  await Deno.chown(cache, 65_534, 65_534);
  assertStarted(await startSmall(file, [], { PLASMD_CACHE_DIR: cache }));
  assert.deepEqual(await Array.fromAsync(Deno.readDir(cache)), []);
});

test("a cache in a directory whose entries others can replace is not used", async ({ file, join: at }) => {
  await Deno.mkdir(at("open", "within"), { recursive: true });
  const cache = at("open", "within", "cache");
  const env = { PLASMD_CACHE_DIR: cache };
  const entries = async () => (await Array.fromAsync(Deno.readDir(cache))).length;
  await Deno.chmod(at("open"), 0o777);
  assert.equal((await startSmall(file, [], env)).env.DENO_DIR, "/proc/plasmd/deno");
  assert.equal(await entries(), 0);
  if (Deno.uid() === 0) {
    await Deno.chmod(at("open"), 0o755);
    await Deno.chown(at("open"), 65_534, 0);
    assertStarted(await startSmall(file, [], env));
    assert.equal(await entries(), 0);
    await Deno.chown(at("open"), 0, 65_534);
    await Deno.chmod(at("open"), 0o775);
    assertStarted(await startSmall(file, [], env));
    assert.equal(await entries(), 0);
  }
  // As in /tmp: what is ours stays ours.
  await Deno.chmod(at("open"), 0o1777);
  assertStarted(await startSmall(file, [], env));
  assert.equal(await entries(), 1);
});

test("another user's cache is where that user's caches are", async ({ file, join: at }) => {
  if (Deno.uid() !== 0) return console.log("SKIPPED: root only");
  await Deno.chmod(at(), 0o755);
  for (const home of ["home", "xdg"]) {
    await Deno.mkdir(at(home), { mode: 0o700 });
    await Deno.chown(at(home), 65_534, 65_534);
  }
  const user = { uid: 65_534 };
  assertStarted(await startSmall(file, [], { HOME: at("home") }, user));
  assert.equal((await Deno.stat(at("home", ".cache", "plasmd"))).mode! & 0o777, 0o700);
  assertStarted(await startSmall(file, [], { HOME: "/", XDG_CACHE_HOME: at("xdg") }, user));
  assert.ok((await Deno.stat(at("xdg", "plasmd"))).isDirectory);
  const { env } = await startSmall(file, [], { HOME: "relative" }, user);
  assert.equal(env.DENO_DIR, "/proc/plasmd/deno");
});

test("a cached part that is a link is not followed", async ({ file, cache, join: at }) => {
  const env = { PLASMD_CACHE_DIR: cache };
  assertStarted(await startSmall(file, [], env));
  const [entry] = await Array.fromAsync(Deno.readDir(cache));
  const program = join(cache, entry!.name, "plasmd.js");
  await Deno.writeTextFile(at("evil"), "the pr0gram", { mode: 0o700 });
  await Deno.remove(program);
  await Deno.symlink(at("evil"), program);
  assertStarted(await startSmall(file, [], env));
  assert.equal((await Deno.lstat(program)).isSymlink, false);
});

test("a cache that can't be made is done without", async ({ file, join }) => {
  await Deno.writeTextFile(join("file"), "");
  for (const cache of [join("no", "such"), join("file"), "relative", "/proc/cache"]) {
    assertStarted(await startSmall(file, [], { PLASMD_CACHE_DIR: cache }));
  }
});

test("versions that nobody has started for long, and unfinished ones, are removed", async ({ file, cache }) => {
  const old = "0123456789abcdef0123456789abcdef";
  await Deno.mkdir(join(cache, old, "deno"), { recursive: true });
  await Deno.chmod(cache, 0o700);
  await Deno.writeTextFile(join(cache, old, "deno", "x"), "");
  for (const name of ["not-ours", ".new-1", ".new-2"]) await Deno.mkdir(join(cache, name));
  for (const name of [old, "not-ours", ".new-1"]) await Deno.utime(join(cache, name), 1e9, 1e9);
  assertStarted(await startSmall(file, [], { PLASMD_CACHE_DIR: cache }));
  const names = (await Array.fromAsync(Deno.readDir(cache))).map(({ name }) => name);
  assert.deepEqual(names.filter((name) => !/^[0-9a-f]{32}$/.test(name)).sort(), [
    ".new-2",
    "not-ours",
  ]);
  assert.equal(names.includes(old), false);
});

test("a first start in another container, with the same process id, is left alone", async ({ file, cache }) => {
  if (Deno.uid() !== 0) return console.log("SKIPPED: root only");
  await Deno.mkdir(join(cache, ".new-1"), { recursive: true });
  await Deno.chmod(cache, 0o700);
  await Deno.writeTextFile(join(cache, ".new-1", "runtime"), "half of");
  const apart = ["--pid", "--fork", file];
  assertStarted(await startSmall("/usr/bin/unshare", apart, { PLASMD_CACHE_DIR: cache }));
  assert.equal(await Deno.readTextFile(join(cache, ".new-1", "runtime")), "half of");
});

test("the executable of a boot image starts from the parts beside it, and from nothing else", async (place) => {
  const { launcher, key, parts } = (await unpackExecutable(await small(), "plasmd"))!;
  await Deno.writeFile(place.file, launcher, { mode: 0o755 });
  const env = { PLASMD_CACHE_DIR: place.cache };
  for (const PLASMD_CACHE_DIR of [place.cache, ""]) {
    const { code, stderr, args } = await startSmall(place.file, [], { PLASMD_CACHE_DIR });
    assert.deepEqual({ code, args }, { code: 1, args: [] });
    assert.match(stderr, /^error: .* parts of this executable are not in its cache\nhint: /);
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(place.cache)), [], "nothing empty is kept");
  const directory = join(place.cache, key);
  await Deno.mkdir(directory, { mode: 0o700 });
  for (const { name, bytes } of parts) {
    await Deno.writeFile(join(directory, name), bytes, { mode: 0o500 });
  }
  assertStarted(await startSmall(place.file, [], env));
});

test("a runtime's own cache that has grown large starts anew", async ({ file, cache }) => {
  const env = { PLASMD_CACHE_DIR: cache };
  const { env: { DENO_DIR } } = await startSmall(file, [], env);
  await Deno.mkdir(DENO_DIR!);
  await Deno.writeFile(join(DENO_DIR!, "v8_code_cache_v2"), new Uint8Array(1024));
  assertStarted(await startSmall(file, [], env));
  assert.equal((await Deno.stat(join(DENO_DIR!, "v8_code_cache_v2"))).size, 1024);
  await Deno.truncate(join(DENO_DIR!, "v8_code_cache_v2"), 17 * 1024 * 1024);
  assertStarted(await startSmall(file, [], env));
  await assert.rejects(Deno.stat(DENO_DIR!), Deno.errors.NotFound);
});

test("an executable that was cut anywhere is refused", async ({ file }) => {
  const whole = await small();
  for (const length of [whole.length - 1, whole.length - 64, whole.length - 4000]) {
    await assertRefused(file, whole.subarray(0, length), /was cut or altered/);
  }
  await assertRefused(file, concat(whole, new Uint8Array(1)), /was cut or altered/);
});

test("an executable with any byte of its payload changed is refused", async ({ file }) => {
  const whole = await small();
  const payload = payloadStart(whole);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: payload, max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const altered = whole.slice();
        altered[at]! ^= change;
        await assertRefused(file, altered, /was (cut or )?altered/);
      },
    ),
    { numRuns: 60 },
  );
});

test("two first starts at once both work", async ({ file, cache }) => {
  const start = () => startSmall(file, [], { PLASMD_CACHE_DIR: cache });
  for (const seen of await Promise.all([start(), start(), start(), start()])) assertStarted(seen);
});

async function assertRefused(file: string, bytes: Uint8Array, reason: RegExp): Promise<void> {
  await Deno.writeFile(file, bytes, { mode: 0o755 });
  const { code, stderr, args } = await startSmall(file, [], { PLASMD_CACHE_DIR: "" });
  assert.deepEqual(args, [], "nothing of it was run");
  assert.equal(code, 1);
  assert.match(stderr, reason);
  assert.match(stderr, /^hint: Copy the file again/m);
}

/** Where the first frame lies, as the index says; bytes before it are the launcher and padding. */
function payloadStart(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const index = Number(view.getBigUint64(bytes.length - 56, true));
  const parts = view.getUint32(index + 4, true);
  return Number(view.getBigUint64(index + 16 + parts * 56, true));
}

async function inodesOf(directory: string): Promise<Map<string, number | null>> {
  const inodes = new Map<string, number | null>();
  for await (const { name } of Deno.readDir(directory)) {
    inodes.set(name, (await Deno.stat(join(directory, name))).ino);
  }
  return inodes;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
