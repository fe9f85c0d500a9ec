# Kernel modules, and the partition that keeps state.

# Loads what every machine needs, then what the devices ask for. A bus driver shows new devices, so
# it goes on until nothing new is there. Safe to call again when hardware may have come.
load_drivers() {
	[ -n "$loaded" ] || modprobe -a -q $(cat /etc/phase/modules) 2>/dev/null
	loaded=yes
	until devices=$(find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u) &&
		[ "$devices" = "$seen_devices" ]; do
		seen_devices=$devices
		modules=$(ls /sys/module)
		echo "$devices" | xargs -r modprobe -a -q 2>/dev/null
		# Looking takes longer than this: where no module is new, no device is.
		[ "$(ls /sys/module)" != "$modules" ] || break
	done
}

# phase.state=LABEL=name or UUID=uuid: an ext4 partition for floors and partial downloads.
mount_state() {
	state=$(arg phase.state)
	[ -n "$state" ] || return 0
	tries=0
	until device=$(findfs "$state" 2>/dev/null); do
		tries=$((tries + 1))
		[ "$tries" -le 10 ] || { say "no partition $state: nothing is kept" && return 0; }
		sleep 1
		load_drivers
	done
	mkdir -p /var/lib/plasm
	if mount -t ext4 -o nosuid,nodev,noexec "$device" /var/lib/plasm; then
		state_device=$device
		say "state is kept on $device ($state)"
	else
		say "cannot mount $device ($state) as ext4: nothing is kept"
	fi
}
