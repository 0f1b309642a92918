#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Strangers: forged segments, floods, and UDP senders without manners.  Nothing
# of it may crash ftcptun, change a flow, or make it grow; with the address and
# undefined behaviour sanitizers.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology

server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --max-flows 400
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --max-flows 400
client=$!

conversation() { send --to 127.0.0.1:1234 --from 127.0.0.1:7777 --count 5; }
check 'a conversation' conversation
port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')
made=$(total flows $client client)

# The attacker knows addresses and ports, and sees nothing.  The segments go to
# the devices directly; below, through the hosts' conntrack.
for flags in R RA S SA F FA A PA '' SF SR FSRPAU; do
	for size in 0 700; do
		s tcpraw send --from "$C4:$port" --to 192.168.201.2:4567 \
			--flags "$flags" --random-seq --random-ack \
			--size $size --count 200 > /dev/null 2>&1
		c tcpraw send --from "$S4:4567" --to "192.168.200.2:$port" \
			--flags "$flags" --random-seq --random-ack \
			--size $size --count 200 > /dev/null 2>&1
	done
done
check 'forged segments change nothing' conversation
for options in 00 0101 0200 0204 020405 0304 030e0fff 0504 08 ff 0100ff \
	02040000000000000000000000000000000000ff; do
	for flags in S SA A R; do
		s tcpraw send --from "$C4:$port" --to 192.168.201.2:4567 --flags $flags \
			--options $options --random-seq --count 20 > /dev/null 2>&1
		r tcpraw send --from 10.1.0.9:99 --to "$S4:4567" --flags $flags \
			--options $options --random-seq --count 20 > /dev/null 2>&1
	done
done
check 'nor do strange options' conversation
s tcpraw send --from "$C4:$port" --to 192.168.201.2:4567 --flags A --random-seq \
	--bad-checksum --size 100 --count 100 > /dev/null 2>&1
check 'nor wrong checksums' conversation
check 'no flow was made anew' [ "$(total flows $client client)" -eq "$made" ]

# Through the router to the hosts, where conntrack believes what ftcptun does
# not: a RST anywhere in the window leaves an entry ten seconds to live or closes
# it, and a SYN then makes it anew.  What the true end sends is INVALID after that
# and not translated any more; so it reaches the host's own TCP, whose RST is
# right in every respect.  It would be so with any TCP behind such a NAT.  The
# flow is lost, then, but nothing else: the next datagram makes another, and
# nothing that was forged gets through.
for flags in R RA S SA F FA A PA '' SF SR FSRPAU; do
	r tcpraw send --from "$C4:$port" --to "$S4:4567" --flags "$flags" \
		--random-seq --random-ack --size 700 --count 200 > /dev/null
	r tcpraw send --from "$S4:4567" --to "$C4:$port" --flags "$flags" \
		--random-seq --random-ack --size 700 --count 200 > /dev/null
	check "after forged '$flags' through the router datagrams pass" \
		wait_for 10 send --to 127.0.0.1:1234 --from 127.0.0.1:7777 \
		--count 5 --timeout 1
	port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p' | tail -1)
done
nothing_injected()
{
	[ "$(total rx $server server)" -le "$(total tx $client client)" ] &&
		[ "$(total rx $client client)" -le "$(total tx $server server)" ]
}
check 'nothing that was forged arrived as a datagram' nothing_injected

# Floods
before=$(total flows $server server)
check 'a flood of SYNs' r tcpraw send --from 10.1.0.0 --random-source 24 \
	--random-port --to "$S4:4567" --flags S --random-seq --count 20000
check 'a flood of ACKs' r tcpraw send --from 10.1.0.0 --random-source 24 \
	--random-port --to "$S4:4567" --flags A --random-seq --ack 1 --count 20000
check 'makes no flow' [ "$(total flows $server server)" -eq "$before" ]
check 'and disturbs none' conversation

# A service that is not there
stop "${pids[0]}"
c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7777 --count 50 --timeout 1 \
	--lossy > /dev/null 2>&1
server echo2 "$S" echo --bind 127.0.0.1:5555
check 'a service that comes back' conversation

# UDP senders without manners
c udptool send --to 127.0.0.1:1234 --size 60000 --timeout 1 --lossy > /dev/null 2>&1
printf '' | c socat -u -T1 - UDP:127.0.0.1:1234,shut-null
check 'strange datagrams disturb none' conversation
c udptool send --to 127.0.0.1:1234 --sockets 1000 --count 5 --timeout 2 --lossy > /dev/null 2>&1
check 'there are no more flows than allowed' \
	[ "$(tun_flows $client client)" -le 400 ]
check 'nor on the server' [ "$(tun_flows $server server)" -le 400 ]
check 'which disturbs none' conversation

ends_well 'the client' $client
ends_well 'the server' $server
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp/client" "$tmp/server"'
finish
