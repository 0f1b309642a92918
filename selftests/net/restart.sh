#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Either side is restarted, in order or in silence, while the application keeps
# sending from one and the same UDP socket: the conversation goes on.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'tunnels' proxy keepalive 2
server echo "$S" echo --bind 127.0.0.1:5555 --bind "$S4:6000"
background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--count 100000 --rate 100 --window 100000 --lossy --timeout 300
app=$!

# heard: since how many ms the client's one flow has not heard of the server, and
# how many datagrams came
answers()
{
	flows "$C" '[.[] | select(.state == "established") | .stats["rx-packets"]] | add // 0'
}

# goes_on NAME [SECONDS]: datagrams are answered, by a flow that is alive
goes_on()
{
	local before

	wait_for "${2:-10}" eval '[ "$(answers)" -gt 0 ]'
	before=$(answers)
	check "$1: the conversation goes on" wait_for "${2:-10}" eval \
		'[ "$(answers)" -gt $((before + 20)) ]'
	check "$1: one flow at the client" wait_for 10 flows_are "$C" 1 established
	check "$1: from the same socket" kill -0 "$app"
}

flow()
{
	flows "$1" '.[].local + .[].remote'
}

# silence on|off: the router drops all
silence()
{
	case $1 in
	on)	r nft add table inet silence '{ chain f {
			type filter hook forward priority -10; policy drop; }; }' ;;
	off)	r nft delete table inet silence ;;
	esac
}

add_server()
{
	s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555
}

add_client()
{
	c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
		remote "$S4:4567" keepalive 2
}

goes_on 'at first'
check 'delete the server: tunnel' s ftcpctl del tunnel t dev ftcp0
check 'the client is told' wait_for 5 flows_are "$C" 0 established
# what is dialled before it is back is refused, and counted as that
check 'and tells of it, once' eval '[[ "$(ended "$C" t)" =~ ^reset=1( refused|$) ]]'
check 'add it again' add_server
goes_on 'server restarted' 20

old=$(flow "$C")
silence on
check 'delete the server, in silence' s ftcpctl del tunnel t dev ftcp0
check 'add it again' add_server
silence off
goes_on 'server restarted in silence' 20
# by a RST, or, where everything is slow, because probes were not answered
check 'the client tells of that as well' eval \
	'[[ "$(ended "$C" t)" =~ (reset=2|dead=1|replaced=1)( |$) ]]'
check 'on a new flow' [ "$(flow "$C")" != "$old" ]

check 'delete the client' c ftcpctl del tunnel t dev ftcp0
check 'the server is told' wait_for 5 flows_are "$S" 0
check 'and tells of it' eval '[[ "$(ended "$S" t)" =~ reset=1( |$) ]]'
check 'add it again' add_client
goes_on 'client restarted' 20

silence on
check 'delete the client, in silence' c ftcpctl del tunnel t dev ftcp0
check 'the server is not told' flows_are "$S" 1
check 'add it again' add_client
silence off
goes_on 'client restarted in silence' 20

# Nobody says anything any more: the client has to find out by itself.
old=$(flow "$C")
silence on
check 'delete the server, in silence' s ftcpctl del tunnel t dev ftcp0
check 'silence is noticed' wait_for 20 eval '[ "$(flow "$C")" != "$old" ]'
check 'add it again' add_server
silence off
goes_on 'silence' 20

stop "$app"
result=$(cat "$tmp/app")
check 'nothing was corrupted' [ "$(field corrupted "$result")" = 0 ]
check 'most was answered' [ "$(field received "$result")" -gt 200 ]
check 'delete both' proxy_gone

# ---- the same addresses and ports -------------------------------------------

check 'links' eval 'add_link "$C" && add_link "$S"'
routed()
{
	in_ns "$1" ftcpctl add tunnel r dev ftcp0 routed "${@:2}" keepalive off
}
client()
{
	routed "$C" && c ftcpctl set peer p tunnel r dev ftcp0 \
		endpoint same allowed-ips 0.0.0.0/0
}
check 'a routed tunnel in the client' client
check 'a routed tunnel in the server' routed "$S" port 6000
check 'its peer' s ftcpctl set peer p tunnel r dev ftcp0 allowed-ips 0.0.0.0/0
check 'rules in the client' c ftcpctl add rules tunnel r dev ftcp0 dport 6000
check 'rules in the server' s ftcpctl add rules tunnel r dev ftcp0 sport 6000
background app "$C" udptool send --to "$S4:6000" --from "$C4:7000" \
	--count 100000 --rate 100 --window 100000 --lossy --timeout 300
app=$!
goes_on 'routed'
old=$(flow "$C")
silence on
check 'delete the client, in silence' c ftcpctl del tunnel r dev ftcp0
capture wire "$R" c0 "tcp and host $S4 and tcp port 7000"
tcpdump=$!
silence off
check 'add it again' client
check '... with its mark' c ftcpctl add rules tunnel r dev ftcp0 dport 6000
goes_on 'SYN on the same ports' 20
check 'they are the same' [ "$(flow "$C")" = "$old" ]
check 'the server has one flow' flows_are "$S" 1 established
check 'and tells of the one that was reset' ended_are "$S" r reset=1
stop "$tcpdump"
handshake=$(captured wire -t | sed -n 's/.*Flags \(\[[^]]*\]\).*/\1/p' | tr -d '\n')
check 'SYN, challenge, RST, SYN, SYN-ACK' \
	test -z "${handshake##*'[S][.][R][S][S.]'*}"
stop "$app"

check 'delete both' proxy_gone
module_memory_back
finish
