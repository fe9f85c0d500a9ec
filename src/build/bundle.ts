/**
 * Makes the program one file: the main module, and in it the texts of Workers and of parts that are
 * loaded when they are needed, each itself a bundle.
 * Such a file runs without a source tree, a package directory or a configuration.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PlasmdError } from "../lib/errors.ts";
import type { BuildFacts } from "../lib/version.ts";
import { withAssets } from "./assets.ts";
import { type NpmPackage, packagesOf } from "./licenses.ts";
import { runProgram } from "./run.ts";

/** What is bundled, and where to. */
export interface BundleOptions {
  /** The main module. */
  readonly entry: URL;
  /** The modules of the Workers by name. */
  readonly workers: Readonly<Record<string, URL>>;
  /** The modules of the parts that are loaded when they are needed, by name. */
  readonly parts?: Readonly<Record<string, URL>>;
  /** Parts whose packages are bundled as for a browser, where they touch nothing outside. */
  readonly browser?: readonly string[];
  /** The bundle's file; the source maps are written beside it. */
  readonly output: string;
  /** What `plasmd version` says of the build. */
  readonly build: BuildFacts;
  /** Makes the text of `plasmd licenses` from what was bundled. */
  readonly licenses?: (packages: readonly NpmPackage[]) => Promise<string>;
  readonly signal?: AbortSignal;
}

/** A bundle that was written. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  /** Bytes of each embedded Worker, and of each part. */
  readonly workers: Readonly<Record<string, number>>;
  readonly parts: Readonly<Record<string, number>>;
}

/** Bundles the program and writes it with its source maps. */
export async function bundleProgram(options: BundleOptions): Promise<Bundle> {
  await Deno.mkdir(dirname(options.output), { recursive: true });
  const sources: string[] = [];
  const embed = async (modules: Readonly<Record<string, URL>>) => {
    const texts: Record<string, string> = {};
    for (const [name, entry] of Object.entries(modules)) {
      const browser = options.browser?.includes(name) ?? false;
      const { text, map } = await bundleModule(entry, { ...options, browser });
      texts[name] = text;
      sources.push(...sourcesOf(map));
      await Deno.writeTextFile(mapFile(options.output, name), map);
    }
    return texts;
  };
  const [workers, parts] = [await embed(options.workers), await embed(options.parts ?? {})];
  const main = await bundleModule(options.entry, { ...options, browser: false });
  sources.push(...sourcesOf(main.map));
  const licenses = await options.licenses?.(packagesOf(sources));
  const head = preamble({ build: options.build, workers, parts, licenses });
  const text = head + main.text;
  await Deno.writeTextFile(options.output, text);
  await Deno.writeTextFile(mapFile(options.output), shiftMap(main.map, 1));
  return {
    file: options.output,
    bytes: byteLength(text),
    workers: lengths(workers),
    parts: lengths(parts),
  };
}

function lengths(texts: Record<string, string>): Record<string, number> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, byteLength(text)]));
}

/** The source map of a bundle, or of one Worker or part in it. */
export function mapFile(output: string, inside?: string): string {
  const stem = output.replace(/\.js$/, "");
  return inside === undefined ? `${stem}.js.map` : `${stem}-${inside}.js.map`;
}

async function bundleModule(
  entry: URL,
  { browser, signal }: { readonly browser: boolean; readonly signal?: AbortSignal },
): Promise<{ text: string; map: string }> {
  const directory = await Deno.makeTempDir({ prefix: "plasmd-bundle-" });
  try {
    const output = join(directory, `${basename(entry.pathname, ".ts")}.js`);
    await runProgram(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--minify",
      "--sourcemap=external",
      ...browser ? ["--platform=browser"] : [],
      `--output=${output}`,
      fileURLToPath(entry),
    ], { cwd: fileURLToPath(new URL("../..", import.meta.url)), signal });
    const map = await Deno.readTextFile(`${output}.map`);
    const files = sourcesOf(map).map((source) => sourceFile(source, directory));
    const { head, text } = await withAssets(await Deno.readTextFile(output), files);
    return {
      text: withRequire(text, head),
      // The line before it that binds `require`.
      map: shiftMap(portableMap(map, directory), 1),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * A bundle whose packages can `require` built-in modules, the only ones that are left to require.
 * The bundler itself makes `require` of `import.meta.url`, which in a blob is no base for it, and
 * of node:module, which costs each thread of a slow machine a tenth of a second, required or not.
 */
function withRequire(text: string, head: string): string {
  const bound = text.replaceAll(
    /import\{createRequire as (\w+)\} from "node:module";var ([\w$]+)=\1\(import\.meta\.url\);/g,
    // As long as before: the source map counts columns.
    (found, _maker, name) => `var ${name}=require;`.padEnd(found.length),
  );
  if (/require\w*\(import\.meta\.url\)/i.test(bound)) {
    throw new PlasmdError("internal", "The bundler binds `require` to the module in a new way");
  }
  return `const require=(name)=>globalThis.process.getBuiltinModule(name);${head}\n${bound}`;
}

/**
 * One line, so that the source map is shifted by one. It is plain ASCII: one wide character would
 * make the runtime hold all of the bundle in two bytes a character.
 */
function preamble(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `globalThis.__plasmd_${name}=${asciiJson(value)};`)
    .join("") + "\n";
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sourcesOf(map: string): string[] {
  return JSON.parse(map).sources;
}

/** A map of the same code with so many lines before it. */
function shiftMap(map: string, lines: number): string {
  const parsed: { mappings: string } = JSON.parse(map);
  return JSON.stringify({ ...parsed, mappings: ";".repeat(lines) + parsed.mappings });
}

/** The file of a source, as the bundler writes it in the map. */
function sourceFile(source: string, directory: string): string {
  return source.startsWith("file:") ? fileURLToPath(source) : join(directory, source);
}

/** A map whose sources don't name this machine's directories, so that builds are the same. */
function portableMap(map: string, directory: string): string {
  const parsed: { sources: string[] } = JSON.parse(map);
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const sources = parsed.sources.map((source) => {
    const path = sourceFile(source, directory);
    return path.startsWith(root)
      ? path.slice(root.length)
      : path.replace(/^.*\/npm\/[^/]+\//, "npm:");
  });
  return JSON.stringify({ ...parsed, sources });
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
