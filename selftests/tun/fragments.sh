#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A path that carries less than its ends think, and loses the ICMP messages that
# would tell: with "--df unset" IPv4 cuts the segments, and all datagrams arrive.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555

# ends OPTIONS...: start both
ends()
{
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules "$@"
	server=$!
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules "$@"
	client=$!
}

# ends_gone NAME
ends_gone()
{
	ends_well "$1: the client" $client
	ends_well "$1: the server" $server
}

check 'the router keeps errors to itself' narrow_path

carry() { send --to 127.0.0.1:1234 --size "$@"; }
received() { total rx $server server; }
# numbered_twice FROM: identifications that several packets from there had
numbered_twice()
{
	captured wire -v "src $1 and ip[6:2] & 0x1fff = 0" |
		sed -n 's/.* id \([0-9]*\),.*/\1/p' | sort | uniq -d
}

# Packets are counted: each is to have one datagram.
ends --df set --no-tun-offload
capture wire "$R" s0 "src $C4 and tcp"
tcpdump=$!
check 'set: what fits passes' carry 1360 --count 5
capture_stop wire "$tcpdump"
check '... with DF' [ "$(captured_count wire 'ip[6] & 0x40 == 0')" = 0 ]
check '... what does not is lost' lost carry 1400
ends_gone set

ends --df unset --no-tun-offload
capture wire "$R" s0 tcp
tcpdump=$!
check 'what fits passes' carry 1360 --count 5
capture_stop wire "$tcpdump"
check '... without DF' [ "$(captured_count wire 'ip[6] & 0x40 != 0')" = 0 ]
check '... and in one piece' [ "$(captured_count wire 'ip[6:2] & 0x3fff != 0')" = 0 ]
check '... none of the same number' [ -z "$(numbered_twice "$C4")" ]
check '... and back' [ -z "$(numbered_twice "$S4")" ]

capture wire "$R" s0
tcpdump=$!
for size in 1361 1400 1460; do
	check "$size bytes arrive, and come back" carry $size --count 5
done
capture_stop wire "$tcpdump"
check '... in fragments, there' \
	[ "$(captured_count wire "src $C4 and ip[6:2] & 0x1fff != 0")" -ge 15 ]
check '... and back' \
	[ "$(captured_count wire "src $S4 and ip[6:2] & 0x1fff != 0")" -ge 15 ]
check '... none of the same number' [ -z "$(numbered_twice "$C4")$(numbered_twice "$S4")" ]
ends_gone 'without super-segments'

# bursts NAME: any size, one by one and in numbers
bursts()
{
	local name=$1

	check "$name: 1400 bytes" carry 1400 --count 500 --window 20
	check "$name: in super-packets" carry 1400 --gso 14000 --gro --count 500 --window 40
	check "$name: larger than any link: 5000 bytes" carry 5000 --count 50 --window 5
	check "$name: in super-packets" carry 5000 --gso 60000 --gro --count 60 --window 24
	check "$name: 30000 bytes" carry 30000 --gso 60000 --gro --count 10 --window 4
	check "$name: the largest: 65495 bytes" carry 65495 --count 5 --window 1
}

ends --df unset
capture wire "$R" s0
tcpdump=$!
check 'a burst' carry 1400 --gso 56000 --count 40
capture_stop wire "$tcpdump"
check '... that left as super-segments' \
	[ "$(total tx-segments $client client)" -lt "$(total tx $client client)" ]
check '... is in fragments' \
	[ "$(captured_count wire "src $C4 and ip[6:2] & 0x1fff != 0")" -ge 40 ]
check '... without DF' [ "$(captured_count wire 'tcp and ip[6] & 0x40 != 0')" = 0 ]
check '... none of the same number' [ -z "$(numbered_twice "$C4")$(numbered_twice "$S4")" ]
bursts 'super-segments'
check 'one byte more has no room, and that is told' eval \
	'[ "$(field toobig "$(carry 65496 --oneway --lossy --count 20 --rate 20)")" -gt 0 ]'

run six "$C" client --local '[::1]:1234' --remote "[$S6]:4567" --auto-rules \
	--df unset --no-tun-offload --tun-local 192.168.202.1 --tun-peer 192.168.202.2 \
	--tun-local6 fcca::1 --tun-peer6 fcca::2
six=$!
check 'IPv6 is as it was: what fits passes' send --to '[::1]:1234' --size 1340 --count 5
check '... what does not is lost' lost send --to '[::1]:1234' --size 1400
ends_well '... the client' $six
ends_gone 'super-segments'

# Fragments may come to other queues than those of their flows.
ends --df unset --threads 4
bursts 'four threads'
ends_gone 'four threads'
ends --df unset --no-tun-offload --no-udp-offload
bursts 'without offloads'
ends_gone 'without offloads'

# The host itself cuts.
ip -n "$R" link set c0 mtu 1300
ip -n "$C" link set eth0 mtu 1300
ends --df unset
bursts 'a small MTU of the host'
check '... nothing of it was damaged' \
	[ "$(total checksum $client client)$(total checksum $server server)" = 00 ]
ends_gone 'a small MTU'

assert_no_invalid
assert_no_udp
finish
