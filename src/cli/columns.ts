/**
 * Rows of text in aligned columns.
 *
 * @module
 */

/** The rows as lines, each column as wide as its longest cell; the last one isn't padded. */
export function columns(rows: readonly (readonly string[])[], gap = 2): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i]! + gap)).join("")
      .trimEnd()
  );
}
