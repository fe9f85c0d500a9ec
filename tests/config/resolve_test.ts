import assert from "node:assert/strict";
import { parseDocument } from "../../src/config/file.ts";
import { documentSchema } from "../../src/config/schema.ts";
import { flagName, resolveConfig } from "../../src/config/resolve.ts";
import { settings } from "../../src/config/settings.ts";

const file = (toml: string) => ({
  name: "/etc/plasm/provider.toml",
  document: parseDocument(new TextEncoder().encode(toml), "provider.toml"),
});
const env = (variables: Record<string, string>) => (name: string) => variables[name];

Deno.test("a flag beats a variable, which beats the file, which beats the default", () => {
  const port = (sources: Parameters<typeof resolveConfig>[0]) => {
    const { values, origins } = resolveConfig(sources);
    return [values["provider.port"], origins["provider.port"]];
  };
  const toml = file("[provider]\nport = 1000\n");
  const variables = env({ PLASMD_PORT: "2000" });
  assert.deepEqual(port({}), [8080, { from: "default", name: "default" }]);
  assert.deepEqual(port({ file: toml }), [1000, { from: "file", name: toml.name }]);
  assert.deepEqual(port({ file: toml, env: variables }), [
    2000,
    { from: "environment", name: "PLASMD_PORT" },
  ]);
  assert.deepEqual(port({ file: toml, env: variables, flags: { port: 3000 } }), [
    3000,
    { from: "flag", name: "--port" },
  ]);
});

Deno.test("times are milliseconds, from every source", () => {
  const expires = (sources: Parameters<typeof resolveConfig>[0]) =>
    resolveConfig(sources).values["provider.expires_in"];
  assert.equal(expires({}), 30 * 86_400_000);
  assert.equal(expires({ file: file("[provider]\nexpires_in = '12h'") }), 43_200_000);
  assert.equal(expires({ env: env({ PLASMD_EXPIRES_IN: "90m" }) }), 5_400_000);
  assert.equal(expires({ flags: { expiresIn: "1d" } }), 86_400_000);
});

Deno.test("lists in variables are separated by spaces", () => {
  const { values } = resolveConfig({ env: env({ PLASMD_BOOTSTRAP: " /ip4/192.0.2.1/tcp/1  b " }) });
  assert.deepEqual(values["network.bootstrap"], ["/ip4/192.0.2.1/tcp/1", "b"]);
});

Deno.test("a wrong variable or flag is named", () => {
  assert.throws(() => resolveConfig({ env: env({ PLASMD_PORT: "x" }) }), {
    code: "config",
    message: /PLASMD_PORT: Expected a whole number, and it is "x"/,
  });
  assert.throws(() => resolveConfig({ env: env({ PLASMD_PORT: "70000" }) }), {
    code: "config",
    message: /^PLASMD_PORT: Wrong value of "provider.port": Expected at most 65535/,
  });
  assert.throws(() => resolveConfig({ env: env({ PLASMD_DHT: "maybe" }) }), {
    message: /PLASMD_DHT: Expected true or false/,
  });
  assert.throws(() => resolveConfig({ flags: { expiresIn: "1000d" } }), {
    message: /^--expires-in: Wrong value/,
  });
});

Deno.test("an empty variable is as good as none", () => {
  assert.equal(resolveConfig({ env: env({ PLASMD_PORT: "" }) }).values["provider.port"], 8080);
});

Deno.test("paths in the file are relative to the file, those of flags to where we are", () => {
  const toml = file("[provider]\nartifacts_dir = 'boot'\nsigning_key = '/k'\n");
  const { values } = resolveConfig({ file: toml });
  assert.equal(values["provider.artifacts_dir"], "/etc/plasm/boot");
  assert.equal(values["provider.signing_key"], "/k");
  assert.equal(
    resolveConfig({ file: toml, flags: { artifacts: "x" } }).values["provider.artifacts_dir"],
    "x",
  );
});

Deno.test("channels keep their order, and an arch is known by its aliases", () => {
  const { channels } = resolveConfig({
    file: file(
      "[provider.channels.b]\nkernel = 'k'\narch = ['aarch64', 'arm64', 'amd64']\n" +
        "[provider.channels.a]\nkernel = 'k2'\nversion = '1'\n",
    ),
  });
  assert.deepEqual(channels.map(({ name, arches }) => [name, arches]), [
    ["b", ["arm64", "x86_64"]],
    ["a", undefined],
  ]);
  assert.equal(channels[1]!.version, "1");
});

Deno.test("the table of settings and the schema know the same keys", () => {
  const keys = (schema: unknown, path: string): string[] => {
    let inner = schema as Record<string, unknown>;
    while ("wrapped" in inner) inner = inner.wrapped as Record<string, unknown>;
    if (!("entries" in inner)) return path.startsWith("provider.channels") ? [] : [path];
    return Object.entries(inner.entries as object).flatMap(([key, value]) =>
      keys(value, path === "" ? key : `${path}.${key}`)
    );
  };
  assert.deepEqual(keys(documentSchema, "").sort(), settings.map(({ key }) => key).sort());
});

Deno.test("every setting has a variable of its own, and its flag is spelt in one way", () => {
  assert.equal(new Set(settings.map(({ variable }) => variable)).size, settings.length);
  for (const { variable } of settings) assert.match(variable, /^PLASMD_[A-Z0-9_]+$/);
  assert.equal(flagName("stateDir"), "--state-dir");
});
