/**
 * Chooses kernel modules with what they depend on, from the tables that depmod writes.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { printable } from "../../lib/text.ts";

/** The text of depmod's tables; those that a kernel lacks are empty. */
export interface ModuleTexts {
  /** modules.dep */
  readonly dep: string;
  /** modules.alias */
  readonly alias?: string;
  /** modules.softdep */
  readonly softdep?: string;
  /** modules.builtin */
  readonly builtin?: string;
}

/** One module file. */
export interface KernelModule {
  /** With "_" for "-", as the kernel shows it. */
  readonly name: string;
  /** Relative to the modules directory: `kernel/fs/ext4/ext4.ko.xz`. */
  readonly path: string;
  /** Paths that must be loaded first, those that they need included. */
  readonly needs: readonly string[];
}

/** Every module of a kernel. */
export interface ModuleTables {
  readonly modules: ReadonlyMap<string, KernelModule>;
  readonly builtin: ReadonlySet<string>;
  /** Device patterns of a module: `pci:v00001AF4d*`. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Modules that a module wants before itself. */
  readonly before: ReadonlyMap<string, readonly string[]>;
}

/** A module's name as the kernel shows it: `nvme-core.ko.xz` is `nvme_core`. */
export function moduleName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.ko(\.(gz|xz|zst))?$/, "")
    .replaceAll("-", "_");
}

/**
 * Parses depmod's tables.
 *
 * @throws {PlasmdError} `config` where a line isn't one of depmod's or a path leaves the directory
 */
export function parseModules(
  { dep, alias = "", softdep = "", builtin = "" }: ModuleTexts,
): ModuleTables {
  const modules = new Map<string, KernelModule>();
  for (const line of lines(dep)) {
    const module = parseDep(line);
    modules.set(module.name, module);
  }
  const aliases = new Map<string, string[]>();
  for (const line of lines(alias)) {
    const [word, pattern, name, ...more] = line.split(/\s+/);
    if (word !== "alias" || !name || more.length > 0) throw broken("modules.alias", line);
    append(aliases, name.replaceAll("-", "_"), pattern!);
  }
  const before = new Map<string, string[]>();
  for (const line of lines(softdep)) readSoftdep(line, before);
  return { modules, aliases, before, builtin: new Set(lines(builtin).map(moduleName)) };
}

function parseDep(line: string): KernelModule {
  const colon = line.indexOf(":");
  const path = line.slice(0, colon);
  const needs = line.slice(colon + 1).split(/\s+/).filter((word) => word !== "");
  if (colon < 1 || ![path, ...needs].every(isModulePath)) throw broken("modules.dep", line);
  return { name: moduleName(path), path, needs };
}

function isModulePath(path: string): boolean {
  return /^[\w+,.@-]+(\/[\w+,.@-]+)*\.ko(\.(gz|xz|zst))?$/.test(path) &&
    !path.split("/").some((part) => part === "." || part === "..");
}

/** `softdep NAME pre: A B post: C`; older kernels leave "pre:" out, and mean nothing that we need. */
function readSoftdep(line: string, before: Map<string, string[]>): void {
  const [word, name, ...rest] = line.split(/\s+/);
  if (word !== "softdep" || !name) throw broken("modules.softdep", line);
  let reading = false;
  for (const wanted of rest) {
    if (wanted.endsWith(":")) reading = wanted === "pre:";
    else if (reading) append(before, name.replaceAll("-", "_"), wanted.replaceAll("-", "_"));
  }
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

function broken(file: string, line: string): PlasmdError {
  return new PlasmdError("config", `Cannot read ${file}: unexpected line "${printable(line)}"`, {
    hint: "write it anew: depmod -b ROOT VERSION",
  });
}

/**
 * The modules that are wanted and there, each after all that it needs. What is built in or missing
 * is left out.
 */
export function chooseModules(tables: ModuleTables, wanted: Iterable<string>): KernelModule[] {
  const byPath = new Map([...tables.modules.values()].map((module) => [module.path, module]));
  const chosen = new Map<string, KernelModule>();
  const open = new Set<string>();
  const visit = (module: KernelModule | undefined) => {
    // Soft dependencies may form a circle; the first one met wins.
    if (module === undefined || chosen.has(module.name) || open.has(module.name)) return;
    open.add(module.name);
    for (const name of tables.before.get(module.name) ?? []) visit(tables.modules.get(name));
    for (const path of module.needs) visit(byPath.get(path));
    chosen.set(module.name, module);
  };
  for (const name of wanted) visit(tables.modules.get(name.replaceAll("-", "_")));
  return [...chosen.values()];
}

/** The lines of depmod's own tables for the chosen modules, for modprobe in the image. */
export function tablesFor(
  tables: ModuleTables,
  chosen: readonly KernelModule[],
): Required<Omit<ModuleTexts, "builtin">> {
  const paths = new Map(chosen.map(({ path }) => [path, plainPath(path)]));
  const text = (rows: readonly string[]) => rows.map((row) => `${row}\n`).join("");
  return {
    dep: text(
      chosen.map(({ path, needs }) =>
        `${paths.get(path)}:${
          needs.map((need) => ` ${paths.get(need) ?? plainPath(need)}`).join("")
        }`
      ),
    ),
    alias: text(
      chosen.flatMap(({ name }) =>
        (tables.aliases.get(name) ?? []).map((pattern) => `alias ${pattern} ${name}`)
      ),
    ),
    softdep: text(
      chosen.flatMap(({ name }) => {
        const before = tables.before.get(name);
        return before === undefined ? [] : [`softdep ${name} pre: ${before.join(" ")}`];
      }),
    ),
  };
}

/** Where a module lies in the image: never compressed, the image is that as a whole. */
export function plainPath(path: string): string {
  return path.replace(/\.(gz|xz|zst)$/, "");
}
