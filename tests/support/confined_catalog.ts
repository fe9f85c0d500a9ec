/**
 * A Worker that opens a catalog with whatever rights it was started with, and says what came of it.
 *
 * @module
 */

import { openCatalog } from "../../src/artifacts/catalog.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { errorData } from "../../src/lib/errors.ts";
import { testIdentity } from "./manifests.ts";
import { memoryLog } from "./memory_log.ts";

/** Where the catalog is opened. */
export interface ConfinedCatalogTask {
  readonly directory: string;
  readonly stateDir: string;
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ConfinedCatalogTask>) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = async ({ data: { directory, stateDir } }) => {
  const log = memoryLog();
  try {
    const identity = testIdentity(1);
    const target = { channel: "stable", arch: "arm64" } as const;
    const options = { directory, stateDir, identity, ...target };
    await using catalog = await openCatalog(options, systemDeps({ log }));
    const [snapshot] = catalog.list();
    const kernel = snapshot!.artifacts.get("kernel")!;
    const into = new Uint8Array(kernel.size);
    await kernel.read(into, 0);
    scope.postMessage({
      kernel: new TextDecoder().decode(into),
      problems: await catalog.check(),
      warnings: log.warnings(),
    });
  } catch (thrown) {
    scope.postMessage(errorData(thrown));
  }
};

scope.postMessage("ready");
