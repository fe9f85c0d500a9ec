/**
 * Flattened device trees: how firmware tells an arm64 kernel what machine it is. Devicetree
 * Specification 0.4, chapter 5.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { bootLimits } from "../../lib/limits.ts";

/** A node of the tree. The root's name is empty. */
export interface TreeNode {
  readonly name: string;
  /** In the order of the tree. */
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly TreeNode[];
}

/** A whole tree. */
export interface DeviceTree {
  readonly root: TreeNode;
  /** Memory that nobody may use: addresses and lengths. */
  readonly reservations: readonly (readonly [bigint, bigint])[];
  /** The processor that the system starts on. */
  readonly bootCpu: number;
}

const magic = 0xd00dfeed;
const version = 17;
/** The oldest version of the format that may read what is written in this one. */
const compatible = 16;
const headerBytes = 40;
const tokens = { begin: 1, end: 2, property: 3, nothing: 4, finish: 9 } as const;

/**
 * Reads a tree.
 *
 * @throws {PlasmdError} `malformed`
 */
export function parseDeviceTree(bytes: Uint8Array): DeviceTree {
  if (bytes.length > bootLimits.deviceTreeBytes) refuse("it is too large");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0) !== magic) refuse("it doesn't begin as one");
  const [, total, structure, strings, reserved, found, oldest, bootCpu] = Array.from(
    { length: 8 },
    (_, i) => view.getUint32(4 * i),
  ) as [number, number, number, number, number, number, number, number];
  if (total > bytes.length || total < headerBytes) refuse("its length is wrong");
  if (found < compatible || oldest > version) refuse(`version ${found} is unknown`);
  const whole = bytes.subarray(0, total);
  return {
    root: readStructure(whole, structure, strings),
    reservations: readReservations(whole, reserved),
    bootCpu,
  };
}

function readReservations(bytes: Uint8Array, from: number): (readonly [bigint, bigint])[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: (readonly [bigint, bigint])[] = [];
  for (let at = from;; at += 16) {
    if (at + 16 > bytes.length) refuse("its reservations don't end");
    const [address, size] = [view.getBigUint64(at), view.getBigUint64(at + 8)];
    if (address === 0n && size === 0n) return found;
    found.push([address, size]);
  }
}

/** A node that is being read. */
interface Growing {
  readonly name: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: Growing[];
}

function readStructure(bytes: Uint8Array, from: number, strings: number): TreeNode {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  const word = () => {
    if (at + 4 > bytes.length) refuse("its nodes don't end");
    at += 4;
    return view.getUint32(at - 4);
  };
  const open: Growing[] = [];
  let root: Growing | undefined;
  const begin = () => {
    const name = stringAt(bytes, at);
    at = align(at + name.length + 1);
    if (open.length >= bootLimits.deviceTreeDepth) refuse("its nodes are nested too deep");
    if (open.length === 0 && root !== undefined) refuse("it has two roots");
    const node: Growing = { name, properties: new Map(), children: [] };
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
  };
  const property = () => {
    const [length, name] = [word(), word()];
    if (at + length > bytes.length) refuse("a property doesn't end");
    const node = open.at(-1) ?? refuse("a property is outside of all nodes");
    node.properties.set(stringAt(bytes, strings + name), bytes.slice(at, at + length));
    at = align(at + length);
  };
  while (true) {
    const token = word();
    if (token === tokens.begin) begin();
    else if (token === tokens.property) property();
    else if (token === tokens.end) {
      if (open.pop() === undefined) refuse("a node ends that has not begun");
    } else if (token === tokens.finish) break;
    else if (token !== tokens.nothing) refuse(`it holds an unknown token ${token}`);
  }
  if (root === undefined || open.length > 0) refuse("its nodes don't end");
  return root;
}

function stringAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  if (at > bytes.length || end === -1 || end - at > 255) refuse("a name doesn't end");
  return String.fromCharCode(...bytes.subarray(at, end));
}

function align(at: number): number {
  return Math.ceil(at / 4) * 4;
}

/** The bytes of a tree. */
export function deviceTreeBytes(
  { root, reservations, bootCpu }: DeviceTree,
): Uint8Array<ArrayBuffer> {
  const names = new Map<string, number>();
  let nameBytes = 0;
  const structure: number[] = [];
  const word = (value: number) =>
    structure.push(value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255);
  const pad = () => {
    while (structure.length % 4 !== 0) structure.push(0);
  };
  const nameOffset = (name: string) => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const offset = nameBytes;
    names.set(name, offset);
    nameBytes += name.length + 1;
    return offset;
  };
  const write = ({ name, properties, children }: TreeNode) => {
    word(tokens.begin);
    for (const byte of latin1(name)) structure.push(byte);
    structure.push(0);
    pad();
    for (const [key, value] of properties) {
      word(tokens.property);
      word(value.length);
      word(nameOffset(key));
      for (const byte of value) structure.push(byte);
      pad();
    }
    children.forEach(write);
    word(tokens.end);
  };
  write(root);
  word(tokens.finish);
  const reserved = headerBytes;
  const structureAt = reserved + 16 * (reservations.length + 1);
  const stringsAt = structureAt + structure.length;
  const bytes = new Uint8Array(stringsAt + nameBytes);
  const view = new DataView(bytes.buffer);
  [
    ...[magic, bytes.length, structureAt, stringsAt, reserved],
    ...[version, compatible, bootCpu, nameBytes, structure.length],
  ].forEach((value, i) => view.setUint32(4 * i, value));
  reservations.forEach(([address, size], i) => {
    view.setBigUint64(reserved + 16 * i, address);
    view.setBigUint64(reserved + 16 * i + 8, size);
  });
  bytes.set(structure, structureAt);
  for (const [name, offset] of names) bytes.set(latin1(name), stringsAt + offset);
  return bytes;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

function refuse(why: string): never {
  throw new PlasmdError("malformed", `Cannot read the machine's device tree: ${why}`, {
    blame: "host",
  });
}
