# Addresses for every network card: DHCP, or what ip= says in the kernel's own words
# (ip=client:server:gateway:netmask:hostname:device:autoconf:dns0:dns1, ip=dhcp, ip=off).
# /run/phase/net holds a file for each card that was set up, and NAME.address once it has one.

net=/run/phase/net

# Ethernet cards with a device behind them: no loopback, tunnels or bridges.
cards() {
	for card in /sys/class/net/*; do
		[ -e "$card/device" ] && [ "$(cat "$card/type")" = 1 ] && echo "${card##*/}"
	done
}

# network_up SECONDS: sets up cards that are new and waits until one has an address. A card, a
# cable or a DHCP server may come later: DHCP goes on by itself, and this is called again.
network_up() {
	ip link set lo up
	until=$(($(uptime_s) + $1))
	looks=0
	while :; do
		for card in $(cards); do
			[ -e "$net/$card" ] || { : >"$net/$card" && set_up "$card"; }
		done
		ls "$net"/*.address >/dev/null 2>&1 && return 0
		case "$(args ip)" in
		off | none) say "the network stays off (from ip=)" && return ;;
		esac
		[ "$(uptime_s)" -lt "$until" ] || break
		usleep 50000
		# Init has looked for devices a moment ago, and doing so takes longer than DHCP.
		looks=$((looks + 1))
		[ $((looks % 8)) != 0 ] || load_drivers
	done
	say "no network yet: $(describe_cards | sed 's/; $//')"
}

describe_cards() {
	[ -n "$(cards)" ] || { echo "no network card was found" && return; }
	for card in $(cards); do
		case "$(cat "/sys/class/net/$card/carrier" 2>/dev/null)" in
		1) echo -n "$card has no address yet; " ;;
		0) echo -n "$card has no cable; " ;;
		*) echo -n "$card is switched off; " ;;
		esac
	done
}

set_up() {
	setting=$(setting_of "$1")
	case "$setting" in
	off | none) return ;;
	esac
	ip link set "$1" up || { say "$1: cannot be switched on" && return; }
	case "$setting" in
	[0-9]*) set_static "$1" "$setting" ;;
	*) while :; do
		udhcpc -f -i "$1" -s /lib/phase/udhcpc.sh -t 4 -T 1 -A 4 -O staticroutes >/dev/null 2>&1
		sleep 5
	done & ;;
	esac
}

# setting_of CARD: the ip= that names the card, else the first one that names none, else dhcp.
# An address without a card goes to the first card only.
setting_of() {
	[ -n "$(args ip)" ] || { echo dhcp && return; }
	for value in $(args ip); do
		[ "$(field 6 "$value")" != "$1" ] || { plain_setting "$value" && return; }
	done
	for value in $(args ip); do
		[ -z "$(field 6 "$value")" ] && [ ! -e "$net/$value.taken" ] || continue
		[ -z "$(address_in "$value")" ] || : >"$net/$value.taken"
		plain_setting "$value" && return
	done
	echo off
}

# field NUMBER VALUE
field() { echo "$2" | cut -s -d : -f "$1"; }

address_in() { echo "$1" | grep -E '^[0-9]+\.[0-9.]+(:|$)'; }

# An address as it is; without one the method: dhcp, or off.
plain_setting() {
	case "$1:$(field 7 "$1")" in
	off:* | none:* | *:off | *:none) [ -n "$(address_in "$1")" ] && echo "$1" || echo off ;;
	*) address_in "$1" || echo dhcp ;;
	esac
}

set_static() {
	IFS=: read -r address _ gateway mask host _ _ dns0 dns1 _ <<-END
		$2
	END
	eval "$(ipcalc -p "$address" $mask 2>/dev/null)"
	if [ -z "$PREFIX" ] || ! ip addr add "$address/$PREFIX" broadcast + dev "$1"; then
		say "$1: cannot be set to ip=$2" && return
	fi
	[ -z "$gateway" ] || ip route add default via "$gateway" dev "$1" ||
		say "$1: cannot use the gateway $gateway"
	[ -z "$host" ] || hostname "$host"
	for server in $dns0 $dns1; do echo "nameserver $server"; done >"$net/$1.dns"
	cat "$net"/*.dns >/run/phase/resolv.conf
	echo "$address/$PREFIX" >"$net/$1.address"
	say "$1: $address/$PREFIX, gateway ${gateway:-none} (from ip=)"
}
