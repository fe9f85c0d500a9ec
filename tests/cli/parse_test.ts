import assert from "node:assert/strict";
import { parseDays, parseKeyid, parseLevel, parsePort, parseSeconds } from "../../src/cli/parse.ts";

Deno.test("ports are whole numbers up to 65535", () => {
  assert.deepEqual(["0", "80", "65535"].map(parsePort), [0, 80, 65_535]);
  for (const bad of ["", "-1", "65536", "8080x", "1e3", "0x50", " 80", "99999999999"]) {
    assert.throws(() => parsePort(bad), /Invalid port/, bad);
  }
});

Deno.test("lifetimes are written with their unit and are at most 90 days", () => {
  assert.deepEqual(["90m", "12h", "90d"].map(parseDays), [5_400_000, 43_200_000, 7_776_000_000]);
  for (const bad of ["", "0d", "91d", "30", "-1d", "1w", "1.5d", "9999999d"]) {
    assert.throws(() => parseDays(bad), /Invalid time/, bad);
  }
});

Deno.test("seconds are above 0", () => {
  assert.deepEqual(["1", "0.5", "60"].map(parseSeconds), [1000, 500, 60_000]);
  for (const bad of ["", "0", "-1", "x", "1e9", "Infinity"]) {
    assert.throws(() => parseSeconds(bad), /Invalid number of seconds/, bad);
  }
});

Deno.test("levels of zstd go from 1 to 19", () => {
  assert.deepEqual(["1", "9", "10", "19"].map(parseLevel), [1, 9, 10, 19]);
  for (const bad of ["", "0", "20", "22", "-1", "9.5", "x", "009"]) {
    assert.throws(() => parseLevel(bad), /Invalid level/, bad);
  }
});

Deno.test("keyids are ed25519: and 64 lower-case hex digits", () => {
  const keyid = `ed25519:${"0a".repeat(32)}`;
  assert.equal(parseKeyid(keyid), keyid);
  for (const bad of ["", "bad", keyid.toUpperCase(), keyid.slice(1), `${keyid}0`, ` ${keyid}`]) {
    assert.throws(() => parseKeyid(bad), /Invalid keyid/, bad);
  }
});
