/**
 * A small validator of JSON schemas: the keywords that our own use, and no others.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- a schema of any form
type Any = any;

/** What is wrong with a value, or undefined. Throws for a keyword that it doesn't know. */
export function schemaProblem(value: Any, schema: Any, at = "$"): string | undefined {
  for (const keyword of Object.keys(schema)) {
    const check = checks[keyword];
    if (check === undefined) throw new TypeError(`Unknown keyword "${keyword}"`);
    const problem = check(value, schema, at);
    if (problem !== undefined) return problem;
  }
}

const isObject = (value: Any) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const types: Record<string, (value: Any) => boolean> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isObject,
};

const checks: Record<string, (value: Any, schema: Any, at: string) => string | undefined> = {
  type: (value, { type }, at) => types[type]!(value) ? undefined : `${at} is no ${type}`,
  const: (value, schema, at) => value === schema.const ? undefined : `${at} differs`,
  enum: (value, schema, at) => schema.enum.includes(value) ? undefined : `${at} is none of them`,
  pattern: (value, { pattern }, at) => new RegExp(pattern).test(value) ? undefined : `${at}: form`,
  minimum: (value, { minimum }, at) => value >= minimum ? undefined : `${at} is too small`,
  maximum: (value, { maximum }, at) => value <= maximum ? undefined : `${at} is too large`,
  minItems: (value, { minItems }, at) => value.length >= minItems ? undefined : `${at} is short`,
  maxItems: (value, { maxItems }, at) => value.length <= maxItems ? undefined : `${at} is long`,
  items: (value, { items }, at) => {
    for (const [i, item] of value.entries()) {
      const problem = schemaProblem(item, items, `${at}[${i}]`);
      if (problem !== undefined) return problem;
    }
  },
  required: (value, { required }, at) => {
    const missing = required.find((name: string) => !Object.hasOwn(value, name));
    return missing === undefined ? undefined : `${at} lacks ${missing}`;
  },
  properties: (value, { properties }, at) => {
    for (const [name, schema] of Object.entries(properties)) {
      if (!Object.hasOwn(value, name)) continue;
      const problem = schemaProblem(value[name], schema, `${at}.${name}`);
      if (problem !== undefined) return problem;
    }
  },
  additionalProperties: (value, { properties = {}, additionalProperties: rest }, at) => {
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(properties, name)) continue;
      if (rest === false) return `${at} has ${name}`;
      const problem = schemaProblem(value[name], rest, `${at}.${name}`);
      if (problem !== undefined) return problem;
    }
  },
  anyOf: (value, { anyOf }, at) =>
    anyOf.some((one: Any) => schemaProblem(value, one, at) === undefined)
      ? undefined
      : `${at} fits none`,
};
