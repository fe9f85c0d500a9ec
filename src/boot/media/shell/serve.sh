#!/run/phase/busybox sh
# Serves what this machine was booted from: the publisher's manifest, byte for byte.

export HOME=${HOME:-/root}
# The manifest is canonical JSON, so there is one spelling.
channel=$(/run/phase/busybox sed -n 's/.*,"channel":"\([a-z0-9._-]*\)",.*/\1/p' \
	/run/phase/handover/manifest.json)
exec /run/phase/plasmd serve --artifacts /run/phase/handover --channel "$channel" \
	--trust-policy-of-this-machine
