/**
 * What a command is run with.
 *
 * @module
 */

import type { CommandContext, StricliProcess } from "@stricli/core";
import type { Deps } from "../lib/deps.ts";
import type { LogFormat, LogLevel } from "../lib/log.ts";
import type { Terminal, Ui } from "./ui.ts";

/** The flags that every command has. */
export interface VoiceFlags {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly logFormat: LogFormat;
}

/** What the program gives the command tree. */
export interface Context extends CommandContext {
  readonly process: StricliProcess;
  readonly terminal: Terminal;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that ends without an error. */
  exit(code: number): void;
}

/** What a command gets, its voice set by its flags. */
export interface Run {
  readonly ui: Ui;
  readonly deps: Deps;
  /** How this command logs, to hand on to a Worker or another process. */
  readonly logging: { readonly level: LogLevel; readonly format: LogFormat };
  readonly signal: AbortSignal;
  exit(code: number): void;
}
