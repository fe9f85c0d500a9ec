/**
 * What end-to-end tests need of the machine, and how they say that it is missing.
 *
 * @module
 */

/** A body of a test. */
export type TestBody = (t: Deno.TestContext) => Promise<void>;

/** Which of the programs are not in the PATH. */
export function missingTools(tools: readonly string[]): string[] {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  return tools.filter((tool) => !folders.some((folder) => isFile(`${folder}/${tool}`)));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The body, or one that says `SKIPPED: why` where programs or rights are missing. */
export function needing(
  { tools = [], files = [], root = false }: {
    readonly tools?: readonly string[];
    /** Paths of files. */
    readonly files?: readonly string[];
    readonly root?: boolean;
  },
  body: TestBody,
): TestBody {
  return async (t) => {
    const missing = [...missingTools(tools), ...files.filter((path) => !isFile(path))];
    if (missing.length > 0) return console.log(`SKIPPED: ${missing.join(", ")} not installed`);
    if (root && Deno.uid() !== 0) return console.log("SKIPPED: root only");
    await body(t);
  };
}

/** What a program that ended well printed. Throws with its stderr where it failed. */
export async function runTool(command: string, ...args: string[]): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}
