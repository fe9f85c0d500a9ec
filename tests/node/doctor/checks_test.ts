import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { doctorLimits, serverLimits } from "../../../src/lib/limits.ts";
import { checkBootstrap, untilTried } from "../../../src/node/doctor/bootstrap.ts";
import { checkClock } from "../../../src/node/doctor/clock.ts";
import { checkArtifacts, checkDisk, freeBytes } from "../../../src/node/doctor/disk.ts";
import {
  checkFile,
  checkIdentity,
  checkStateDir,
  nearestDirectory,
} from "../../../src/node/doctor/files.ts";
import {
  checkDescriptors,
  checkJobs,
  checkKexec,
  smallestModule,
} from "../../../src/node/doctor/machine.ts";
import { checkMulticast, probeQuestion } from "../../../src/node/doctor/multicast.ts";
import { checkPort } from "../../../src/node/doctor/port.ts";
import type { BootstrapStatus } from "../../../src/p2p/options.ts";
import { fakeClock } from "../../support/clock.ts";
import { tempDirectory } from "../../support/temp.ts";

const free = { host: "::", port: 8080, keyid: "ed25519:aa", listen() {}, ask: never };
const taken = () => {
  throw new PlasmdError("address_in_use", "taken");
};

function never(): Promise<never> {
  return Promise.reject(new Error("must not be asked"));
}

Deno.test("a port that can be listened on is ok, and so is any", async () => {
  assert.equal((await checkPort(free)).found, 'port 8080 on "::" is free');
  const any = await checkPort({ ...free, port: 0, listen: taken });
  assert.equal(any.status, "ok");
});

Deno.test("a port that our own provider answers on is ok", async () => {
  const ask = () => Promise.resolve("ed25519:aa");
  const { status, found } = await checkPort({ ...free, listen: taken, ask });
  assert.deepEqual([status, found], [
    "ok",
    `port 8080 on "::" is answered by this machine's plasmd`,
  ]);
});

Deno.test("a port that another plasmd has is a warning with its keyid", async () => {
  const ask = () => Promise.resolve("ed25519:bb");
  const { status, found, todo } = await checkPort({ ...free, listen: taken, ask });
  assert.equal(status, "warning");
  assert.match(found, /another key, ed25519:bb$/);
  assert.match(todo!, /another --port/);
});

Deno.test("a port that another program has is wrong", async () => {
  const { status, found, todo } = await checkPort({ ...free, listen: taken });
  assert.equal(status, "wrong");
  assert.match(found, /another program/);
  assert.match(todo!, /ss -ltnp/);
});

Deno.test("a port below 1024 that isn't ours to take is wrong, and so is a foreign address", async () => {
  const forbidden = () => {
    throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  };
  const low = await checkPort({ ...free, port: 80, listen: forbidden });
  assert.deepEqual([low.status, low.todo], ["wrong", "choose one of 1024 or more with --port"]);
  const foreign = () => {
    throw Object.assign(new Error("no such address"), { code: "EADDRNOTAVAIL" });
  };
  assert.match((await checkPort({ ...free, listen: foreign })).todo!, /--host/);
});

const link = { name: "eth0", loopback: false, ipv4: [], ipv6: [] };
const lanes = [{ id: "eth0/4", link, family: 4 }, { id: "eth0/6", link, family: 6 }] as const;

Deno.test("multicast that is heard on every interface is ok", async () => {
  const { status, found } = await checkMulticast({ lanes, hear: () => Promise.resolve() });
  assert.deepEqual([status, found], ["ok", "heard on eth0/4, eth0/6"]);
});

Deno.test("multicast that one interface loses is a warning that names it", async () => {
  const hear = ({ family }: { family: number }) =>
    family === 4 ? Promise.resolve() : Promise.reject(new Error("nothing came back"));
  const { status, found, todo } = await checkMulticast({ lanes, hear });
  assert.deepEqual([status, found], ["warning", "not heard (eth0/6: nothing came back)"]);
  assert.match(todo!, /5353/);
});

Deno.test("a machine without a network is told so", async () => {
  const { status, found } = await checkMulticast({ lanes: [], hear: never });
  assert.deepEqual([status, found], [
    "warning",
    "no interface but loopback has an address",
  ]);
});

