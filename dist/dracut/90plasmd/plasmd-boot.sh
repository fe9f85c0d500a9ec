#!/bin/sh
# A network is there: plasmd starts a system from it in the place of this machine's own. Where it
# can't, the machine goes on. dracut reads this file into its own shell: there is no exit here.

if getargbool 0 plasmd.boot && [ ! -e /run/plasmd-tried ]; then
	: > /run/plasmd-tried
	info "plasmd: asking for a system from the network"
	# From memory: this file system is gone with the next kernel.
	PLASMD_START_ONCE=1 PLASMD_CACHE_DIR="" /usr/bin/plasmd boot run --state-dir /run/plasm ||
		warn "plasmd: no system was started, exit code $?; this machine starts its own"
fi
