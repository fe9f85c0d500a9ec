#!/run/phase/busybox sh
# Serves what this machine was booted from: the publisher's manifest, byte for byte. What was left
# out of the handover, because memory was short, is fetched again first. Runs in every root that has
# /run/phase, so it uses nothing else. "serve refill" only does the first half.

alias cut='/run/phase/busybox cut' sed='/run/phase/busybox sed' tr='/run/phase/busybox tr'
export HOME=${HOME:-/root}
given=/run/phase/handover

# The files are canonical JSON, so there is one spelling.
in_manifest() { sed -n "s/.*$1.*/\1/p" "$given/manifest.json"; }

refill() {
	providers=$(sed -n 's/.*"providers":\[\([^]]*\)\].*/\1/p' "$given/origins.json" | tr -d '"')
	trust=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^phase\.trust=//p' | tr ',' ' ')
	threshold=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^phase\.threshold=//p')
	set --
	for url in $(echo "$providers" | tr ',' ' '); do set -- "$@" --provider "$url"; done
	# An image with a policy of its own decides by itself; the command line could only narrow it.
	[ -f /etc/phase/trust.toml ] || {
		for key in $trust; do set -- "$@" --trust "$key"; done
		[ -z "$threshold" ] || set -- "$@" --threshold "$threshold"
	}
	/run/phase/plasmd boot fetch "$@" --output "$given"
}

for name in kernel initramfs rootfs; do
	[ -z "$(in_manifest "\(\"$name\":{\)")" ] || [ -f "$given/$name" ] || missing=yes
done
[ -z "$missing" ] || refill || exit
[ "$1" != refill ] || exit 0
channel=$(in_manifest ',"channel":"\([a-z0-9._-]*\)",')
exec /run/phase/plasmd serve --artifacts "$given" --channel "$channel"
