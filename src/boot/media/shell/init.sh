#!/bin/busybox sh
# The first program of a boot image: makes the machine usable, then starts plasmd.
# Each part in /lib/phase has one job; what to do is decided here.

# The kernel makes variables of the words of its command line that it doesn't know. None of them may
# be one of ours.
for name in $(/bin/busybox env | /bin/busybox sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
	[ "$name" = TERM ] || unset "$name"
done
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root NO_COLOR=1
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
# Nothing is mounted on /run: what the previous system handed over lies there already.
mkdir -p /run/phase/net
ln -f /bin/busybox /run/phase/busybox
# Whom to trust is still known when another root file system is the system.
cp -r /etc/phase /run/phase/settings

. /lib/phase/common.sh
. /lib/phase/drivers.sh
. /lib/phase/network.sh
. /lib/phase/client.sh
. /lib/phase/system.sh

merge_cmdline
say "$(cat /etc/phase/kind) image, Linux $(uname -r), $(memory) MiB of memory"
[ "$(memory)" -ge "$(cat /etc/phase/memory)" ] ||
	fail "this machine has $(memory) MiB of memory, $(cat /etc/phase/memory) MiB are needed"
[ -x /run/phase/bin/plasmd ] || fail "the image holds no plasmd"
hostname phase
load_drivers
mount_state

if [ "$(cat /etc/phase/kind)" = node ] && [ -f /run/phase/handover/manifest.json ]; then
	run_system
else
	run_client
fi
