import assert from "node:assert/strict";
import { errno, rights } from "../../../src/jobs/wasi/abi.ts";
import { ProcessExit } from "../../../src/jobs/wasi/host.ts";
import { preview1Names } from "../../../src/jobs/wasi/preview1.ts";
import { fakeJob, usualRights } from "../../support/wasi.ts";

const { success } = errno;

Deno.test("all 46 calls of preview 1 are there", () => {
  assert.equal(preview1Names().length, 46);
});

Deno.test("arguments and environment are what was given, and nothing of ours", () => {
  const job = fakeJob({}, { args: ["prog", "é"], env: [["A", "1"]] });
  const [count, size] = [job.room(4), job.room(4)];
  assert.equal(job.call("args_sizes_get", count, size), success);
  assert.deepEqual([job.u32(count), job.u32(size)], [2, 8]);
  const [list, buffer] = [job.room(8), job.room(16)];
  assert.equal(job.call("args_get", list, buffer), success);
  assert.equal(new TextDecoder().decode(job.bytes(job.u32(list + 4), 2)), "é");
  assert.equal(job.call("environ_sizes_get", count, size), success);
  assert.deepEqual([job.u32(count), job.u32(size)], [1, 4]);
  assert.equal(job.call("environ_get", list, buffer), success);
  assert.equal(new TextDecoder().decode(job.bytes(job.u32(list), 3)), "A=1");
});

Deno.test("the streams go where they belong, and only that way", () => {
  const job = fakeJob({}, { stdin: new TextEncoder().encode("input") });
  assert.deepEqual(job.read(0), [success, "input"]);
  assert.deepEqual(job.read(0), [success, ""]);
  assert.equal(job.write(1, "out"), success);
  assert.equal(job.write(2, "err"), success);
  assert.deepEqual(job.written, { stdout: "out", stderr: "err" });
  assert.equal(job.write(0, "x"), errno.notcapable);
  assert.equal(job.read(1)[0], errno.notcapable);
  assert.equal(job.call("fd_seek", 1, 0n, 0, job.room(8)), errno.spipe);
  assert.equal(job.read(77)[0], errno.badf);
});

Deno.test("there are no sockets", () => {
  const job = fakeJob({ f: "x" });
  const [, fd] = job.open("f");
  for (const name of ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"]) {
    assert.equal(job.call(name, fd, 0, 0, 0, 0, 0), errno.notsock, name);
    assert.equal(job.call(name, 99, 0, 0, 0, 0, 0), errno.badf, name);
  }
});

Deno.test("exit ends the job with its code", () => {
  assert.throws(() => fakeJob().call("proc_exit", 33), (thrown) => {
    assert.ok(thrown instanceof ProcessExit);
    assert.equal(thrown.code, 33);
    return true;
  });
});

Deno.test("clocks have names, others are refused", () => {
  const job = fakeJob();
  const at = job.room(8);
  assert.equal(job.call("clock_time_get", 0, 1n, at), success);
  assert.equal(job.u64(at), 1_700_000_000_000_000_000n);
  assert.equal(job.call("clock_time_get", 1, 1n, at), success);
  assert.equal(job.u64(at), 5n);
  assert.equal(job.call("clock_res_get", 1, at), success);
  assert.equal(job.call("clock_time_get", 9, 1n, at), errno.inval);
});

Deno.test("seeking, telling and positional reads agree", () => {
  const job = fakeJob({ f: "0123456789" });
  const [, fd] = job.open("f");
  const at = job.room(8);
  assert.equal(job.call("fd_seek", fd, 4n, 0, at), success);
  assert.deepEqual(job.read(fd), [success, "456789"]);
  assert.equal(job.call("fd_seek", fd, -2n, 2, at), success);
  assert.equal(job.u64(at), 8n);
  assert.equal(job.call("fd_seek", fd, -9n, 1, at), errno.inval);
  assert.equal(job.call("fd_seek", fd, 0n, 7, at), errno.inval);
  assert.equal(job.call("fd_tell", fd, at), success);
  assert.equal(job.u64(at), 8n);
});

Deno.test("a memory that isn't there is a fault, not a crash", () => {
  const job = fakeJob();
  assert.equal(job.call("random_get", 0xffff_fff0, 64), errno.fault);
  assert.equal(job.call("fd_write", 1, 0xffff_fff0, 1, 0), errno.fault);
  assert.equal(job.call("random_get", 1024, 8), success);
});

Deno.test("descriptors are renumbered and closed", () => {
  const job = fakeJob({ f: "f", g: "g" });
  const [, f] = job.open("f");
  const [, g] = job.open("g");
  assert.equal(job.call("fd_renumber", f, g), success);
  assert.deepEqual(job.read(g), [success, "f"]);
  assert.equal(job.read(f)[0], errno.badf);
  assert.equal(job.call("fd_close", g), success);
  assert.equal(job.call("fd_close", g), errno.badf);
  assert.equal(job.call("fd_renumber", 3, 50), errno.badf);
});

Deno.test("the root directory is found under its name", () => {
  const job = fakeJob();
  const at = job.room(8);
  assert.equal(job.call("fd_prestat_get", 3, at), success);
  assert.equal(job.u32(at + 4), 1);
  assert.equal(job.call("fd_prestat_dir_name", 3, at, 1), success);
  assert.equal(job.u8(at), "/".charCodeAt(0));
  assert.equal(job.call("fd_prestat_dir_name", 3, at, 0), errno.nametoolong);
  assert.equal(job.call("fd_prestat_get", 4, at), errno.badf);
  assert.equal(job.call("fd_prestat_get", 1, at), errno.badf);
});

Deno.test("times are set, and never twice at once", () => {
  const job = fakeJob({ f: "x" });
  const [, fd] = job.open("f");
  const stat = job.room(64);
  assert.equal(job.call("fd_filestat_set_times", fd, 11n, 22n, 1 | 4), success);
  assert.equal(job.call("fd_filestat_get", fd, stat), success);
  assert.deepEqual([job.u64(stat + 40), job.u64(stat + 48)], [11n, 22n]);
  assert.equal(job.call("fd_filestat_set_times", fd, 0n, 0n, 1 | 2), errno.inval);
  assert.equal(job.call("path_filestat_set_times", 3, 0, ...job.put("f"), 0n, 0n, 2), success);
});

Deno.test("sizes are set, allocated and limited", () => {
  const job = fakeJob({ f: "abc" });
  const [, fd] = job.open("f", { rights: usualRights | rights.fd_advise });
  assert.equal(job.call("fd_filestat_set_size", fd, 5n), success);
  assert.deepEqual(job.read(fd), [success, "abc\0\0"]);
  assert.equal(job.call("fd_allocate", fd, 0n, 10n), success);
  assert.equal(job.call("fd_allocate", fd, 0n, 0n), errno.inval);
  assert.equal(job.call("fd_filestat_set_size", fd, 1n << 40n), errno.nospc);
  assert.equal(job.call("fd_advise", fd, 0n, 0n, 9), errno.inval);
});
