import assert from "node:assert/strict";
import { systemDeps } from "../../src/lib/deps.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { figures } from "../../src/node/figures.ts";
import { makeMetrics } from "../../src/node/metrics.ts";
import { fakeClock } from "../support/clock.ts";
import {
  fakeCatalog,
  fakeModified,
  fakeSnapshot,
  memoryArtifact,
} from "../support/fake_catalog.ts";
import { projectRoot } from "../support/program.ts";
import { readPrometheus } from "../support/prometheus.ts";

const kernel = memoryArtifact("kernel", new Uint8Array(1000));
const catalog = fakeCatalog([fakeSnapshot([kernel])]);

function place(served = catalog) {
  const clock = fakeClock(fakeModified + 60_000);
  const meter = memoryMeter();
  const metrics = makeMetrics({ catalog: () => served, meter }, systemDeps({ clock, meter }));
  return { clock, meter, read: async () => readPrometheus(await metrics()) };
}

Deno.test("what was counted is there, read as often as one likes", async () => {
  const { meter, read } = place();
  meter.add("plasmd_http_requests_total", 2, { route: "/kernel", status: "200" });
  meter.add("plasmd_http_sent_bytes_total", 2000);
  for (let i = 0; i < 2; i++) {
    const metrics = await read();
    const { type, samples } = metrics.get("plasmd_http_requests_total")!;
    assert.equal(type, "counter");
    assert.deepEqual([...samples], [['route="/kernel",status="200"', 2]]);
    assert.deepEqual([...metrics.get("plasmd_http_sent_bytes_total")!.samples], [["", 2000]]);
  }
  meter.add("plasmd_http_sent_bytes_total", 1);
  assert.equal((await read()).get("plasmd_http_sent_bytes_total")!.samples.get(""), 2001);
});

Deno.test("images tell their age, their expiry and their sizes", async () => {
  const metrics = await place().read();
  const of = (name: string) => [...metrics.get(name)!.samples];
  const image = 'channel="stable",arch="arm64"';
  assert.deepEqual(of("plasmd_snapshot_age_seconds"), [[image, 60]]);
  const expiry = Date.parse("2025-12-26T12:00:00Z") / 1000;
  assert.deepEqual(of("plasmd_manifest_expiry_timestamp_seconds"), [[image, expiry]]);
  assert.deepEqual(of("plasmd_artifact_size_bytes"), [[`${image},artifact="kernel"`, 1000]]);
});

Deno.test("an image that is gone is gone from the figures", async () => {
  const meter = memoryMeter();
  let served = catalog;
  const metrics = makeMetrics({ catalog: () => served, meter }, systemDeps());
  assert.match(await metrics(), /plasmd_artifact_size_bytes\{/);
  served = fakeCatalog([]);
  assert.doesNotMatch(await metrics(), /plasmd_artifact_size_bytes\{/);
});

Deno.test("the process tells its memory, its processor time and its start", async () => {
  const metrics = await place().read();
  const value = (name: string) => metrics.get(name)!.samples.get("")!;
  assert.ok(value("process_resident_memory_bytes") > 1e6);
  assert.ok(value("process_cpu_seconds_total") > 0);
  assert.equal(value("process_start_time_seconds"), (fakeModified + 60_000) / 1000);
  const [info] = metrics.get("plasmd_build_info")!.samples;
  assert.match(info![0], /^version="\d+\.\d+\.\d+",commit=".*",target=".+"$/);
});

Deno.test("names follow Prometheus' conventions", () => {
  for (const { name, kind, help, labels } of figures) {
    assert.match(name, /^(?:plasmd|process)_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), kind === "counter", name);
    assert.doesNotMatch(name, /_(?:ms|kb|mb|milliseconds|count|sum)(?:_|$)/);
    assert.match(help, /^[A-Z].+[^.]$/);
    assert.equal(new Set(labels).size, labels.length);
  }
  assert.equal(new Set(figures.map(({ name }) => name)).size, figures.length);
});

Deno.test("whatever the source counts is among the figures", async () => {
  const known = new Set(figures.map(({ name }) => name));
  const counted = new Set<string>();
  for await (const path of sources(`${projectRoot}src`)) {
    const text = await Deno.readTextFile(path);
    for (const [, name] of text.matchAll(/meter\.(?:add|set|observe)\(\s*"([^"]+)"/g)) {
      counted.add(name!);
    }
  }
  assert.ok(counted.size >= 8);
  assert.deepEqual([...counted].filter((name) => !known.has(name)), []);
});

async function* sources(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) yield* sources(`${directory}/${name}`);
    else if (name.endsWith(".ts")) yield `${directory}/${name}`;
  }
}

Deno.test("the strict reader refuses what isn't the format", () => {
  const bad = [
    "x 1",
    "# HELP a b\na 1\n",
    "# HELP a b\n# TYPE a counter\na one\n",
    '# HELP a b\n# TYPE a counter\na{b="c"d="e"} 1\n',
    "# HELP a b\n# TYPE a counter\na 1\na 1\n",
    "# HELP a b\n# TYPE a thing\n",
    '# HELP a b\n# TYPE a counter\na{b="\\x"} 1\n',
  ];
  for (const text of bad) assert.throws(() => readPrometheus(text), text);
});
