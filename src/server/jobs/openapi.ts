/**
 * `/v1/openapi.json`: the interface of jobs as an OpenAPI 3.1 document.
 *
 * @module
 */

import { programVersion } from "../../lib/version.ts";
import { jsonReply, type Reply } from "../reply.ts";
import { type Content, type Operation, operations } from "./operations.ts";
import { schemas } from "./schemas.ts";

/** Answers with the description. */
export function getOpenApi(): Reply {
  return jsonReply(200, describe());
}

/** Makes the description. */
export function describe(): Record<string, unknown> {
  const paths = Object.entries(operations).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, it]) => [method, operation(it)])),
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "plasmd jobs",
      version: programVersion.version,
      description: "WebAssembly jobs for others, with signed receipts",
    },
    paths: Object.fromEntries(paths),
    components: { schemas },
  };
}

function operation({ id, summary, parameters, body, answers }: Operation) {
  return {
    operationId: id,
    summary,
    parameters: parameters.map((one) => ({ ...one, required: one.in === "path" })),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, [description, content]]) => [
        status,
        { description, ...(content === undefined ? {} : { content: contentOf(content) }) },
      ]),
    ),
  };
}

function contentOf({ type, schema }: Content) {
  return {
    [type]: schema === undefined ? {} : { schema: { $ref: `#/components/schemas/${schema}` } },
  };
}
