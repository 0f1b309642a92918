#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the module takes before sockets see it is no way around what keeps packets
# from sockets: IPsec's policies, VRFs, and the borders between user namespaces.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
server echo "$S" echo --bind 127.0.0.1:5555
check 'tunnels' proxy
talk() { c udptool send --to 127.0.0.1:1234 --from "127.0.0.1:$1" --timeout 2; }
talk6() { c udptool send --to '[::1]:1236' --from "[::1]:$1" --timeout 2; }
check 'over IPv6' c ftcpctl add tunnel t6 dev ftcp0 listen '[::1]:1236' remote "[$S6]:4567"
check 'a conversation' talk 7000
check 'over IPv6' talk6 7000

# ---- A SYN proxy in front of the server's sockets ----

# Its number is that of the connection, and conntrack translates.
syn_proxy()
{
	s nft -f - <<-EOT
	table inet proxy {
		chain p {
			type filter hook prerouting priority raw;
			tcp dport 4567 tcp flags syn / fin,syn,rst,ack notrack
		}
		chain i {
			type filter hook input priority -20;
			tcp dport 4567 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
			ct state invalid drop
		}
	}
	EOT
}
check 'a SYN proxy of the server' syn_proxy
capture proxy "$C" eth0
tcpdump=$!
for to in 127.0.0.1:1234 '[::1]:1236'; do
	check "$to: past it" c udptool send --to "$to" --size 1000 --count 500
	check "$to: in super-packets" c udptool send --to "$to" --size 1000 \
		--gso 10000 --count 500
done
capture_stop proxy "$tcpdump"
check 'it has answered in the name of the server' \
	[ "$(captured proxy | grep -c 'Flags \[S\.\].* win 0,')" = 4 ]
check 'nothing is INVALID on the way' no_invalid "$C" "$R"
check 'no SYN proxy' s nft delete table inet proxy

# ---- IPsec ----

policy()
{
	s ip xfrm policy "$1" src "$C4" dst "$S4" proto tcp dir in "${@:2}" &&
		s ip xfrm policy "$1" src "$C6" dst "$S6" proto tcp dir in "${@:2}"
}
require_esp='tmpl proto esp mode transport'
if s ip xfrm policy list > /dev/null 2>&1; then
	# shellcheck disable=SC2086
	check 'segments have to come by IPsec' policy add $require_esp
	check_fails 'the conversation: not any more' talk 7000
	check_fails 'over IPv6' talk6 7000
	check_fails 'another one: neither' talk 7001
	check_fails 'over IPv6' talk6 7001
	check 'the policies go' policy delete
	check 'the conversation goes on' wait_for 10 talk 7000
	check 'over IPv6' wait_for 10 talk6 7000
else
	diag 'this kernel has no xfrm'
fi
check 'the tunnels go' proxy_gone

# ---- VRF ----

