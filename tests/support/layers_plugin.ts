/**
 * A lint plugin that holds the order of the source in the editor and in `deno lint`: who may import
 * whom, who wraps which library, who starts Workers and who reads the environment.
 *
 * @module
 */

import { environmentReaders, importProblem, isIn, partOf, workerStarters } from "./layers.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The path from the root of the project, with `/`. */
function pathOf(filename: string): string {
  return filename.startsWith(root) ? filename.slice(root.length) : filename;
}

/** Imports of every kind: static, of types, re-exports and `import()`. */
const imports: Deno.lint.Rule = {
  create(context) {
    const from = pathOf(context.filename);
    if (partOf(from) === undefined) return {};
    const check = (node: Deno.lint.Node, specifier: unknown) => {
      const problem = typeof specifier === "string"
        ? importProblem(from, specifier)
        : "a module is named by a literal, so that its place in the order can be seen";
      if (problem !== undefined) context.report({ node, message: problem });
    };
    const checkSource = (node: { readonly source: Deno.lint.StringLiteral | null }) => {
      if (node.source !== null) check(node.source, node.source.value);
    };
    return {
      ImportDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ImportExpression: (node) => check(node, (node.source as { value?: unknown }).value),
      TSImportType: (node) =>
        check(node, (node.argument as { literal?: { value?: unknown } }).literal?.value),
      TSExternalModuleReference: (node) =>
        check(node, (node.expression as { value?: unknown }).value),
    };
  },
};

/** `new Worker`, which in a bundle works only the way that lib/worker.ts does it. */
const workers: Deno.lint.Rule = {
  create(context) {
    const from = pathOf(context.filename);
    if (partOf(from) === undefined || isIn(from, workerStarters)) return {};
    return {
      NewExpression(node) {
        if (!isGlobal(node.callee, "Worker")) return;
        context.report({
          node,
          message: `only ${workerStarters.join(", ")} starts Workers`,
          hint: "Add the Worker's name there and call startWorker",
        });
      },
    };
  },
};

/** `Deno.env` and `process.env`. */
const environment: Deno.lint.Rule = {
  create(context) {
    const from = pathOf(context.filename);
    if (partOf(from) === undefined || isIn(from, environmentReaders)) return {};
    return {
      MemberExpression(node) {
        if (nameOf(node.property) !== "env") return;
        if (!isGlobal(node.object, "Deno") && !isGlobal(node.object, "process")) return;
        context.report({
          node,
          message: `the environment is read by ${environmentReaders.join(", ")} only`,
          hint: "Take what you need as an option",
        });
      },
    };
  },
};

/** Whether the node is the global of that name, alone or as a member of globalThis. */
function isGlobal(node: Deno.lint.Node, name: string): boolean {
  if (node.type === "Identifier") return node.name === name;
  return node.type === "MemberExpression" && nameOf(node.object) === "globalThis" &&
    nameOf(node.property) === name;
}

function nameOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** The plugin; its rules are `layers/imports`, `layers/workers` and `layers/environment`. */
const plugin: Deno.lint.Plugin = {
  name: "layers",
  rules: { imports, workers, environment },
};
export default plugin;
