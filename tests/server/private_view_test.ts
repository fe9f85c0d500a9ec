import { deepEqual, equal, match, ok } from "node:assert/strict";
import { credential } from "../../src/server/bearer.ts";
import { makeProblems } from "../../src/server/problems.ts";
import { clientsOf } from "../../src/server/clients.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { fakeClock } from "../support/clock.ts";
import {
  failingArtifact,
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
  patternBytes,
} from "../support/fake_catalog.ts";
import { connectAndSend, requestText, sendRaw, startTestServer } from "../support/http.ts";

const token = "kGbT3sJ0vB2c_token-0123456789";
const kernel = memoryArtifact("kernel", patternBytes(1000));
const catalog = fakeCatalog([fakeSnapshot([kernel])]);
const bearer = (text: string) => `Authorization: Bearer ${text}\r\n`;

async function status(port: number, headers = "") {
  const answer = await sendRaw(port, requestText("/status", { headers }));
  return { ...answer, json: JSON.parse(new TextDecoder().decode(answer.body)) };
}

Deno.test("without the token nothing private is told, loopback or not", async () => {
  await using server = await startTestServer({
    catalog,
    token,
    paths: { artifacts: "/srv/image" },
  });
  for (const target of ["/", "/status"]) {
    const { status, text } = await sendRaw(server.port, requestText(target));
    equal(status, 200);
    ok(!/127\.0\.0\.1|\/srv\/image|private/.test(text));
  }
});

Deno.test("the token shows clients, paths and problems", async () => {
  await using server = await startTestServer({
    catalog,
    token,
    paths: { artifacts: "/srv/image" },
  });
  using _idle = await connectAndSend(server.port, "");
  const { json } = await status(server.port, bearer(token));
  const [client] = json.private.clients;
  equal(client.address, "127.0.0.1");
  equal(client.requests, 1);
  ok(client.connections >= 1 && client.since_seconds >= 0);
  deepEqual(json.private.paths, { artifacts: "/srv/image" });
  deepEqual(json.private.problems, []);
});

Deno.test("a wrong token is 401, and no token of ours opens nothing", async () => {
  await using open = await startTestServer({ catalog, token });
  await using closed = await startTestServer({ catalog });
  const wrong = [
    bearer(`${token}x`),
    bearer(token.slice(0, -1)),
    bearer(""),
    `Authorization: Basic ${btoa(`a:${token}`)}\r\n`,
    `Authorization: ${token}\r\n`,
  ];
  for (const headers of wrong) {
    const { status: code, headers: got, json } = await status(open.port, headers);
    deepEqual([code, json.code], [401, "unauthorized"]);
    match(got["www-authenticate"]!, /^Bearer /);
    ok(!JSON.stringify(json).includes(token));
  }
  equal((await status(closed.port, bearer(token))).status, 401);
});

Deno.test("a token in a cookie, the query or another header opens nothing", async () => {
  await using server = await startTestServer({ catalog, token });
  const headers = `Cookie: token=${token}\r\nX-Token: ${token}\r\nOrigin: http://evil.example\r\n`;
  const answer = await sendRaw(server.port, requestText(`/status?token=${token}`, { headers }));
  equal(answer.status, 200);
  ok(!answer.text.includes("private"));
  equal(answer.headers["set-cookie"], undefined);
  equal(answer.headers["access-control-allow-origin"], undefined);
});

Deno.test("the scheme's case doesn't matter, everything else does", () => {
  equal(credential({}, "abc"), "none");
  equal(credential({ authorization: "bEaReR abc" }, "abc"), "good");
  for (const authorization of ["Bearer ABC", "Bearer abc, Bearer abc", "Bearer a bc", "Bearer"]) {
    equal(credential({ authorization }, "abc"), "bad");
  }
});

Deno.test("what failed is told to the token only", async () => {
  const broken = failingArtifact(kernel, 0, "io");
  await using server = await startTestServer({
    catalog: fakeCatalog([fakeSnapshot([broken])]),
    token,
  });
  for (let i = 0; i < 2; i++) await sendRaw(server.port, requestText("/kernel"));
  ok(!(await status(server.port)).text.includes("/srv/secret"));
  const { json } = await status(server.port, bearer(token));
  const [problem, ...others] = json.private.problems;
  deepEqual(others, []);
  deepEqual([problem.area, problem.code, problem.count], ["http /kernel", "io", 2]);
  match(problem.message, /\/srv\/secret\/path/);
});

Deno.test("only the latest problems are remembered, the same one once", () => {
  const clock = fakeClock("2026-01-01T00:00:00Z");
  const problems = makeProblems(2, clock);
  for (const text of ["a", "b", "a", "c\x1b"]) problems.note("x", new PlasmdError("io", text));
  deepEqual(problems.list().map(({ message, count }) => [message, count]), [
    ["a", 2],
    ["c\\u{1b}", 1],
  ]);
  equal(problems.list()[0]!.at, "2026-01-01T00:00:00.000Z");
});

Deno.test("clients are told by address, the busiest first", () => {
  const visit = (address: string, since: number, pending = 0) => ({ address, since, pending });
  deepEqual(clientsOf([visit("a", 5000), visit("b", 1000, 1), visit("b", 3000, 2)], 9000), [
    { address: "b", connections: 2, requests: 3, since_seconds: 8 },
    { address: "a", connections: 1, requests: 0, since_seconds: 4 },
  ]);
});
