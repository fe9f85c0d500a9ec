/**
 * The licence texts of everything that an executable holds, as one text: ours, the runtime's, the
 * npm packages' that are in the bundle, and those of the C libraries beside them.
 *
 * @module
 */

import { join } from "node:path";
import { runForText } from "./run.ts";

/** A package in the bundle. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/** A text, and whose it is. */
export interface LicenseText {
  readonly holders: readonly string[];
  readonly text: string;
}

/** The Debian packages whose files a Linux executable holds, by what we call them. */
const debianPackages = {
  "GNU C Library (loader and libraries)": "libc6",
  "GCC runtime library (libgcc_s)": "libgcc-s1",
  "Zstandard (in the launcher)": "libzstd1",
};

/** The licences whose text Debian's files leave out. */
const referredTo = ["LGPL-2.1", "GPL-2", "GPL-3"];

/** The packages that the sources of a bundle's map belong to, sorted. */
export function packagesOf(sources: readonly string[]): NpmPackage[] {
  const found = new Map<string, NpmPackage>();
  for (const source of sources) {
    const match = /^npm:((?:@[^/]+\/)?[^/]+)\/([^/]+)\//.exec(source);
    if (match) found.set(`${match[1]} ${match[2]}`, { name: match[1]!, version: match[2]! });
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}

/** The licence texts of npm packages, read where the runtime keeps them. */
export async function npmLicenses(packages: readonly NpmPackage[]): Promise<LicenseText[]> {
  const { npmCache } = JSON.parse(await runForText(Deno.execPath(), ["info", "--json"]));
  const registries: string[] = [];
  for await (const entry of Deno.readDir(npmCache)) registries.push(join(npmCache, entry.name));
  return await Promise.all(packages.map(async ({ name, version }) => {
    const folders = registries.map((registry) => join(registry, name, version));
    return { holders: [`${name} ${version}`], text: await packageLicense(folders) };
  }));
}

/** The licence texts of the C libraries as Debian ships them, and those that they refer to. */
export async function debianLicenses(share = "/usr/share"): Promise<LicenseText[]> {
  const files = [
    ...Object.entries(debianPackages).map(([holder, name]) => [holder, `doc/${name}/copyright`]),
    ...referredTo.map((name) => [`${name}, referred to above`, `common-licenses/${name}`]),
  ];
  return await Promise.all(
    files.map(async ([holder, file]) => ({
      holders: [holder!],
      text: await Deno.readTextFile(join(share, file!)),
    })),
  );
}

/** All texts as one, each text once with all its holders. */
export function joinLicenses(licenses: readonly LicenseText[]): string {
  const holders = new Map<string, string[]>();
  for (const { holders: names, text } of licenses) {
    const key = text.replaceAll("\r", "").trim();
    holders.set(key, [...holders.get(key) ?? [], ...names]);
  }
  const line = "-".repeat(78);
  return [...holders].map(([text, names]) => `${line}\n${names.join("\n")}\n${line}\n\n${text}\n`)
    .join("\n");
}

async function packageLicense(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const files = await filesOf(folder);
    const texts = files.filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
    if (texts.length > 0) {
      const parts = await Promise.all(texts.map((file) => Deno.readTextFile(join(folder, file))));
      return parts.map((part) => part.trim()).join("\n\n");
    }
    if (files.includes("package.json")) return await declaredLicense(join(folder, "package.json"));
  }
  throw new Error(`no package in ${folders.join(", ")}`);
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

/** A package without a text says at least which licence it is under. */
async function declaredLicense(file: string): Promise<string> {
  const { license, author } = JSON.parse(await Deno.readTextFile(file));
  const by = typeof author === "string" ? author : author?.name;
  return `Licence: ${license ?? "not stated"}${by === undefined ? "" : `, by ${by}`}`;
}
