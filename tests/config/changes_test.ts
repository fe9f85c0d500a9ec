import assert from "node:assert/strict";
import { restartKeys } from "../../src/config/changes.ts";
import { configSchema } from "../../src/config/json_schema.ts";
import { laterKeys } from "../../src/config/later.ts";
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

Deno.test("a setting of a later version is named where it is set", () => {
  assert.deepEqual(laterKeys(resolveConfig({})), []);
  assert.deepEqual(laterKeys(resolveConfig({ env: env({ PLASMD_JOBS: "true" }) })), [
    "jobs.enabled",
  ]);
});

Deno.test("the JSON schema describes every table and refuses unknown keys", () => {
  const schema = configSchema() as { additionalProperties: boolean; properties: object };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties), ["provider", "network", "jobs"]);
  assert.match(JSON.stringify(schema), /"bytes_per_second_per_address"/);
});
