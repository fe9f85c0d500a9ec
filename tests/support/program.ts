/**
 * Runs the program as people run it: a process of its own, from source.
 *
 * @module
 */

/** The root of the project, with a final `/`. */
export const projectRoot: string = new URL("../../", import.meta.url).pathname;

/** How a process of the program is started. */
export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What comes before deno and its arguments; `setpriv …` for example. */
  readonly prefix?: readonly string[];
  /** The deno to run and the program's main module; default: this one, and this project's. */
  readonly deno?: string;
  readonly main?: string;
  /** Flags of `deno run` itself. */
  readonly flags?: readonly string[];
}

/** What a process that ended has left. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. Disposing it ends it, by force where it doesn't end in time. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first value that `find` makes of stdout; rejects when the process ends. */
  until<T>(find: (stdout: string) => T | undefined): Promise<T>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<Ended>;
}

const endWithinMs = 15_000;
const hangsAfterMs = 180_000;

/** The command line of the program with these arguments. */
export function programCommand(args: readonly string[], options: ProgramOptions = {}): string[] {
  const { prefix = [], deno = Deno.execPath(), main = `${projectRoot}main.ts`, flags = [] } =
    options;
  return [...prefix, deno, "run", "-A", "--no-prompt", "--quiet", ...flags, main, ...args];
}

/** Starts the program. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Running {
  const { env = {}, cwd } = options;
  const [command, ...rest] = programCommand(args, options);
  return follow(
    new Deno.Command(command!, {
      args: rest,
      env: { NO_COLOR: "1", ...env },
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

/** Runs the program to its end; one that hangs is killed, so that its stderr is seen. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  await using running = startProgram(args, options);
  const timer = setTimeout(() => running.kill("SIGKILL"), hangsAfterMs);
  return await running.ended.finally(() => clearTimeout(timer));
}

/** Follows a child whose stdout and stderr are piped. */
export function follow(child: Deno.ChildProcess): Running {
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  const ended = (async () => {
    const [status] = await Promise.all([child.status, out.done, err.done]);
    return { code: status.code, signal: status.signal, stdout: out.text(), stderr: err.text() };
  })();
  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown; // it has ended already
    }
  };
  return {
    pid: child.pid,
    stdout: out.text,
    stderr: err.text,
    until: (find) => untilFound(out, find, ended),
    kill,
    ended,
    async [Symbol.asyncDispose]() {
      kill("SIGTERM");
      const timer = setTimeout(() => kill("SIGKILL"), endWithinMs);
      await ended.finally(() => clearTimeout(timer));
    },
  };
}

/** The text of a stream as it comes. */
interface Collected {
  text(): string;
  /** Calls back at every new part; returns how to stop that. */
  listen(callback: () => void): () => void;
  readonly done: Promise<void>;
}

function collect(stream: ReadableStream<Uint8Array>): Collected {
  let text = "";
  const listeners = new Set<() => void>();
  const done = (async () => {
    const decoder = new TextDecoder();
    for await (const part of stream) {
      text += decoder.decode(part, { stream: true });
      listeners.forEach((callback) => callback());
    }
  })();
  return {
    text: () => text,
    listen(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    done,
  };
}

async function untilFound<T>(
  out: Collected,
  find: (stdout: string) => T | undefined,
  ended: Promise<Ended>,
): Promise<T> {
  const found = Promise.withResolvers<T>();
  const look = () => {
    const value = find(out.text());
    if (value !== undefined) found.resolve(value);
  };
  const stop = out.listen(look);
  look();
  ended.then(({ code, stderr }) => {
    look();
    found.reject(new Error(`It ended with ${code} before that was printed:\n${stderr}`));
  });
  return await found.promise.finally(stop);
}
