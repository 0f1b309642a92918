#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What this host's own datagrams and segments are spared: half of the trip over
# loopback, and the search for a route that the flow knows.  Filters have their
# say nevertheless.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful

# hooks NAMESPACE: count the datagrams on loopback at each hook
hooks()
{
	in_ns "$1" nft -f - <<-EOT
	table inet passed {
		chain output { type filter hook output priority 0; oif lo udp sport != 0 counter; }
		chain postrouting { type filter hook postrouting priority 0; oif lo meta l4proto udp counter; }
		chain prerouting { type filter hook prerouting priority 0; iif lo meta l4proto udp counter; }
		chain input { type filter hook input priority 0; iif lo meta l4proto udp counter; }
		chain drop_out { type filter hook output priority 10; }
		chain drop_in { type filter hook input priority 10; }
	}
	EOT
}

# passed NAMESPACE CHAIN: how many have
passed()
{
	in_ns "$1" nft --json list chain inet passed "$2" |
		jq '[.. | .counter? | objects | .packets] | add'
}

count_hooks()
{
	local ns

	for ns in "$C" "$S"; do
		in_ns "$ns" nft delete table inet passed 2> /dev/null
		hooks "$ns"
	done
}

# halves TEXT N: of N datagrams there and N back, at either host
halves()
{
	local ns

	for ns in "$C" "$S"; do
		check "$1: OUTPUT sees all" [ "$(passed "$ns" output)" -eq $((2 * $2)) ]
		check "$1: POSTROUTING none" [ "$(passed "$ns" postrouting)" -eq 0 ]
		check "$1: PREROUTING sees those that leave" [ "$(passed "$ns" prerouting)" -eq "$2" ]
		check "$1: and INPUT" [ "$(passed "$ns" input)" -eq "$2" ]
	done
}

# echoes ADDRESS:PORT [ARGUMENTS...]: 20 datagrams and their answers, one at a time
echoes() { c udptool send --to "$1" --count 20 --window 1 --timeout 30 "${@:2}"; }

check 'proxy' proxy coalesce off
check 'proxy over IPv6' eval \
	's ftcpctl add tunnel u dev ftcp0 port 4568 forward "[::1]:5555" coalesce off &&
	c ftcpctl add tunnel u dev ftcp0 listen "[::1]:1234" remote "[$S6]:4568" coalesce off'
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555'
echo=$!
for to in 127.0.0.1:1234 '[::1]:1234'; do
	check "$to: a flow" echoes "$to" --from "${to%:*}:7777"
	count_hooks
	check "$to: datagrams" echoes "$to" --from "${to%:*}:7777"
	halves "$to" 20
done

# ---- filters ----

count_hooks
check 'OUTPUT drops' c nft add rule inet passed drop_out udp dport 1234 drop
check_fails 'nothing enters' c udptool send --to 127.0.0.1:1234 --timeout 1
check 'no more' c nft flush chain inet passed drop_out
check 'it does again' echoes 127.0.0.1:1234
check 'INPUT drops' c nft add rule inet passed drop_in udp sport 1234 drop
check_fails 'nothing leaves' c udptool send --to 127.0.0.1:1234 --timeout 1
check 'no more' c nft flush chain inet passed drop_in
check 'it does again' echoes 127.0.0.1:1234
check 'OUTPUT sends it to another port' s nft add table ip moved '{ chain out {
	type nat hook output priority -100; oif lo udp dport 5555 redirect to :5556; }; }'
server moved "$S" echo --bind 127.0.0.1:5556
moved=$!
stop "$echo"
check 'it arrives there' echoes 127.0.0.1:1234
stop "$moved"
check 'no more' s nft delete table ip moved
check 'a target that is another host, after OUTPUT' eval \
	's ftcpctl add tunnel v dev ftcp0 port 4569 forward "$S4:5558" &&
	c ftcpctl add tunnel v dev ftcp0 listen 127.0.0.1:1235 remote "$S4:4569"'
check 'OUTPUT sends it there' s nft add table ip moved "{ chain out {
	type nat hook output priority -100; ip daddr $S4 udp dport 5558 dnat to $RS4:5558; }; }"
server far "$R" echo --bind "$RS4:5558"
check 'it arrives' echoes 127.0.0.1:1235
check 'no more' s nft delete table ip moved
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555'

# ---- several processors, a route that goes meanwhile ----

all=$(printf %x $(((1 << $(nproc)) - 1)))
check 'receive on all processors' eval 'for ns in $C $S; do
	in_ns "$ns" sh -c "echo $all > /sys/class/net/lo/queues/rx-0/rps_cpus"; done'
check 'datagrams' c udptool send --to 127.0.0.1:1234 --count 200 --sockets 4 --window 20 --timeout 30

# ---- routes of segments ----

# As with the host's own TCP: the mark of a segment does not matter to a flow whose
# route is known, unless the user wants the stack to look for it each time.
check 'no route for what is marked' eval 's ip rule add fwmark 9 blackhole pref 50 &&
	s ip rule add lookup local pref 60 && s ip rule del pref 0'
check 'a flow' echoes 127.0.0.1:1234 --from 127.0.0.1:7777
check 'the segments are marked' s nft add table inet marked '{ chain p {
	type filter hook prerouting priority -150; tcp dport 4567 meta mark set 9
}; }'
check 'their route is known' echoes 127.0.0.1:1234 --from 127.0.0.1:7777
check 'early demux off' s sysctl -qw net.ipv4.tcp_early_demux=0
check_fails 'it is looked for' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7777 --timeout 1
check 'early demux on' s sysctl -qw net.ipv4.tcp_early_demux=1
check 'it is known again' echoes 127.0.0.1:1234 --from 127.0.0.1:7777
check_fails 'but not that of a new flow' c udptool send --to 127.0.0.1:1234 --timeout 1
check 'no marks' eval 's nft delete table inet marked &&
	s ip rule add lookup local pref 0 && s ip rule del pref 50 && s ip rule del pref 60'
check 'datagrams' echoes 127.0.0.1:1234 --from 127.0.0.1:7777
check 'the server loses its address' s ip addr del "$S4/24" dev eth0
check_fails 'nothing arrives' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7777 --timeout 1
check 'it has it again' s ip addr add "$S4/24" dev eth0
check 'and its way back' s ip route add default via "$RS4"
check 'datagrams pass again' eventually 20 echoes 127.0.0.1:1234

check 'delete the links' proxy_gone
module_memory_back
finish
