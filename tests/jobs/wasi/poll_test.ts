import assert from "node:assert/strict";
import { errno, oflags, rights } from "../../../src/jobs/wasi/abi.ts";
import { type FakeJob, fakeJob } from "../../support/wasi.ts";

const { success } = errno;

/** Writes a subscription of 48 bytes. */
function subscribe(
  job: FakeJob,
  at: number,
  userdata: bigint,
  kind: { clock: number; timeout: bigint; absolute?: boolean } | { read?: number; write?: number },
) {
  const view = job.view();
  view.setBigUint64(at, userdata, true);
  if ("clock" in kind) {
    view.setUint8(at + 8, 0);
    view.setUint32(at + 16, kind.clock, true);
    view.setBigUint64(at + 24, kind.timeout, true);
    view.setUint16(at + 40, kind.absolute ? 1 : 0, true);
  } else {
    view.setUint8(at + 8, kind.read !== undefined ? 1 : 2);
    view.setUint32(at + 16, (kind.read ?? kind.write)!, true);
  }
}

Deno.test("poll sleeps for the first clock, and says which it was", () => {
  const job = fakeJob();
  const [input, output, count] = [job.room(96), job.room(64), job.room(4)];
  subscribe(job, input, 1n, { clock: 1, timeout: 900n });
  subscribe(job, input + 48, 2n, { clock: 1, timeout: 305n, absolute: true });
  assert.equal(job.call("poll_oneoff", input, output, 2, count), success);
  assert.equal(job.u32(count), 1);
  assert.equal(job.u64(output), 2n);
  assert.equal(job.slept(), 300n);
});

Deno.test("files and streams are ready at once, what isn't open is an event with an error", () => {
  const job = fakeJob({ f: "abc" }, { stdin: new Uint8Array(5) });
  const [, fd] = job.open("f", { rights: rights.fd_read | rights.poll_fd_readwrite });
  const [input, output, count] = [job.room(192), job.room(128), job.room(4)];
  subscribe(job, input, 1n, { clock: 0, timeout: 1_000_000n });
  subscribe(job, input + 48, 2n, { read: fd });
  subscribe(job, input + 96, 3n, { write: 1 });
  subscribe(job, input + 144, 4n, { read: 99 });
  assert.equal(job.call("poll_oneoff", input, output, 4, count), success);
  assert.equal(job.u32(count), 3);
  assert.deepEqual([job.u64(output), job.u64(output + 16)], [2n, 3n]);
  assert.equal(job.u16(output + 64 + 8), errno.badf);
  assert.equal(job.slept(), 0n);
  assert.equal(job.call("poll_oneoff", input, output, 0, count), errno.inval);
});

/** An event as it lies in the output. */
function event(job: FakeJob, at: number) {
  return {
    userdata: job.u64(at),
    error: job.u16(at + 8),
    type: job.u8(at + 10),
    bytes: job.u64(at + 16),
    hangup: job.u16(at + 24) === 1,
  };
}

/** Asks for all of it at once; returns [error, events]. */
function poll(job: FakeJob, ...kinds: Parameters<typeof subscribe>[3][]) {
  const [input, output] = [job.room(48 * kinds.length), job.room(32 * kinds.length)];
  const count = job.room(4);
  kinds.forEach((kind, i) => subscribe(job, input + 48 * i, BigInt(i + 1), kind));
  const error = job.call("poll_oneoff", input, output, kinds.length, count);
  const events = Array.from({ length: job.u32(count) }, (_, i) => event(job, output + 32 * i));
  return [error, events] as const;
}

Deno.test("a time that has come is no wait, and is told with what is ready", () => {
  const job = fakeJob();
  const past = { clock: 0, timeout: 1n, absolute: true };
  const [error, events] = poll(job, past, { clock: 1, timeout: 0n }, { write: 2 });
  assert.equal(error, success);
  assert.deepEqual(events.map(({ userdata, type }) => [userdata, type]), [[3n, 2], [1n, 0], [
    2n,
    0,
  ]]);
  assert.equal(job.slept(), 0n);
});

Deno.test("several times that come together are told together", () => {
  const job = fakeJob();
  const [, events] = poll(
    job,
    { clock: 1, timeout: 100n },
    { clock: 0, timeout: 1_700_000_000_000_000_100n, absolute: true },
    { clock: 1, timeout: 101n },
  );
  assert.deepEqual(events.map(({ userdata }) => userdata), [1n, 2n]);
  assert.equal(job.slept(), 100n);
});

Deno.test("what can't be waited for is an event with an error, and no sleep", () => {
  const job = fakeJob({ "d/f": "x" });
  const [, directory] = job.open("d", {
    flags: oflags.directory,
    rights: rights.poll_fd_readwrite | rights.fd_readdir,
  });
  const [, blind] = job.open("d/f", { rights: rights.fd_read });
  const [error, events] = poll(
    job,
    { clock: 9, timeout: 5n },
    { read: directory },
    { read: blind },
    { read: 1 },
    { write: 0 },
    { clock: 1, timeout: 1_000_000n },
  );
  assert.equal(error, success);
  assert.deepEqual(events.map(({ userdata, error }) => [userdata, error]), [
    [1n, errno.inval],
    [2n, errno.badf],
    [3n, errno.notcapable],
    [4n, errno.badf],
    [5n, errno.badf],
  ]);
  assert.equal(job.slept(), 0n);
});

Deno.test("how much can be read is told, and the end of the input as a hangup", () => {
  const job = fakeJob({ f: "abc" }, { stdin: new Uint8Array(300) });
  const [, fd] = job.open("f", { rights: rights.fd_read | rights.poll_fd_readwrite });
  const said = () => poll(job, { read: 0 }, { read: fd })[1];
  assert.deepEqual(said().map(({ bytes, hangup }) => [bytes, hangup]), [[300n, false], [
    3n,
    false,
  ]]);
  job.read(0);
  job.read(0);
  job.read(fd);
  assert.deepEqual(said().map(({ bytes, hangup }) => [bytes, hangup]), [[0n, true], [0n, false]]);
});

Deno.test("a kind of event that there isn't, and more than there may be, are refused as a whole", () => {
  const job = fakeJob();
  const [input, output, count] = [job.room(48), job.room(32), job.room(4)];
  job.view().setUint8(input + 8, 3);
  assert.equal(job.call("poll_oneoff", input, output, 1, count), errno.inval);
  assert.equal(job.call("poll_oneoff", input, output, 5000, count), errno.inval);
  assert.equal(job.call("poll_oneoff", -48, output, 2, count), errno.fault);
});
