# Phase Boot: asks for a system, verifies it and starts it, until that works.

run_client() {
	wait=2
	while :; do
		network_up 20
		PLASMD_START_ONCE=1 plasmd boot run
		say "no system was started, exit code $?; the reason is above"
		[ "$(arg phase.once 0)" != 1 ] || fail "phase.once=1 asks for one try only"
		say "next try in $wait s; type \"shell\" and Enter for a shell"
		pause "$wait"
		wait=$((wait * 2))
		[ "$wait" -le 60 ] || wait=60
	done
}
