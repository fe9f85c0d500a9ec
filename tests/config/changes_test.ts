import assert from "node:assert/strict";
import { restartKeys } from "../../src/config/changes.ts";
import { configSchema } from "../../src/config/json_schema.ts";
import { resolveConfig } from "../../src/config/resolve.ts";

const env = (variables: Record<string, string>) => (name: string) => variables[name];

Deno.test("what the socket or the confinement fixes needs a restart, the rest doesn't", () => {
  const before = resolveConfig({});
  const after = resolveConfig({
    env: env({
      PLASMD_PORT: "81",
      PLASMD_ARTIFACTS: "/srv",
      PLASMD_EXPIRES_IN: "1d",
      PLASMD_LIMITS_STALLED: "5s",
    }),
  });
  assert.deepEqual(restartKeys(before, after), ["provider.port", "provider.artifacts_dir"]);
  assert.deepEqual(restartKeys(after, after), []);
});

Deno.test("whose jobs are run, how many and how large changes while it runs", () => {
  const before = resolveConfig({ env: env({ PLASMD_JOBS: "true" }) });
  const after = resolveConfig({
    env: env({
      PLASMD_JOBS: "true",
      PLASMD_JOBS_ALLOW: `ed25519:${"ab".repeat(32)}`,
      PLASMD_JOBS_CONCURRENCY: "4",
      PLASMD_JOBS_WALL: "5s",
      PLASMD_JOBS_MEMORY_BYTES: "2000000",
      PLASMD_JOBS_OUTPUT_BYTES: "0",
    }),
  });
  assert.deepEqual(restartKeys(before, after), []);
  assert.deepEqual(restartKeys(resolveConfig({}), before), ["jobs.enabled"]);
  assert.deepEqual(after.values["jobs.allow"], [`ed25519:${"ab".repeat(32)}`]);
  assert.equal(after.values["jobs.limits.wall"], 5000);
});

Deno.test("the JSON schema describes every table and refuses unknown keys", () => {
  const schema = configSchema() as { additionalProperties: boolean; properties: object };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties), ["provider", "network", "jobs"]);
  assert.match(JSON.stringify(schema), /"bytes_per_second_per_address"/);
});