Deno.test("the question that is sent is one of DNS, and each time another", () => {
  const question = probeQuestion(Uint8Array.of(1, 0xab));
  assert.deepEqual([...question.subarray(0, 12)], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const text = new TextDecoder().decode(question.subarray(12));
  assert.equal(text, "\x12plasmd-doctor-01ab\x05local\0\0\x01\0\x01");
  assert.notDeepEqual(question, probeQuestion(Uint8Array.of(1, 0xac)));
});

Deno.test("a clock after all that has happened is ok", () => {
  const past = [{ what: "this image was built", at: Date.UTC(2026, 1) }];
  const { status, found } = checkClock({ now: Date.UTC(2026, 2), past });
  assert.deepEqual([status, found], ["ok", "it is 2026-03-01T00:00:00Z"]);
});

Deno.test("a clock that was never set, is behind the image or far ahead is wrong", () => {
  const past = [{ what: "this image was built", at: Date.UTC(2026, 1) }];
  const cases = [
    [{ now: 10_000, past: [] }, /1970-01-01T00:00:10Z, and plasmd was begun at 2025/],
    [{ now: Date.UTC(2026, 0), past }, /and this image was built at 2026-02-01/],
    [{ now: Date.UTC(2099, 0), past }, /which can't be/],
  ] as const;
  for (const [facts, expected] of cases) {
    const { status, found, todo } = checkClock(facts);
    assert.equal(status, "wrong");
    assert.match(found, expected);
    assert.match(todo!, /timedatectl|date -u/);
  }
});

Deno.test("a key is ok where it can be used, and where serve will make it", async () => {
  const read = () => Promise.resolve("ed25519:aa");
  const there = await checkIdentity({ file: "k", exists: () => Promise.resolve(true), read });
  assert.deepEqual(there, { status: "ok", found: 'ed25519:aa in "k"' });
  const none = await checkIdentity({
    file: "k",
    exists: () => Promise.resolve(false),
    read: never,
  });
  assert.deepEqual(none, { status: "ok", found: 'none yet: serve makes "k"' });
});

Deno.test("a key that others can read is wrong, with the command that mends it", async () => {
  const error = new PlasmdError("identity", "its mode is 0644", { hint: "chmod 600 k" });
  const finding = await checkIdentity({
    file: "k",
    exists: () => Promise.resolve(true),
    read: () => Promise.reject(error),
  });
  assert.deepEqual(finding, { status: "wrong", found: "its mode is 0644", todo: "chmod 600 k" });
});

Deno.test("a file that decides is ok where it is missing, and where only its owner writes it", async () => {
  await using place = await tempDirectory();
  const file = place.join("trust.toml");
  await fs.writeFile(file, "", { mode: 0o644 });
  const read = () => Promise.resolve();
  assert.equal((await checkFile({ file: undefined, missing: "none", read: never })).found, "none");
  assert.equal((await checkFile({ file, missing: "", read })).status, "ok");
  await fs.chmod(file, 0o664);
  const open = await checkFile({ file, missing: "", read });
  assert.deepEqual([open.status, open.todo], ["wrong", `chmod go-w '${file}'`]);
});

Deno.test("a file that can't be used is wrong with the reader's words", async () => {
  const error = new PlasmdError("policy", "line 3: unknown setting");
  const finding = await checkFile({
    file: "trust.toml",
    missing: "",
    read: () => Promise.reject(error),
  });
  assert.deepEqual([finding.status, finding.found], ["wrong", "line 3: unknown setting"]);
  assert.match(finding.todo!, /readable/);
});

Deno.test("a state directory is ok where it is private or will be made", async () => {
  await using place = await tempDirectory();
  assert.equal((await checkStateDir(place.path)).status, "ok");
  const later = await checkStateDir(place.join("not", "yet"));
  assert.match(later.found, /^not there yet: serve makes/);
  assert.equal(await nearestDirectory(place.join("not", "yet")), place.path);
});

Deno.test("a state directory that others can write, or that is a file, is wrong", async () => {
  await using place = await tempDirectory();
  await fs.chmod(place.path, 0o777);
  assert.match((await checkStateDir(place.path)).todo!, /^chmod go-w /);
  await fs.chmod(place.path, 0o700);
  await fs.writeFile(place.join("file"), "");
  const finding = await checkStateDir(place.join("file"));
  assert.deepEqual([finding.status, finding.todo], [
    "wrong",
    "give another directory with --state-dir",
  ]);
});

Deno.test("a disk with room is ok, one that runs full a warning, a full one wrong", async () => {
  const status = async (bytes: number) =>
    (await checkDisk({ directory: "/srv", free: () => Promise.resolve(bytes) })).status;
  assert.equal(await status(doctorLimits.roomBytes), "ok");
  assert.equal(await status(doctorLimits.roomBytes - 1), "warning");
  assert.equal(await status(serverLimits.freeBytes - 1), "wrong");
  const broken = await checkDisk({
    directory: "/srv",
    free: () => Promise.reject(new Error("io")),
  });
  assert.equal(broken.status, "wrong");
});

Deno.test("artifacts that are configured must be there; none need be", async () => {
  await using place = await tempDirectory();
  const room = () => Promise.resolve(doctorLimits.roomBytes);
  assert.equal((await checkArtifacts(undefined, never)).status, "ok");
  assert.equal((await checkArtifacts(place.path, room)).status, "ok");
  assert.equal((await checkArtifacts(place.join("none"), room)).status, "wrong");
  assert.ok(await freeBytes(place.join("none")) > 0);
});

Deno.test("fewer descriptors than connections are a warning", () => {
  assert.equal(checkDescriptors({ wanted: 100, room: 100 }).status, "ok");
  const { status, found } = checkDescriptors({ wanted: 100, room: 99 });
  assert.equal(status, "warning");
  assert.match(found, /99 connections, and 100/);
});

Deno.test("kexec that isn't to be had is a warning with the kernel's reason", async () => {
  const error = new PlasmdError("permission", "locked down", { hint: "sign it" });
  const kexec = (os: string, obstacle: () => Promise<PlasmdError | undefined>) =>
    checkKexec({ os, obstacle });
  assert.equal((await kexec("linux", () => Promise.resolve(undefined))).status, "ok");
  assert.equal((await kexec("darwin", never)).status, "ok");
  assert.deepEqual(await kexec("linux", () => Promise.resolve(error)), {
    status: "warning",
    found: "locked down (only boot run and boot kexec need it)",
    todo: "sign it",
  });
  assert.equal((await kexec("linux", never)).status, "warning");
});

Deno.test("jobs that don't start are wrong where they are switched on, else a warning", async () => {
  const good = () => Promise.resolve({ completion: "exit", exitCode: 0 } as const);
  assert.equal((await checkJobs({ enabled: true, run: good })).status, "ok");
  const out = () => Promise.resolve({ completion: "memory", exitCode: 137 } as const);
  assert.equal((await checkJobs({ enabled: true, run: out })).status, "wrong");
  assert.match((await checkJobs({ enabled: false, run: out })).found, /ended by memory/);
  assert.equal((await checkJobs({ enabled: false, run: never })).status, "warning");
  assert.equal((await checkJobs({ enabled: true, run: never })).status, "wrong");
});

Deno.test("the smallest module is a valid one with an entry and a memory", () => {
  const module = new WebAssembly.Module(smallestModule as BufferSource);
  assert.deepEqual(WebAssembly.Module.exports(module).map(({ name }) => name), [
    "memory",
    "_start",
  ]);
});

const joined = (address: string): BootstrapStatus => ({ address, connected: true, failures: 0 });
const failed = (address: string): BootstrapStatus => ({
  address,
  connected: false,
  failures: 1,
  error: "refused",
});

Deno.test("the DHT isn't asked where it is switched off or nobody is named", async () => {
  const off = await checkBootstrap({ enabled: false, bootstrap: ["/a"], join: never });
  const none = await checkBootstrap({ enabled: true, bootstrap: [], join: never });
  assert.deepEqual([off.status, none.status], ["ok", "ok"]);
  assert.match(none.found, /^skipped/);
});

Deno.test("all bootstrap nodes are ok, some a warning, none wrong", async () => {
  const check = (...all: BootstrapStatus[]) =>
    checkBootstrap({ enabled: true, bootstrap: ["/a"], join: () => Promise.resolve(all) });
  assert.equal((await check(joined("/a"), joined("/b"))).status, "ok");
  const some = await check(joined("/a"), failed("/b"));
  assert.equal(some.status, "warning");
  assert.equal(some.found, "1 of 2 bootstrap nodes answered (/b: refused)");
  assert.equal((await check(failed("/a"))).status, "wrong");
  const broken = await checkBootstrap({ enabled: true, bootstrap: ["x"], join: never });
  assert.equal(broken.status, "wrong");
});

Deno.test("bootstrap nodes are waited for until each was tried, or the time is over", async () => {
  const clock = fakeClock();
  const { signal } = new AbortController();
  let bootstrap: BootstrapStatus[] = [{ address: "/a", connected: false, failures: 0 }];
  const node = { status: () => ({ peers: 0, table: 0, bootstrap, held: 0, sent: 0 }) };
  const tried = untilTried(node, { clock, signal });
  bootstrap = [failed("/a")];
  clock.advance(doctorLimits.lookMs);
  assert.deepEqual(await tried, [failed("/a")]);
  bootstrap = [{ address: "/a", connected: false, failures: 0 }];
  const waited = untilTried(node, { clock, signal });
  clock.advance(doctorLimits.bootstrapMs);
  assert.equal((await waited)[0]!.failures, 0);
});
