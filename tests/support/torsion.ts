/**
 * Keys and signatures that only look right, made with points of small order.
 *
 * @module
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { createHash } from "node:crypto";
import { equalBytes } from "../../src/lib/bytes.ts";

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const order = Point.Fn.ORDER;

/** The eight points of small order. */
export function smallOrderPoints(): Point[] {
  // A point of order 8; its multiples are all of them.
  const eighth = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const points = [Point.ZERO];
  for (let i = 1; i < 8; i++) points.push(points[i - 1]!.add(eighth));
  return points;
}

/** Every public key of small order, its encodings that are not canonical included. */
export function smallOrderKeys(): Uint8Array[] {
  const p = 2n ** 255n - 19n;
  const odd = [p, p + 1n, p - 1n, 0n, 1n].flatMap((y) => [y, y | (1n << 255n)]);
  const bytes = (value: bigint) =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
  const all = [...smallOrderPoints().map((point) => point.toBytes()), ...odd.map(bytes)];
  return all.filter((key, i) => all.findIndex((other) => equalBytes(key, other)) === i);
}

/** A key of a seed with a point of small order added: a torsioned key. */
export function torsionedKeys(seed: Uint8Array): Uint8Array[] {
  const point = Point.fromBytes(ed25519.getPublicKey(seed));
  return smallOrderPoints().slice(1).map((small) => point.add(small).toBytes());
}

/** Signatures of the seed's key whose R has a point of small order added; S fits the new R. */
export function torsionedSignatures(seed: Uint8Array, message: Uint8Array): Uint8Array[] {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const r = 123456789n;
  return smallOrderPoints().slice(1).map((small) => {
    const R = Point.BASE.multiply(r).add(small).toBytes();
    const digest = createHash("sha512").update(R).update(pointBytes).update(message).digest();
    const k = toNumber(digest) % order;
    const s = (r + k * scalar) % order;
    const S = Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 255n));
    return Uint8Array.from([...R, ...S]);
  });
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
