#!/bin/bash
# Makes a root file system to boot: a small Debian with systemd, as a squashfs. Nothing in it knows
# of plasmd. root has no password.
#
# usage: make_rootfs.sh FILE
set -euo pipefail

target=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-cache policy | sed -n "s/^ *[0-9]* \(https*:[^ ]*\) $suite\/main .*/\1/p" | head -n 1)

debootstrap --variant=minbase --include=systemd-sysv,udev "$suite" "$root" "$mirror" > "$work/log" 2>&1 ||
  { tail -n 20 "$work/log" >&2; exit 1; }
passwd --root "$root" --delete root > /dev/null
echo booted > "$root/etc/hostname"
rm -f "$root/etc/resolv.conf" # this machine's
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/*
mksquashfs "$root" "$work/rootfs" -comp zstd -Xcompression-level 15 -noappend -no-xattrs -quiet -no-progress
mv "$work/rootfs" "$target"
