#!/bin/bash
# Installs what the end-to-end tests need on Debian, as root. Safe to run again.
set -euo pipefail

packages=(
  aria2           # a downloader to compare with
  avahi-daemon    # another speaker of multicast DNS
  avahi-utils
  busybox-static  # the initramfs's programs; the package "busybox" would replace it
  ca-certificates
  clang           # builds jobs for WebAssembly, with lld, wasi-libc and its runtime
  cpio            # makes the initramfs
  curl
  dash            # the strictest of usual shells, for install.sh
  dbus-daemon     # Avahi's tools need a message bus
  debootstrap
  fish            # completes our commands, like zsh and bash
  gcc
  gcc-aarch64-linux-gnu  # the launcher for arm64
  iproute2        # network namespaces
  ipxe-qemu       # the ROM of a network card
  jq
  kmod
  libc6-dev
  libc6-dev-arm64-cross
  libclang-rt-14-dev-wasm32
  libzstd-dev
  libzstd-dev:arm64
  lld
  lighttpd        # a server to compare with
  mandoc          # checks the man page
  mount           # small and read-only file systems
  musl-tools      # a root file system whose only libc is musl
  nftables        # a firewall between machines
  nginx-light     # a server to compare with
  openssl         # checks our signatures
  ovmf            # UEFI for virtual machines
  php-cli         # the client in docs/clients/php, with its tests
  php-curl
  phpunit
  procps
  qemu-efi-aarch64
  qemu-system-arm
  qemu-system-x86
  sbsigntool
  shellcheck      # checks install.sh
  squashfs-tools
  systemd         # systemd-analyze: how the unit is rated
  systemd-boot-efi
  util-linux      # setpriv, unshare
  wget
  xxd             # shown in docs/install.md
  xz-utils
  zsh
  zstd
  wasi-libc
)

# Another arch's packages can be fetched, and its static libraries installed.
if ! dpkg --print-foreign-architectures | grep -qx arm64; then
  dpkg --add-architecture arm64
  apt-get update -qq
fi
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null || true)
  grep -qx installed <<< "$status" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "setup: everything is installed"
else
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Servers that are installed for comparison must not start by themselves.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
# The kernel is downloaded by the tests: its name must be known.
apt-cache show linux-image-cloud-amd64 > /dev/null 2>&1 || apt-get update -qq
