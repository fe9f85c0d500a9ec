/**
 * What of `deno doc --lint` we hold: every export has a comment and an explicit type. Members whose
 * name says it all need no comment, and a program may use a library's types in its own.
 *
 * @module
 */

/** A finding of `deno doc --lint`. */
export interface DocFinding {
  readonly kind: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  /** The line of source that it is about. */
  readonly source: string;
}

/** The findings in the output of `deno doc --lint`. */
export function parseDocLint(output: string): DocFinding[] {
  // deno-lint-ignore no-control-regex -- what a terminal's colours are made of
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const pattern =
    /^error\[([\w-]+)\]: (.+)\n\s*--> (.+):(\d+):\d+\n(?:\s*\|[^\n]*\n)?\s*\d+ \| (.*)$/gm;
  return [...plain.matchAll(pattern)].map(([, kind, message, file, line, source]) => ({
    kind: kind!,
    message: message!,
    file: file!,
    line: Number(line),
    source: source!,
  }));
}

/** Whether the finding is one that we hold. */
export function isHeld({ kind, source }: DocFinding): boolean {
  if (kind === "private-type-ref") return false;
  return kind !== "missing-jsdoc" || /^(?:export|declare)\b/.test(source);
}
