/**
 * How a command is defined: options, then run. Heavy parts are imported inside `run`, so that
 * `plasmd version` doesn't pay for a DHT.
 *
 * @module
 */

import {
  buildCommand,
  type Command,
  type FlagParametersForType,
  type TypedPositionalParameters,
} from "@stricli/core";
import { systemDeps } from "../lib/deps.ts";
import { openLog } from "../lib/log.ts";
import type { Context, Run, VoiceFlags } from "./context.ts";
import { makeUi } from "./ui.ts";

/** What defines a command. */
export interface CommandSpec<
  FLAGS extends Readonly<Record<string, unknown>>,
  ARGS extends readonly unknown[],
> {
  /** One line for the list of commands. */
  readonly brief: string;
  /** What it does, for `--help`. */
  readonly description?: string;
  /** Command lines and what they do, for `--help`. At least one. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly flags: FlagParametersForType<FLAGS, Context>;
  readonly aliases?: Readonly<Record<string, keyof FLAGS & string>>;
  readonly positional?: TypedPositionalParameters<ARGS, Context>;
  /** Does the work; throws PlasmdError. */
  run(run: Run, flags: FLAGS & VoiceFlags, ...args: ARGS): Promise<void>;
}

const voice = {
  quiet: {
    kind: "boolean",
    brief: "Print results and errors only",
    default: false,
    withNegated: false,
  },
  verbose: { kind: "boolean", brief: "Log at debug level", default: false, withNegated: false },
  logFormat: {
    kind: "enum",
    values: ["text", "json"],
    brief: "How logs on stderr are written",
    default: "text",
  },
} as const;

/** Builds a command of the tree. */
export function command<
  FLAGS extends Readonly<Record<string, unknown>>,
  ARGS extends readonly unknown[] = [],
>(spec: CommandSpec<FLAGS, ARGS>): Command<Context> {
  const examples = spec.examples.map(([line, what]) => `  ${line}\n      ${what}`).join("\n");
  const description = `${spec.description ?? `${spec.brief}.`}\n\nEXAMPLES\n${examples}`;
  // The types of stricli follow every flag by name; ours are checked by CommandSpec already.
  // deno-lint-ignore no-explicit-any
  const parameters: any = {
    flags: { ...spec.flags, ...voice },
    aliases: { q: "quiet", v: "verbose", ...spec.aliases },
    positional: spec.positional ?? { kind: "tuple", parameters: [] },
  };
  return buildCommand<FLAGS & VoiceFlags, ARGS, Context>({
    docs: { brief: spec.brief, fullDescription: description },
    parameters,
    func(this: Context, flags: FLAGS & VoiceFlags, ...args: ARGS) {
      return spec.run(runOf(this, flags), flags, ...args);
    },
  });
}

function runOf(context: Context, flags: VoiceFlags): Run {
  const logging = {
    level: flags.verbose ? "debug" : flags.quiet ? "error" : "info",
    format: flags.logFormat,
  } as const;
  return {
    ui: makeUi(context.terminal, flags),
    deps: systemDeps({ log: openLog({ ...logging, write: context.terminal.stderr }) }),
    logging,
    signal: context.signal,
    exit: (code) => context.exit(code),
  };
}

/** The flag that prints the result as JSON. */
export const jsonFlag = {
  kind: "boolean",
  brief: "Print the result as JSON",
  default: false,
  withNegated: false,
} as const;

/** A flag that takes any text. */
export function textFlag<P extends string>(brief: string, placeholder: P): {
  kind: "parsed";
  parse: (input: string) => string;
  brief: string;
  placeholder: P;
  optional: true;
} {
  return { kind: "parsed", parse: String, brief, placeholder, optional: true };
}

/** A flag that takes any text, any number of times. */
export function textsFlag<P extends string>(brief: string, placeholder: P): {
  kind: "parsed";
  parse: (input: string) => string;
  brief: string;
  placeholder: P;
  optional: true;
  variadic: true;
} {
  return { kind: "parsed", parse: String, brief, placeholder, optional: true, variadic: true };
}
