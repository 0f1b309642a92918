#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server's target is on another host, and the server's address towards it
# changes: the application's conversation goes on from the new address.  The
# namespace of the datagrams is that of the segments, or another one.

. "$(dirname "$0")/../lib.sh"

readonly T=t-$$ I=i-$$

start
module_load
topology
check 'two more namespaces' eval 'namespace "$T" && namespace "$I"'

# wired NAMESPACE: between it and the target's
wired()
{
	ip link add lan netns "$1" type veth peer name eth0 netns "$T" &&
		ip -n "$T" addr add 10.3.0.2/24 dev eth0 &&
		ip -n "$T" addr add fd03::2/64 dev eth0 nodad &&
		ip -n "$T" link set eth0 up && ip -n "$1" link set lan up
}

# addresses NAMESPACE CHANGE...: add or del, and an address, each; all at once
addresses()
{
	local ns=$1

	shift
	printf 'addr %s dev lan\n' "$@" | sed '/add.*:/ s/$/ nodad/' |
		ip -n "$ns" -batch -
}

answers()
{
	flows "$C" '[.[].stats["rx-packets"]] | add // 0'
}

# comes_from NAMESPACE ADDRESS SECONDS: what the target hears and answers
comes_from()
{
	local ns=$1 address=$2 before

	before=$(answers)
	wait_for "$3" eval \
		'[[ $(flows "$ns" ".[][\"inner-remote\"]") == *"$address"* ]]' &&
		wait_for 5 eval '[ "$(answers)" -gt 10 ] && [ "$(answers)" -ne "$before" ]'
}

# moves NAMESPACE TARGET OLD NEW: addresses of the server's, with their prefixes
moves()
{
	local ns=$1 name="$2 from ${1%-*}" old=$3 new=$4 app flow

	addresses "$ns" "add $old"
	check "$name: a server" in_ns "$ns" ftcpctl add tunnel t dev ftcp0 \
		port 4567 forward "$2"
	check "$name: a client" c ftcpctl add tunnel t dev ftcp0 \
		listen 127.0.0.1:1234 remote "$S4:4567"
	background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
		--count 100000 --rate 50 --window 100000 --lossy --timeout 300
	app=$!
	check "$name: it works" comes_from "$ns" "${old%/*}" 10
	flow=$(flows "$C" '.[].local')

	addresses "$ns" "add $new"
	check "$name: another address changes nothing" comes_from "$ns" "${old%/*}" 1
	addresses "$ns" "del $new" "del $old" "add $old"
	check "$name: nor one that comes back" comes_from "$ns" "${old%/*}" 1
	check "$name: it is the same flow" [ "$(flows "$C" '.[].local')" = "$flow" ]

	addresses "$ns" "del $old" "add $new"
	check "$name: the conversation moves" comes_from "$ns" "${new%/*}" 3
	check "$name: on one flow" wait_for 5 flows_are "$ns" 1 established
	check "$name: from the same socket" kill -0 "$app"
	stop "$app"
	addresses "$ns" "del $new"
	check "$name: delete both tunnels" eval \
		'c ftcpctl del tunnel t dev ftcp0 &&
		 in_ns "$ns" ftcpctl del tunnel t dev ftcp0'
}

check 'a target' wired "$S"
server echo "$T" echo --bind 10.3.0.2:5555 --bind '[fd03::2]:5555'
check 'links' eval 'add_link "$C" && add_link "$S"'
moves "$S" 10.3.0.2:5555 10.3.0.11/24 10.3.0.12/24
moves "$S" '[fd03::2]:5555' fd03::11/64 fd03::12/64
check 'the target moves' eval 'ip -n "$S" link del lan && wired "$I"'
check 'and the link as well' eval 'ip -n "$S" link set ftcp0 netns "$I" &&
	ip -n "$I" link set ftcp0 up'
moves "$I" 10.3.0.2:5555 10.3.0.11/24 10.3.0.12/24
moves "$I" '[fd03::2]:5555' fd03::11/64 fd03::12/64

assert_no_invalid
check 'delete the links' eval 'ip -n "$C" link del ftcp0 && ip -n "$I" link del ftcp0'
module_memory_back
finish
