/**
 * @module
 */

import assert from "node:assert/strict";
import type { BootFetchOptions } from "../../src/boot/fetch.ts";
import { fetchFromAny } from "../../src/boot/fetch_from_any.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { bootOptions } from "../support/bootable.ts";
import { quickDeps } from "../support/quick.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeImage } from "../support/verified.ts";

const urls = ["http://a:1", "http://b:2/manifest.json", "http://c:3"];

/** What one call of the fetch does. */
type Step = (options: BootFetchOptions) => void;

/** Runs a fetch whose calls do these steps, each failing but for the last. */
async function run(steps: readonly Step[], signal?: AbortSignal) {
  await using directory = await tempDirectory();
  const verified = await writeImage(directory.path);
  const asked: (readonly string[])[] = [];
  const said: string[] = [];
  const ended = fetchFromAny(
    {
      ...bootOptions(directory.path),
      urls,
      signal: signal ?? new AbortController().signal,
      onDrop: ({ name }) => void said.push(name),
    },
    (options) => {
      const step = steps[asked.length];
      asked.push(options.urls);
      if (step === undefined) {
        return Promise.resolve({
          verified,
          files: [],
          bytes: 0,
          providers: [],
          dropped: [],
          floorKept: true,
          durationMs: 0,
        });
      }
      options.onDrop?.({ name: "http://b:2", code: "untrusted", reason: "nobody trusts it" });
      options.onChosen?.(verified);
      step(options);
      return Promise.reject(new PlasmdError("transfer", "No provider is left"));
    },
    quickDeps,
  );
  const error = await ended.then(() => undefined, (thrown) => thrown as PlasmdError);
  return { asked, said, error };
}

const drops = (name: string): Step => (options) =>
  options.onDrop?.({ name, code: "bad_source", reason: "sent wrong bytes" });

Deno.test("who had the manifest and couldn't deliver is not asked again, the others are", async () => {
  const { asked, error } = await run([drops("http://a:1")]);
  assert.deepEqual(asked, [urls, urls.slice(1)]);
  assert.equal(error, undefined);
});

Deno.test("who is refused before the choice stays in the list, and is told once", async () => {
  const { asked, said } = await run([drops("http://a:1"), drops("http://c:3")]);
  assert.deepEqual(asked.at(-1), ["http://b:2/manifest.json"]);
  assert.deepEqual(said, ["http://b:2", "http://a:1", "http://c:3"]);
});

Deno.test("a failure that is nobody's fault ends it", async () => {
  const { asked, error } = await run([() => {}]);
  assert.equal(asked.length, 1);
  assert.equal(error?.code, "transfer");
});

Deno.test("when the last one fails there is nobody left", async () => {
  const all: Step = (options) =>
    ["http://a:1", "http://b:2", "http://c:3"].forEach((name) => drops(name)(options));
  const { asked, error } = await run([all]);
  assert.equal(asked.length, 1);
  assert.equal(error?.code, "transfer");
});

Deno.test("what stops it stops it", async () => {
  const stop = new AbortController();
  const { asked, error } = await run([(options) => {
    drops("http://a:1")(options);
    stop.abort(new PlasmdError("cancelled", "Stopped by a signal"));
  }], stop.signal);
  assert.equal(asked.length, 1);
  assert.equal(error?.code, "cancelled");
});
