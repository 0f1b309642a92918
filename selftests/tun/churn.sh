#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A day of connects and expiries in less than a minute: afterwards there are no
# more descriptors than before, and the sanitizers find no leak.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology stateful
ulimit -n "$(ulimit -Hn)"

descriptors() { ls "/proc/$1/fd" | wc -l; }
idle() { [ "$(descriptors "$1")" -eq "$2" ] && no_flows "$1" "$3"; }

server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --idle 3
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --idle 3
client=$!
server_fds=$(descriptors $server) client_fds=$(descriptors $client)

for wave in 1 2 3 4 5 6; do
	check "wave $wave: 1000 sources" send --to 127.0.0.1:1234 \
		--sockets 1000 --count 2 --window 100 --timeout 20
	[ $wave -ne 3 ] || check 'they expire' \
		wait_for 20 idle $client $client_fds client
done

# Ends that vanish in the middle of everything
for round in 1 2 3; do
	c udptool send --to 127.0.0.1:1234 --sockets 200 --count 50 \
		--timeout 3 --lossy > /dev/null 2>&1 &
	busy=$!
	pause 200
	terminate $server
	[ $? -eq 0 ] || not_ok "server $round has ended badly"
	mv "$tmp/server" "$tmp/server-$round"
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 \
		--auto-rules --idle 3
	server=$!
	wait $busy
done
check 'a conversation after all' send --to 127.0.0.1:1234
check 'all flows have ended' wait_for 20 idle $client $client_fds client
check 'on the server as well' wait_for 20 idle $server $server_fds server
made=$(total flows $client client)
check "more than 6000 flows were made" [ "$made" -ge 6000 ]
ends_well 'the client' $client
ends_well 'the server' $server
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp"/client "$tmp"/server*'
finish
