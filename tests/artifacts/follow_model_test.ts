import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import type { OpenCatalog } from "../../src/artifacts/catalog.ts";
import type { ArtifactName } from "../../src/formats/names.ts";
import { formatTime } from "../../src/formats/time.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { catalogPlace, followed, replaceFiles, writeFiles } from "../support/artifacts.ts";
import { artifactOf, signedManifest, testIdentity } from "../support/manifests.ts";

const hour = 3_600_000;
const day = 24 * hour;
const targets = ["stable/arm64", "testing/arm64", "testing/x86_64"] as const;
/** File → artifact; the last two together are one kernel too many. */
const names: Record<string, ArtifactName> = {
  rootfs: "rootfs",
  "initrd.img": "initramfs",
  kernel: "kernel",
  "vmlinuz-2": "kernel",
};
type TargetName = typeof targets[number];

/** What a person or program does to the directory, or what time does. */
type Operation =
  | {
    readonly do: "rename" | "write" | "remove";
    readonly target: TargetName;
    readonly file: string;
  }
  | { readonly do: "mirror" | "unmirror" | "clear"; readonly target: TargetName }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "look" }
  | { readonly do: "settle" }
  | { readonly do: "reload" };

const target = fc.constantFrom(...targets);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { arbitrary: fc.constant<Operation>({ do: "settle" }), weight: 5 },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("rename", "rename", "write", "remove"),
      target,
      file: fc.constantFrom("kernel", "kernel", "rootfs", "initrd.img", "vmlinuz-2"),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ do: fc.constantFrom("mirror", "unmirror", "clear"), target }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("wait"),
      ms: fc.oneof(fc.integer({ min: -hour, max: -1 }), fc.integer({ min: 0, max: 20 * day })),
    }),
    weight: 2,
  },
  { arbitrary: fc.constant<Operation>({ do: "look" }), weight: 2 },
  { arbitrary: fc.constant<Operation>({ do: "reload" }), weight: 1 },
) as fc.Arbitrary<Operation>;

/** A channel and arch as it should lie there, and as it should be served. */
interface Model {
  readonly files: Map<string, string>;
  manifest?: {
    readonly bytes: Uint8Array;
    readonly of: Map<ArtifactName, string>;
    expires: number;
  };
  served?: { readonly mirror?: Uint8Array; readonly of: Map<ArtifactName, string> };
}

/** What can be made of the files: by artifact, or nothing. */
function imageOf({ files, manifest }: Model, now: number): Model["served"] {
  if (files.has("kernel") === files.has("vmlinuz-2")) return undefined;
  const of = new Map([...files].map(([file, content]) => [names[file]!, content]));
  if (manifest === undefined) return { of };
  const fits = [...manifest.of].every(([name, content]) => of.get(name) === content);
  return fits && manifest.expires > now ? { of: manifest.of, mirror: manifest.bytes } : undefined;
}

/** What is served once all has settled, as DESIGN 6 has it. */
function settle(models: ReadonlyMap<TargetName, Model>, now: number): void {
  const there = [...models.values()].filter(({ files, manifest }) => files.size > 0 || manifest);
  for (const model of models.values()) {
    if (there.length === 0) return;
    if (!there.includes(model)) delete model.served;
    else {
      const image = imageOf(model, now);
      const orphan = model.served?.mirror !== undefined && model.manifest === undefined;
      if (image !== undefined && !orphan) model.served = image;
    }
  }
}

/** Every snapshot is one: what can be read of it has the hashes of its manifest. */
async function checkWhole(catalog: OpenCatalog): Promise<void> {
  for (const { artifacts, manifest } of catalog.list()) {
    for (const [name, artifact] of artifacts) {
      assert.equal(manifest.manifest.artifacts[name]!.hash, `sha256:${artifact.digest}`);
      const into = new Uint8Array(artifact.size);
      try {
        await artifact.read(into, 0);
        assert.equal(sha256Hex(into), artifact.digest);
      } catch (thrown) {
        // It may be refused, as it was changed in place, but is never wrong.
        assert.ok(thrown instanceof PlasmdError && thrown.code === "changed", String(thrown));
      }
    }
  }
}

function checkServed(catalog: OpenCatalog, models: ReadonlyMap<TargetName, Model>): void {
  const is = catalog.list().map(({ channel, arch, artifacts, manifest }) => ({
    target: `${channel}/${arch}`,
    of: [...artifacts].map(([name, { digest }]) => `${name} ${digest}`).sort(),
    mirror: manifest.signers.includes(testIdentity(1).keyid) ? undefined : manifest.bytes,
  }));
  const expected = [...models].filter(([, { served }]) => served !== undefined)
    .map(([target, { served }]) => ({
      target,
      of: [...served!.of].map(([name, content]) =>
        `${name} ${sha256Hex(new TextEncoder().encode(content))}`
      ).sort(),
      mirror: served!.mirror,
    }));
  assert.deepEqual(is, expected);
}

