#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Flows in flows: IPsec in UDP makes of each flow's segments datagrams of the next
# one, in two links by turns, deeper than the kernel's stack.  The kernel ends it.

. "$(dirname "$0")/../lib.sh"

readonly deep=60
start
modprobe -a esp4 xfrm_user 2> /dev/null || skip_all 'no IPsec here'
module_load
topology stateful
add_link "$C"
add_link "$C" ftcp1
add_link "$S"

t() { echo "tunnel t dev ftcp$1"; }
# shellcheck disable=SC2046
tunnels()
{
	local k

	for k in 0 1; do
		c ftcpctl add $(t $k) routed port 700$k fwmark 0x77 &&
			c ftcpctl set peer any $(t $k) endpoint same allowed-ips 0.0.0.0/0 &&
			c ip link set ftcp$k mtu 59000 || return
	done
	s ftcpctl add $(t 0) routed port 7000 &&
		s ftcpctl set peer any $(t 0) endpoint same allowed-ips 0.0.0.0/0
}

# The segments by eth0, the datagrams by one link or the other.
ways()
{
	local k

	for ((k = 1; k <= deep; k++)); do
		echo "addr add 10.9.0.$k/32 dev lo" >&3
		echo "route add 10.9.0.$k/32 dev ftcp$((k & 1)) src $C4"
	done 3> "$tmp/addresses" > "$tmp/routes"
	c ip rule add fwmark 0x77 lookup 100 pref 100 &&
		c ip route add default via "$RC4" table 100 &&
		r ip route add 10.9.0.0/24 via "$S4" &&
		s ip -batch "$tmp/addresses" && c ip -batch "$tmp/routes"
}

# Flow k's segments become datagrams of flow k + 1.
chain()
{
	local k next

	for ((k = 1; k < deep; k++)); do
		next=10.9.0.$((k + 1))
		echo "xfrm state add src $C4 dst $next proto esp spi $next mode tunnel" \
			"auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314" \
			'enc ecb(cipher_null) ""' \
			"encap espinudp 4500 7000 0.0.0.0 output-mark 0x1 mask 0xffffffff"
		echo "xfrm policy add src $C4 dst 10.9.0.$k proto tcp dir out" \
			"tmpl src $C4 dst $next proto esp mode tunnel"
	done | sed "s/spi 10.9.0./spi /" > "$tmp/xfrm"
	c ip -batch "$tmp/xfrm"
}

# datagrams ADDRESS...: one to each, from one port
datagrams()
{
	c python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 4500))
for address in sys.argv[2:]:
    s.sendto(b"x", (address, 7000))' "$C4" "$@"
}
carried() { flows "$C" '[.[].stats["tx-packets"]] | add'; }

check 'tunnels' tunnels
check 'ways' ways
check 'a datagram by each' eval 'datagrams $(printf "10.9.0.%d\n" $(seq $deep))'
check 'flows' wait_for 20 flows_are "$C" $deep established
if chain 2> "$tmp/chain"; then
	before=$(carried)
	datagrams 10.9.0.1
	check 'one is in the next, and so on' [ "$(carried)" -gt $((before + 3)) ]
else
	skip "no chain of IPsec: $(head -n 1 "$tmp/chain")"
fi
check 'delete the links' eval 'ip -n "$C" link del ftcp0 && ip -n "$C" link del ftcp1 &&
	ip -n "$S" link del ftcp0'
module_memory_back
finish
