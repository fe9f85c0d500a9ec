#!/bin/bash
# Makes a real boot image in a directory: Debian's cloud kernel, an initramfs with busybox and the
# kernel's virtio modules, and a root file system's worth of bytes (1 GiB that doesn't compress and
# has no holes, the same on every machine).
#
# usage: boot_image.sh DIRECTORY
set -euo pipefail

target=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$target"
cd "$work"

arch=$(dpkg --print-architecture)
package=$(apt-cache depends "linux-image-cloud-$arch" | sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p' | head -n 1)
apt-get download -qq "$package" 2> apt.log || { cat apt.log >&2; exit 1; }
dpkg -x ./*.deb kernel

mkdir -p root/bin root/lib/modules root/dev root/proc root/sys
cp "$(command -v busybox)" root/bin/busybox
find kernel/lib/modules -name 'virtio*.ko*' -exec cp {} root/lib/modules/ \;
cat > root/init <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "image: $(/bin/busybox uname -r) is up"
/bin/busybox poweroff -f
INIT
chmod 755 root/init
(cd root && find . -print0 | sort -z | cpio --null --create --format=newc --quiet) | gzip -9n > initramfs.img

# Counter mode over zeros: bytes like random ones, made at the speed of the disk.
key=00112233445566778899aabbccddeeff
openssl enc -aes-128-ctr -K "$key" -iv "$key" -in /dev/zero 2> /dev/null |
  head -c 1073741824 > rootfs.img || [[ $(stat -c %s rootfs.img) == 1073741824 ]]

cp kernel/boot/vmlinuz-* "$target/vmlinuz"
mv initramfs.img "$target/initramfs.img"
mv rootfs.img "$target/rootfs.img"
chmod 644 "$target"/*
