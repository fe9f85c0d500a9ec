/**
 * docs/limits.md, made from src/lib/limits.ts: `deno task docs` writes it, a test compares it.
 *
 * @module
 */

import * as limits from "../../src/lib/limits.ts";
import { bytesText, durationText } from "../../src/lib/text.ts";
import { projectRoot } from "./program.ts";

/** A group of limits: an export of limits.ts. */
export interface LimitGroup {
  readonly name: string;
  readonly about: string;
  readonly limits: readonly { name: string; value: string; about: string }[];
}

const page = `${projectRoot}docs/limits.md`;
const source = `${projectRoot}src/lib/limits.ts`;

/** All groups: values as the program has them, words from the comments beside them. */
export function limitGroups(
  text: string,
  values: Readonly<Record<string, Readonly<Record<string, number>>>>,
): LimitGroup[] {
  return Object.entries(values).map(([group, members]) => {
    const block = new RegExp(
      `((?:/\\*\\*[^/]*\\*/\\s*)?)export const ${group} = \\{(.*?)^\\}`,
      "ms",
    )
      .exec(text);
    const comments = memberComments(block?.[2] ?? "");
    return {
      name: group,
      about: commentText(block?.[1] ?? ""),
      limits: Object.entries(members).map(([name, value]) => ({
        name,
        value: valueText(name, value),
        about: comments.get(name) ?? "",
      })),
    };
  }).sort((a, b) => text.indexOf(a.name) - text.indexOf(b.name));
}

/** Member → the comment above it; members without their own share the one before. */
function memberComments(block: string): Map<string, string> {
  const comments = new Map<string, string>();
  let current = "";
  for (const [, comment, name] of block.matchAll(/(\/\*\*[\s\S]*?\*\/)|^\s*(\w+):/gm)) {
    if (comment !== undefined) current = commentText(comment);
    else comments.set(name!, current);
  }
  return comments;
}

function commentText(comment: string): string {
  return comment.replace(/^\s*\/\*\*|\*\/\s*$/g, "").replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ")
    .replace(/\s*\bDESIGN \d+(?:(?:,| and) \d+)*\.?/g, "").trim();
}

/** The value in the unit that the name tells. */
export function valueText(name: string, value: number): string {
  if (/BytesPerSecond$/.test(name)) return `${bytesText(value)}/s`;
  if (/Bytes(?:Min|Max|Default)?$/.test(name)) return bytesText(value);
  if (/Ms$/.test(name)) return durationText(value);
  if (/Seconds$/.test(name)) return durationText(value * 1000);
  return value.toLocaleString("en-US");
}

/** The page's text. */
export function limitsPage(groups: readonly LimitGroup[]): string {
  const parts = [
    "# Limits",
    "",
    "Everything that comes from outside is bounded, and this is by how much. The page is made from",
    "`src/lib/limits.ts` by `deno task docs`; a test fails where the two differ. A part that meets a",
    "limit says which in its error.",
  ];
  for (const { name, about, limits } of groups) {
    parts.push(
      "",
      `## ${name}`,
      "",
      about,
      "",
      "| limit | value | what it bounds |",
      "|---|---|---|",
    );
    for (const limit of limits) {
      parts.push(`| \`${limit.name}\` | ${limit.value} | ${limit.about.replaceAll("|", "\\|")} |`);
    }
  }
  return parts.join("\n") + "\n";
}

/** The page as it must be now, formatted like all our files. */
export async function currentPage(): Promise<string> {
  const text = limitsPage(limitGroups(await Deno.readTextFile(source), limits));
  const format = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=md", "-"],
    cwd: projectRoot,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = format.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await format.output()).stdout);
}

if (import.meta.main) await Deno.writeTextFile(page, await currentPage());
