#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Interoperation with Phantun, in both roles, over IPv4 and IPv6.
#
#   PHANTUN_CLIENT=path PHANTUN_SERVER=path ./phantun.sh

. "$(dirname "$0")/lib.sh"

tun_start
[ -n "${PHANTUN_CLIENT:-}" ] && [ -n "${PHANTUN_SERVER:-}" ] ||
	skip_all 'PHANTUN_CLIENT and PHANTUN_SERVER do not name Phantun'
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555

by_hand()
{
	"$ftcptun" print-rules client | c nft -f -
	"$ftcptun" print-rules server --local 4567 | s nft -f -
	c sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

has_device() { ip -n "$1" link show dev tun0 up; }

# talk NAME: what passes
talk()
{
	check "$1: it connects" wait_for 20 send --to 127.0.0.1:1234 --timeout 1
	for size in 1 100 1199 1400 1440; do
		check "$1: datagrams of $size bytes" send \
			--to 127.0.0.1:1234 --size $size --count 50 --window 10
	done
	check "$1: 50 sources" send --to 127.0.0.1:1234 --sockets 50 --count 5
	check "$1: super-packets" send --to 127.0.0.1:1234 --size 1200 \
		--gso 12000 --count 500 --window 20
}

by_hand
for remote in "$S4:4567" "[$S6]:4567"; do
	background phantun "$S" "$PHANTUN_SERVER" --local 4567 --remote 127.0.0.1:5555
	peer=$!
	wait_for 10 has_device "$S"
	run client "$C" client --local 127.0.0.1:1234 --remote "$remote"
	talk "to Phantun's server, $remote"
	terminate $!
	stop $peer

	run server "$S" server --local 4567 --remote 127.0.0.1:5555
	server=$!
	background phantun "$C" "$PHANTUN_CLIENT" --local 127.0.0.1:1234 --remote "$remote"
	peer=$!
	wait_for 10 has_device "$C"
	talk "from Phantun's client, $remote"
	stop $peer
	terminate $server
done
assert_no_invalid
assert_no_udp
finish
