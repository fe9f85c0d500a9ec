/**
 * Which snapshot a request means.
 *
 * @module
 */

import type { Catalog, Snapshot } from "../artifacts/snapshot.ts";
import { archOf, isChannel } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { queryValues, type ServerRequest } from "./request.ts";

/**
 * The snapshot that a request names: in its path, else in its query, else the default one.
 *
 * @throws {PlasmdError} `not_ready` before the first snapshot, `bad_request` for a query that names
 * no channel or arch, `not_found` where it isn't served
 */
export function snapshotOf(request: ServerRequest, catalog: Catalog): Snapshot {
  const preset = ready(catalog);
  const { channel, arch } = named(request) ?? asked(request, preset);
  const known = archOf(arch);
  const found = known === undefined ? undefined : catalog.find(channel, known);
  if (found !== undefined) return found;
  throw new PlasmdError("not_found", `Channel and arch are not served here`, {
    hint: "GET /status lists what is served",
  });
}

/** The default target. Throws `not_ready` before there is a snapshot. */
export function ready(catalog: Catalog): NonNullable<Catalog["default"]> {
  if (catalog.default !== undefined) return catalog.default;
  throw new PlasmdError("not_ready", "Nothing is served yet: the artifacts are still being read");
}

interface Names {
  readonly channel: string;
  readonly arch: string;
}

function named({ params: { channel, arch } }: ServerRequest): Names | undefined {
  return channel === undefined || arch === undefined ? undefined : { channel, arch };
}

/** DESIGN 7: `?channel=&arch=` choose others. Parameters that we don't know are ignored. */
function asked({ query }: ServerRequest, preset: Names): Names {
  const channel = single(query, "channel") ?? preset.channel;
  const arch = single(query, "arch") ?? preset.arch;
  if (!isChannel(channel)) throw new PlasmdError("bad_request", "Query names no valid channel");
  if (archOf(arch) === undefined) {
    throw new PlasmdError("bad_request", "Query names no known arch: it is arm64 or x86_64");
  }
  return { channel, arch };
}

function single(query: string, name: string): string | undefined {
  const values = queryValues(query, name);
  if (values.length <= 1) return values[0];
  throw new PlasmdError("bad_request", `Query holds "${name}" more than once`);
}
