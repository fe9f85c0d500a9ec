import assert from "node:assert/strict";
import fc from "fast-check";
import type { Descriptor } from "../../../src/jobs/preview2/descriptor.ts";
import { ComponentTrap, IoError } from "../../../src/jobs/preview2/failures.ts";
import { makePreview2, preview2Names } from "../../../src/jobs/preview2/interfaces.ts";
import type { Pollable } from "../../../src/jobs/preview2/poll.ts";
import type { InputStream, OutputStream } from "../../../src/jobs/preview2/streams.ts";
import { ProcessExit, type WasiHost } from "../../../src/jobs/wasi/host.ts";

/** The interfaces of a job with these files, and what it wrote. */
function job(files: Readonly<Record<string, string>> = {}, host: Partial<WasiHost> = {}) {
  const written = { stdout: "", stderr: "" };
  let time = 1_600_000_000_000_000_000n;
  const sleeps: bigint[] = [];
  const all = makePreview2({
    files: new Map(Object.entries(files).map(([name, content]) => [name, bytes(content)])),
    fileBytes: 1000,
    host: {
      args: ["module", "one"],
      env: [["X", "1"]],
      stdin: bytes("input"),
      write: (stream, part) => void (written[stream] += text(part)),
      clocks: {
        realtime: () => time++,
        monotonic: () => time,
        sleep(nanoseconds) {
          sleeps.push(nanoseconds);
          time += nanoseconds;
        },
      },
      random: (into) => void into.fill(7),
      ...host,
    },
  });
  // deno-lint-ignore no-explicit-any -- as the transpiler's script calls them
  const call = (name: string, call: string, ...args: unknown[]): any =>
    (all[name]![call] as (...args: unknown[]) => unknown)(...args);
  const [[root]] = call("wasi:filesystem/preopens", "getDirectories") as [[Descriptor, string]];
  return { all, call, root, written, sleeps };
}

const bytes = (content: string) => new TextEncoder().encode(content);
const text = (content: Uint8Array) => new TextDecoder().decode(content);
const create = { create: true };
const writing = { read: true, write: true };

/** What an operation fails with. */
function failure(operation: () => unknown): unknown {
  try {
    operation();
  } catch (thrown) {
    return thrown;
  }
  assert.fail("it worked");
}

Deno.test("a component gets its arguments and variables, and nothing of the machine's", () => {
  const { call } = job();
  assert.deepEqual(call("wasi:cli/environment", "getArguments"), ["module", "one"]);
  assert.deepEqual(call("wasi:cli/environment", "getEnvironment"), [["X", "1"]]);
  assert.equal(call("wasi:cli/environment", "initialCwd"), "/");
  assert.equal(call("wasi:cli/terminal-stdout", "getTerminalStdout"), undefined);
});

Deno.test("an exit carries its code", () => {
  const { call } = job();
  const code = (thrown: unknown) => thrown instanceof ProcessExit ? thrown.code : thrown;
  assert.equal(code(failure(() => call("wasi:cli/exit", "exit", { tag: "ok" }))), 0);
  assert.equal(code(failure(() => call("wasi:cli/exit", "exit", { tag: "err" }))), 1);
  assert.equal(code(failure(() => call("wasi:cli/exit", "exitWithCode", 33))), 33);
});

Deno.test("standard input is read once, by whoever asks, and ends", () => {
  const { call } = job();
  const first: InputStream = call("wasi:cli/stdin", "getStdin");
  const second: InputStream = call("wasi:cli/stdin", "getStdin");
  assert.equal(text(first.read(2n)), "in");
  assert.equal(second.skip(1n), 1n);
  assert.equal(text(second.blockingRead(1n << 60n)), "ut");
  assert.deepEqual(failure(() => first.read(1n)), { tag: "closed" });
  assert.deepEqual(failure(() => second.blockingSkip(1n)), { tag: "closed" });
});

Deno.test("output goes to its stream; more than was permitted is a trap", () => {
  const { call, written } = job();
  const out: OutputStream = call("wasi:cli/stdout", "getStdout");
  const err: OutputStream = call("wasi:cli/stderr", "getStderr");
  assert.ok(failure(() => out.write(bytes("x"))) instanceof ComponentTrap);
  out.checkWrite();
  out.write(bytes("ab"));
  out.blockingWriteAndFlush(bytes("c"));
  out.blockingWriteZeroesAndFlush(1n);
  err.checkWrite();
  err.writeZeroes(2n);
  assert.equal(err.splice(call("wasi:cli/stdin", "getStdin"), 3n), 3n);
  assert.deepEqual(written, { stdout: "abc\0", stderr: "\0\0inp" });
  const traps = [
    () => out.blockingWriteAndFlush(new Uint8Array(4097)),
    () => out.blockingWriteZeroesAndFlush(4097n),
    () => out.writeZeroes(1n << 40n),
    () => out.write(new Uint8Array((1 << 20) - 1)),
  ];
  for (const trap of traps) assert.ok(failure(trap) instanceof ComponentTrap);
});

