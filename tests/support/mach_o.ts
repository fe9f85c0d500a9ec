/**
 * The parts of a Mach-O file that tests look at: its header, its load commands, their sections.
 *
 * @module
 */

/** Numbers of the format. */
export const magic = {
  arm64: 0x0100_000c,
  executable: 2,
  segment: 0x19,
  codeSignature: 0x1d,
  /** The first bytes of a signature, big endian. */
  superBlob: 0xfade_0cc0,
} as const;

/** A piece of the file. */
export interface Section {
  readonly segment: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** A load command. */
export interface LoadCommand {
  readonly kind: number;
  readonly sections: readonly Section[];
  /** Where a signature lies in the file. */
  readonly data?: { readonly offset: number; readonly size: number };
}

/** Reads the header and the load commands of a 64-bit file. Throws where it is none. */
export function commandsOf(bytes: Uint8Array): {
  readonly cpu: number;
  readonly type: number;
  readonly commands: readonly LoadCommand[];
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0xfeed_facf) throw new Error("no 64-bit Mach-O file");
  const commands: LoadCommand[] = [];
  let at = 32;
  for (let i = 0; i < view.getUint32(16, true); i++) {
    const kind = view.getUint32(at, true);
    const data = kind === magic.codeSignature
      ? { offset: view.getUint32(at + 8, true), size: view.getUint32(at + 12, true) }
      : undefined;
    commands.push({ kind, sections: kind === magic.segment ? sectionsAt(bytes, at) : [], data });
    at += view.getUint32(at + 4, true);
  }
  return { cpu: view.getUint32(4, true), type: view.getUint32(12, true), commands };
}

function sectionsAt(bytes: Uint8Array, command: number): Section[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) =>
    new TextDecoder().decode(bytes.subarray(at, at + 16)).replace(/\0.*$/s, "");
  return Array.from({ length: view.getUint32(command + 64, true) }, (_, i) => {
    const at = command + 72 + 80 * i;
    return {
      name: text(at),
      segment: text(at + 16),
      size: Number(view.getBigUint64(at + 40, true)),
      offset: view.getUint32(at + 48, true),
    };
  });
}
