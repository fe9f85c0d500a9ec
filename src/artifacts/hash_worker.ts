/**
 * The entry of a hash Worker: a task in, progress and one result out.
 *
 * @module
 */

import { errorData } from "../lib/errors.ts";
import { hashFile, type HashTask } from "./hash_file.ts";
import type { HashMessage } from "./hash_pool.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<HashTask>) => void) | null;
  postMessage(message: HashMessage): void;
};

scope.onmessage = async ({ data: task }) => {
  try {
    const result = await hashFile(task, (bytes) => scope.postMessage({ kind: "progress", bytes }));
    scope.postMessage({ kind: "done", result });
  } catch (thrown) {
    scope.postMessage({ kind: "failed", error: errorData(thrown) });
  }
};

scope.postMessage({ kind: "ready" });