/** A sequence never goes back, and is of one manifest only. */
function checkSequences(catalog: OpenCatalog, last: Map<string, { sequence: number; id: string }>) {
  for (const { channel, arch, manifest: { id, manifest, signers } } of catalog.list()) {
    if (!signers.includes(testIdentity(1).keyid)) continue;
    const key = `${channel}/${arch}`;
    const before = last.get(key);
    const { sequence } = manifest;
    if (before !== undefined) assert.ok(sequence >= before.sequence);
    if (before?.sequence === sequence) assert.equal(before.id, id);
    last.set(key, { sequence, id });
  }
}

async function run(operations: readonly Operation[]): Promise<void> {
  await using place = await catalogPlace({
    "stable/arm64/kernel": "1",
    "testing/x86_64/kernel": "1",
  });
  const models = new Map<TargetName, Model>(targets.map((name) => [name, { files: new Map() }]));
  models.get("stable/arm64")!.files.set("kernel", "1");
  models.get("testing/x86_64")!.files.set("kernel", "1");
  settle(models, place.clock.now());
  const sequences = new Map<string, { sequence: number; id: string }>();
  await using catalog = await place.open();
  // Each content has a length of its own: the clock of the file system stands still in a test.
  let content = "1";

  async function apply(one: Operation): Promise<void> {
    if (one.do === "look") return void await catalog.refresh();
    if (one.do === "wait" && one.ms < 0) return place.clock.set(place.clock.now() + one.ms);
    if (one.do === "settle" || one.do === "reload" || one.do === "wait") {
      // Time settles everything, so that what is seen then is what lies there now.
      if (one.do === "wait") place.clock.advance(one.ms);
      await followed(catalog, place.clock);
      settle(models, place.clock.now());
      checkServed(catalog, models);
      if (one.do === "reload") await reload();
      return;
    }
    const model = models.get(one.target)!;
    const directory = join(place.artifacts, one.target);
    const remove = (name: string) => Deno.remove(join(directory, name)).catch(() => {});
    if (one.do === "remove") {
      model.files.delete(one.file);
      await remove(one.file);
    } else if (one.do === "rename" || one.do === "write") {
      content = String(content.length % 9 + 1).repeat(content.length + 1);
      model.files.set(one.file, content);
      await (one.do === "write" ? writeFiles : replaceFiles)(directory, { [one.file]: content });
    } else if (one.do === "mirror") await mirror(model, one.target, directory);
    else {
      delete model.manifest;
      if (one.do === "unmirror") return await remove("manifest.json");
      model.files.clear();
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    }
  }

  /** Asked to, files without a manifest are ours; but for that nothing changes. */
  async function reload(): Promise<void> {
    const now = place.clock.now();
    const there = [...models.values()].filter(({ files, manifest }) => files.size > 0 || manifest);
    const good = there.length > 0 && there.every((model) => imageOf(model, now) !== undefined);
    const failure = await catalog.reload({ imageVersion: `${content.length}` });
    assert.equal(failure === undefined, good, failure?.message);
    if (good) { for (const model of models.values()) model.served = imageOf(model, now); }
    checkServed(catalog, models);
  }

  async function mirror(model: Model, target: TargetName, directory: string): Promise<void> {
    const of = new Map([...model.files].map(([file, text]) => [names[file]!, text]));
    if (!of.has("kernel")) return;
    const now = place.clock.now();
    const [channel, arch] = target.split("/") as ["stable", "arm64"];
    const artifacts = Object.fromEntries(
      [...of].map(([name, text]) => [name, artifactOf(new TextEncoder().encode(text), `/${name}`)]),
    ) as unknown as Parameters<typeof signedManifest>[0] & object;
    const bytes = signedManifest({
      ...{ channel, arch, artifacts: artifacts as never, sequence: Math.floor(now / 1000) },
      created_at: formatTime(now),
      expires_at: formatTime(now + 60 * day),
    }, [testIdentity(2)]);
    model.manifest = { bytes, of, expires: Math.floor(now / 1000) * 1000 + 60 * day };
    await replaceFiles(directory, { "manifest.json": bytes });
  }

  for (const one of [...operations, { do: "settle" } as const]) {
    await apply(one);
    await checkWhole(catalog);
    checkSequences(catalog, sequences);
    await catalog.check();
  }
}

Deno.test("whatever happens to the files, what is served is whole and as it should be", async () => {
  const operations = fc.array(operation, { minLength: 5, maxLength: 25 });
  await fc.assert(fc.asyncProperty(operations, run), { numRuns: 60, endOnFailure: true });
});
