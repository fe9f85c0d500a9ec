/**
 * docs/configuration.md's tables, made from src/config: `deno task docs` writes them, a test
 * compares them.
 *
 * @module
 */

import { flagName } from "../../src/config/resolve.ts";
import { configSchema } from "../../src/config/json_schema.ts";
import { type Setting, settings } from "../../src/config/settings.ts";
import { durationText } from "../../src/lib/text.ts";
import { projectRoot } from "./program.ts";

const page = `${projectRoot}docs/configuration.md`;
const marks = { start: "<!-- settings -->\n", end: "<!-- end of settings -->\n" };

/** The page with its tables as they must be now. */
export async function currentConfigPage(): Promise<string> {
  const text = await Deno.readTextFile(page);
  const [before, rest] = text.split(marks.start);
  const after = rest?.split(marks.end)[1];
  if (before === undefined || after === undefined) throw new Error("docs/configuration.md: marks");
  return await formatted(`${before}${marks.start}\n${tables()}\n${marks.end}${after}`);
}

function tables(): string {
  const rows = settings.map((setting) =>
    row([
      `\`${setting.key}\``,
      setting.flag === undefined ? "" : `\`${flagName(setting.flag)}\``,
      `\`${setting.variable}\``,
      fallback(setting),
      setting.restart ? "yes" : "",
      aboutOf(setting.key.split(".")),
    ])
  );
  const channel = schemaAt(["provider", "channels", "*"]).properties ?? {};
  const channelRows = Object.entries(channel).map(([key, { description = "" }]) =>
    row([`\`${key}\``, description])
  );
  return [
    "| key | flag | variable | default | needs a restart | what it is |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    "In `[provider.channels.NAME]`:",
    "",
    "| key | what it is |",
    "|---|---|",
    ...channelRows,
    "",
  ].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function fallback({ time, fallback: value }: Setting): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return "none";
  if (time) return durationText(value as number);
  return `\`${value}\``;
}

/** What we read of a JSON schema. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
}

function aboutOf(path: readonly string[]): string {
  return schemaAt(path).description ?? "";
}

function schemaAt(path: readonly string[]): Schema {
  let schema: Schema = configSchema();
  for (const part of path) {
    schema = (part === "*" ? schema.additionalProperties : schema.properties?.[part]) ?? {};
  }
  return schema;
}

async function formatted(text: string): Promise<string> {
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

if (import.meta.main) await Deno.writeTextFile(page, await currentConfigPage());
