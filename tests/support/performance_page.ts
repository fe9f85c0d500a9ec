/**
 * docs/performance.md: one section a benchmark, each replaced as a whole when it runs again.
 *
 * @module
 */

/** What a benchmark measured. */
export interface BenchSection {
  readonly title: string;
  /** What was measured and how, with the figures, in Markdown. */
  readonly markdown: string;
}

/** What every file of tests/bench that ends in _bench.ts exports as `bench`. */
export type Bench = (options: BenchOptions) => Promise<BenchSection>;

/** What a benchmark is run with. */
export interface BenchOptions {
  readonly signal: AbortSignal;
  /** Says how far it is. */
  say(line: string): void;
}

const head = `# Performance

Measured by \`deno task bench\`, which writes this page; each section names its machine. Figures on
shared machines drift, so compare the columns of one table and not two tables.
`;

/** The page with one benchmark's section in place of its last one, or behind all others. */
export function withSection(page: string, name: string, section: BenchSection): string {
  const text = page === "" ? head : page;
  const [open, close] = [`<!-- bench: ${name} -->`, `<!-- end: ${name} -->`];
  const block = `${open}\n\n## ${section.title}\n\n${section.markdown.trim()}\n\n${close}`;
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start === -1 || end < start) return `${text.trimEnd()}\n\n${block}\n`;
  return text.slice(0, start) + block + text.slice(end + close.length);
}

/** The middle of the values: half of them are not above it. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
