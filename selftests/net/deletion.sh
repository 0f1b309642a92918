#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that can be deleted is, under traffic in both directions: it goes, leaves
# nothing, and what is made anew in its place works.
#
#   RATE=100000   datagrams a second of each kind; with so many a slow machine has no
#                 time for anything else

. "$(dirname "$0")/../lib.sh"

readonly rate=${RATE:-200}

start
module_load

listen=(listen 127.0.0.1:1234 remote "$S4:4567")
forward=(port 4567 forward 127.0.0.1:5555)

tunnel_c() { c ftcpctl add tunnel t dev ftcp0 "${listen[@]}"; }
tunnel_s() { s ftcpctl add tunnel t dev ftcp0 "${forward[@]}"; }

# blast: 20 sources, single datagrams and super-packets, and all the echoes
blast()
{
	background blast1 "$C" udptool send --to 127.0.0.1:1234 --count 1000000 --rate $rate \
		--sockets 16 --size 1200 --lossy --timeout 600
	background blast2 "$C" udptool send --to 127.0.0.1:1234 --count 1000000 --rate $rate \
		--sockets 4 --size 1400 --gso 60000 --stream 100 --lossy --timeout 600
	blasts=("${pids[@]: -2}")
}

calm()
{
	stop "${blasts[0]}"
	stop "${blasts[1]}"
}

