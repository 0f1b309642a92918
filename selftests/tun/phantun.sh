#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How connections begin towards whom (--wire), and, if the environment names its
# programs, interoperation with Phantun, in both roles, over IPv4 and IPv6.
#
#   PHANTUN_CLIENT=path PHANTUN_SERVER=path ./phantun.sh

. "$(dirname "$0")/lib.sh"

tun_start
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

# ---- how connections begin ----

syn='tcp[tcpflags] == tcp-syn'
zero="$syn and tcp[4:4] = 0"
other="$syn and tcp[4:4] != 0"

# client_on_wire NAME [ARGUMENTS...]: an ftcptun, and what it sends
client_on_wire()
{
	local name=$1

	shift
	capture "$name" "$R" c0 tcp port 4567
	tcpdump=$!
	run "client-$name" "$C" client --local 127.0.0.1:1234 \
		--remote "$S4:4567" --auto-rules "$@"
	client=$!
}

# begins NAME ZERO OTHER: so many SYNs with 0, and others, were sent up to now
begins()
{
	capture_stop "$1" "$tcpdump"
	[ "$(captured_count "$1" "$zero")" = "$2" ] &&
		[ "$(captured_count "$1" "$other")" = "$3" ] && return
	captured "$1"
	return 1
}

# refused_on WIRE ZERO OTHER [ARGUMENTS...]: by a host where nobody listens
refused_on()
{
	client_on_wire "$1" "${@:4}"
	send --to 127.0.0.1:1234 --timeout 1 > "$tmp/sent"
	check "$1: refused" grep -w refused=1 "$tmp/sent"
	check "$1: SYNs with 0: $2, others: $3" begins "$1" "$2" "$3"
	terminate $client
}

refused_on default 1 1
refused_on auto 1 1 --wire auto
refused_on native 0 1 --wire native
refused_on phantun 1 0 --wire phantun

run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!
client_on_wire accepted --wire phantun
check 'phantun: a server accepts it' send --to 127.0.0.1:1234 --count 3
check 'phantun: SYN with 0' begins accepted 1 0
check 'phantun: without PSH' [ "$(captured_count accepted \
	"src $C4 and tcp[tcpflags] & tcp-push != 0")" = 0 ]
terminate $client
terminate $server

# ---- the programs ----

if [ -z "${PHANTUN_CLIENT:-}" ] || [ -z "${PHANTUN_SERVER:-}" ]; then
	skip "Phantun's programs" 'PHANTUN_CLIENT and PHANTUN_SERVER do not name them'
	finish
fi
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
