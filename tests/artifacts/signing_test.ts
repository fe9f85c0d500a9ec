import assert from "node:assert/strict";
import { join } from "node:path";
import type { OpenCatalog } from "../../src/artifacts/catalog.ts";
import { watchLimits } from "../../src/lib/limits.ts";
import {
  catalogPlace,
  followed,
  replaceFiles,
  testBytes,
  writeFiles,
} from "../support/artifacts.ts";

const kernel = testBytes(400_000, 1);
const newer = testBytes(300_000, 2);
const hour = 3_600_000;
const day = 24 * hour;

const manifestOf = (catalog: OpenCatalog) => catalog.list()[0]!.manifest.manifest;

Deno.test("a manifest is signed again at half time, with the same files still open", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const kinds: string[] = [];
  catalog.onChange(({ kind }) => kinds.push(kind));
  const { artifacts, sequence, created_at } = manifestOf(catalog);
  const file = catalog.list()[0]!.artifacts.get("kernel");
  place.clock.advance(15 * day - 2000);
  assert.ok(await catalog.refresh() <= 2000, "the next look is at half time");
  assert.equal(manifestOf(catalog).sequence, sequence);
  place.clock.advance(2000);
  await catalog.refresh();
  assert.deepEqual(manifestOf(catalog).artifacts, artifacts);
  assert.ok(manifestOf(catalog).sequence >= sequence + 15 * day / 1000 - 1);
  assert.notEqual(manifestOf(catalog).created_at, created_at);
  assert.equal(catalog.list()[0]!.artifacts.get("kernel"), file);
  await file!.check();
  assert.deepEqual(kinds, ["published"]);
});

Deno.test("over years a manifest never expires, and its sequence only grows", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open({ lifetimeMs: 10 * day });
  let last = 0;
  const sequences = new Set<number>();
  for (let hours = 0; hours < 3 * 365 * 24; hours += 37) {
    place.clock.advance(37 * hour);
    await catalog.refresh();
    const { sequence, expires_at } = manifestOf(catalog);
    assert.ok(sequence >= last);
    assert.ok(Date.parse(expires_at) > place.clock.now() + 3 * day);
    last = sequence;
    sequences.add(sequence);
  }
  assert.ok(sequences.size > 150 && sequences.size < 240, `${sequences.size} manifests`);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("while new files are being written, the old ones are signed again", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { artifacts } = manifestOf(catalog);
  await replaceFiles(place.artifacts, { kernel: newer });
  place.clock.advance(15 * day);
  await catalog.refresh();
  assert.deepEqual(manifestOf(catalog).artifacts, artifacts);
  assert.ok(Date.parse(manifestOf(catalog).expires_at) > place.clock.now() + 29 * day);
  await followed(catalog, place.clock);
  assert.notDeepEqual(manifestOf(catalog).artifacts, artifacts);
});

Deno.test("of a file that is no more what it was nothing is signed", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { sequence } = manifestOf(catalog);
  await Deno.truncate(join(place.artifacts, "kernel"), 0);
  place.clock.advance(15 * day);
  await followed(catalog, place.clock);
  assert.equal(manifestOf(catalog).sequence, sequence);
  const problems = await catalog.check();
  assert.deepEqual(problems.map(({ code, pending }) => [code, pending]), [
    ["changed", undefined],
    ["artifacts", true],
  ]);
});

Deno.test("a clock that goes back never lowers the sequence", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { sequence } = manifestOf(catalog);
  place.clock.set(place.clock.now() - 12 * hour);
  await catalog.refresh();
  assert.equal(manifestOf(catalog).sequence, sequence, "clients still accept it");
  await replaceFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.equal(manifestOf(catalog).sequence, sequence + 1);
});

Deno.test("a clock that goes back by days leaves the last manifest, and heals", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { sequence } = manifestOf(catalog);
  const start = place.clock.now();
  place.clock.set(start - 3 * day);
  await catalog.refresh();
  assert.equal(manifestOf(catalog).sequence, sequence);
  const [problem] = await catalog.check();
  assert.equal(problem!.pending, true);
  assert.match(problem!.message, /clock says/);
  place.clock.set(start + hour);
  place.clock.advance(watchLimits.rescanMs);
  await replaceFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.ok(manifestOf(catalog).sequence > sequence);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("a clock that jumps ahead and back again heals once a manifest can be signed", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const start = place.clock.now();
  place.clock.set(start + 20 * day);
  await catalog.refresh();
  const ahead = manifestOf(catalog).sequence;
  assert.ok(ahead >= Math.floor((start + 20 * day) / 1000));
  place.clock.set(start);
  place.clock.advance(watchLimits.rescanMs);
  await catalog.refresh();
  assert.equal(manifestOf(catalog).sequence, ahead);
  assert.equal((await catalog.check()).length, 1);
  // A day before the wrong time, sequences are allowed to be as high as that.
  place.clock.advance(19 * day);
  await catalog.refresh();
  place.clock.advance(watchLimits.rescanMs);
  await catalog.refresh();
  assert.equal(manifestOf(catalog).sequence, ahead);
  place.clock.advance(day);
  await catalog.refresh();
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("signing that fails is tried again, and told once", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  place.clock.set(place.clock.now() - 3 * day);
  for (let i = 0; i < 5; i++) {
    place.clock.advance(watchLimits.rescanMs);
    await catalog.refresh();
  }
  assert.equal(place.log.warnings().length, 1);
});

Deno.test("a clock that has lost its time leaves what was signed", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { bytes } = catalog.list()[0]!.manifest;
  place.clock.set(Date.UTC(1970, 0, 2));
  await followed(catalog, place.clock);
  assert.deepEqual(catalog.list()[0]!.manifest.bytes, bytes);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("without a directory to keep it in, the sequence is kept in mind", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open({ stateDir: "/proc/no/such/state" });
  let last = manifestOf(catalog).sequence;
  for (const [i, bytes] of [newer, kernel, newer].entries()) {
    await replaceFiles(place.artifacts, { kernel: bytes });
    place.clock.set(place.clock.now() - 10_000);
    await followed(catalog, place.clock);
    assert.equal(manifestOf(catalog).sequence, last + 1, `swap ${i}`);
    last++;
  }
});

Deno.test("what was signed while it was served is served again after a restart", async () => {
  await using place = await catalogPlace({ kernel });
  let last: Uint8Array;
  {
    await using catalog = await place.open();
    await writeFiles(place.artifacts, { kernel: newer });
    await followed(catalog, place.clock);
    last = catalog.list()[0]!.manifest.bytes;
  }
  await using catalog = await place.open();
  assert.deepEqual(catalog.list()[0]!.manifest.bytes, last);
});
