#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A path that carries less than its ends think, and loses the ICMP messages that
# would tell: with "df unset" IPv4 cuts the segments, and all datagrams arrive.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
# Packets are counted: each is to have one datagram.
check 'tunnels' proxy keepalive off coalesce off
check '... over IPv6 as well' c ftcpctl add tunnel t6 dev ftcp0 \
	listen '[::1]:1234' remote "[$S6]:4567" keepalive off coalesce off
server echo "$S" echo --bind 127.0.0.1:5555

check 'the router keeps errors to itself' narrow_path

send() { c udptool send --to 127.0.0.1:1234 --size "$1" "${@:2}"; }
received() { s ftcpctl show --json | jq '.[0].stats."rx-packets"'; }

# df TUNNEL: as shown
df() { c ftcpctl show tunnel "$1" --json | jq -r '.[0].df'; }

check 'it is set' [ "$(df t)" = set ]
check 'what fits passes' send 1360 --count 5
check 'what does not is lost' lost send 1400
check 'unset it at the client' c ftcpctl set tunnel t dev ftcp0 df unset
check 'it is unset' [ "$(df t)" = unset ]
check '... in words as well' eval 'c ftcpctl show | grep -q "df unset"'
check '... not in the other tunnel' [ "$(df t6)" = set ]
check 'and at the server' s ftcpctl set tunnel t dev ftcp0 df unset

capture wire "$R" s0
tcpdump=$!
check 'what fits passes' send 1360 --count 5
capture_stop wire "$tcpdump"
check '... without DF' [ "$(captured_count wire 'tcp and ip[6] & 0x40 != 0')" = 0 ]
check '... and in one piece' \
	[ "$(captured_count wire 'ip[6:2] & 0x3fff != 0')" = 0 ]
check '... none of the same number' [ -z "$(captured wire -v "src $C4" |
	sed -n 's/.* id \([0-9]*\),.*/\1/p' | sort | uniq -d)" ]

capture wire "$R" s0
tcpdump=$!
for size in 1361 1460; do
	check "$size bytes arrive, and come back" send $size --count 5
done
capture_stop wire "$tcpdump"
check '... in fragments, there' \
	[ "$(captured_count wire "src $C4 and ip[6:2] & 0x1fff != 0")" -ge 10 ]
check '... and back' \
	[ "$(captured_count wire "src $S4 and ip[6:2] & 0x1fff != 0")" -ge 10 ]
check 'larger than any link: 5000 bytes' send 5000 --count 5
# One at a time: of datagrams whose fragments mix by more than ipfrag_max_dist the
# kernel gives some up, and a machine that is busy may mix them.
check 'the largest: 65000 bytes' send 65000 --count 5 --window 1
check 'in super-packets' send 1400 --gso 14000 --count 50
check 'a new flow' send 1460 --from 127.0.0.1:7000 --count 5

check 'IPv6 is as it was: unset' c ftcpctl set tunnel t6 dev ftcp0 df unset
check '... what fits passes' c udptool send --to '[::1]:1234' --size 1340 --count 5
check '... what does not is lost' lost c udptool send --to '[::1]:1234' --size 1400

check 'set it again' c ftcpctl set tunnel t dev ftcp0 df set
capture wire "$R" s0 "src $C4 and tcp"
tcpdump=$!
check 'what fits passes' send 1360 --count 5
capture_stop wire "$tcpdump"
check '... with DF' [ "$(captured_count wire 'ip[6] & 0x40 == 0')" = 0 ]
check 'what does not is lost' lost send 1400

assert_no_invalid
assert_no_udp
check 'delete the links' proxy_gone
module_memory_back
finish
