/**
 * Base58 with Bitcoin's alphabet, in which libp2p writes peer ids.
 *
 * @module
 */

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The bytes in base58btc; each leading zero byte becomes a `1`. */
export function toBase58(bytes: Uint8Array): string {
  const zeros = bytes.findIndex((byte) => byte !== 0);
  const leading = zeros < 0 ? bytes.length : zeros;
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  let text = "";
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)] + text;
  return "1".repeat(leading) + text;
}

/** The bytes that the text spells in base58btc, or undefined where it spells none. */
export function fromBase58(text: string): Uint8Array<ArrayBuffer> | undefined {
  let value = 0n;
  for (const letter of text) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const bytes: number[] = [];
  for (; value > 0n; value /= 256n) bytes.unshift(Number(value % 256n));
  const leading = /^1*/.exec(text)![0].length;
  return Uint8Array.from([...new Array<number>(leading).fill(0), ...bytes]);
}
