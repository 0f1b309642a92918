#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# WireGuard through a tunnel, past a router that drops UDP:
#
#   ping, iperf3 --> wg0 --> faketcp =(TCP)=> router =(TCP)=> faketcp --> wg0

. "$(dirname "$0")/../lib.sh"

start
for program in wg iperf3; do
	command -v $program > /dev/null || skip_all "no $program"
done
modprobe wireguard || skip_all "no WireGuard"
module_load
topology stateful
add_link "$C"
add_link "$S"

umask 077
for ns in "$C" "$S"; do
	wg genkey > "$tmp/$ns.key"
	wg pubkey < "$tmp/$ns.key" > "$tmp/$ns.pub"
done

# wireguard NAMESPACE PEER NUMBER PORT [ENDPOINT]
wireguard()
{
	ip -n "$1" link add wg0 type wireguard &&
		ip -n "$1" addr add "192.168.77.$3/24" dev wg0 &&
		ip -n "$1" addr add "fd77::$3/64" dev wg0 nodad &&
		in_ns "$1" wg set wg0 private-key "$tmp/$1.key" \
			listen-port "$4" peer "$(cat "$tmp/$2.pub")" \
			allowed-ips 192.168.77.0/24,fd77::/64 \
			${5:+endpoint "$5"} &&
		ip -n "$1" link set wg0 up
}

# carried: what uses the WireGuard tunnel
carried()
{
	check "$1: ping" c ping -q -c 5 -i 0.2 -W 5 192.168.77.2
	check "$1: ping over IPv6, the MTU filled" \
		c ping -q -c 5 -i 0.2 -W 5 -M 'do' -s 1372 fd77::2
	check "$1: iperf3 from client to server" \
		iperf 192.168.77.2
	check "$1: and back" iperf 192.168.77.2 --reverse
}

iperf()
{
	c iperf3 --client "$1" --bytes 4M --connect-timeout 5000 \
		--json "${@:2}" > "$tmp/iperf.json" || {
		jq -r .error "$tmp/iperf.json"
		return 1
	}
	# the last of it is still on its way when the sender stops
	jq -e '.end.sum_received.bytes > 2000000' "$tmp/iperf.json"
}

gone()
{
	ip -n "$C" link del wg0 && ip -n "$S" link del wg0 &&
		c ftcpctl del tunnel wg dev ftcp0 &&
		s ftcpctl del tunnel wg dev ftcp0
}

capture wire "$R" s0

# ---- Through a client and a server ----

s ftcpctl add tunnel wg dev ftcp0 port 4567 forward 127.0.0.1:51820
c ftcpctl add tunnel wg dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
wireguard "$C" "$S" 1 0 127.0.0.1:1234
wireguard "$S" "$C" 2 51820
background iperf3 "$S" iperf3 --server
wait_for 10 eval 's ss -Hlt sport = :5201 | grep -q LISTEN'

carried 'client and server'
check 'one connection' flows_are "$C" 1 established
assert_ct_state ESTABLISHED --dport 4567
check 'all deleted' gone

# ---- Routed ----

for ns in "$C" "$S"; do
	in_ns "$ns" ftcpctl add tunnel wg dev ftcp0 routed port 51820
	in_ns "$ns" ftcpctl set peer any tunnel wg dev ftcp0 \
		endpoint same allowed-ips 0.0.0.0/0
	in_ns "$ns" ftcpctl add rules tunnel wg dev ftcp0 2> /dev/null
done
wireguard "$C" "$S" 1 51820 "$S4:51820"
wireguard "$S" "$C" 2 51820
carried routed
check 'the server sees the real address of its peer' eval \
	's wg show wg0 endpoints | grep -F "$C4:51820"'
check 'one connection' flows_are "$C" 1 established
assert_ct_state ESTABLISHED --dport 51820
# WireGuard first: what it sends without rules goes as UDP.
for ns in "$C" "$S"; do
	ip -n "$ns" link set wg0 down
	in_ns "$ns" ftcpctl del rules tunnel wg dev ftcp0
done
check 'all deleted' gone

assert_no_invalid
assert_no_udp
check 'only TCP was on the wire' \
	[ "$(captured_count wire 'udp or ip and not tcp')" = 0 ]
check 'much of it' [ "$(captured_count wire 'tcp')" -gt 200 ]
finish
