# What all parts use: the command line, messages, waiting, and what happens when nothing helps.

say() { echo "phase: $*"; }

memory() { awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo; }

uptime_s() { cut -d . -f 1 /proc/uptime; }

# The words of the kernel command line, one a line, up to those behind "--".
words() { tr -s ' \t' '\n\n' </proc/cmdline | sed '/^--$/,$d'; }

# args NAME: every value of NAME=value, where the name is exactly this one: a manifest may hold any
# argument but phase.*, so phase_serve=1 must not pass for one.
args() {
	words | while read -r word; do
		case "$word" in
		"$1="*) printf '%s\n' "${word#*=}" ;;
		esac
	done
}

# arg NAME [DEFAULT]: the last value of NAME=value.
arg() { set -- "$(args "$1" | tail -n 1)" "$2"; printf '%s\n' "${1:-$2}"; }

# The image's own words go before the kernel's, which replace them; whoever reads /proc/cmdline
# from now on, plasmd above all, sees one line.
merge_cmdline() {
	[ -s /etc/phase/cmdline ] || return 0
	for word in $(cat /etc/phase/cmdline); do
		case "$word" in
		*=*) [ -n "$(args "${word%%=*}")" ] || echo -n "$word " ;;
		*) words | grep -qxF -e "$word" || echo -n "$word " ;;
		esac
	done >/run/phase/cmdline
	cat /proc/cmdline >>/run/phase/cmdline
	mount -o bind /run/phase/cmdline /proc/cmdline
}

# pause SECONDS: waits; a person can have a shell meanwhile.
pause() {
	until=$(($(uptime_s) + $1))
	read -r -t "$1" line </dev/console 2>/dev/null && [ "$line" = shell ] && shell
	left=$((until - $(uptime_s)))
	[ "$left" -le 0 ] || sleep "$left"
}

shell() {
	say "a shell; \"exit\" leaves it"
	setsid cttyhack sh </dev/console >/dev/console 2>&1
}

# fail REASON: nothing more can be done. phase.fail says what then: shell, reboot or poweroff.
fail() {
	say "cannot go on: $*"
	case "$(arg phase.fail shell)" in
	reboot) sleep 10 && reboot -f ;;
	poweroff) poweroff -f ;;
	esac
	shell
	say "the machine goes off"
	poweroff -f
}
