#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many applications at once: each source is a connection of its own.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
ulimit -n "$(ulimit -Hn)"

server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules \
	--max-flows-per-source 20000
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--max-flows-per-source 20000
client=$!

check '100 sources' send --to 127.0.0.1:1234 --sockets 100 --count 10
check 'are 100 flows on the client' \
	[ "$(tun_flows $client client ESTAB)" -eq 100 ]
check 'and on the server' [ "$(tun_flows $server server ESTAB)" -eq 100 ]

if [ "$(ulimit -n)" -lt 12000 ]; then
	skip '10,000 sources' 'too few file descriptors allowed'
else
	check '10,000 sources at once' send --to 127.0.0.1:1234 --sockets 10000 \
		--count 3 --window 100 --timeout 60
	# some of them may have the ports of the first 100, and so their flows
	check 'are 10,000 flows on the client' \
		[ "$(tun_flows $client client ESTAB)" -ge 10000 ]
	check 'and on the server' \
		[ "$(tun_flows $server server ESTAB)" -ge 10000 ]
fi
# All are closed at once, and still each is: nothing has to be sent twice, and
# nothing comes when everything is gone.
before=$SECONDS
ends_well 'the client' $client
check 'in a second or two' [ $((SECONDS - before)) -le $((2 * ${PATIENCE:-1})) ]
check 'the server has closed all' wait_for 2 no_flows $server server
ends_well 'the server' $server
closed() { ! ct "$R" -p tcp | grep -Eq 'ESTABLISHED|SYN_'; }
check 'the router saw them close' closed
assert_no_invalid
assert_no_udp
finish
