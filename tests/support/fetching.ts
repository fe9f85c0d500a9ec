/**
 * Fetches an image of a test from its providers.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { fetchArtifacts, type FetchOptions } from "../../src/transfer/fetch.ts";
import type { FetchReport } from "../../src/transfer/report.ts";
import { httpOrigin } from "../../src/transfer/http_source.ts";
import type { FakeOrigin } from "./fake_origin.ts";
import type { TestImage } from "./image_origin.ts";
import { quickDeps, quickLimits } from "./quick.ts";

/** Fetches the image into the directory, with quick limits. */
export function fetchFrom(
  image: TestImage,
  origins: readonly FakeOrigin[],
  output: string,
  changes: Partial<FetchOptions> = {},
): Promise<FetchReport> {
  const limits = { ...quickLimits, ...changes.limits };
  return fetchArtifacts(image.verified, {
    origins: origins.map(({ url }) =>
      httpOrigin(new URL(`${url}/manifest.json`), quickDeps, limits)
    ),
    output,
    signal: new AbortController().signal,
    ...changes,
    limits,
  }, quickDeps);
}

/** The names in a directory, sorted. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await fs.readdir(directory)).sort();
}
