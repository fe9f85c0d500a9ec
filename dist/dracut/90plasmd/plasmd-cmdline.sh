#!/bin/sh
# Asks dracut for a network where the machine is to be started from one. dracut reads this file into
# its own shell: there is no exit here.

if getargbool 0 plasmd.boot; then
	# What dracut's network module acts on; addresses are those of ip=, by DHCP where it says nothing.
	[ -n "$(getarg ip)" ] || echo "ip=dhcp" > /etc/cmdline.d/90-plasmd.conf
	echo "rd.neednet=1" >> /etc/cmdline.d/90-plasmd.conf
fi
