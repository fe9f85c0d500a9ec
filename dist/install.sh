#!/bin/sh
# Installs plasmd on Linux or macOS, x86-64 or arm64, without root:
#
#   curl -fsSL URL/install.sh | sh
#
# What is downloaded is checked against SHA256SUMS, and SHA256SUMS against the signature of the
# release key. The key and the place of the releases are written into this script when a release is
# signed; a copy without them needs --key and PLASMD_INSTALL_URL.
set -eu

release_key=""
release_url=""

usage() {
  cat <<'END'
usage: install.sh [options]

  --prefix DIR     install below DIR; default: /usr/local as root, else ~/.local
  --version V      this version, like 0.1.0; default: the latest
  --key KEYID      the release key, ed25519: and 64 hex digits
  --uninstall      remove what was installed; keys, configuration and state stay
  --insecure-skip-signature
                   where no usable openssl is there: check SHA256SUMS only, which
                   whoever serves the files could have written
  --help           print this

PLASMD_INSTALL_URL is a directory that holds the files of one release.
END
}

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $1"
  shift
  for hint in "$@"; do say "hint: $hint"; done
  exit 1
}

# --- what is asked for --------------------------------------------------------------------------

parse_options() {
  prefix="" version="" key=$release_key uninstall=no skip_signature=no
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix | --version | --key)
        if [ -z "${2:-}" ]; then wrong_usage "$1 needs a value"; fi
        case $1 in
          --prefix) prefix=$2 ;;
          --version) version=${2#v} ;;
          --key) key=$2 ;;
        esac
        shift
        ;;
      --uninstall) uninstall=yes ;;
      --insecure-skip-signature) skip_signature=yes ;;
      --help | -h) usage; exit 0 ;;
      *) wrong_usage "unknown option \"$1\"" ;;
    esac
    shift
  done
  case $version in *[!0-9A-Za-z.-]*) wrong_usage "\"$version\" is no version" ;; esac
}

wrong_usage() {
  say "error: $1"
  usage >&2
  exit 2
}

choose_places() {
  if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then
      prefix=/usr/local
    else
      [ -n "${HOME:-}" ] || fail "HOME is not set" "say where to install: --prefix DIR"
      prefix=$HOME/.local
    fi
  fi
  case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
  program=$prefix/bin/plasmd
  man=$prefix/share/man/man1/plasmd.1
  bash_completion=$prefix/share/bash-completion/completions/plasmd
  zsh_completion=$prefix/share/zsh/site-functions/_plasmd
  fish_completion=$prefix/share/fish/vendor_completions.d/plasmd.fish
}

remove_all() {
  removed=no
  for file in "$program" "$man" "$bash_completion" "$zsh_completion" "$fish_completion"; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      rm -f "$file" || fail "cannot remove \"$file\""
      say "removed $file"
      removed=yes
    fi
  done
  [ $removed = yes ] || fail "plasmd is not installed below \"$prefix\"" "name it with --prefix DIR"
  say "Keys, configuration and state were left where they are."
}

choose_target() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no plasmd for $(uname -s)" "it runs on Linux and macOS" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no plasmd for $(uname -m)" "it runs on x86-64 and arm64" ;;
  esac
  # A shell under Rosetta says x86_64 on a machine that is arm64.
  if [ $os = darwin ] && [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" = 1 ]; then
    arch=arm64
  fi
  target=plasmd-$os-$arch
}

choose_url() {
  if [ -n "${PLASMD_INSTALL_URL:-}" ]; then
    url=${PLASMD_INSTALL_URL%/}
  elif [ -z "$release_url" ]; then
    fail "this copy of install.sh doesn't know where releases are" \
      "set PLASMD_INSTALL_URL to the directory of one, or take install.sh from a release"
  elif [ -n "$version" ]; then
    url=$release_url/download/v$version
  else
    url=$release_url/latest/download
  fi
}

# --- downloads ----------------------------------------------------------------------------------

download() { # NAME: into the work directory
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 2 -o "$work/$1" "$url/$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$work/$1" "$url/$1"
  else
    fail "neither curl nor wget is there" "install one of them"
  fi
}

sha256_of() { # FILE
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1"
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r <"$1"
  else
    fail "there is no sha256sum, shasum or openssl" "install one of them"
  fi | cut -d ' ' -f 1
}

# The digest that SHA256SUMS has for a name; nothing where it has none.
digest_of() { # NAME
  awk -v name="$1" 'NF == 2 && $2 == name { print $1 }' "$work/SHA256SUMS"
}

check_digest() { # NAME
  expected=$(digest_of "$1")
  found=$(sha256_of "$work/$1")
  [ "$expected" = "$found" ] || fail "\"$1\" is not the file of the release: its SHA-256 is $found" \
    "SHA256SUMS says $expected; try again, or use another mirror"
}

# --- the signature ------------------------------------------------------------------------------

bytes_of_hex() { # HEX: the bytes, on stdout
  hex=$1
  while [ -n "$hex" ]; do
    rest=${hex#??}
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf '%03o' "0x${hex%"$rest"}")"
    hex=$rest
  done
}

write_public_key() { # HEX FILE: SubjectPublicKeyInfo of RFC 8410
  {
    echo "-----BEGIN PUBLIC KEY-----"
    bytes_of_hex "302a300506032b6570032100$1" | "$openssl" base64
    echo "-----END PUBLIC KEY-----"
  } >"$2"
}