Deno.test("what ends a job is no stream's error", () => {
  const limit = new RangeError("enough");
  const { call } = job({}, {
    write() {
      throw limit;
    },
  });
  const out: OutputStream = call("wasi:cli/stdout", "getStdout");
  assert.equal(failure(() => out.blockingWriteAndFlush(bytes("x"))), limit);
});

Deno.test("waiting sleeps until the first of the list is ready, and no longer", () => {
  const { call, sleeps } = job();
  const wait = (nanoseconds: bigint): Pollable =>
    call("wasi:clocks/monotonic-clock", "subscribeDuration", nanoseconds);
  const [late, soon] = [wait(5_000n), wait(100n)];
  assert.deepEqual([...call("wasi:io/poll", "poll", [late, soon])], [1]);
  assert.deepEqual(sleeps, [100n]);
  assert.deepEqual([late.ready(), soon.ready()], [false, true]);
  late.block();
  assert.deepEqual(sleeps, [100n, 4_900n]);
  const stream: InputStream = call("wasi:cli/stdin", "getStdin");
  assert.deepEqual([...call("wasi:io/poll", "poll", [wait(9n), stream.subscribe()])], [1]);
  assert.equal(sleeps.length, 2);
  assert.ok(failure(() => call("wasi:io/poll", "poll", [])) instanceof ComponentTrap);
});

Deno.test("clocks and randomness are the job's", () => {
  const { call } = job();
  const { seconds, nanoseconds } = call("wasi:clocks/wall-clock", "now");
  assert.deepEqual([seconds, nanoseconds > 0], [1_600_000_000n, true]);
  assert.deepEqual([...call("wasi:random/random", "getRandomBytes", 3n)], [7, 7, 7]);
  assert.equal(call("wasi:random/random", "getRandomU64"), 0x0707_0707_0707_0707n);
  assert.equal(call("wasi:random/insecure-seed", "insecureSeed").length, 2);
  const much = failure(() => call("wasi:random/random", "getRandomBytes", 1n << 50n));
  assert.ok(much instanceof ComponentTrap);
});

Deno.test("files are made, written, read and listed", () => {
  const { root } = job({ "d/in.txt": "abc" });
  const file = root.openAt({}, "new", create, writing);
  assert.equal(file.write(bytes("hello"), 2n), 5n);
  const stream = file.writeViaStream(0n);
  stream.blockingWriteAndFlush(bytes("xy"));
  file.appendViaStream().blockingWriteAndFlush(bytes("!"));
  assert.deepEqual(file.read(100n, 1n).map(String), [String(bytes("yhello!")), "true"]);
  const reader = file.readViaStream(2n);
  assert.equal(text(reader.read(3n)), "hel");
  assert.equal(text(reader.read(100n)), "lo!");
  assert.deepEqual(failure(() => reader.read(1n)), { tag: "closed" });
  const listed = [];
  const entries = root.readDirectory();
  for (let one = entries.readDirectoryEntry(); one; one = entries.readDirectoryEntry()) {
    listed.push(one);
  }
  assert.deepEqual(listed, [
    { type: "directory", name: "d" },
    { type: "regular-file", name: "new" },
  ]);
  assert.equal(root.statAt({}, "new").size, 8n);
  assert.equal(file.stat().linkCount, 1n);
  file.setSize(1n);
  assert.equal(text(file.read(9n, 0n)[0]), "x");
});

Deno.test("no path leaves the directory that it is looked up in", () => {
  const { root } = job({ "d/in.txt": "abc", "secret": "s" });
  const inner = root.openAt({}, "d", { directory: true }, { read: true });
  for (const path of ["../secret", "/secret", "x/../../secret"]) {
    assert.match(
      String(failure(() => inner.openAt({}, path, {}, { read: true }))),
      /not-permitted|no-entry/,
    );
  }
  root.symlinkAt("../secret", "d/link");
  assert.equal(
    failure(() => inner.openAt({ symlinkFollow: true }, "link", {}, { read: true })),
    "not-permitted",
  );
  assert.equal(failure(() => root.symlinkAt("/etc/passwd", "link")), "not-permitted");
  assert.equal(inner.readlinkAt("link"), "../secret");
});

Deno.test("a directory that was opened to be read stays as it is", () => {
  const { root } = job({ "d/in.txt": "abc" });
  const inner = root.openAt({}, "d", {}, { read: true });
  const changes = [
    () => inner.createDirectoryAt("x"),
    () => inner.unlinkFileAt("in.txt"),
    () => inner.openAt({}, "new", create, writing),
    () => inner.openAt({}, "in.txt", {}, writing),
    () => inner.openAt({}, "in.txt", { truncate: true }, { read: true }),
    () => inner.setTimesAt({}, "in.txt", { tag: "now" }, { tag: "now" }),
    () => inner.renameAt("in.txt", root, "out"),
    () => inner.linkAt({}, "in.txt", root, "out"),
    () => root.renameAt("d/in.txt", inner, "out"),
  ];
  for (const change of changes) assert.equal(failure(change), "read-only");
  assert.equal(root.statAt({}, "d/in.txt").size, 3n);
});

