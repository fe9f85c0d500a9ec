/**
 * The schema of provider.toml as JSON Schema.
 *
 * @module
 */

import { toJsonSchema } from "@valibot/to-json-schema";
import { documentSchema } from "./schema.ts";

/** The JSON Schema of provider.toml as it is written (times as text, arches by any name). */
export function configSchema(): Readonly<Record<string, unknown>> {
  const schema = toJsonSchema(documentSchema, { typeMode: "input", errorMode: "ignore" });
  return { ...schema, title: "plasmd provider.toml" };
}
