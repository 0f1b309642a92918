#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Datagrams of all sizes, byte for byte: a segment is 12 bytes longer than the
# datagram, and one that does not fit is never dropped in silence.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology allow-udp
add_link "$C"
add_link "$S"

# proxies: 1004 and 1006 carry an application's IPv4 over TCP over IPv4 and IPv6
s ftcpctl add tunnel proxy dev ftcp0 port 4567 forward 127.0.0.1:5555
c ftcpctl add tunnel proxy4 dev ftcp0 listen 127.0.0.1:1004 remote "$S4:4567"
c ftcpctl add tunnel proxy6 dev ftcp0 listen '[::1]:1006' remote "[$S6]:4567"
for ns in "$C" "$S"; do
	in_ns "$ns" ftcpctl add tunnel routed dev ftcp0 routed port 7000
	in_ns "$ns" ftcpctl set peer any tunnel routed dev ftcp0 \
		endpoint same allowed-ips 0.0.0.0/0,::/0
	in_ns "$ns" ftcpctl add rules tunnel routed dev ftcp0
done
server proxied "$S" echo --bind 127.0.0.1:5555
server routed "$S" echo --bind "$S4:7000" --bind "[$S6]:7000"

declare -A to=(
	[listen4]=127.0.0.1:1004 [listen6]=[::1]:1006
	[routed4]=$S4:7000 [routed6]=[$S6]:7000
)

# send NAME SIZE [ARGUMENTS...]
send() { c udptool send --to "${to[$1]}" --size "$2" "${@:3}"; }

both_ways() { send "$1" "$2" --count 5; }

# A sender of one too large is told so, by the system call or by ICMP.
told()
{
	local output

	output=$(send "$1" "$2" --oneway --lossy --count 20 --rate 20 "${@:3}")
	echo "$output"
	[ "$(field toobig "$output")" -gt 0 ]
}

set_mtu()
{
	ip -n "$C" link set eth0 mtu "$1"
	ip -n "$R" link set c0 mtu "$1"
	ip -n "$R" link set s0 mtu "$1"
	ip -n "$S" link set eth0 mtu "$1"
}

# ---- A larger underlay ----

set_mtu 1600
ip -n "$C" link set ftcp0 mtu 1588
ip -n "$S" link set ftcp0 mtu 1588
for name in listen4 routed4 listen6 routed6; do
	check "$name: 1472 bytes over an MTU of 1600" both_ways "$name" 1472
done
for ns in "$C" "$S"; do
	ip -n "$ns" link set ftcp0 mtu 1488
done
set_mtu 1500

# ---- The usual one ----

capture wire "$R" s0 tcp
for name in listen4 routed4 listen6 routed6; do
	largest=1460
	[ "${name%6}" = "$name" ] || largest=1440
	for size in 1 2 1199 "$largest"; do
		check "$name: $size bytes" both_ways "$name" "$size"
	done
	check "$name: $((largest + 1)) bytes are too large" \
		told "$name" $((largest + 1)) --df
done
# largest LENGTH FILTER: that many segments of the largest size, of which some may
# travel together in a larger packet
largest()
{
	captured wire "$2" | sed -n 's/.* length \([0-9]*\)$/\1/p' |
		awk -v size="$1" '$1 % size == 0 { n += $1 / size } END { print n + 0 }'
}
check 'the largest fill the MTU' \
	[ "$(largest 1460 'ip and dst port 4567 and greater 1500')" -ge 5 ]
check 'over IPv6 as well' \
	[ "$(largest 1440 'ip6 and dst port 7000 and greater 1500')" -ge 5 ]
check 'no fragment was sent' \
	[ "$(captured_count wire 'ip[6:2] & 0x3fff != 0 or ip6[6] == 44')" = 0 ]
check 'too large ones are counted' [ "$(drops "$C" too-big)" -gt 0 ]

# An application that has not asked for errors leaves the cutting to IP.
capture fragments "$C" lo icmp
pid=$!
send routed4 3000 --oneway > /dev/null
unreachable() { captured fragments | grep "ICMP host $S4 unreachable"; }
wait_for 5 unreachable
check 'routed4: a fragmented datagram draws an error' unreachable
stop "$pid"

# ---- A smaller MTU between tunnel and application ----

ip -n "$C" link set lo mtu 1400
check 'listen4: fragments on the way to the application' both_ways listen4 1460
ip -n "$C" link set lo mtu 65536

# ---- A smaller MTU behind the router ----

# youngest_fits TUNNEL REMOTE SIZE: what its latest flow knows of the path
youngest_fits()
{
	local size

	size=$(flows "$C" "map(select(.tunnel == \"$1\" and .remote == \"$2\")) |
		min_by(.\"age-ms\") | .\"max-payload\"")
	[ "$size" = "$3" ] || { echo "$size, not $3"; return 1; }
}

# quoted MTU: in an ICMP error to the application
quoted() { captured icmp-lo | grep -E "(need to frag \(mtu |too big, mtu )$1\b"; }

ip -n "$R" link set s0 mtu 1400
ip -n "$S" link set eth0 mtu 1400
capture icmp-eth "$C" eth0 icmp or icmp6
# what one flow of a family learns of a path is known to all
while read -r name tunnel remote largest mtu; do
	capture icmp-lo "$C" lo icmp or icmp6
	pid=$!
	check "$name: 1400 bytes are too large for the path" \
		told "$name" 1400 --df
	# Its socket was told directly: an ICMP error would lower the path MTU of
	# the segments, or of loopback, for everybody.
	stop "$pid"
	check_fails "$name: without an ICMP error" quoted "$mtu"
	check "$name: the flow knows as well" \
		youngest_fits "$tunnel" "$remote" "$largest"
	check "$name: and that passes" both_ways "$name" "$largest"
done <<END
listen4 proxy4 $S4:4567 1360 1388
listen6 proxy6 [$S6]:4567 1340 1388
routed4 routed $S4:7000 1360 1388
routed6 routed [$S6]:7000 1340 1388
END
check 'loopback carries as much as before' eval \
	'! c ip route get 127.0.0.1 | grep -w mtu | grep -v "mtu 65536" && ! c ip -6 route get ::1 | grep -w mtu | grep -v "mtu 65536"'
check 'the router had said so' eval \
	'captured icmp-eth | grep -q "$RC4 > $C4: ICMP $S4 unreachable - need to frag (mtu 1400)"'
check 'over IPv6 as well' eval \
	'captured icmp-eth | grep -q "$RC6 > $C6: ICMP6, packet too big, mtu 1400"'

assert_no_invalid
finish
