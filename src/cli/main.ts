/**
 * Runs the command tree once: signals, terminal and exit code of the process.
 *
 * @module
 */

import { proposeCompletions, run } from "@stricli/core";
import { PlasmdError } from "../lib/errors.ts";
import { nameProcess } from "../lib/process_name.ts";
import { buildApp } from "./app.ts";
import { argsCalledAs } from "./called_as.ts";
import type { Context } from "./context.ts";
import { exitCodeFor, exitCodeFromParser } from "./exit.ts";
import { jobProcessCommand } from "../lib/job_process.ts";
import { makeUi, processTerminal, type Terminal } from "./ui.ts";

/**
 * Runs a command line and ends the process with its exit code. The first Ctrl-C or SIGTERM asks the
 * command to stop, a second one ends the process at once with 130.
 */
export async function main(args: readonly string[]): Promise<void> {
  if (Deno.env.has("PLASMD_EXE")) nameProcess("plasmd");
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) Deno.exit(130);
    stop.abort(new PlasmdError("cancelled", "Stopped by a signal"));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  const terminal = processTerminal();
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    makeUi(terminal).error(event.reason);
    Deno.exit(exitCodeFor(event.reason));
  });
  const whole = argsCalledAs(Deno.env.get("PLASMD_CALLED_AS"), args);
  Deno.exit(await runCommand(whole, terminal, stop.signal));
}

/** Runs a command line in this process. Returns its exit code. */
export async function runCommand(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let chosen: number | undefined;
  const context: Context = {
    process: {
      stdout: { write: terminal.stdout },
      stderr: { write: terminal.stderr },
      env: { STRICLI_SKIP_VERSION_CHECK: "1" },
    },
    terminal,
    signal,
    exit: (code) => chosen = code,
  };
  if (args[0] === jobProcessCommand) return await beJobProcess();
  if (args[0] === "__complete") return await complete(args.slice(1), context);
  await run(buildApp(terminal), args, context);
  return chosen ?? exitCodeFromParser(context.process.exitCode);
}

/** Becomes a job process: stdin and stdout are the broker's. */
async function beJobProcess(): Promise<number> {
  const { runJobProcess } = await import("../jobs/host_process.ts");
  await runJobProcess();
  return 0;
}

/** What the completion scripts call: the words so far, the last one being typed. */
async function complete(words: readonly string[], context: Context): Promise<number> {
  const proposals = await proposeCompletions(buildApp(context.terminal), words, context);
  for (const { completion } of proposals) context.terminal.stdout(`${completion}\n`);
  return 0;
}
