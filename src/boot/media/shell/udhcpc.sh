#!/bin/sh
# What udhcpc calls when a lease comes, changes or ends; its words are in the environment.

net=/run/phase/net

default_route() {
	metric=$((100 + $(cat "/sys/class/net/$interface/ifindex" 2>/dev/null || echo 99)))
	# With a /32 the router isn't on the link by itself: clouds do that.
	[ "$mask" != 32 ] || ip route replace "$1" dev "$interface"
	ip route replace default via "$1" dev "$interface" metric "$metric"
}

# RFC 3442: routes from the server replace its router.
static_routes() {
	while [ $# -ge 2 ]; do
		if [ "$1" = 0.0.0.0/0 ]; then default_route "$2"
		elif [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
		else ip route replace "$1" via "$2" dev "$interface"; fi
		shift 2
	done
}

case "$1" in
deconfig)
	ip addr flush dev "$interface"
	rm -f "$net/$interface.address" "$net/$interface.dns"
	;;
bound | renew)
	[ "$(cat "$net/$interface.address" 2>/dev/null)" != "$ip/$mask" ] || [ "$1" = bound ] || exit 0
	ip addr flush dev "$interface"
	ip addr add "$ip/$mask" broadcast + dev "$interface"
	if [ -n "$staticroutes" ]; then static_routes $staticroutes
	else for gateway in $router; do default_route "$gateway" && break; done; fi
	{
		[ -z "$domain" ] || echo "search $domain"
		for server in $dns; do echo "nameserver $server"; done
	} >"$net/$interface.dns"
	cat "$net"/*.dns >/run/phase/resolv.conf
	[ -z "$hostname" ] || hostname "$hostname"
	echo "$ip/$mask" >"$net/$interface.address"
	echo "phase: $interface: $ip/$mask, gateway ${router:-none} (by DHCP)" >/dev/console
	;;
esac
