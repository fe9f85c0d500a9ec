import { equal, rejects } from "node:assert/strict";
import { httpTransport } from "../../../src/jobs/client/http_transport.ts";
import { submitJob } from "../../../src/jobs/client/submit.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { digestOf, signedJob } from "../../support/jobs.ts";

const id = digestOf("a job");
const options = { signal: new AbortController().signal };
const status = {
  job_id: id,
  state: "waiting",
  missing: [],
  position: null,
  submitted_at: "2025-11-26T12:00:00Z",
  started_at: null,
  completed_at: null,
  completion: null,
  exit_code: null,
  stdout: { size: 0, truncated: false },
  stderr: { size: 0, truncated: false },
  problem: null,
};

/** A worker that answers as the test says. */
function worker(answer: (request: Request, count: number) => Response) {
  let count = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    await request.arrayBuffer();
    return answer(request, ++count);
  });
  const transport = httpTransport(`http://127.0.0.1:${server.addr.port}`, id, systemDeps());
  return {
    transport,
    calls: () => count,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const bad: [string, unknown][] = [
  ["no object", 7],
  ["another job's", { ...status, job_id: digestOf("other") }],
  ["an unknown state", { ...status, state: "great" }],
  ["no digest", { ...status, missing: ["../../etc/passwd"] }],
  ["too many digests", { ...status, missing: Array(300).fill(digestOf("x")) }],
  ["a negative size", { ...status, stdout: { size: -1, truncated: false } }],
  ["a time that is none", { ...status, submitted_at: "yesterday" }],
];

for (const [what, said] of bad) {
  Deno.test(`a status with ${what} is refused`, async () => {
    await using lying = worker(() => Response.json(said));
    await rejects(lying.transport.status(id, 0, options), { code: "bad_source" });
  });
}

Deno.test("an answer without an end is cut at its limit", async () => {
  const endless = () => new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536)) });
  await using lying = worker(() => new Response(endless()));
  await rejects(lying.transport.output(id, "stdout", { ...options, max: 100_000 }), {
    code: "bad_source",
    message: /larger than 100000/,
  });
});

Deno.test("a redirect is not followed", async () => {
  await using lying = worker(() => Response.redirect("http://127.0.0.1:1/"));
  await rejects(lying.transport.receipt(id, options), { code: "bad_source" });
  equal(lying.calls(), 1);
});

Deno.test("a worker that is busy is asked again", async () => {
  await using busy = worker((_, count) =>
    count < 3 ? new Response(null, { status: 429 }) : Response.json(status)
  );
  equal((await busy.transport.status(id, 0, options)).state, "waiting");
  equal(busy.calls(), 3);
});

Deno.test("a refusal carries the worker's reason, and is not tried again", async () => {
  await using strict = worker(() =>
    Response.json({ code: "forbidden", detail: "not you\x1b[31m" }, { status: 403 })
  );
  await rejects(strict.transport.submit(signedJob(), options), {
    code: "forbidden",
    message: /not you\\u\{1b\}/,
  });
  equal(strict.calls(), 1);
});

for (const code of ["cancelled", "usage", "identity", "internal", "unheard_of", 7, null]) {
  Deno.test(`a worker can't say ${code}: its refusal is an odd answer`, async () => {
    await using odd = worker(() => Response.json({ code, detail: "so" }, { status: 400 }));
    await rejects(odd.transport.submit(signedJob(), options), {
      code: "bad_source",
      message: "The worker refused (400): so",
    });
  });
}

Deno.test("a worker that asks for what isn't the job's gets nothing", async () => {
  await using greedy = worker(() => Response.json({ ...status, missing: [digestOf("secret")] }));
  const submission = { spec: signedJob(), blobs: new Map() };
  await rejects(submitJob(greedy.transport, submission, options), { code: "bad_source" });
  equal(greedy.calls(), 1);
});
