#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Super-packets of datagrams stay whole from the application that sends them to
# the one that receives them, and are cut and merged at the boundaries of the
# datagrams wherever a device cannot.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
check 'tunnels' proxy_and_routed
server proxied "$S" echo --bind 127.0.0.1:5555 --gro
server routed "$S" echo --bind "$S4:7000" --bind "[$S6]:7000" --gro

declare -A to=(
	[listen4]=127.0.0.1:1004 [listen6]=[::1]:1006
	[routed4]=$S4:7000 [routed6]=[$S6]:7000
)

# offload NAMESPACE DEVICE on|off FEATURE...
offload()
{
	local ns=$1 dev=$2 how=$3 feature

	shift 3
	for feature in "$@"; do
		in_ns "$ns" ethtool -K "$dev" "$feature" "$how" > /dev/null
	done
}

# supers NAME SIZE BYTES [ARGUMENTS...]: some come back as super-packets
supers()
{
	local output status

	output=$(c udptool send --to "${to[$1]}" --size "$2" --gso "$3" --gro \
		--count 120 "${@:4}")
	status=$?
	echo "$output"
	[ "$status" = 0 ] && [ "$(field super "$output")" -gt 0 ]
}

# sizes_on_wire FILTER: of the segments' payload, the larger ones only
sizes_on_wire()
{
	captured wire "$@" | sed -n 's/.*length \([0-9]*\)$/\1/p' | sort -un |
		xargs
}

# ---- Whole all the way ----

for name in listen4 listen6 routed4 routed6; do
	capture wire "$R" s0 tcp
	pid=$!
	check "$name: ten datagrams in each super-packet" \
		supers "$name" 1200 12000
	wait_for 5 eval '[ "$(captured_count wire "greater 2000")" -ge 24 ]'
	stop "$pid"
	check "$name: stay whole on the way" \
		[ "$(sizes_on_wire 'greater 200')" = 12000 ]
	check "$name: the last one shorter" supers "$name" 1200 6000 --last 7
	check "$name: 64 of them" supers "$name" 900 60000 --window 64
	check "$name: small ones" supers "$name" 48 960
done

# No TCP sends segments of less than 48 bytes, and not all drivers are prepared to
# make them.
for name in listen4 listen6 routed4 routed6; do
	for size in 20 47 48; do
		capture wire "$R" s0 tcp
		pid=$!
		check "$name: datagrams of $size bytes" c udptool send \
			--to "${to[$name]}" --size $size --gso $((size * 20)) \
			--gro --count 60
		check "$name: a stream of them" c udptool send \
			--to "${to[$name]}" --size $size --count 200
		capture_stop wire "$pid"
		largest=$(sizes_on_wire | awk '{ print $NF }')
		if [ $size -lt 48 ]; then
			check "$name: $size bytes: each in a segment of its own" \
				[ "$largest" = $size ]
		else
			check "$name: $size bytes: several together" \
				[ "$largest" -gt $size ]
		fi
	done
done

# ---- Where devices cannot ----

for what in tso gso; do
	offload "$C" eth0 off "$what"
	offload "$S" eth0 off "$what"
done
capture wire "$R" s0 tcp
pid=$!
for name in listen4 routed4 listen6 routed6; do
	check "$name: no segmentation by the device" \
		c udptool send --to "${to[$name]}" --size 1200 --gso 12000 \
		--last 77 --count 120 --gro
done
stop "$pid"
check 'one segment for each datagram' \
	[ "$(sizes_on_wire 'greater 90')" = '77 1200' ]
check 'numbered from 0 in each super-segment' eval \
	'captured wire -v "tcp and greater 1200 and src $C4" | grep -o " id [0-9]*" |
		sort -Vu | tr -dc "0-9\n" | xargs | grep "^0 1 2 3 4 5 6 7 8"'
check 'nothing larger than the MTU' \
	[ "$(captured_count wire 'greater 1515')" = 0 ]

# The receiver merges what came in single segments; veth tries it only if its
# other end does not send super-packets.
offload "$R" c0 off tso
offload "$R" s0 off tso
for ns in "$C" "$S"; do
	offload "$ns" eth0 on gro
done
for name in listen4 routed4 listen6 routed6; do
	check "$name: merged by the receiver" supers "$name" 1200 12000
done
for ns in "$C" "$S"; do
	offload "$ns" eth0 off gro
	offload "$ns" eth0 on tso gso
done

# a link that is not handed super-packets, and one that sums by itself
offload "$C" ftcp0 off tx-udp-segmentation gso
offload "$S" ftcp0 off tx-udp-segmentation gso
check 'the link gets single datagrams' \
	c udptool send --to "${to[routed4]}" --size 1200 --gso 12000 --count 60
for ns in "$C" "$S"; do
	offload "$ns" ftcp0 on tx-udp-segmentation gso
	offload "$ns" eth0 off tx sg rx
done
for name in listen4 routed6; do
	check "$name: no checksums by the device" \
		c udptool send --to "${to[$name]}" --size 1200 --gso 12000 \
		--last 3 --count 120
done

assert_ct_state ESTABLISHED --dport 4567
assert_no_invalid
assert_no_udp
finish
