#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many clients at once: each has a connection of its own, reaches the target from
# a UDP port of its own, and gets its own answers.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
add_link "$C"
add_link "$S"

readonly clients=100
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# numbers NAMESPACE TUNNEL MEMBER: how many different addresses
numbers()
{
	flows "$1" "[.[] | select(.tunnel == \"$2\") | .\"$3\"] | unique | length"
}

s ftcpctl add tunnel one dev ftcp0 port 4001 forward 127.0.0.1:5001
s ftcpctl add tunnel two dev ftcp0 port 4002 forward 127.0.0.1:5002
c ftcpctl add tunnel one dev ftcp0 listen 127.0.0.1:1001 remote "$S4:4001"
c ftcpctl add tunnel two dev ftcp0 listen 127.0.0.1:1002 remote "$S4:4002"
server one "$S" echo --bind 127.0.0.1:5001
server two "$S" echo --bind 127.0.0.1:5002

# The content of each datagram names its sender, who accepts no other.
background first "$C" udptool send --to 127.0.0.1:1001 --sockets $clients \
	--count 10 --window 100 --timeout 40
first=$!
background second "$C" udptool send --to 127.0.0.1:1002 --sockets $clients \
	--count 10 --window 100 --timeout 40 --stream 1000
second=$!
wait $first
check "$clients clients at one server" eval "cat $tmp/first; [ $? = 0 ]"
wait $second
check "$clients at another one at the same time" \
	eval "cat $tmp/second; [ $? = 0 ]"

check 'a flow for each' flows_are "$C" $((2 * clients)) established
check 'at the server as well' flows_are "$S" $((2 * clients)) established
for tunnel in one two; do
	check "$tunnel: a TCP port for each" \
		is "$(numbers "$C" $tunnel local)" $clients
	check "$tunnel: a UDP port for each at the target" \
		is "$(numbers "$S" $tunnel inner-remote)" $clients
	check "$tunnel: each has sent 10, and received as many" is "$(flows "$S" \
		"[.[] | select(.tunnel == \"$tunnel\") | .stats |
		  select(.\"tx-packets\" == 10 and .\"rx-packets\" == 10)] |
		 length")" $clients
done

# ---- A bound on their number ----

check 'allow fewer' s ftcpctl set tunnel one dev ftcp0 max-flows $clients
check_fails 'one more is refused' \
	c udptool send --to 127.0.0.1:1001 --timeout 2
check 'and counted' [ "$(drops "$S" limit)" -gt 0 ]
check 'allow more' s ftcpctl set tunnel one dev ftcp0 max-flows 1000
check 'one more' c udptool send --to 127.0.0.1:1001

check 'conntrack has an entry for each' \
	[ "$(ct "$R" -p tcp | grep -c 'ESTABLISHED.*ASSURED')" -ge $((2 * clients)) ]
assert_no_invalid
assert_no_udp
check 'delete all at once' s ftcpctl del tunnel one dev ftcp0
check 'the clients are told' wait_for 10 eval \
	'[ "$(numbers "$C" one local)" = 0 ]'
check 'the other server is not touched' is "$(numbers "$C" two local)" $clients
ip -n "$C" link del ftcp0
ip -n "$S" link del ftcp0
module_memory_back
finish
