# The booted system: the root file system that was handed over, else this initramfs; and the
# service that serves on what the machine was booted from.

given=/run/phase/handover
target=/target

run_system() {
	say "this machine was booted by plasmd"
	# Without a root file system to enter it verifies by itself, and DHCP needn't be waited for.
	if [ "$(arg phase.serve 0)" = 1 ] && ! has_rootfs; then
		serves=yes
		serve_for_ever &
	fi
	network_up 20
	check_handover
	[ -z "$refused" ] || fail "nothing here may be started or served"
	if open_target; then
		[ "$(arg phase.serve 0)" != 1 ] || serve_in_target
		enter_target
	fi
	say "this initramfs stays the system: $why"
	[ -n "$serves" ] || [ "$(arg phase.serve 0)" != 1 ] || serve_for_ever &
	say "type \"shell\" and Enter for a shell"
	while :; do pause 3600; done
}

has_rootfs() { [ -f "$given/rootfs" ] || grep -q '"rootfs":{' "$given/manifest.json"; }

serve_for_ever() {
	wait=1
	while :; do
		/run/phase/serve
		say "plasmd serve ended with exit code $?; again in $wait s"
		sleep "$wait"
		wait=$((wait * 2))
		[ "$wait" -le 60 ] || wait=60
	done
}

# With a root file system to enter, all of the handover is verified first, and what was left out of
# it, because memory was short, is fetched again. Without one, serving does both. An image that
# holds no policy, started without phase.trust, can only believe the system that started it.
# 3 and 5 say that all is verified but what is missing; where something else went wrong, nothing may
# be verified, so that is asked by itself.
check_handover() {
	has_rootfs || return 0
	[ -f /etc/phase/trust.toml ] || [ -n "$(arg phase.trust)" ] || return 0
	plasmd boot refill "$given"
	case $? in
	0) return ;;
	3 | 5) ;;
	4) refused=yes ;;
	*) plasmd boot status "$given" >/dev/null || refused=yes ;;
	esac
	[ -n "$refused" ] && say "the handover is refused; the reason is above" && return
	say "the handover stays incomplete; the reason is above"
}

# Mounts the root file system read-only under a tmpfs. Where that can't be, $why says it.
open_target() {
	why="no rootfs came with it" && [ -f "$given/rootfs" ] || return 1
	why="the rootfs is no squashfs" && [ "$(head -c 4 "$given/rootfs")" = hsqs ] || return 1
	mkdir -p /lower /upper "$target"
	why="the rootfs can't be mounted" &&
		mount -t squashfs -o ro,loop "$given/rootfs" /lower || return 1
	mount -t tmpfs -o mode=755 tmpfs /upper && mkdir /upper/files /upper/work &&
		mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work \
			overlay "$target" || return 1
	mkdir -p "$target/run" "$target/proc" "$target/sys" "$target/dev"
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$target/run"
	mkdir "$target/run/phase"
	# Bound, not copied: the files stay where the kernel put them.
	mount -o bind /run/phase "$target/run/phase"
	for init in $(arg init) /sbin/init /usr/lib/systemd/systemd /lib/systemd/systemd /bin/init; do
		chroot "$target" /run/phase/busybox test -x "$init" && return 0
	done
	why="the rootfs holds no init"
	umount "$target/run/phase" "$target/run" "$target" /upper /lower
	return 1
}

# Under systemd a unit that lives in /run; else a process that is there before init.
serve_in_target() {
	case "$(chroot "$target" /run/phase/busybox readlink -f "$init")" in
	*/systemd)
		mkdir -p "$target/run/systemd/system/multi-user.target.wants"
		cp /lib/phase/phase-serve.service "$target/run/systemd/system/"
		ln -s ../phase-serve.service "$target/run/systemd/system/multi-user.target.wants/"
		;;
	*) serve_before_init=yes ;;
	esac
}

# The initramfs stays below the new root: DHCP goes on in it, so that leases are renewed.
enter_target() {
	for name in proc sys dev; do mount -o rbind "/$name" "$target/$name"; done
	[ -d "$target/lib/modules/$(uname -r)" ] || {
		mkdir -p "$target/lib/modules/$(uname -r)"
		mount -o bind "/lib/modules/$(uname -r)" "$target/lib/modules/$(uname -r)"
	}
	[ -L "$target/etc/resolv.conf" ] || [ -s "$target/etc/resolv.conf" ] ||
		ln -sf /run/phase/resolv.conf "$target/etc/resolv.conf"
	if [ -n "$state_device" ]; then
		mkdir -p "$target/var/lib/plasm"
		mount -o bind /var/lib/plasm "$target/var/lib/plasm"
	fi
	if [ -n "$serve_before_init" ]; then
		chroot "$target" /run/phase/busybox sh -c \
			'while :; do /run/phase/serve; /run/phase/busybox sleep 5; done' &
	fi
	say "the system is the rootfs that was handed over; its $init starts"
	cd "$target" || return 1
	mount -o move . /
	exec chroot . "$init"
}
