/**
 * dist/man/plasmd.1 and dist/completions/, made from the definitions of the commands and settings:
 * `deno task docs` writes them, a test compares them.
 *
 * @module
 */

import { buildApp } from "../../src/cli/app.ts";
import { completionScripts } from "../../src/cli/commands/completion.ts";
import { configSchema } from "../../src/config/json_schema.ts";
import { settings } from "../../src/config/settings.ts";
import { programVersion } from "../../src/lib/version.ts";
import { projectRoot } from "./program.ts";

/** What is made: path from the root of the project → text. */
export function generatedFiles(): Readonly<Record<string, string>> {
  return {
    "dist/man/plasmd.1": manPage(),
    "dist/completions/plasmd.bash": `${completionScripts.bash}\n`,
    "dist/completions/_plasmd": `${completionScripts.zsh}\n`,
    "dist/completions/plasmd.fish": `${completionScripts.fish}\n`,
  };
}

/** The manual in the man macros. */
export function manPage(): string {
  const { brief } = root();
  return [
    `.TH PLASMD 1 "" "plasmd ${roff(programVersion.version)}" "User Commands"`,
    ".SH NAME",
    `plasmd \\- ${roff(lowerFirst(brief))}`,
    ".SH SYNOPSIS",
    "\\fBplasmd\\fR \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]",
    ".SH DESCRIPTION",
    ...paragraph(
      "A provider serves boot images with a signed manifest; clients trust publishers' keys, never " +
        "servers. Results go to standard output, everything else to standard error.",
    ),
    ".SH COMMANDS",
    ...commandsOf(root()).flatMap(commandPart),
    ".SH OPTIONS OF EVERY COMMAND",
    ...Object.entries(voiceFlags()).flatMap(([name, flag]) => flagPart(name, flag, voiceAliases)),
    ".TP",
    "\\fB\\-h\\fR, \\fB\\-\\-help\\fR",
    "Print help with examples.",
    ".SH EXIT STATUS",
    ...exitCodes.flatMap(([code, what]) => [".TP", `\\fB${code}\\fR`, roff(what)]),
    ".SH ENVIRONMENT",
    ...variables().flatMap(([name, what]) => [".TP", `\\fB${roff(name)}\\fR`, roff(what)]),
    ".SH FILES",
    ...files.flatMap(([name, what]) => [".TP", `\\fI${roff(name)}\\fR`, roff(what)]),
    "",
  ].join("\n");
}

type Target = ReturnType<typeof buildApp>["root"];

/** What we read of a flag; the library's own type follows each by its kind. */
interface Flag {
  readonly kind: string;
  readonly brief: string;
  readonly placeholder?: string;
  readonly values?: readonly string[];
  readonly default?: unknown;
  readonly withNegated?: boolean;
  readonly variadic?: unknown;
  readonly hidden?: boolean;
}

/** A command with the words that lead to it. */
interface Found {
  readonly words: string;
  readonly brief: string;
  readonly description: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly aliases: Readonly<Record<string, string>>;
  readonly usage: string;
}

function root(): Target {
  const terminal = { interactive: false, columns: 80, color: false };
  return buildApp({ ...terminal, stdout() {}, stderr() {} }).root;
}

function commandsOf(target: Target, words: readonly string[] = []): Found[] {
  if ("getAllEntries" in target) {
    return target.getAllEntries().filter(({ hidden }) => !hidden).flatMap((entry) =>
      commandsOf(entry.target, [...words, entry.name["convert-camel-to-kebab"]])
    );
  }
  const { flags = {}, aliases = {} } = target.parameters as {
    flags?: Record<string, Flag>;
    aliases?: Record<string, string>;
  };
  return [{
    words: words.join(" "),
    brief: target.brief,
    description: target.fullDescription ?? target.brief,
    flags,
    aliases,
    usage: positionalsOf(target),
  }];
}

/** The arguments, as the usage of the command has them behind its flags. */
function positionalsOf(target: Target): string {
  const { positional } = (target as {
    parameters: {
      positional?: {
        kind: string;
        parameters?: readonly { placeholder?: string; optional?: boolean }[];
        parameter?: { placeholder?: string };
      };
    };
  }).parameters;
  if (positional?.kind === "array") return `[${positional.parameter?.placeholder ?? "ARG"}]...`;
  return (positional?.parameters ?? []).map(({ placeholder = "ARG", optional }) =>
    optional ? `[${placeholder}]` : placeholder
  ).join(" ");
}

