#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# FORGED=40000: that many of each kind, a million in all, not 500.
#
# An attacker between the hosts who knows addresses and ports but not the
# sequence numbers changes nothing: neither ends a flow nor injects a datagram,
# nor has two segments sent for one.  Whoever knows the exact number may reset.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'tunnels' proxy
server echo "$S" echo --bind 127.0.0.1:5555
echo=$!
count=0
readonly count_each=${FORGED:-500}

# talk [N]: datagrams from the same source, each echoed
talk()
{
	c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count "${1:-1}" &&
		count=$((count + ${1:-1}))
}

talk 20 > "$tmp/talk" && ok 'datagrams' || not_ok 'datagrams' "$(cat "$tmp/talk")"
flow=$(flows "$C" '.[].local')
from=$C4:${flow##*:} to=$S4:4567

# unmoved NAME: nothing has happened to the flow, and no datagram was injected:
# state, ends and datagrams received, at both ends, are what they should be
unmoved()
{
	local seen

	seen=$({ c ftcpctl show flows --json; s ftcpctl show flows --json; } |
		jq -r '.[] | .state, .local, .remote, .stats["rx-packets"]' | tr '\n' ' ')
	if [ "$seen" = "established $from $to $count established $to $from $count " ]; then
		ok "$1: the flow stays as it was"
	else
		not_ok "$1: the flow stays as it was" "$seen"
	fi
}

# What either side expects next, from a datagram and its echo on the wire.
numbers()
{
	local tcpdump line

	capture numbers "$R" s0 tcp port 4567
	tcpdump=$!
	talk > /dev/null
	stop "$tcpdump"
	line=$(captured numbers -S "src $C4 and greater 60" | tail -n 1)
	from_client=$(sed -n 's/.*seq [0-9]*:\([0-9]*\),.*/\1/p' <<< "$line")
	line=$(captured numbers -S "src $S4 and greater 60" | tail -n 1)
	from_server=$(sed -n 's/.*seq [0-9]*:\([0-9]*\),.*/\1/p' <<< "$line")
	[ -n "$from_client" ] && [ -n "$from_server" ]
}

forge()
{
	r tcpraw send "$@" > /dev/null || not_ok "tcpraw $*"
}

# ---- blind ------------------------------------------------------------------

# both_ways ARGUMENTS...: forged in the name of either end
both_ways()
{
	forge --from "$from" --to "$to" "$@"
	forge --from "$to" --to "$from" "$@"
}

# blind FLAGS SIZE: the acknowledgement number is guessed as well, if it counts
blind()
{
	local ack=(--ack 1)

	[[ $1 != *A* ]] || ack=(--random-ack)
	both_ways --flags "$1" --random-seq "${ack[@]}" --size "$2" --count "$count_each"
	unmoved "blind $1, $2 bytes"
}

capture blind "$R" s0 tcp port 4567
tcpdump=$!
for flags in R S F RA SA FA PA FSRPA; do
	blind $flags 100
done
for flags in RA SA FA FSRPA; do
	blind $flags 0
done
stop "$tcpdump"
# Thousands were forged; a challenge is sent twice a second at most
answers=$(captured_count blind "(src $S4 or src $C4) and tcp[tcpflags] == tcp-ack and tcp[4:4] != 0 and less 60")
seconds=$((SECONDS + 1))
check 'few of them are answered' [ "$answers" -le $((4 * seconds)) ]
blind A 0

# ---- blind, into a conversation ---------------------------------------------

# Both hear what was said to them and nothing else: the client's application
# compares each datagram, and would be given back what was injected at the
# server's, which also counts.
background conversation "$C" udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7000 --count 400 --rate 100
conversation=$!
meanwhile=0
for _ in {1..5}; do
	both_ways --flags PA --random-seq --random-ack --size 100 --count 100
	kill -0 "$conversation" 2> /dev/null || break
	meanwhile=$((meanwhile + 200))
done
check 'into a conversation: blind data' [ "$meanwhile" -gt 0 ]
if wait "$conversation"; then
	ok 'into a conversation: the client hears its own datagrams only'
else
	not_ok 'into a conversation: the client hears its own datagrams only' \
		"$(cat "$tmp/conversation")"
fi
count=$((count + 400))
unmoved 'into a conversation'
stop "$echo"
check 'into a conversation: the server hears them only' \
	[ "$(field echoed "$(cat "$tmp/echo")")" = "$count" ]
server echo "$S" echo --bind 127.0.0.1:5555

# ---- with numbers that are nearly right -------------------------------------

numbers || bail_out 'no numbers on the wire'
far=$((from_client + 100000 & 0xffffffff))
next=$((from_client + 1 & 0xffffffff))
bad_ack=$((from_server + 1000000 & 0xffffffff))

# draws ARGUMENTS...: there is a challenge, not more than one in 400 ms
draws()
{
	forge --from "$from" --to "$to" "$@"
	[ "$(captured_count challenge "tcp[tcpflags] == tcp-ack and
		tcp[8:4] == $from_client")" -ge 1 ]
}

# challenged ARGUMENTS...: the true end is told what is expected of it
challenged()
{
	local tcpdump

	capture challenge "$R" s0 "src $S4 and tcp port 4567"
	tcpdump=$!
	check "$2: challenged" wait_for 5 draws "$@"
	stop "$tcpdump"
}

forge --from "$from" --to "$to" --flags R --seq $next
unmoved 'RST, one off'
challenged --flags R --seq $((from_client + 1000 & 0xffffffff))
unmoved 'RST, ahead'
challenged --flags RA --seq $((from_client + 1000 & 0xffffffff)) --ack "$from_server"
unmoved 'RST and ACK, ahead, acknowledges correctly'
challenged --flags FA --seq $((from_client + 1000 & 0xffffffff)) --ack "$from_server"
unmoved 'FIN, ahead, acknowledges correctly'
forge --from "$from" --to "$to" --flags RA --seq $next --ack $bad_ack
unmoved 'RST, one off, acknowledges too much'
forge --from "$from" --to "$to" --flags R --seq $((from_client - 100000 & 0xffffffff))
unmoved 'RST from the past'
forge --from "$from" --to "$to" --flags S --seq "$from_client"
unmoved 'SYN, exact'
forge --from "$from" --to "$to" --flags SF --seq "$from_client"
unmoved 'SYN and FIN, exact'
forge --from "$from" --to "$to" --flags FA --seq $far --ack $bad_ack
unmoved 'FIN, acknowledges too much'
forge --from "$from" --to "$to" --flags P --seq "$from_client" --size 100
unmoved 'data without ACK'
forge --from "$from" --to "$to" --flags '' --seq "$from_client" --size 100
unmoved 'data without flags'
forge --from "$from" --to "$to" --flags PA --seq "$from_client" --ack $bad_ack --size 100
unmoved 'data, acknowledges too much'
forge --from "$from" --to "$to" --flags PA --seq "$from_client" \
	--ack "$from_server" --size 100 --bad-checksum
unmoved 'data, wrong checksum'
forge --from "$from" --to "$to" --flags R --seq "$from_client" --bad-checksum
unmoved 'RST, wrong checksum'
for words in 0 4 15; do
	forge --from "$from" --to "$to" --flags RA --seq "$from_client" \
		--ack "$from_server" --header-words $words
	unmoved "RST, header of $words words"
done
for bytes in 0 4 13 19; do
	forge --from "$from" --to "$to" --flags RA --seq "$from_client" \
		--ack "$from_server" --truncate $bytes
	unmoved "RST, cut after $bytes bytes"
done

# ---- ICMP -------------------------------------------------------------------

fits=$(flows "$C" '.[]."max-payload"')
# of destination unreachable: net, host, port, fragmentation needed; others
for icmp in 3,0,0 3,1,0 3,3,0 3,4,600 3,13,0 11,0,0 4,0,0; do
	forge --from "$from" --to "$to" --via "$RC4" --icmp $icmp --flags PA \
		--random-seq --count 200
	forge --from "$from" --to "$to" --via "$RC4" --icmp $icmp --flags PA \
		--seq $far
	[ $icmp = 3,4,600 ] ||
		forge --from "$from" --to "$to" --via "$RC4" --icmp $icmp --flags PA \
			--seq "$((from_client - 1 & 0xffffffff))"
	unmoved "ICMP $icmp"
done
check 'the path MTU is as it was' [ "$(flows "$C" '.[]."max-payload"')" = "$fits" ]
check '... to the client itself as well' eval '! c ip route get "$S4" | grep mtu'

# One that is delivered, as whoever guesses right may inject a datagram: what the far
# end goes on to send is not taken for old, nor refused what it is sent.
forge --from "$from" --to "$to" --flags PA --ack "$from_server" --size 100 \
	--seq $((from_client + 10000000 & 0xffffffff))
injected() { [ "$(flows "$S" '.[].stats["rx-packets"]')" = $((count + 1)) ]; }
check 'data, far ahead' wait_for 5 injected
count=$((count + 1))
talk 20 > "$tmp/talk" && ok 'datagrams still pass' ||
	not_ok 'datagrams still pass' "$(cat "$tmp/talk")"
unmoved 'after all'

# ---- to the port, but of no flow --------------------------------------------

ip -n "$R" route add blackhole 203.0.113.0/24
stranger=203.0.113.5:7777
capture stranger "$R" s0 tcp port 7777
tcpdump=$!

# stranger NAME FLAGS ANSWER [ARGUMENTS...]: what is answered, with which numbers
stranger()
{
	local name=$1 flags=$2 answer=$3

	shift 3
	check "of no flow: $name" r tcpraw send --from "$stranger" --to "$to" \
		--flags "$flags" --expect "$answer" --timeout 1000 --seq 1000 "$@"
}

stranger 'ACK: RST' A R --ack 77
stranger 'data: RST' PA R --ack 77 --size 100
stranger 'FIN: RST' FA R --ack 77
stranger 'SYN-ACK: RST' SA R --ack 77
stranger 'nothing: RST' '' RA
stranger 'FIN alone: RST' F RA
stranger 'SYN and FIN: RST' SF RA
stranger 'data without ACK: RST' P RA --size 5
stranger 'SYN: SYN-ACK' S SA
stranger 'SYN, options of length 0: SYN-ACK' S SA --options 02000200
stranger 'SYN, an option too long: SYN-ACK' S SA --options 01010303ff
stranger 'SYN, unknown options: SYN-ACK' S SA --options fefefefe1e04aaaa
stranger 'SYN with data: SYN-ACK' S SA --size 50
stranger 'RST: nothing' R none
stranger 'RST and ACK: nothing' RA none
stranger 'SYN, wrong checksum: nothing' S none --bad-checksum
stranger 'SYN, header of 4 words: nothing' S none --header-words 4
stranger 'SYN, header of 15 words: nothing' S none --header-words 15
stranger 'SYN, cut: nothing' S none --truncate 12
check 'of no flow: its number is what was acknowledged' eval \
	'r tcpraw send --from "$stranger" --to "$to" --flags A --seq 5 --ack 4000000000 --expect R | grep seq=4000000000'
stop "$tcpdump"
check 'each was answered once' [ "$(captured_count stranger "src $S4")" -eq 14 ]
check 'and a RST never' [ "$(captured_count stranger "src $S4 and tcp[tcpflags] & tcp-rst != 0")" -eq 9 ]
unmoved 'after strangers'

# ---- behind an extension header ---------------------------------------------

# To the host's TCP it is a segment like any other.
ip -n "$R" route add blackhole 2001:db8::/32
dropped=$(drops "$S" protocol)
extended=0
for header in 0 60; do
	for flags in S A PA SA F; do
		check "extension header $header, $flags: nothing" r tcpraw send \
			--from '[2001:db8::5]:7777' --to "[$S6]:4567" --flags $flags \
			--seq 1000 --ack 77 --extension $header --expect none --timeout 100
		extended=$((extended + 1))
	done
done
check 'extension headers: each was dropped' wait_for 5 eval \
	'[ "$(drops "$S" protocol)" -eq $((dropped + extended)) ]'
check 'extension headers: no RST of the host' [ "$(tcp_resets "$S")" -eq 0 ]

# ---- who knows the number ---------------------------------------------------

check 'an ordinary conversation has no RST of the host: server' [ "$(tcp_resets "$S")" -eq 0 ]
check 'an ordinary conversation has no RST of the host: client' [ "$(tcp_resets "$C")" -eq 0 ]
check 'as an extension header to another port has' r tcpraw send --flags S \
	--from '[2001:db8::5]:7777' --to "[$S6]:4568" --extension 60 --expect RA
numbers || bail_out 'no numbers on the wire'
forge --from "$from" --to "$to" --flags R --seq "$from_client"
check 'RST, exact: the server has no flow any more' wait_for 5 flows_are "$S" 0
check 'the next datagrams are lost or on a new flow' c udptool send \
	--to 127.0.0.1:1234 --from 127.0.0.1:7000 --lossy --count 5
check 'and then there is a new flow' wait_for 10 eval \
	'flows_are "$S" 1 established && [ "$(flows "$C" ".[].local")" != "$flow" ]'
check 'which works' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 20

flow=$(flows "$C" '.[].local')
from=$C4:${flow##*:}
numbers || bail_out 'no numbers on the wire'
forge --from "$to" --to "$from" --flags RA --seq "$from_server" --ack "$from_client"
check 'RST, exact: the client has no flow any more' wait_for 5 flows_are "$C" 0
check 'the next datagram makes one' c udptool send \
	--to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 5

check 'delete the links' proxy_gone
module_memory_back
finish
