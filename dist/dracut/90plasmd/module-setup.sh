#!/bin/bash
# dracut module: puts plasmd into an initramfs, and starts a system from the network where the kernel
# command line has plasmd.boot=1. The functions are called by dracut.
# shellcheck disable=SC2154

check() {
	require_binaries plasmd || return 1
	# Only where it is asked for, and where the machine says whom it trusts.
	[[ -e $dracutsysrootdir/etc/phase/trust.toml ]] || return 1
	return 255
}

depends() {
	echo network
}

installkernel() {
	hostonly='' instmods '=drivers/net/ethernet' virtio_net
}

install() {
	local file
	inst_binary plasmd /usr/bin/plasmd
	for file in "$dracutsysrootdir"/etc/phase/*.toml; do
		[[ ! -e $file ]] || inst_simple "${file#"$dracutsysrootdir"}"
	done
	inst_hook cmdline 90 "$moddir/plasmd-cmdline.sh"
	inst_hook initqueue/online 50 "$moddir/plasmd-boot.sh"
}