function commandPart({ words, description, flags, aliases, usage }: Found): string[] {
  const [text, examples = ""] = description.split("\n\nEXAMPLES\n");
  const own = Object.entries(flags).filter(([name, { hidden }]) =>
    !hidden && !(name in voiceFlags())
  );
  const title = ["plasmd", words, own.length > 0 ? "[options]" : "", usage].filter(Boolean);
  return [
    `.SS "${roff(title.join(" ")).replaceAll('"', "\\(dq")}"`,
    ...paragraph(text!),
    ...own.flatMap(([name, flag]) => flagPart(name, flag, aliases)),
    ...examplesPart(examples),
  ];
}

/** Pairs of lines: the command, and what it does. */
function examplesPart(examples: string): string[] {
  const lines = examples.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return [];
  const pairs = lines.flatMap((line, at) =>
    at % 2 === 0 ? [".TP", `\\fB${roff(line)}\\fR`] : [roff(line)]
  );
  return [".PP", "Examples:", ...pairs];
}

function flagPart(name: string, flag: Flag, aliases: Readonly<Record<string, string>>): string[] {
  const long = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const short = Object.entries(aliases).filter(([, full]) => full === name)
    .map(([letter]) => `\\fB\\-${letter}\\fR, `).join("");
  const negated = flag.kind === "boolean" && flag.withNegated !== false ? "[no-]" : "";
  const value = flag.values?.join("|") ?? flag.placeholder;
  const taken = flag.kind === "boolean" || value === undefined ? "" : ` \\fI${roff(value)}\\fR`;
  const more = flag.variadic ? " ..." : "";
  const fallback = flag.default === undefined || flag.default === false || flag.kind === "parsed"
    ? ""
    : `; default: ${flag.default}`;
  return [
    ".TP",
    `${short}\\fB\\-\\-${roff(`${negated}${long}`)}\\fR${taken}${more}`,
    roff(`${flag.brief}${fallback}`),
  ];
}

const voiceNames = ["quiet", "verbose", "logFormat"];
const voiceAliases = { q: "quiet", v: "verbose" };

function voiceFlags(): Readonly<Record<string, Flag>> {
  const { flags } = commandsOf(root()).find(({ words }) => words === "version")!;
  return Object.fromEntries(voiceNames.map((name) => [name, flags[name]!]));
}

/** The variables of the settings, with what their keys are. */
function variables(): [string, string][] {
  return [
    ["PLASMD_CONFIG", "The provider.toml to read."],
    ["PLASMD_IDENTITY", "The key file of this machine or user."],
    ...settings.map(({ key, variable }): [string, string] => [
      variable,
      `${aboutOf(key.split(".")) || key} (${key})`,
    ]),
  ];
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

function aboutOf(path: readonly string[]): string {
  let schema: Schema = configSchema();
  for (const part of path) schema = schema.properties?.[part] ?? {};
  return schema.description ?? "";
}

const exitCodes = [
  ["0", "Done."],
  ["1", "Failed."],
  ["2", "Wrong usage or configuration."],
  ["3", "Nothing was found in time."],
  ["4", "Refused by verification."],
  ["5", "The transfer failed."],
  ["130", "Stopped by Ctrl-C or SIGTERM."],
] as const;

const files = [
  ["/etc/plasm/provider.toml", "What is served, and how; else ~/.config/phase/provider.toml."],
  ["/etc/plasm/identity.key", "Root's key; a user's is ~/.config/phase/identity.key."],
  ["/etc/phase/trust.toml", "Whom clients trust; else ~/.config/phase/trust.toml."],
  ["/var/lib/plasm", "Root's state; a user's is ~/.local/state/plasmd."],
] as const;

function paragraph(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "").map(roff);
}

/** Text as roff prints it: a hyphen that can be copied, nothing taken for a request. */
export function roff(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles())) {
    await Deno.mkdir(`${projectRoot}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${projectRoot}${path}`, text);
  }
}
