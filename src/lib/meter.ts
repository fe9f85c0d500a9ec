/**
 * Counting as a dependency. Parts count through this interface; node decides what becomes of it.
 *
 * @module
 */

/** Labels of a figure; their values come from our own configuration, never from a peer. */
export type Labels = Readonly<Record<string, string>>;

/** What parts count with. Names follow Prometheus: `plasmd_http_requests_total`. */
export interface Meter {
  /** Adds to a counter. */
  add(name: string, value?: number, labels?: Labels): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void;
  /** Notes one observation, in seconds or bytes. */
  observe(name: string, value: number, labels?: Labels): void;
}

/** A meter that keeps sums in memory, and can be read. */
export interface MemoryMeter extends Meter {
  /** Name with labels → value; an observation gives `…_count` and `…_sum`. */
  read(): Readonly<Record<string, number>>;
}

/** A meter that forgets everything. */
export const noMeter: Meter = { add() {}, set() {}, observe() {} };

/** A meter that keeps sums in memory. */
export function memoryMeter(): MemoryMeter {
  const values = new Map<string, number>();
  const bump = (key: string, by: number) => values.set(key, (values.get(key) ?? 0) + by);
  return {
    add: (name, value = 1, labels) => bump(keyOf(name, labels), value),
    set: (name, value, labels) => values.set(keyOf(name, labels), value),
    observe(name, value, labels) {
      bump(keyOf(`${name}_count`, labels), 1);
      bump(keyOf(`${name}_sum`, labels), value);
    },
    read: () => Object.fromEntries([...values].sort(([a], [b]) => a < b ? -1 : 1)),
  };
}

function keyOf(name: string, labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}
