/**
 * The keys under which an image is found in the DHT, and what may lie there. DESIGN 8.
 *
 * @module
 */

import { type Arch, archOf, isChannel } from "../formats/names.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import { PlasmdError } from "../lib/errors.ts";
import { ipScope } from "../lib/ip_scope.ts";
import { discoveryLimits } from "../lib/limits.ts";

/** A channel and arch. */
export interface ImageTarget {
  readonly channel: string;
  readonly arch: Arch;
}

/** The key of all providers of an image, and of the value that names one. */
export function imageKey({ channel, arch }: ImageTarget): string {
  return `/phase/${channel}/${arch}/manifest`;
}

/** The key of those who serve an image that this key has signed. */
export function signerKey({ channel, arch }: ImageTarget, keyid: string): string {
  return `/phase/${channel}/${arch}/${keyid}/manifest`;
}

/** What a question for a provider record asks for: the image's key; undefined for other bytes. */
export function readQuestion(bytes: Uint8Array): ImageTarget | undefined {
  if (bytes.length > discoveryLimits.questionBytes) return undefined;
  return readImageKey(new TextDecoder().decode(bytes));
}

function readImageKey(text: string): ImageTarget | undefined {
  const [, channel = "", word = ""] = /^\/phase\/([^/]+)\/([^/]+)\/manifest$/.exec(text) ?? [];
  const arch = archOf(word);
  return isChannel(channel) && arch === word ? { channel, arch } : undefined;
}

/** The value for simple clients: the plain URL of the manifest. */
export function valueUrl(host: string, port: number, path: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

/**
 * Checks a value that somebody wants kept under a key. A plain URL says nothing of its age, so the
 * last one that is well-formed stays; nobody of ours follows it.
 *
 * @throws {PlasmdError} `malformed`
 */
export function checkValue(key: Uint8Array, value: Uint8Array): void {
  const keyText = new TextDecoder().decode(key);
  const target = readImageKey(keyText);
  if (target === undefined) refuse("the key names no image");
  const text = new TextDecoder().decode(value);
  const url = URL.parse(text);
  if (url?.protocol !== "http:" || url.href !== text) refuse("it is no plain URL");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    refuse("it is no plain URL");
  }
  if (ipScope(url.hostname.replace(/^\[|\]$/g, "")) === "none") refuse("its host is no IP address");
  const named = `/${target.channel}/${target.arch}/manifest.json`;
  if (url.pathname !== "/manifest.json" && url.pathname !== named) refuse("it names no manifest");
}

/** Whether the text is a keyid that a key of the DHT can name. */
export function isKeyid(text: string): boolean {
  return publicKeyOf(text) !== undefined;
}

function refuse(why: string): never {
  throw new PlasmdError("malformed", `Cannot keep the value: ${why}`);
}
