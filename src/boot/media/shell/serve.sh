#!/run/phase/busybox sh
# Serves what this machine was booted from: the publisher's manifest, byte for byte. What was left
# out of the handover, because memory was short, is fetched again first. Runs in every root that has
# /run/phase, so it uses nothing else.

export HOME=${HOME:-/root}
given=/run/phase/handover

# The manifest is canonical JSON, so there is one spelling.
in_manifest() { /run/phase/busybox sed -n "s/.*$1.*/\1/p" "$given/manifest.json"; }

for name in kernel initramfs rootfs; do
	[ -z "$(in_manifest "\(\"$name\":{\)")" ] || [ -f "$given/$name" ] || missing=yes
done
[ -z "$missing" ] || /run/phase/plasmd boot refill --settings /run/phase/settings "$given" || exit
# Compiled code is kept where there was more than one start; see the launcher.
[ -d "$(echo /run/phase/cache/*/deno)" ] || export PLASMD_START_ONCE=1
channel=$(in_manifest ',"channel":"\([a-z0-9._-]*\)",')
# Whom the kernel command line tells to join, and whose jobs to run; a manifest can hold no phase.*.
set -f
options=
for word in $(/run/phase/busybox cat /proc/cmdline); do
	case "$word" in
	--) break ;;
	phase.bootstrap=*) flag=--bootstrap ;;
	phase.jobs=*) flag=--job-allow options="$options --jobs" ;;
	*) continue ;;
	esac
	for value in $(echo "${word#*=}" | /run/phase/busybox tr , ' '); do
		options="$options $flag $value"
	done
done
# shellcheck disable=SC2086
exec /run/phase/plasmd serve --artifacts "$given" --channel "$channel" \
	--settings /run/phase/settings $options
