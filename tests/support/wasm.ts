/**
 * WebAssembly modules written by hand, section by section.
 *
 * @module
 */

/** An unsigned LEB128 number. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

/** A vector: its count, then its items. */
export function vec(...items: readonly (readonly number[])[]): number[] {
  return [...u32(items.length), ...items.flat()];
}

/** A name. */
export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...u32(bytes.length), ...bytes];
}

/** A section with its id and size. */
export function section(id: number, content: readonly number[]): number[] {
  return [id, ...u32(content.length), ...content];
}

/** A core module of these sections. */
export function wasm(...sections: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** A component of these sections. */
export function component(...sections: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections.flat()]);
}

/** A module with one function `() -> ()` of this body (its final `end` included), exported. */
export function withBody(
  body: readonly number[],
  ...before: readonly number[][]
): Uint8Array<ArrayBuffer> {
  const code = [0, ...body];
  return wasm(
    section(1, vec([0x60, 0, 0])),
    section(3, vec([0])),
    ...before,
    section(7, vec([...name("_start"), 0, 0])),
    section(10, vec([...u32(code.length), ...code])),
  );
}
