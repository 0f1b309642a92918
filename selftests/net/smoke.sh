#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The shortest way through everything: an application's datagrams go from the
# client's listening address to a service on the server and back, past a router
# that drops UDP, and afterwards everything is gone.
#
#   udptool send --> 127.0.0.1:1234 =(TCP)=> server:4567 --> 127.0.0.1:5555 echo

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful

check 'a server tunnel, and its link' s ftcpctl add tunnel echo \
	port 4567 forward 127.0.0.1:5555
check 'a link in the client' ip -n "$C" link add ftcp7 type faketcp
ip -n "$C" link set ftcp7 up
check 'a client tunnel on it' c ftcpctl add tunnel echo \
	listen 127.0.0.1:1234 remote "$S4:4567"

server echo "$S" echo --bind 127.0.0.1:5555
capture wire "$R" s0 tcp or udp
tcpdump_pid=$!

check 'one datagram and its answer' \
	c udptool send --to 127.0.0.1:1234 --size 100
check '1000 datagrams of 1199 bytes' \
	c udptool send --to 127.0.0.1:1234 --size 1199 --count 1000

assert_ct_state ESTABLISHED --dport 4567
assert_no_invalid
assert_no_udp
capture_stop wire "$tcpdump_pid"
# in segments, or in super-segments of several
check 'they were seen on the wire, as TCP' \
	[ "$(captured wire tcp port 4567 | awk '{ n += $NF } END { print n }')" -ge \
	$((2 * (100 + 1000 * 1199))) ]
check 'and nothing else' [ "$(captured_count wire not tcp port 4567)" -eq 0 ]

check 'the client shows its tunnel' c ftcpctl show
check 'and its flows' c ftcpctl show flows
check 'the server as well' s ftcpctl show flows

check 'the link that was made is up' eval \
	'ip -n "$S" -o link show up type faketcp | grep -q " ftcp0: "'
check 'a second one is made by its name' c ftcpctl add tunnel more dev ftcp8 routed
check_refused '... and then there are two' 'several links of type faketcp: ftcp7, ftcp8$' \
	c ftcpctl del tunnel echo
check '... it goes' ip -n "$C" link del ftcp8
check 'delete the client tunnel' c ftcpctl del tunnel echo
check 'delete the server tunnel' s ftcpctl del tunnel echo dev ftcp0
check 'delete the client link' ip -n "$C" link del ftcp7
check 'delete the server link' ip -n "$S" link del ftcp0
module_memory_back
finish
