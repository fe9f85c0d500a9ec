/**
 * Numbers of WASI preview 1: error codes, rights, flags and file types (witx, `snapshot_01`).
 *
 * @module
 */

/** Error codes by their names in the specification. */
export const errno = {
  success: 0,
  acces: 2,
  again: 6,
  badf: 8,
  exist: 20,
  fault: 21,
  fbig: 22,
  ilseq: 25,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  perm: 63,
  pipe: 64,
  range: 68,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76,
} as const;

/** Rights by their names. */
export const rights = {
  fd_datasync: 1n << 0n,
  fd_read: 1n << 1n,
  fd_seek: 1n << 2n,
  fd_fdstat_set_flags: 1n << 3n,
  fd_sync: 1n << 4n,
  fd_tell: 1n << 5n,
  fd_write: 1n << 6n,
  fd_advise: 1n << 7n,
  fd_allocate: 1n << 8n,
  path_create_directory: 1n << 9n,
  path_create_file: 1n << 10n,
  path_link_source: 1n << 11n,
  path_link_target: 1n << 12n,
  path_open: 1n << 13n,
  fd_readdir: 1n << 14n,
  path_readlink: 1n << 15n,
  path_rename_source: 1n << 16n,
  path_rename_target: 1n << 17n,
  path_filestat_get: 1n << 18n,
  path_filestat_set_size: 1n << 19n,
  path_filestat_set_times: 1n << 20n,
  fd_filestat_get: 1n << 21n,
  fd_filestat_set_size: 1n << 22n,
  fd_filestat_set_times: 1n << 23n,
  path_symlink: 1n << 24n,
  path_remove_directory: 1n << 25n,
  path_unlink_file: 1n << 26n,
  poll_fd_readwrite: 1n << 27n,
  sock_shutdown: 1n << 28n,
  sock_accept: 1n << 29n,
} as const;

/** All rights that are defined. */
export const allRights = (1n << 30n) - 1n;

/** The rights that mean something on a file. */
export const fileRights = rights.fd_datasync | rights.fd_read | rights.fd_seek |
  rights.fd_fdstat_set_flags | rights.fd_sync | rights.fd_tell | rights.fd_write |
  rights.fd_advise | rights.fd_allocate | rights.fd_filestat_get | rights.fd_filestat_set_size |
  rights.fd_filestat_set_times | rights.poll_fd_readwrite;

/** The rights that mean something on a directory. */
export const directoryRights = rights.fd_fdstat_set_flags | rights.fd_sync | rights.fd_datasync |
  rights.fd_advise | rights.path_create_directory | rights.path_create_file |
  rights.path_link_source | rights.path_link_target | rights.path_open | rights.fd_readdir |
  rights.path_readlink | rights.path_rename_source | rights.path_rename_target |
  rights.path_filestat_get | rights.path_filestat_set_size | rights.path_filestat_set_times |
  rights.fd_filestat_get | rights.fd_filestat_set_times | rights.path_symlink |
  rights.path_remove_directory | rights.path_unlink_file | rights.poll_fd_readwrite;

/** File types. */
export const filetype = {
  unknown: 0,
  directory: 3,
  regular_file: 4,
  symbolic_link: 7,
} as const;

/** Flags of an open descriptor. */
export const fdflags = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

/** Flags of `path_open`. */
export const oflags = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;

/** Flags that say which times are set. */
export const fstflags = { atim: 1, atim_now: 2, mtim: 4, mtim_now: 8 } as const;

/** An error code as a thrown value; the entry points turn it into a result. */
export class WasiError extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

/** Throws an error code. */
export function fail(code: number): never {
  throw new WasiError(code);
}