if ip -n "$S" link add blue type vrf table 77 2> /dev/null; then
	check 'the interface of the server is in a VRF' eval \
		'ip -n "$S" link set blue up && ip -n "$S" link set eth0 master blue &&
		 ip -n "$S" addr replace "$S6/64" dev eth0 nodad &&
		 ip -n "$S" route add default via "$RS4" vrf blue &&
		 ip -n "$S" route add "$C4" via "$RS4" dev eth0'
	check 'tunnels' proxy
	check_fails 'nobody outside of it accepts' talk 7002
	check 'no flow' flows_are "$S" 0
	check 'unless asked to' s sysctl -qw net.ipv4.tcp_l3mdev_accept=1
	check 'a conversation' wait_for 10 talk 7002
	check 'the tunnels go' proxy_gone
	check 'no VRF' eval 'ip -n "$S" link del blue && ip -n "$S" route replace default via "$RS4" &&
		ip -n "$S" addr replace "$S6/64" dev eth0 nodad &&
		ip -n "$S" route replace default via "$RS6" dev eth0'

	check 'no longer' s sysctl -qw net.ipv4.tcp_l3mdev_accept=0

	# Somebody else's packets, of other hosts that have the same addresses
	check 'tunnels' proxy
	check 'a conversation' wait_for 10 talk 7003
	flow=$(flows "$C" '.[0].local')
	namespace "tenant-$$"
	check 'a VRF with the same addresses' eval '
		ip link add v0 netns "$S" type veth peer name v1 netns "tenant-$$" &&
		ip -n "$S" link add blue type vrf table 77 && ip -n "$S" link set blue up &&
		ip -n "$S" link set v0 master blue && ip -n "$S" link set v0 up &&
		ip -n "$S" addr add "$S4/32" dev v0 && ip -n "$S" neigh add "$C4" dev v0 lladdr 02:00:00:00:00:01 &&
		ip -n "tenant-$$" link set v1 up && ip -n "tenant-$$" addr add "$C4/32" dev v1 &&
		ip -n "tenant-$$" route add default dev v1'
	s nft add table inet tenant '{ chain i { type filter hook input priority 10;
		iifname blue icmp type destination-unreachable counter name seen
	}; counter seen { }; }'
	check 'its ICMP errors come' eval 'in_ns "tenant-$$" tcpraw send --from "$S4:4567" \
		--to "$C4:${flow##*:}" --via "$C4" --icmp 3,4,600 --flags PA --random-seq --count 20 &&
		wait_for 5 eval "[ \"\$(counter "$S" tenant seen)\" = 20 ]"'
	check 'and are about no flow of ours' [ "$(drops "$S" icmp)" = 0 ]
	check 'the conversation goes on' talk 7003
	s nft delete table inet tenant
	check 'the tunnels go' proxy_gone
	check 'no VRF' ip -n "$S" link del blue

	# A router accepts for a host behind it, and a tenant of it has such a host.
	check 'the router is the one of a VRF' eval '
		ip -n "$R" link add blue type vrf table 77 && ip -n "$R" link set blue up &&
		ip -n "$R" link set c0 master blue && ip -n "$R" link set s0 master blue &&
		ip -n "$R" addr replace "$RC6/64" dev c0 nodad &&
		ip -n "$R" addr replace "$RS6/64" dev s0 nodad'
	check 'a link' add_link "$R"
	for at in "$S4" "$S6"; do
		tunnel=for-${at//[.:]/-}
		check "it accepts for $at" r ftcpctl add tunnel "$tunnel" dev ftcp0 \
			routed port 4567 local "$at"
		check '... from anybody' r ftcpctl set peer any tunnel "$tunnel" dev ftcp0 \
			endpoint same allowed-ips 0.0.0.0/0,::/0
	done
	background tenant "$S" socat TCP6-LISTEN:4567,ipv6only=0,fork,reuseaddr EXEC:cat
	check "a tenant's server" wait_for 10 eval 's ss -Hltn sport = 4567 | grep -q .'
	tenant()
	{
		[ "$(echo hello | c socat -T 5 - "$1:4567,connect-timeout=5")" = hello ]
	}
	check 'its client reaches it' tenant "TCP4:$S4"
	check 'over IPv6' tenant "TCP6:[$S6]"
	check 'the router has no flow' flows_are "$R" 0
	check 'unless the router asks for it' r sysctl -qw net.ipv4.tcp_l3mdev_accept=1
	check_fails 'it takes them' tenant "TCP4:$S4"
	check 'the link goes' ip -n "$R" link del ftcp0
	check 'no VRF' ip -n "$R" link del blue
else
	diag 'this kernel has no VRF'
fi

# ---- user namespaces ----

# Any user may have tunnels in namespaces of his own; the host's root says how much of
# its memory they take.
unshare --user --map-root-user --net sleep infinity &
owner=$!
pids+=($owner)
owned() { nsenter --target "$owner" --user --net "$@"; }
granted() { nsenter --target "$owner" --net "$@"; }
is_owned() { [ "$(readlink "/proc/$owner/ns/user")" != "$(readlink /proc/self/ns/user)" ] && owned true; }
tunnels_there()
{
	owned ip link add d0 type dummy && owned ip addr add 192.0.2.1/24 dev d0 &&
		owned ip link set d0 up && owned ip link add ftcp0 type faketcp &&
		owned ip link set ftcp0 addrgenmode none up || return
	for i in 1 2; do
		owned ip route add "10.66.$i.0/24" dev ftcp0 src 192.0.2.1 &&
			owned ftcpctl add tunnel t$i dev ftcp0 routed &&
			owned ftcpctl set peer p tunnel t$i dev ftcp0 \
				endpoint 192.0.2.2:4567 allowed-ips "10.66.$i.0/24" || return
	done
}
# knock TUNNEL COUNT SIZE SOCKETS: datagrams for somebody who does not answer
knock()
{
	owned udptool send --to "10.66.$1.9:9" --oneway --lossy --count "$2" \
		--size "$3" --sockets "$4" > /dev/null
}
over_limit() { owned ftcpctl show --json | jq 'map(.drops["namespace-limit"]) | add'; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
limit() { owned sysctl -n "net.faketcp.$1"; }

if wait_for 5 is_owned; then
	check 'a user has tunnels' tunnels_there
	check 'and a limit for all of them' is "$(limit max_flows)" 65536
	check_fails 'which the user cannot raise' owned \
		sh -c 'echo 100000 > /proc/sys/net/faketcp/max_flows'
	check_fails 'nor that of what waits' owned \
		sh -c 'echo 100000000 > /proc/sys/net/faketcp/max_queue_bytes'
	check 'both are as they were' is "$(limit max_flows) $(limit max_queue_bytes)" \
		'65536 67108864'
	check_refused 'no tunnel has more flows' 'net.faketcp.max_flows' \
		owned ftcpctl set tunnel t1 dev ftcp0 max-flows 65537
	check_refused 'nor waits more' 'net.faketcp.max_queue_bytes' \
		owned ftcpctl set tunnel t1 dev ftcp0 queue-bytes 67108865
	check 'the host can have less' granted sysctl -qw net.faketcp.max_flows=10
	knock 1 1 100 8
	knock 2 1 100 8
	check '10 flows of both' is "$(owned ftcpctl show --json | jq 'map(.flows) | add')" 10
	check 'those too many are counted' is "$(over_limit)" 6
	check 'the host can have more' granted sysctl -qw net.faketcp.max_flows=1000 \
		net.faketcp.max_queue_bytes=65536
	before=$(over_limit)
	check 'much waits' knock 1 40 1400 1
	check 'but not all' [ "$(over_limit)" -gt "$before" ]
	check 'the host itself has more to begin with' is \
		"$(s sysctl -n net.faketcp.max_flows)" 1048576
else
	diag 'this kernel has no user namespaces'
fi
kill "$owner"
wait "$owner" 2> /dev/null

module_memory_back
finish
