import assert from "node:assert/strict";
import { identityPlace } from "../../src/identity/place.ts";

function place(env: Record<string, string>, { euid = 1000, os = "linux" } = {}): string {
  return identityPlace({ env: (name) => env[name], euid, os });
}

Deno.test("PLASMD_IDENTITY names the key file, for root too", () => {
  const env = { PLASMD_IDENTITY: "/var/lib/plasm/key", XDG_CONFIG_HOME: "/c", HOME: "/h" };
  assert.equal(place(env), "/var/lib/plasm/key");
  assert.equal(place(env, { euid: 0 }), "/var/lib/plasm/key");
});

Deno.test("root's key lies in /etc", () => {
  assert.equal(
    place({ XDG_CONFIG_HOME: "/c", HOME: "/root" }, { euid: 0 }),
    "/etc/plasm/identity.key",
  );
});

Deno.test("a user's key lies in the configuration directory", () => {
  assert.equal(place({ XDG_CONFIG_HOME: "/c", HOME: "/h" }), "/c/phase/identity.key");
  assert.equal(place({ HOME: "/h" }), "/h/.config/phase/identity.key");
});

Deno.test("a relative XDG_CONFIG_HOME is ignored, an empty variable is none", () => {
  assert.equal(place({ XDG_CONFIG_HOME: "c", HOME: "/h" }), "/h/.config/phase/identity.key");
  const env = { PLASMD_IDENTITY: "", XDG_CONFIG_HOME: "", HOME: "/h" };
  assert.equal(place(env), "/h/.config/phase/identity.key");
});

Deno.test("on macOS the key lies in the library", () => {
  const expected = "/Users/u/Library/Application Support/phase/identity.key";
  assert.equal(place({ HOME: "/Users/u" }, { os: "darwin" }), expected);
});

Deno.test("without a home the error says what to set", () => {
  assert.throws(() => place({}), { code: "identity", hint: /PLASMD_IDENTITY/ });
});
