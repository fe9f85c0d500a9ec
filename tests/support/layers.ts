/**
 * The order of the parts of the source, and which file wraps which library: data and pure
 * functions. The lint plugin in layers_plugin.ts applies them.
 *
 * @module
 */

/** The parts of src/, top first. A file imports from its own folder and from those after it. */
export const layers = [
  "cli",
  "node",
  "config",
  "server",
  "boot",
  "mirror",
  "jobs",
  "discovery",
  "transfer",
  "artifacts",
  "trust",
  "p2p",
  "formats",
  "identity",
  "lib",
] as const;

/**
 * Library → the only files that may import it, from the root of the project. A path that ends in
 * `/` is a folder. Libraries that are missing here may be imported by nobody.
 */
export const libraries: Readonly<Record<string, readonly string[]>> = {
  "@bytecodealliance/jco-transpile": ["src/jobs/component/jco.ts"],
  "@libp2p/crypto": ["src/p2p/"],
  "@libp2p/identify": ["src/p2p/"],
  "@libp2p/interface": ["src/p2p/"],
  "@libp2p/kad-dht": ["src/p2p/"],
  "@libp2p/noise": ["src/p2p/"],
  "@libp2p/peer-id": ["src/p2p/"],
  "@libp2p/ping": ["src/p2p/"],
  "@libp2p/pnet": ["src/p2p/"],
  "@libp2p/tcp": ["src/p2p/"],
  "@libp2p/utils": ["src/p2p/"],
  "@libp2p/websockets": ["src/p2p/"],
  "@libp2p/yamux": ["src/p2p/"],
  "@logtape/logtape": ["src/lib/log.ts"],
  "@multiformats/multiaddr": ["src/p2p/"],
  "@noble/curves": ["src/identity/verify_ed25519.ts"],
  "@stricli/core": ["src/cli/"],
  "@valibot/to-json-schema": ["src/config/json_schema.ts"],
  "canonicalize": ["src/formats/json.ts"],
  "datastore-core": ["src/p2p/"],
  "dns-packet": ["src/discovery/mdns/packet.ts"],
  "interface-datastore": ["src/p2p/"],
  "libp2p": ["src/p2p/"],
  "multicast-dns": ["src/discovery/mdns/socket.ts"],
  "multiformats": ["src/p2p/"],
  "prom-client": ["src/node/metrics.ts"],
  "rou3": ["src/server/routes.ts"],
  "smol-toml": ["src/config/file.ts", "src/trust/policy_file.ts"],
  "valibot": ["src/config/", "src/jobs/messages.ts"],
};

/** What the environment is read by; every other part gets what it needs as an option. */
export const environmentReaders: readonly string[] = [
  "src/cli/",
  "src/node/",
  "src/config/",
  "src/identity/key_file.ts",
  "src/lib/self.ts",
  "src/lib/state_dir.ts",
  "src/build/",
];

/** The only file that starts Workers. */
export const workerStarters: readonly string[] = ["src/lib/worker.ts"];

/** The one file outside src/ that the source may import: name and version of the program. */
const projectFile = "deno.json";

/** Whether the path is one of the files, or lies in one of the folders. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place);
}

/** The part that a file counts as, or undefined where no rule holds for it (tests, docs). */
export function partOf(path: string): string | undefined {
  if (path === "main.ts") return "cli";
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/**
 * What is wrong with an import, or undefined.
 *
 * @param from the importing file, from the root of the project with `/`
 * @param specifier as it is written
 */
export function importProblem(from: string, specifier: string): string | undefined {
  const part = partOf(from);
  if (part === undefined || specifier.startsWith("node:")) return undefined;
  if (/^\.{1,2}\//.test(specifier)) return fileProblem(part, resolve(from, specifier));
  return libraryProblem(from, specifier);
}

function fileProblem(part: string, target: string): string | undefined {
  if (target === projectFile) return undefined;
  const other = partOf(target);
  if (other === undefined || target === "main.ts") {
    return `the source never imports "${target}"`;
  }
  if (other === part) return undefined;
  if (other === "build") return "src/build is run by tasks only: nobody imports it";
  const to = layers.indexOf(other as typeof layers[number]);
  if (to === -1) return `"src/${other}" is no part: add it to tests/support/layers.ts`;
  if (part === "build") return other === "lib" ? undefined : "src/build may import src/lib only";
  const at = layers.indexOf(part as typeof layers[number]);
  if (at === -1) return `"src/${part}" is no part: add it to tests/support/layers.ts`;
  return at < to
    ? undefined
    : `${part} may not import ${other}: the order is ${layers.join(" > ")}`;
}

function libraryProblem(from: string, specifier: string): string | undefined {
  if (/^[a-z]+:/.test(specifier)) {
    return `"${specifier}": libraries are named and pinned in deno.json's imports`;
  }
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const places = Object.hasOwn(libraries, name) ? libraries[name]! : [];
  if (isIn(from, places)) return undefined;
  return places.length === 0
    ? `no file wraps the library "${name}": add it to tests/support/layers.ts`
    : `the library "${name}" is imported only by ${places.join(", ")}`;
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
