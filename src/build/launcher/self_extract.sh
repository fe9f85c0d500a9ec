#!/bin/sh
# plasmd, with the runtime that it needs. Unpacks both into a private cache at the first start.
set -eu
script=@SCRIPT_BYTES@
key=@KEY@
user_path=${PATH-}
PATH=/usr/bin:/bin:/usr/sbin:/sbin

fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

case $0 in
  /*) self=$0 ;;
  */*) self=$PWD/$0 ;;
  *) self=$(PATH=$user_path; command -v -- "$0") || fail "Cannot find \"$0\"" ;;
esac

# Nobody else may be able to write what is started.
is_private() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] || return 1
  case $(LC_ALL=C ls -ldn "$1") in
    drwx------*) ;;
    *) return 1 ;;
  esac
}

if [ -n "${PLASMD_CACHE_DIR-}" ]; then
  cache=$PLASMD_CACHE_DIR
elif [ "$(id -u)" = 0 ]; then
  cache=/Library/Caches/plasmd
elif [ -n "${HOME-}" ]; then
  cache=$HOME/Library/Caches/plasmd
else
  fail "Cannot start: there is no home directory to unpack into" "set PLASMD_CACHE_DIR"
fi
case $cache in
  /*) ;;
  *) fail "Cannot unpack into \"$cache\": it must begin with a slash" ;;
esac
(umask 077 && mkdir -p "$cache") || fail "Cannot make the directory \"$cache\"" "set PLASMD_CACHE_DIR"
is_private "$cache" ||
  fail "Cannot use \"$cache\": others could write there" "chmod 700 it, or set PLASMD_CACHE_DIR"
place=$cache/$key

digest() {
  if command -v shasum > /dev/null; then shasum -a 256 "$1"; else sha256sum "$1"; fi
}

# from, bytes, digest, file
unpack() {
  tail -c "+$1" "$self" | head -c "$2" | gzip -dc > "$4" 2> /dev/null ||
    fail "Cannot unpack \"$self\": it is damaged, or there is no room in \"$cache\"" "fetch it again"
  case $(digest "$4") in
    "$3 "*) ;;
    *) fail "Cannot start \"$self\": it is damaged" "fetch it again" ;;
  esac
  chmod 500 "$4"
}

if ! is_private "$place"; then
  [ ! -e "$place" ] || fail "Cannot use \"$place\": others could write there" "remove it"
  new=$(mktemp -d "$cache/.new.XXXXXX") || fail "Cannot write into \"$cache\""
  trap 'rm -rf "$new"' EXIT
  unpack $((script + 1)) @RUNTIME_BYTES@ @RUNTIME_SHA256@ "$new/plasmd"
  unpack $((script + 1 + @RUNTIME_BYTES@)) @PROGRAM_BYTES@ @PROGRAM_SHA256@ "$new/plasmd.js"
  # Somebody may have been faster, with the same bytes.
  [ -e "$place" ] || mv "$new" "$place"
  rm -rf "$new"
  trap - EXIT
fi

# What would change the runtime or its loader is dropped, whoever set it.
for name in $(env | sed -n -E 's/^((DENO|NODE|LD|DYLD)_[A-Za-z0-9_]*)=.*/\1/p'); do unset "$name"; done
PLASMD_EXE=$self PLASMD_CALLED_AS=${0##*/} DENO_DIR=$place/deno DENO_NO_UPDATE_CHECK=1
PATH=$user_path
export PATH PLASMD_EXE PLASMD_CALLED_AS DENO_DIR DENO_NO_UPDATE_CHECK
exec "$place/plasmd" @ARGS@ "$@"
exit 1
