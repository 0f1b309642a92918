#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# VXLAN through a tunnel, routed, over IPv4 and IPv6: datagrams that carry packets
# with checksums and super-packets of their own, and over IPv6 no checksum at all.

. "$(dirname "$0")/../lib.sh"

start
command -v iperf3 > /dev/null || skip_all 'no iperf3'
modprobe vxlan 2> /dev/null || skip_all 'no VXLAN here'
module_load
topology
add_link "$C"
add_link "$S"

# routed NAMESPACE
routed()
{
	in_ns "$1" ftcpctl add tunnel t dev ftcp0 routed port 4789 &&
		in_ns "$1" ftcpctl set peer any tunnel t dev ftcp0 endpoint same \
			allowed-ips 0.0.0.0/0,::/0 &&
		in_ns "$1" ftcpctl add rules tunnel t dev ftcp0 2> /dev/null
}

# vxlan NAMESPACE NUMBER LOCAL REMOTE OPTION...
vxlan()
{
	ip -n "$1" link add vx0 type vxlan id 7 dstport 4789 srcport 4789 4790 \
		local "$3" remote "$4" "${@:5}" &&
		ip -n "$1" addr add "192.168.78.$2/24" dev vx0 &&
		ip -n "$1" link set vx0 mtu 1300 up
}

# vxlan_pair CLIENT SERVER OPTION...
vxlan_pair()
{
	vxlan "$C" 1 "$1" "$2" "${@:3}" && vxlan "$S" 2 "$2" "$1" "${@:3}"
}
vxlan_gone() { ip -n "$C" link del vx0 && ip -n "$S" link del vx0; }

iperf()
{
	c iperf3 --client 192.168.78.2 --bytes 4M --connect-timeout 5000 \
		--json "$@" > "$tmp/iperf.json" || {
		jq -r .error "$tmp/iperf.json"
		return 1
	}
	# the last of it is still on its way when the sender stops
	jq -e '.end.sum_received.bytes > 2000000' "$tmp/iperf.json"
}

# What was not carried, at either end
dropped()
{
	local ns

	for ns in "$C" "$S"; do
		in_ns "$ns" ftcpctl show tunnel t --json | jq '[.[].drops[]] | add'
		in_ns "$ns" ip -s -j link show ftcp0 |
			jq '.[0].stats64 | .rx.dropped + .tx.dropped'
	done | paste -sd +
}
nothing_dropped() { dropped; [ $(($(dropped))) -eq 0 ]; }

left_together()
{
	local n

	n=$(c ftcpctl show tunnel t --json | jq '.[0].stats["tx-held"]')
	echo "$n"
	[ "$n" -gt 100 ]
}

# carried NAME: what uses VXLAN
carried()
{
	check "$1: ping" c ping -q -c 3 -i 0.2 -W 5 192.168.78.2
	check "$1: TCP from client to server" iperf
	check "$1: and back" iperf --reverse
	check "$1: nothing was dropped" nothing_dropped
}

check 'tunnels' eval 'routed "$C" && routed "$S"'
background iperf3 "$S" iperf3 --server
wait_for 10 eval 's ss -Hlt sport = :5201 | grep -q LISTEN'

check 'VXLAN over IPv4' vxlan_pair "$C4" "$S4"
carried 'IPv4'
check 'datagrams left together' left_together
check '... and the other pair' vxlan_gone
check 'VXLAN over IPv6' vxlan_pair "$C6" "$S6" udpcsum udp6zerocsumrx
carried 'IPv6'
check '... and the other pair' vxlan_gone
check 'VXLAN over IPv6, without checksums' \
	vxlan_pair "$C6" "$S6" udp6zerocsumtx udp6zerocsumrx
carried 'without checksums'
check 'it goes' vxlan_gone
assert_no_udp
check 'delete the links' eval 'ip -n "$C" link del ftcp0 && ip -n "$S" link del ftcp0'
module_memory_back
finish
