/**
 * What the Markdown pages of the project say: links, headings and command lines.
 *
 * @module
 */

import { projectRoot } from "./program.ts";

/** A page of the documentation. */
export interface Page {
  /** The path from the root of the project. */
  readonly path: string;
  readonly text: string;
}

/** All pages: those at the root, and docs/ with its folders. */
export async function pages(): Promise<Page[]> {
  const paths: string[] = [];
  for await (const { name } of Deno.readDir(projectRoot)) {
    if (name.endsWith(".md")) paths.push(name);
  }
  await collect("docs", paths);
  const read = async (path: string) => ({
    path,
    text: await Deno.readTextFile(projectRoot + path),
  });
  return await Promise.all(paths.sort().map(read));
}

async function collect(folder: string, paths: string[]): Promise<void> {
  for await (const entry of Deno.readDir(projectRoot + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await collect(path, paths);
    else if (path.endsWith(".md")) paths.push(path);
  }
}

const fence = /^(?:```|~~~)([^\n]*)\n([\s\S]*?)^(?:```|~~~)\s*$/gm;

/** The targets of the links of a text, code left out. */
export function linksOf(text: string): string[] {
  const prose = text.replace(fence, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map(([, target]) => target!);
}

/** The anchors of a text's headings, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replace(fence, "").matchAll(/^#{1,6} +(.+?)\s*#*$/gm)) {
    const words = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * The command lines of plasmd in a text: in blocks for a shell, where a line may go on after `\`,
 * and in inline code. Each as its words, without `plasmd` itself.
 */
export function commandLinesOf(text: string): string[][] {
  const lines: string[] = [];
  for (const [, language, body] of text.matchAll(fence)) {
    if (!/^(?:sh|bash|console|)\s*$/.test(language!)) continue;
    lines.push(...body!.replace(/\\\n\s*/g, " ").split("\n").map((line) => line.trim()));
  }
  for (const [, code] of text.replace(fence, "").matchAll(/`([^`]+)`/g)) {
    lines.push(code!.replace(/\s+/g, " "));
  }
  return lines.flatMap(wordsOf);
}

const start = /(?:^|[;&|(]\s*|\$ |sudo )(?:(?:npx -y deno@[\d.]+|deno) task )?plasmd(?= |$)/g;

function wordsOf(line: string): string[][] {
  return [...line.matchAll(start)].map((match) => {
    const rest = line.slice(match.index + match[0].length).split(/ [|>#&;<]|[;|)&]| 2>/)[0]!;
    return rest.split(/\s+/).map((word) => word.replace(/^\[|\][.…]*$|…$/g, ""))
      .filter((word) => word !== "");
  });
}