# Datagrams that came back to the client, through its tunnel, if there is one: flows
# take their counters with them.
answers()
{
	local text

	text=$(c ftcpctl show --json)
	[[ $text =~ \"rx-packets\":\ *([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# traffic NAME: plenty, in both directions
traffic()
{
	local before

	wait_for 20 eval '[ "$(answers)" -gt 0 ]'
	before=$(answers)
	check "$1" wait_for 20 eval '[ "$(answers)" -gt $((before + 200)) ]'
}

gone()
{
	! in_ns "$1" ftcpctl show flows | grep -qE "${2/ /[^0-9].*[^0-9]}"
}

topology
check 'tunnels' proxy
server echo "$S" echo --bind 127.0.0.1:5555
blast
traffic 'traffic'

for side in "$C" "$S"; do
	flow=$(flows "$side" '.[0] | .local + " " + .remote')
	check "${side%-*}: delete a flow" in_ns "$side" \
		ftcpctl del flow local "${flow% *}" remote "${flow#* }" dev ftcp0
	check "${side%-*}: it goes" wait_for 10 gone "$side" "$flow"
	traffic "${side%-*}: traffic without it"
done

check 'delete the peer' c ftcpctl del peer remote tunnel t dev ftcp0
check 'no flow' flows_are "$C" 0
check 'no flow on the other side' wait_for 20 flows_are "$S" 0
check 'a new peer' c ftcpctl set peer new tunnel t dev ftcp0 \
	endpoint "$S4:4567" allowed-ips 0.0.0.0/0
traffic 'traffic to it'
check 'delete the peer of the server' s ftcpctl del peer any tunnel t dev ftcp0
check 'no flow' flows_are "$S" 0
check 'a new one' s ftcpctl set peer new tunnel t dev ftcp0 from 0.0.0.0/0,::/0
traffic 'traffic from it'

check 'delete the tunnel: client' c ftcpctl del tunnel t dev ftcp0
check 'the server was told' wait_for 20 flows_are "$S" 0
check 'add it again' tunnel_c
traffic 'traffic'
check 'delete the tunnel: server' s ftcpctl del tunnel t dev ftcp0
check 'add it again' tunnel_s
traffic 'traffic'

for side in "$C" "$S"; do
	check "${side%-*}: the link goes down" ip -n "$side" link set ftcp0 down
	check "${side%-*}: no flow" flows_are "$side" 0
	check "${side%-*}: it stays so" eval 'pause 300; flows_are "$side" 0'
	check "${side%-*}: up again" ip -n "$side" link set ftcp0 up
	traffic "${side%-*}: traffic"
done

# What its flows had is had by the next one, whoever waits for whom.
own_port() { c ftcpctl add tunnel r dev ftcp0 routed "$@"; }
again_and_again()
{
	local i

	for i in {1..10}; do
		own_port && c ftcpctl set peer p tunnel r dev ftcp0 endpoint same \
			allowed-ips 10.77.0.0/16 &&
			c udptool send --from "$C4:9000" --to 10.77.0.1:9001 --oneway \
				--count 1 &&
			wait_for 10 dialling &&
			c ftcpctl del tunnel r dev ftcp0 && own_port port 9000 &&
			c ftcpctl del tunnel r dev ftcp0 || return
	done
}
dialling()
{
	c ftcpctl show flows | grep -qE '\<r\>.*syn-sent|syn-sent.*\<r\>'
}
check 'a route into the link' ip -n "$C" route add 10.77.0.0/16 dev ftcp0
check 'a tunnel is deleted, and added with the port of a flow' again_and_again

check 'delete the link: client' ip -n "$C" link del ftcp0
check 'the server was told' wait_for 20 flows_are "$S" 0
check 'add it again' eval 'add_link "$C" && tunnel_c'
traffic 'traffic'
check 'delete the link: server' ip -n "$S" link del ftcp0
check 'add it again' eval 'add_link "$S" && tunnel_s'
traffic 'traffic'

# ---- a link in another namespace than its underlay --------------------------

namespace "x-$$"
X=x-$$
routed()
{
	ip -n "$C" link add ftcp1 type faketcp &&
		ip -n "$C" link set ftcp1 netns "$X" &&
		ip -n "$X" link set lo up &&
		ip -n "$X" addr add 10.9.0.2/24 dev ftcp1 &&
		ip -n "$X" link set ftcp1 up &&
		in_ns "$X" ftcpctl add tunnel r dev ftcp1 routed &&
		in_ns "$X" ftcpctl set peer p tunnel r dev ftcp1 \
			endpoint "$S4:4567" allowed-ips 0.0.0.0/0
}

blast_inside()
{
	background inside "$X" udptool send --to 10.9.0.3:5555 --count 1000000 --rate $rate \
		--sockets 4 --size 1200 --lossy --timeout 600
	inside=$!
}

# Hundreds of datagrams came back to the moved link.
heard_inside()
{
	flows "$X" '.[].stats["rx-packets"]' | grep -q ...
}

check 'a link moved to a namespace of its own' routed
blast_inside
check 'traffic in it' wait_for 20 heard_inside
check 'its tunnel is deleted' in_ns "$X" ftcpctl del tunnel r dev ftcp1
check 'and added again' in_ns "$X" ftcpctl add tunnel r dev ftcp1 routed
check 'with its peer' in_ns "$X" ftcpctl set peer p tunnel r dev ftcp1 \
	endpoint "$S4:4567" allowed-ips 0.0.0.0/0
check 'traffic in it' wait_for 20 heard_inside
check 'it moves under traffic' ip -n "$X" link set ftcp1 netns "$R"
check 'and back' ip -n "$R" link set ftcp1 netns "$X"
check 'addresses again' eval 'ip -n "$X" addr add 10.9.0.2/24 dev ftcp1 &&
	ip -n "$X" link set ftcp1 up'
check 'traffic in it' wait_for 20 heard_inside
there=$(flows "$S" length)
ip netns del "$X"
stop "$inside"
check 'its namespace is deleted: its flows go' wait_for 20 eval \
	'[ "$(flows "$S" length)" -lt "$there" ]'

namespace "$X"
check 'another one' routed
blast_inside
check 'traffic in it' wait_for 20 heard_inside

# ---- a link that was elsewhere when its tunnel was made -----------------------

readonly Y=y-$$
namespace "$Y"
elsewhere()
{
	add_link "$R" ftcp2 && ip -n "$R" link set ftcp2 netns "$Y" &&
		in_ns "$Y" ftcpctl add tunnel r dev ftcp2 routed &&
		ip -n "$Y" link set ftcp2 netns "$R"
}
check 'a tunnel is made, and the link moves on' elsewhere
check 'the namespace that it was made in goes' ip netns del "$Y"
namespaces=("${namespaces[@]/$Y/}")
check 'the tunnel can be deleted' r ftcpctl del tunnel r dev ftcp2
check 'and the link' ip -n "$R" link del ftcp2

# ---- namespaces -------------------------------------------------------------

# The last process of a namespace takes it along, flows and all.
traffic 'traffic'
ip netns del "$C"
calm
check 'the client is deleted: the server was told' wait_for 20 flows_are "$S" 0
check 'the underlay of the moved link is gone' wait_for 20 eval \
	'ip -n "$X" link show ftcp1 | grep NO-CARRIER || ! ip -n "$X" link show ftcp1'
check 'it has no tunnel' eval '[ "$(in_ns "$X" ftcpctl show tunnels --json | jq length)" -eq 0 ]'
check_refused 'it takes none' 'namespace|no such link|no link' \
	in_ns "$X" ftcpctl add tunnel r dev ftcp1 routed
stop "$inside"
ip netns del "$X"
stop_all
for ns in "$R" "$S"; do
	ip netns del "$ns"
done
namespaces=()
check 'all namespaces are deleted, and nothing uses the module' module_unused

topology
check 'all anew' proxy
server echo "$S" echo --bind 127.0.0.1:5555
blast
traffic 'traffic'
# The server goes first this time.
stop "${pids[0]}"
ip netns del "$S"
check 'the server is deleted: the client goes on trying' wait_for 20 \
	flows_are "$C" 0 established
calm
ip netns del "$C"
ip netns del "$R"
stop_all
namespaces=()
check 'nothing uses the module' module_unused

# ---- the module -------------------------------------------------------------

topology
check 'all anew' proxy
server echo "$S" echo --bind 127.0.0.1:5555
blast
traffic 'traffic'
check 'the module is removed' rmmod faketcp
check 'the links are gone' eval '! ip -n "$C" link show ftcp0 && ! ip -n "$S" link show ftcp0'
check 'its memory is freed' slabs_gone
owns_module=
module_load
check 'all anew' proxy
traffic 'traffic'
calm
check 'delete the links' proxy_gone
module_memory_back
finish
