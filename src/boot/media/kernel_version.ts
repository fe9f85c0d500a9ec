/**
 * The version that a kernel image says it is, so that modules of another one are noticed before a
 * machine stands there without network.
 *
 * @module
 */

/** The version of an x86 bzImage, such as `6.1.0-13-amd64`; undefined for other kernels. */
export function kernelVersion(image: Uint8Array): string | undefined {
  if (image.length < 0x210) return undefined;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  // Linux boot protocol 2.00: "HdrS" at 0x202; at 0x20e the place of a text, less 0x200.
  if (view.getUint32(0x202) !== 0x48647253) return undefined;
  const at = view.getUint16(0x20e, true);
  if (at === 0) return undefined;
  const text = new TextDecoder("latin1").decode(image.subarray(at + 0x200, at + 0x200 + 128));
  return /^[\w.+~-]+(?=[\s\0])/.exec(text)?.[0];
}
