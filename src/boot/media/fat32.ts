/**
 * FAT32 file systems with a few files whose names are short, as firmware reads them from a stick.
 * Microsoft's FAT specification 1.03.
 *
 * @module
 */

/** A file: its path in upper case, each part as 8.3. */
export interface FatFile {
  /** `EFI/BOOT/BOOTX64.EFI` */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a file system is made of. */
export interface FatOptions {
  readonly files: readonly FatFile[];
  /** Up to 11 characters. */
  readonly label: string;
  /** A number that tells this one from others. */
  readonly serial: number;
  /** Sectors before it on the disk. */
  readonly hiddenSectors: number;
}

/** Bytes of a sector, and of a cluster: with larger ones a small stick would be FAT16. */
export const sectorBytes = 512;
const reservedSectors = 32;
const fats = 2;
/** With fewer clusters it would not be FAT32. */
const leastClusters = 65_525 + 16;
/** Clusters that stay free, for whoever wants to put a file beside. */
const spareClusters = 8192;
const endOfChain = 0x0fff_ffff;
const attributes = { label: 8, directory: 16, file: 32 } as const;
const rootCluster = 2;
const entryBytes = 32;
/** 1980-01-01, the first day that it knows: the same input gives the same bytes. */
const firstDay = 0x21;

/** A directory that is being filled. */
interface Folder {
  readonly name: string;
  readonly folders: Map<string, Folder>;
  readonly files: FatFile[];
}

/** The bytes of a file system. The same input gives the same bytes. */
export function fat32(options: FatOptions): Uint8Array<ArrayBuffer> {
  const root = treeOf(options.files);
  const clusters = Math.max(leastClusters, clustersOf(root) + spareClusters);
  const fatSectors = Math.ceil((clusters + 2) * 4 / sectorBytes);
  const firstData = reservedSectors + fats * fatSectors;
  const sectors = firstData + clusters;
  const bytes = new Uint8Array(sectors * sectorBytes);
  const volume = openVolume(bytes, firstData, fatSectors);
  storeFolder(root, volume, options.label);
  const tables = bytes.subarray(reservedSectors * sectorBytes, firstData * sectorBytes);
  tables.copyWithin(fatSectors * sectorBytes, 0, fatSectors * sectorBytes);
  const next = volume.next();
  writeBootSectors(bytes, { ...options, sectors, fatSectors, free: clusters - (next - 2), next });
  return bytes;
}

/** Clusters, given one after another. */
interface Volume {
  /** Takes a place for so many bytes; returns its first cluster, 0 for none. */
  take(size: number): number;
  /** Writes to a place that was taken. */
  write(cluster: number, content: Uint8Array): void;
  /** The cluster that is given next. */
  next(): number;
}

function openVolume(bytes: Uint8Array<ArrayBuffer>, firstData: number, fatSectors: number): Volume {
  const start = reservedSectors * sectorBytes;
  const table = new DataView(bytes.buffer, start, fatSectors * sectorBytes);
  table.setUint32(0, 0x0fff_fff8, true);
  table.setUint32(4, endOfChain, true);
  let next = 2;
  return {
    take(size) {
      if (size === 0) return 0;
      const first = next;
      next += Math.ceil(size / sectorBytes);
      for (let i = first; i < next; i++) {
        table.setUint32(4 * i, i === next - 1 ? endOfChain : i + 1, true);
      }
      return first;
    },
    write(cluster, content) {
      if (content.length > 0) bytes.set(content, (firstData + cluster - 2) * sectorBytes);
    },
    next: () => next,
  };
}

function treeOf(files: readonly FatFile[]): Folder {
  const root: Folder = { name: "", folders: new Map(), files: [] };
  for (const file of files) {
    const parts = file.path.split("/");
    let at = root;
    for (const name of parts.slice(0, -1)) {
      const folder: Folder = at.folders.get(name) ?? { name, folders: new Map(), files: [] };
      at.folders.set(name, folder);
      at = folder;
    }
    at.files.push({ path: parts.at(-1)!, bytes: file.bytes });
  }
  return root;
}

function clustersOf(folder: Folder): number {
  const below = [...folder.folders.values()].reduce((sum, one) => sum + clustersOf(one), 0);
  const sizes = [folderBytes(folder), ...folder.files.map(({ bytes }) => bytes.length)];
  return sizes.reduce((sum, size) => sum + Math.ceil(size / sectorBytes), below);
}

/** Stores a directory and what is in it, the root in cluster 2. Returns its first cluster. */
function storeFolder(folder: Folder, volume: Volume, label: string, parent?: number): number {
  const content = new Uint8Array(folderBytes(folder));
  const own = volume.take(content.length);
  let at = 0;
  const add = (entry: Entry) => {
    writeEntry(content.subarray(at), entry);
    at += entryBytes;
  };
  if (parent === undefined) add({ name: label.padEnd(11), attribute: attributes.label });
  else {
    add({ name: ".".padEnd(11), attribute: attributes.directory, cluster: own });
    // The root is called 0 here, wherever it lies.
    const above = parent === rootCluster ? 0 : parent;
    add({ name: "..".padEnd(11), attribute: attributes.directory, cluster: above });
  }
  for (const below of folder.folders.values()) {
    const cluster = storeFolder(below, volume, label, own);
    add({ name: shortName(below.name), attribute: attributes.directory, cluster });
  }
  for (const { path, bytes } of folder.files) {
    const cluster = volume.take(bytes.length);
    volume.write(cluster, bytes);
    add({ name: shortName(path), attribute: attributes.file, cluster, size: bytes.length });
  }
  volume.write(own, content);
  return own;
}

/** Whole clusters, with room for the label or the two entries that lead up. */
function folderBytes({ folders, files }: Folder): number {
  return Math.ceil((folders.size + files.length + 2) * entryBytes / sectorBytes) * sectorBytes;
}

/** An entry of a directory. */
interface Entry {
  /** 11 characters. */
  readonly name: string;
  readonly attribute: number;
  readonly cluster?: number;
  readonly size?: number;
}

function writeEntry(into: Uint8Array, { name, attribute, cluster = 0, size = 0 }: Entry): void {
  const view = new DataView(into.buffer, into.byteOffset, entryBytes);
  into.set(new TextEncoder().encode(name));
  view.setUint8(11, attribute);
  for (const date of [16, 18, 24]) view.setUint16(date, firstDay, true);
  view.setUint16(20, cluster >>> 16, true);
  view.setUint16(26, cluster & 0xffff, true);
  view.setUint32(28, size, true);
}

/** `BOOTX64.EFI` as a directory has it. */
function shortName(name: string): string {
  const match = /^([A-Z0-9_-]{1,8})(?:\.([A-Z0-9_-]{1,3}))?$/.exec(name);
  if (match === null) throw new RangeError(`"${name}" is no short name`);
  return match[1]!.padEnd(8) + (match[2] ?? "").padEnd(3);
}

/** The figures that the first sectors tell. */
interface Geometry extends FatOptions {
  readonly sectors: number;
  readonly fatSectors: number;
  readonly free: number;
  readonly next: number;
}

/** The boot sector and the one with hints, and the copies of both. */
function writeBootSectors(bytes: Uint8Array<ArrayBuffer>, geometry: Geometry): void {
  const { label, serial, hiddenSectors, sectors, fatSectors, free, next } = geometry;
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  const view = new DataView(bytes.buffer);
  bytes.set([0xeb, 0x58, 0x90]); // a jump over the figures
  text(3, "PLASMD  ");
  view.setUint16(11, sectorBytes, true);
  view.setUint8(13, 1); // sectors of a cluster
  view.setUint16(14, reservedSectors, true);
  view.setUint8(16, fats);
  view.setUint8(21, 0xf8); // a disk that stays
  view.setUint16(24, 63, true);
  view.setUint16(26, 255, true);
  view.setUint32(28, hiddenSectors, true);
  view.setUint32(32, sectors, true);
  view.setUint32(36, fatSectors, true);
  view.setUint32(44, rootCluster, true);
  view.setUint16(48, 1, true); // where the hints are
  view.setUint16(50, 6, true); // where the copies are
  view.setUint8(64, 0x80);
  view.setUint8(66, 0x29);
  view.setUint32(67, serial, true);
  text(71, label.padEnd(11));
  text(82, "FAT32   ");
  bytes.set([0xf4, 0xeb, 0xfd], 90); // BIOS can't start it: halt
  view.setUint16(510, 0xaa55, true);
  view.setUint32(512, 0x4161_5252, true);
  view.setUint32(512 + 484, 0x6141_7272, true);
  view.setUint32(512 + 488, free, true);
  view.setUint32(512 + 492, next, true);
  view.setUint32(512 + 508, 0xaa55_0000, true);
  view.setUint16(1024 + 510, 0xaa55, true);
  bytes.copyWithin(6 * sectorBytes, 0, 3 * sectorBytes);
}
