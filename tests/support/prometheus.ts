/**
 * A strict reader of Prometheus' text format 0.0.4: what it takes, every scraper takes.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";

/** One metric with its samples. */
export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** The labels as they are written → value. */
  readonly samples: ReadonlyMap<string, number>;
}

const labelPair = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const sample = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(${labelPair}(?:,${labelPair})*)\})? (\S+)$`,
);
const number = /^(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?Inf|NaN)$/;

/** The metrics of a text. Fails on the first thing that isn't as the format says. */
export function readPrometheus(text: string): Map<string, Metric> {
  ok(text.endsWith("\n"), "the last line ends");
  const metrics = new Map<string, Metric & { samples: Map<string, number> }>();
  let open: { name: string; help: string } | undefined;
  let last: string | undefined;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line) ??
      [];
    if (kind === "HELP") {
      ok(!metrics.has(name), `${name} is told once`);
      open = { name, help: rest };
    } else if (kind === "TYPE") {
      equal(open?.name, name, "HELP comes right before TYPE");
      ok(["counter", "gauge"].includes(rest), `${name} is a counter or a gauge`);
      metrics.set(name, { name, type: rest, help: open!.help, samples: new Map() });
      last = name;
    } else {
      const found = sample.exec(line);
      ok(found !== null, `a sample: ${line}`);
      equal(found[1], last, "samples follow their TYPE");
      ok(number.test(found[3]!), `a number: ${line}`);
      const { samples } = metrics.get(found[1]!)!;
      ok(!samples.has(found[2] ?? ""), `told once: ${line}`);
      samples.set(found[2] ?? "", Number(found[3]));
    }
  }
  return metrics;
}