Deno.test("a file is read and written as it was opened", () => {
  const { root } = job({ "a": "abc" });
  const read = root.openAt({}, "a", {}, { read: true });
  assert.equal(failure(() => read.write(bytes("x"), 0n)), "bad-descriptor");
  assert.equal(failure(() => read.writeViaStream(0n)), "bad-descriptor");
  assert.equal(failure(() => read.setSize(0n)), "bad-descriptor");
  const write = root.openAt({}, "a", {}, { write: true });
  assert.equal(failure(() => write.read(1n, 0n)), "bad-descriptor");
  assert.equal(failure(() => root.read(1n, 0n)), "is-directory");
  assert.equal(failure(() => read.readDirectory()), "not-directory");
});

Deno.test("names are made, moved and taken away", () => {
  const { root } = job({ "a": "abc" });
  root.createDirectoryAt("d");
  assert.equal(failure(() => root.createDirectoryAt("d")), "exist");
  root.linkAt({}, "a", root, "d/b");
  assert.equal(root.statAt({}, "a").linkCount, 2n);
  assert.equal(failure(() => root.removeDirectoryAt("d")), "not-empty");
  root.renameAt("d/b", root, "c");
  root.removeDirectoryAt("d");
  const [a, c] = ["a", "c"].map((name) => root.openAt({}, name, {}, { read: true }));
  assert.ok(a!.isSameObject(c!));
  assert.deepEqual(a!.metadataHash(), root.metadataHashAt({}, "c"));
  root.unlinkFileAt("a");
  assert.equal(failure(() => root.unlinkFileAt("a")), "no-entry");
  assert.equal(text(a!.read(9n, 0n)[0]), "abc");
  const opens = [{ create: true, exclusive: true }, { directory: true }];
  assert.deepEqual(
    opens.map((open) => failure(() => root.openAt({}, "c", open, { read: true }))),
    ["exist", "not-directory"],
  );
});

Deno.test("times are set as they are asked for", () => {
  const { root } = job({ "a": "abc" });
  const stamp = { tag: "timestamp", val: { seconds: 5n, nanoseconds: 6 } } as const;
  root.setTimesAt({}, "a", stamp, { tag: "no-change" });
  const { dataAccessTimestamp, dataModificationTimestamp } = root.statAt({}, "a");
  assert.deepEqual(dataAccessTimestamp, { seconds: 5n, nanoseconds: 6 });
  assert.equal(dataModificationTimestamp.seconds, 1_600_000_000n);
});

Deno.test("files hold no more than they may, and give their room back", () => {
  const { root, call } = job();
  const file = root.openAt({}, "big", create, writing);
  assert.equal(failure(() => file.setSize(1001n)), "insufficient-space");
  assert.equal(failure(() => file.write(bytes("x"), 1n << 62n)), "file-too-large");
  const stream = file.writeViaStream(999n);
  const { tag, val } = failure(() => stream.blockingWriteAndFlush(bytes("ab"))) as {
    tag: string;
    val: IoError;
  };
  assert.deepEqual([tag, val.toDebugString()], ["last-operation-failed", "insufficient-space"]);
  assert.equal(
    call("wasi:filesystem/types", "filesystemErrorCode", val),
    "insufficient-space",
  );
  file.setSize(1000n);
  root.unlinkFileAt("big");
  const other = root.openAt({}, "other", create, writing);
  assert.equal(failure(() => other.setSize(1n)), "insufficient-space");
  file[Symbol.dispose]();
  assert.equal(failure(() => other.setSize(1n)), "insufficient-space");
  stream[Symbol.dispose]();
  other.setSize(1000n);
});

Deno.test("there are no sockets, and whoever wants one is told", () => {
  const { call } = job();
  const network = call("wasi:sockets/instance-network", "instanceNetwork");
  const refusals = [
    () => call("wasi:sockets/tcp-create-socket", "createTcpSocket", "ipv4"),
    () => call("wasi:sockets/udp-create-socket", "createUdpSocket", "ipv6"),
    () => call("wasi:sockets/ip-name-lookup", "resolveAddresses", network, "example.org"),
  ];
  assert.deepEqual(refusals.map(failure), ["not-supported", "not-supported", "access-denied"]);
});

Deno.test("every interface has a name of WASI 0.2, and none a version", () => {
  for (const name of preview2Names()) assert.match(name, /^wasi:[a-z]+\/[a-z-]+$/);
});

Deno.test("any path is a file of the job's own, or an error code", () => {
  const { root } = job({ "d/in.txt": "abc" });
  const part = fc.oneof(fc.constantFrom("d", "in.txt", "..", ".", "", "new"), fc.string());
  fc.assert(fc.property(fc.array(part), fc.boolean(), (parts, makes) => {
    try {
      root.openAt({}, parts.join("/"), makes ? create : {}, { read: true }).stat();
    } catch (thrown) {
      assert.equal(typeof thrown, "string", String(thrown));
    }
  }));
});
