/**
 * Figures over time, drawn with letters.
 *
 * @module
 */

/** A chart of the values, the oldest left, with the least and the largest beside it. */
export function chart(title: string, values: readonly number[], height = 8, width = 72): string {
  const columns = squeeze(values, width);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(1e-9, high - low);
  const level = (value: number) => Math.round((value - low) / span * (height - 1));
  const rows = Array.from({ length: height }, (_, i) => {
    const row = height - 1 - i;
    const label = row === height - 1 ? high : row === 0 ? low : undefined;
    const line = columns.map((value) => level(value) === row ? "*" : " ").join("").trimEnd();
    return `${(label?.toFixed(0) ?? "").padStart(8)} |${line}`;
  });
  return [title, ...rows, `${" ".repeat(9)}+${"-".repeat(columns.length)}`].join("\n");
}

/** So many values at most, each the largest of its stretch: a peak must not vanish. */
function squeeze(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor(i * values.length / width);
    const to = Math.max(from + 1, Math.floor((i + 1) * values.length / width));
    return Math.max(...values.slice(from, to));
  });
}

/**
 * Whether values stay flat: the median of the last third is above that of the middle third by no
 * more than `slack`. The first third warms up.
 */
export function isFlat(values: readonly number[], slack: number): boolean {
  const third = Math.floor(values.length / 3);
  if (third === 0) return true;
  const middle = (part: readonly number[]) => part.toSorted((a, b) => a - b)[part.length >> 1]!;
  return middle(values.slice(-third)) - middle(values.slice(third, 2 * third)) <= slack;
}
