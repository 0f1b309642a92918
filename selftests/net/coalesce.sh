#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Single datagrams of a stream leave in super-segments, arrive one by one, whole
# and in order, whatever the devices can; a lone one waits for nobody.

. "$(dirname "$0")/../lib.sh"

readonly n=1000

start
module_load
topology stateful
check 'tunnels' proxy_and_routed
# What one processor sends stays in order.  Who moves to another one overtakes
# its own datagrams, as with plain UDP: veth has a queue for each.
background proxied "$S" taskset -c 0 udptool echo --bind 127.0.0.1:5555
background routed "$S" taskset -c 0 udptool echo --bind "$S4:7000" --bind "[$S6]:7000"
for name in proxied routed; do
	check "$name: a server" wait_for 10 grep -q ready "$tmp/$name"
done

declare -A to=(
	[proxy4]=127.0.0.1:1004 [proxy6]=[::1]:1006
	[routed4]=$S4:7000 [routed6]=[$S6]:7000
)

# stream NAME [ARGUMENTS...]: as fast as it goes, from the same port each time
stream()
{
	local from=0.0.0.0:9000

	[[ "$1" == *6 ]] && from=[::]:9000
	c taskset -c 0 udptool send --from "$from" --to "${to[$1]}" --size 1200 --count $n \
		--window 200 "${@:2}"
}

# The first datagrams of a conversation wait for its connection, only so many.
begun()
{
	stream "$1" --count 30 --window 30
}

# in_order NAME [ARGUMENTS...]: nothing lost, nothing twice, nothing overtaken
in_order()
{
	local output

	output=$(stream "$@") || { echo "$output"; return 1; }
	echo "$output"
	[ "$(field reordered "$output")" = 0 ]
}

# held NAME: how many of a tunnel's datagrams have waited for others
held()
{
	local tunnel=$1

	[[ "$tunnel" == routed* ]] && tunnel=routed
	c ftcpctl show --json | jq ".[] | select(.tunnel == \"$tunnel\") | .stats[\"tx-held\"]"
}

# more NAME BEFORE
more() { [ "$(held "$1")" -gt "$2" ]; }

everywhere()
{
	local name before

	for name in proxy4 proxy6 routed4 routed6; do
		before=$(held $name)
		check "$1: $name: in order" in_order $name "${@:2}"
		check "$1: $name: several by each system call" \
			in_order $name --batch 32 "${@:2}"
		check "$1: $name: some waited" more $name "$before"
		check "$1: $name: in parts, and of two sizes" \
			in_order $name "${@:2}" --more 100
	done
}

for name in "${!to[@]}"; do
	check "$name: a flow" begun "$name"
done
capture wire "$R" s0 'tcp and greater 2000'
pid=$!
everywhere 'whole'
stop "$pid"
check 'super-segments on the way' [ "$(captured_count wire)" -gt 0 ]

# As network cards are, hardly any of which takes a list of skbs as one packet
lists()
{
	in_ns "$C" ethtool -K eth0 tx-scatter-gather-fraglist "$1" > /dev/null &&
		in_ns "$S" ethtool -K eth0 tx-scatter-gather-fraglist "$1" > /dev/null
}
check 'devices that take no list' lists off
capture cards "$R" s0 'tcp and greater 2000'
pid=$!
everywhere 'no list'
stop "$pid"
check 'super-segments of the client' [ "$(captured_count cards "src $C4 or src $C6")" -gt 0 ]
check '... and of the server' [ "$(captured_count cards "src $S4 or src $S6")" -gt 0 ]
check 'devices that do' lists on

check 'among super-packets: in order' in_order proxy4 --gso 4800 --last 7
check 'another conversation' stream routed4 --sockets 2 --count 30 --window 30
check 'two conversations that take turns' in_order routed4 --sockets 2

for what in 'tso gso' 'sg' 'tx rx'; do
	for ns in "$C" "$S"; do
		# shellcheck disable=SC2086
		for feature in $what; do
			in_ns "$ns" ethtool -K eth0 "$feature" off > /dev/null
		done
	done
	everywhere "no $what"
done
for ns in "$C" "$S"; do
	in_ns "$ns" ethtool -K eth0 tx on rx on sg on tso on gso on > /dev/null
done

# off
for tunnel in proxy4 routed; do
	c ftcpctl set tunnel $tunnel dev ftcp0 coalesce off
	before=$(held $tunnel)
	check "$tunnel: off: in order" in_order "${tunnel/%routed/routed4}"
	check "$tunnel: off: none waited" [ "$(held $tunnel)" = "$before" ]
	c ftcpctl set tunnel $tunnel dev ftcp0 coalesce 1000us
	check "$tunnel: on again" in_order "${tunnel/%routed/routed4}" --batch 32
	check "$tunnel: some waited" more $tunnel "$before"
done

# One at a time: each answer comes before the next question is sent.  On a busy machine
# some may be late, and the next one soon.
before=$(held proxy6)
check 'lone datagrams' c udptool send --to '[::1]:1006' --size 1200 --count 50 \
	--rate 50 --window 1
check 'hardly any waited' [ "$(held proxy6)" -le $((before + 10)) ]

assert_no_invalid
assert_no_udp
check 'delete the links' eval 'ip -n "$C" link del ftcp0 && ip -n "$S" link del ftcp0'
module_memory_back
finish
