#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who looks at what the link sends, counts, delays or drops it, sees every
# datagram, though the link has a shorter way for when there is nobody.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
check 'links and tunnels' proxy_and_routed
server echo "$S" echo --bind "$S4:7000" --bind "[$S6]:7000"
readonly targets="$S4:7000 [$S6]:7000"

# echoes ARGUMENTS...: 20 datagrams to either address, and their answers
echoes()
{
	local to

	for to in $targets; do
		c udptool send --to "$to" --count 20 --window 1 --timeout 30 "$@" || return
	done
}

# silent: neither address answers
silent()
{
	local to

	for to in $targets; do
		! c udptool send --to "$to" --timeout 1 || return
	done
}

check 'flows' echoes

# ---- nobody ----

readonly trace=/sys/kernel/tracing
# queued: how many datagrams took the long way out of a link since it was asked last
queued()
{
	grep -c 'net_dev_queue.*dev=ftcp0' $trace/trace
	echo > $trace/trace
}
# longer_way: all 40 that echoes sends did, and their answers not
longer_way() { [ ! -e $trace/trace ] || [ "$(queued)" -eq 40 ]; }
if mountpoint -q $trace || mount -t tracefs none $trace 2> /dev/null; then
	queued > /dev/null
	echo 1 > $trace/events/net/net_dev_queue/enable
	check 'datagrams' echoes
	check 'by the shorter way' [ "$(queued)" -eq 0 ]
else
	skip 'no tracefs'
fi

# ---- a packet socket ----

capture link "$C" ftcp0 udp
captures=$!
check 'tcpdump: datagrams' echoes
capture_stop link $captures
check 'it sees them and their answers' [ "$(captured_count link)" -eq 80 ]
check 'by the longer way' longer_way

# ---- filters of the device ----

check 'nftables drops at egress' c nft add table netdev watch '{ chain out {
	type filter hook egress device ftcp0 priority 0; udp dport 7000 counter drop; }; }'
check 'nothing leaves' silent
check 'no more' c nft delete table netdev watch
check 'datagrams' echoes

check 'tc drops at egress' eval 'c tc qdisc add dev ftcp0 clsact &&
	c tc filter add dev ftcp0 egress matchall action drop'
check 'nothing leaves' silent
check 'no more' c tc qdisc del dev ftcp0 clsact
check 'datagrams' echoes

# ---- a queue ----

# queue_passed: datagrams that the link's queueing discipline let through
queue_passed() { c tc -s -j qdisc show dev ftcp0 | jq '[.[].packets] | add'; }
check 'a queue' c tc qdisc add dev ftcp0 root pfifo limit 100
check 'datagrams' echoes
check 'they passed it' [ "$(queue_passed)" -eq 40 ]
check 'a queue that delays' c tc qdisc replace dev ftcp0 root netem delay 100ms
delayed()
{
	local output

	output=$(c udptool send --to "$S4:7000" --count 3 --window 1 --timeout 30) &&
		[ "$(field ms "$output")" -ge 300 ]
}
check 'it does' delayed
check 'no queue' c tc qdisc del dev ftcp0 root
check 'datagrams' echoes

# ---- what the link does not do ----

check 'no checksums' c ethtool -K ftcp0 tx off
queued > /dev/null
check 'datagrams' echoes --size 1400
check 'by the longer way' longer_way
check 'no segmentation' c ethtool -K ftcp0 tx on sg on gso off tx-udp-segmentation off
check 'datagrams' echoes --size 1400
check 'by the longer way' longer_way
check 'super-packets' c udptool send --to "$S4:7000" --size 1400 --gso 14000 --count 20 --timeout 30
check 'offloads' c ethtool -K ftcp0 gso on tx-udp-segmentation on

# ---- what another device's filter sends to the link ----

check 'a port that goes by eth0' eval 's ftcpctl add tunnel other dev ftcp0 routed port 7001 &&
	s ftcpctl set peer any tunnel other dev ftcp0 endpoint same allowed-ips 0.0.0.0/0'
check 'nftables sends it to the link' c nft add table netdev sent "{ chain out {
	type filter hook egress device eth0 priority 0;
	udp dport 7001 fwd ip to $S4 device ftcp0; }; }"
sent() { c ftcpctl show --json | jq '[.[].stats["tx-packets"]] | add'; }
before=$(sent)
c udptool send --to "$S4:7001" --count 5 --timeout 1 > /dev/null
check 'the link takes it' eventually 10 eval '[ "$(sent)" -ge $((before + 5)) ]'
check 'no more' c nft delete table netdev sent
check 'nor the port' s ftcpctl del tunnel other dev ftcp0

# ---- neighbours that the user changes, a link that goes and comes ----

check 'neighbours' eval 'c ip neigh replace "$S4" dev ftcp0 nud permanent &&
	c ip neigh replace "$S6" dev ftcp0 nud permanent'
check 'datagrams' echoes
check 'down and up' eval 'c ip link set ftcp0 down && c ip link set ftcp0 up &&
	c ftcpctl del rules tunnel routed dev ftcp0 &&
	c ftcpctl add rules tunnel routed dev ftcp0'
check 'datagrams' echoes

check 'delete the links' proxy_gone
module_memory_back
finish
