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

/** One figure with one set of labels. */
export interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A meter that keeps sums in memory, and can be read. */
export interface MemoryMeter extends Meter {
  /** The same figures, taken apart. */
  series(): Iterable<Series>;
  /** Name with labels → value; an observation gives `…_count` and `…_sum`. */
  read(): Readonly<Record<string, number>>;
}

/** A meter that forgets everything. */
export const noMeter: Meter = { add() {}, set() {}, observe() {} };

/** A meter that keeps sums in memory. */
export function memoryMeter(): MemoryMeter {
  const all = new Map<string, { -readonly [Key in keyof Series]: Series[Key] }>();
  const entry = (name: string, labels: Labels = {}) => {
    const key = keyOf(name, labels);
    const known = all.get(key) ?? { name, labels, value: 0 };
    all.set(key, known);
    return known;
  };
  return {
    add: (name, value = 1, labels) => void (entry(name, labels).value += value),
    set: (name, value, labels) => void (entry(name, labels).value = value),
    observe(name, value, labels) {
      entry(`${name}_count`, labels).value++;
      entry(`${name}_sum`, labels).value += value;
    },
    series: () => all.values(),
    read: () =>
      Object.fromEntries(
        [...all].map(([key, { value }]) => [key, value] as const)
          .sort(([a], [b]) => a < b ? -1 : 1),
      ),
  };
}

function keyOf(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}
