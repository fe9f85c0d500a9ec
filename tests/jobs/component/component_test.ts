import assert from "node:assert/strict";
import { runJob } from "../../../src/jobs/broker.ts";
import type { JobInput, JobOutcome } from "../../../src/jobs/job.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { jobProcessCommand } from "../../../src/lib/job_process.ts";
import { selfCommand } from "../../../src/lib/self.ts";
import { componentOf } from "../../support/components.ts";

const self = selfCommand();
const process = { program: self.program, args: [...self.args, jobProcessCommand] };

/** Runs a component in a job process; returns its outcome and what it wrote. */
async function run(
  module: Uint8Array,
  limits: Partial<JobInput["limits"]> = {},
): Promise<JobOutcome & { stdout: string }> {
  let stdout = "";
  const outcome = await runJob({
    module,
    args: ["test"],
    env: [],
    stdin: new Uint8Array(),
    files: new Map(),
    limits: { wallMs: 20_000, memoryBytes: 64 << 20, outputBytes: 1 << 20, ...limits },
    deterministic: false,
  }, {
    process,
    env: { HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
    write: (_stream, bytes) => void (stdout += new TextDecoder().decode(bytes)),
    signal: new AbortController().signal,
  }, systemDeps());
  return { ...outcome, stdout };
}

/** Why a component is refused. */
async function refusal(module: Uint8Array): Promise<string> {
  return await run(module).then(
    ({ completion }) => assert.fail(`it ran: ${completion}`),
    ({ code, message }) => {
      assert.equal(code, "module", message);
      return message;
    },
  );
}

const print = "(call $print (i32.const 1024) (i32.const 6))";

Deno.test("a component's output and its exact exit code come out of its process", async () => {
  const module = await componentOf({
    data: "hello\n",
    run: `${print} (call $exit (i32.const 33)) (i32.const 0)`,
  });
  const { completion, exitCode, stdout } = await run(module);
  assert.deepEqual([completion, exitCode, stdout], ["exit", 33, "hello\n"]);
});

Deno.test("what run returns is the exit code where nothing else was said", async () => {
  const codes = await Promise.all([0, 1].map(async (code) => {
    const { completion, exitCode } = await run(await componentOf({ run: `(i32.const ${code})` }));
    return [completion, exitCode];
  }));
  assert.deepEqual(codes, [["exit", 0], ["exit", 1]]);
});

Deno.test("a component that traps, or calls without end, ends as a trap", async () => {
  const trap = await run(await componentOf({ run: "unreachable" }));
  assert.deepEqual([trap.completion, trap.exitCode], ["trap", 134]);
  assert.match(trap.reason!, /unreachable/);
  const deep = await componentOf({
    run: "(call $again) (i32.const 0)) (func $again (call $again)",
  });
  const { completion, exitCode } = await run(deep);
  assert.deepEqual([completion, exitCode], ["trap", 134]);
});

Deno.test("a component in an endless loop is ended by the clock", async () => {
  const module = await componentOf({ run: "(loop (br 0)) (i32.const 0)" });
  const { completion, exitCode } = await run(module, { wallMs: 2_000 });
  assert.deepEqual([completion, exitCode], ["timeout", 124]);
});

Deno.test("a component's endless output is cut at its limit", async () => {
  const module = await componentOf({
    data: "x".repeat(4096),
    run: "(loop (call $print (i32.const 1024) (i32.const 4096)) (br 0)) (i32.const 0)",
  });
  const { completion, exitCode, stdout } = await run(module, { outputBytes: 100_500 });
  assert.deepEqual([completion, exitCode, stdout.length], ["output", 1, 100_500]);
});

Deno.test("a component that takes memory for ever gets no more than it may", async () => {
  const module = await componentOf({
    run: `(local $size i32) (loop
      (if (i32.eq (memory.grow (i32.const 256)) (i32.const -1)) (then unreachable))
      (memory.fill (i32.const 4096) (i32.const 1)
        (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4096)))
      (br 0)) (i32.const 0)`,
  });
  const { completion, exitCode } = await run(module, { memoryBytes: 32 << 20 });
  assert.deepEqual([completion, exitCode], ["trap", 134]);
});

Deno.test("a component that asks for sockets is told that there are none", async () => {
  const module = await componentOf({
    data: "socket",
    before: `
      (import "wasi:sockets/network@0.2.0" (instance $network
        (type $code (enum "unknown" "access-denied" "not-supported"))
        (export "error-code" (type $c (eq $code)))
        (type $family (enum "ipv4" "ipv6"))
        (export "ip-address-family" (type $f (eq $family)))))
      (alias export $network "error-code" (type $code))
      (alias export $network "ip-address-family" (type $family))
      (import "wasi:sockets/tcp@0.2.0" (instance $tcp
        (export "tcp-socket" (type (sub resource)))))
      (alias export $tcp "tcp-socket" (type $socket))
      (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
        (alias outer 1 $code (type $oc)) (export "error-code" (type $c (eq $oc)))
        (alias outer 1 $family (type $of)) (export "ip-address-family" (type $f (eq $of)))
        (alias outer 1 $socket (type $os)) (export "tcp-socket" (type $s (eq $os)))
        (export "create-tcp-socket" (func
          (param "address-family" $f) (result (result (own $s) (error $c)))))))
      (core module $place (memory (export "memory") 1))
      (core instance $p (instantiate $place))
      (core func $lowered (canon lower (func $create "create-tcp-socket")
        (memory (core memory $p "memory"))))
      (core module $asks
        (import "host" "create" (func $create (param i32 i32)))
        (import "host" "memory" (memory 1))
        (func (export "ask") (result i32)
          (call $create (i32.const 0) (i32.const 0))
          (i32.add (i32.mul (i32.load8_u (i32.const 0)) (i32.const 10))
            (i32.load8_u (i32.const 4)))))
      (core instance $asking (instantiate $asks (with "host" (instance
        (export "create" (func $lowered)) (export "memory" (memory $p "memory"))))))
      (alias core export $asking "ask" (core func $ask))`,
    calls: { ask: "$ask" },
    run: "(call $exit (call $ask)) (i32.const 0)",
  });
  const { completion, exitCode, reason } = await run(module);
  // An error (1), which is the third code.
  assert.deepEqual([completion, exitCode], ["exit", 12], reason);
});

Deno.test("a component that wants what there isn't is refused, and told what", async () => {
  const module = await componentOf({
    before: `(import "wasi:http/types@0.2.0" (instance $http (export "f" (func))))
      (core func $lowered (canon lower (func $http "f")))
      (core module $asks (import "host" "f" (func)) (func (export "ask") (result i32) i32.const 0))
      (core instance $asking (instantiate $asks (with "host" (instance
        (export "f" (func $lowered))))))
      (alias core export $asking "ask" (core func $ask))`,
    calls: { ask: "$ask" },
    run: "(call $ask)",
  });
  assert.match(await refusal(module), /it imports "wasi:http\/types"/);
});

Deno.test("a component without wasi:cli/run is refused", async () => {
  const module = await componentOf({ run: "(i32.const 0)", exported: "other:cli/run@0.2.0" });
  assert.match(await refusal(module), /exports no wasi:cli\/run/);
});

Deno.test("a component whose memory starts above its limit is refused", async () => {
  const module = await componentOf({ run: "(i32.const 0)", pages: 2_000 });
  assert.match(await refusal(module), /starts with 131072000 bytes of memory/);
});

Deno.test("a module that is instantiated again and again is counted each time", async () => {
  const instances = Array.from(
    { length: 40 },
    (_, i) => `(core instance $n${i} (instantiate $big))`,
  );
  const module = await componentOf({
    before: `(core module $big (memory 32)) ${instances.join("\n")}`,
    run: "(i32.const 0)",
  });
  assert.match(await refusal(module), /bytes of memory at its start/);
});

Deno.test("a component that is cut off anywhere is refused", async () => {
  const whole = await componentOf({ run: "(i32.const 0)" });
  for (const part of [0.2, 0.5, 0.95]) {
    await refusal(whole.subarray(0, Math.floor(whole.length * part)));
  }
});
