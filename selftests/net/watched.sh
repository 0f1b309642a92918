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
# queued: how many datagrams took the long way out of a link
queued() { grep -c 'net_dev_queue.*dev=ftcp0' $trace/trace; }
if mountpoint -q $trace || mount -t tracefs none $trace 2> /dev/null; then
	echo > $trace/trace
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
[ ! -e $trace/trace ] || check 'by the longer way' [ "$(queued)" -eq 40 ]

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
check 'datagrams' c udptool send --to "$S4:7000" --count 3 --window 1 --timeout 30
check 'no queue' c tc qdisc del dev ftcp0 root
check 'datagrams' echoes

# ---- what the link does not do ----

check 'no checksums' c ethtool -K ftcp0 tx off
check 'datagrams' echoes --size 1400
check 'no segmentation' c ethtool -K ftcp0 tx on sg on gso off tx-udp-segmentation off
check 'datagrams' echoes --size 1400
check 'super-packets' c udptool send --to "$S4:7000" --size 1400 --gso 14000 --count 20 --timeout 30
check 'offloads' c ethtool -K ftcp0 gso on tx-udp-segmentation on

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