verifies() { # PUBLIC_KEY SIGNATURE MESSAGE, all files
  "$openssl" pkeyutl -verify -rawin -pubin -inkey "$1" -sigfile "$2" -in "$3" >/dev/null 2>&1
}

# An openssl is usable if it accepts a good signature and refuses it over other bytes: the answers
# are those of RFC 8032 7.1, test 3.
is_usable() {
  command -v "$openssl" >/dev/null 2>&1 || return 1
  write_public_key fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025 \
    "$work/known.pem" 2>/dev/null || return 1
  bytes_of_hex "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" >"$work/known.sig"
  bytes_of_hex af82 >"$work/known"
  bytes_of_hex af83 >"$work/other"
  verifies "$work/known.pem" "$work/known.sig" "$work/known" &&
    ! verifies "$work/known.pem" "$work/known.sig" "$work/other"
}

find_openssl() {
  for openssl in openssl /opt/homebrew/opt/openssl@3/bin/openssl /usr/local/opt/openssl@3/bin/openssl; do
    if is_usable; then return 0; fi
  done
  return 1
}

check_key() {
  [ -n "$key" ] || fail "this copy of install.sh has no release key" \
    "give the key that the project publishes: --key ed25519:..." \
    "or take install.sh from a release"
  hex=${key#ed25519:}
  case $hex in *[!0-9a-f]*) bad_key=yes ;; *) bad_key=no ;; esac
  if [ "$key" = "$hex" ] || [ ${#hex} -ne 64 ] || [ $bad_key = yes ]; then
    fail "\"$key\" is no key" "it is written ed25519: and 64 lower-case hex digits"
  fi
  key_hex=$hex
}

check_signature() {
  if ! find_openssl; then
    [ $skip_signature = yes ] || fail "there is no OpenSSL 3 to check the signature with" \
      "install it: apt-get install openssl, apk add openssl, or brew install openssl@3" \
      "or go on without: --insecure-skip-signature"
    say "WARNING: THE SIGNATURE IS NOT CHECKED. Whoever serves $url"
    say "WARNING: decides what is installed, and so does everybody on the way there."
    return 0
  fi
  check_key
  download SHA256SUMS.sig || fail "cannot download $url/SHA256SUMS.sig" "is it a whole release?"
  write_public_key "$key_hex" "$work/release.pem"
  # A signature of ours says what it is for: it can't be taken for one of something else.
  { printf 'phase-release:v1:'; cat "$work/SHA256SUMS"; } >"$work/signed"
  verifies "$work/release.pem" "$work/SHA256SUMS.sig" "$work/signed" ||
    fail "the signature of SHA256SUMS is not by $key" "nothing was installed; use another mirror"
}

# --- installing ---------------------------------------------------------------------------------

# The work directory is beside the program: a rename puts it in its place as a whole.
make_work() {
  mkdir -p "$prefix/bin" || fail "cannot make \"$prefix/bin\"" "choose another place: --prefix DIR"
  work=$(mktemp -d "$prefix/bin/.plasmd-install.XXXXXX") ||
    fail "cannot write to \"$prefix/bin\"" "choose another place: --prefix DIR"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

check_version() {
  said=$("$work/$target" version </dev/null) || fail "the new plasmd doesn't run on this machine" "$said"
  [ -z "$version" ] || [ "$said" = "plasmd $version" ] ||
    fail "that is $said, and not version $version" "nothing was installed"
}

fetch_shared() { # NAME: a file of the release that may not be there
  if [ -z "$(digest_of "$1")" ]; then return 0; fi
  download "$1" || fail "cannot download $url/$1" "is it a whole release?"
  check_digest "$1"
  chmod 644 "$work/$1"
}

put() { # NAME PLACE: where it was fetched
  if [ ! -e "$work/$1" ]; then return 0; fi
  mkdir -p "${2%/*}" || fail "cannot make \"${2%/*}\""
  # The share directory may be on another disk: the last step is a rename there.
  mv -f "$work/$1" "$2.new" || fail "cannot write \"$2\""
  mv -f "$2.new" "$2" || fail "cannot write \"$2\""
}

install_all() {
  make_work
  download SHA256SUMS || fail "cannot download $url/SHA256SUMS" "is PLASMD_INSTALL_URL right?"
  check_signature
  [ -n "$(digest_of "$target")" ] || fail "this release has no $target"
  say "downloading $url/$target"
  download "$target" || fail "cannot download $url/$target"
  check_digest "$target"
  chmod 755 "$work/$target"
  check_version
  for name in plasmd.1 plasmd.bash _plasmd plasmd.fish; do fetch_shared "$name"; done
  # Everything was checked: only now is anything put in its place.
  put plasmd.1 "$man"
  put plasmd.bash "$bash_completion"
  put _plasmd "$zsh_completion"
  put plasmd.fish "$fish_completion"
  mv -f "$work/$target" "$program" || fail "cannot write \"$program\""
  say "installed $said as $program"
  case ":${PATH:-}:" in
    *":$prefix/bin:"*) ;;
    *) say "To find it: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
  say "Next: plasmd doctor"
}

main() {
  parse_options "$@"
  choose_places
  if [ $uninstall = yes ]; then
    remove_all
    return
  fi
  choose_target
  choose_url
  # What can't be checked isn't downloaded: a missing key is said first.
  [ $skip_signature = yes ] || check_key
  install_all
}

# The last line: a script that was cut off on the way here does nothing.
main "$@"
