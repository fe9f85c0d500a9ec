/**
 * Everything that is printed. The rules:
 *
 * - results on stdout, everything else on stderr;
 * - plain ASCII, no meaning by colour alone, no colour where NO_COLOR is set or it is no terminal;
 * - an error is one line that says what is wrong and where, then hint lines with what to do;
 * - with `--json`, stdout holds one JSON document and nothing else;
 * - strings from peers go through `printable`.
 *
 * @module
 */

import { type PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { escapeControls, printable } from "../lib/text.ts";
import { isOurs } from "./exit.ts";

/** Where bytes go; a file descriptor in the program, a list in tests. */
export interface Terminal {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether stderr is a terminal: progress and colour only there. */
  readonly interactive: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  readonly color: boolean;
}

/** The voice of a command. */
export interface Ui {
  readonly terminal: Terminal;
  /** Whether `-q` was given: no notes, no progress. */
  readonly quiet: boolean;
  /** Prints a result line on stdout. */
  result(line: string): void;
  /** Prints a result as JSON on stdout. */
  json(value: unknown): void;
  /** Says something on stderr, unless quiet. */
  note(line: string): void;
  /** Warns on stderr, even when quiet. */
  warn(line: string): void;
  /** Prints an error and its hints on stderr. */
  error(thrown: unknown): void;
}

/** Makes the voice of a command. */
export function makeUi(terminal: Terminal, { quiet = false }: { quiet?: boolean } = {}): Ui {
  const mark = (text: string, code: number) =>
    terminal.color ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    terminal,
    quiet,
    result: (line) => terminal.stdout(`${line}\n`),
    json: (value) => terminal.stdout(`${JSON.stringify(value, null, 2)}\n`),
    note: (line) => quiet || terminal.stderr(`${line}\n`),
    warn: (line) => terminal.stderr(`${mark("warning:", 33)} ${line}\n`),
    error(thrown) {
      const error = toPlasmdError(thrown);
      terminal.stderr(`${mark("error:", 31)} ${messageText(error)}\n`);
      for (const line of hintLines(error, thrown)) {
        terminal.stderr(`${mark("hint:", 36)} ${line}\n`);
      }
    },
  };
}

function messageText(error: PlasmdError): string {
  const lines = error.message.split("\n").map(escapeControls);
  return lines.length <= 20 ? lines.join("\n") : [...lines.slice(0, 20), "..."].join("\n");
}

function hintLines(error: PlasmdError, thrown: unknown): string[] {
  if (isOurs(thrown)) {
    return ["this is a mistake in plasmd: please report it, with the command and -v's output"];
  }
  return error.hint?.split("\n").map((line) => printable(line, 1000)) ?? [];
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const interactive = Deno.stderr.isTerminal();
  return {
    stdout: (text) => writeAll(Deno.stdout, text),
    stderr: (text) => writeAll(Deno.stderr, text),
    interactive,
    get columns() {
      try {
        // A serial console says 0.
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80;
      }
    },
    color: interactive && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb",
  };
}

/** What writes bytes, all of them or some. */
interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

function writeAll(writer: SyncWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += writer.writeSync(bytes.subarray(done));
  } catch (thrown) {
    // `plasmd … | head`: who closed the pipe has read enough.
    if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
  }
}
