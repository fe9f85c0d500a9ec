/**
 * Where a key stands in a TOML text. The parser keeps no positions; a message without one sends a
 * person searching.
 *
 * @module
 */

/** A place in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * The place of the key (or of the longest part of its path that is written down). It reads the
 * headers, keys and inline tables of a text that parsed already.
 */
export function locateKey(toml: string, path: readonly string[]): Place {
  let best: { readonly depth: number; readonly place: Place } = { depth: 0, place: start };
  let table: readonly string[] = [];
  toml.split("\n").forEach((text, index) => {
    const header = /^(\s*\[{1,2}\s*)([^\]]+)\]/.exec(text);
    const line = index + 1;
    if (header !== null) {
      table = keyParts(header[2]!);
      best = better(best, table, path, { line, column: header[1]!.length + 1 });
      return;
    }
    for (const { key, column } of keysOfLine(text)) {
      best = better(best, [...table, ...keyParts(key)], path, { line, column });
    }
  });
  return best.place;
}

const start: Place = { line: 1, column: 1 };

function better(
  best: { readonly depth: number; readonly place: Place },
  found: readonly string[],
  wanted: readonly string[],
  place: Place,
): { readonly depth: number; readonly place: Place } {
  const isPrefix = found.length <= wanted.length && found.every((part, i) => part === wanted[i]);
  return isPrefix && found.length > best.depth ? { depth: found.length, place } : best;
}

/** The keys of one line; those of an inline table hang below the line's own key. */
function keysOfLine(text: string): { key: string; column: number }[] {
  const bare = `(?:"(?:[^"\\\\]|\\\\.)*"|'[^']*'|[A-Za-z0-9_-]+)`;
  const key = `${bare}(?:\\s*\\.\\s*${bare})*`;
  const own = new RegExp(`^(\\s*)(${key})\\s*=\\s*(\\{)?`).exec(text);
  if (own === null) return [];
  const keys = [{ key: own[2]!, column: own[1]!.length + 1 }];
  if (own[3] === undefined) return keys;
  for (const inner of text.matchAll(new RegExp(`([{,]\\s*)(${key})\\s*=`, "g"))) {
    const column = inner.index + inner[1]!.length + 1;
    keys.push({ key: `${own[2]}.${inner[2]}`, column });
  }
  return keys;
}

function keyParts(key: string): string[] {
  return [...key.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+)/g)]
    .map((match) => match[1] ?? match[2] ?? match[3]!);
}
