#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mode ip: whole IP packets between hosts, through a hub, and from network to network.
#
#   10.11.0.0/24 - client =(TCP)= router =(TCP)= server, the hub
#                  spoke a =(TCP)====+
#   10.12.0.0/24 - spoke b =(TCP)====+
#
# In the tunnel the hub has 10.9.0.1 and fd09::1, the client 2, a 3 and b 4.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
readonly A=a-$$ B=b-$$ LC=lc-$$ LB=lb-$$

# beside NAMESPACE OTHER DEVICE NUMBER: joined to the other one, by 10.NUMBER.0.0/24
beside()
{
	namespace "$1" &&
		ip link add eth0 netns "$1" type veth peer name "$3" netns "$2" &&
		ip -n "$2" addr add "10.$4.0.1/24" dev "$3" &&
		ip -n "$2" link set "$3" up &&
		ip -n "$1" link set lo up && ip -n "$1" link set eth0 up &&
		ip -n "$1" addr add "10.$4.0.2/24" dev eth0 &&
		ip -n "$1" route add default via "10.$4.0.1" &&
		in_ns "$2" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
}

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# what is transferred
dd if=/dev/urandom of="$tmp/file" bs=1M count=8 status=none

# Each ICMP error is to be sent.
for ns in "$C" "$S"; do
	in_ns "$ns" sh -c 'cd /proc/sys/net
		echo 0 > ipv4/icmp_ratelimit; echo 0 > ipv6/icmp/ratelimit'
done

# ---- one to one ----

check 'a hub' inside "$S" 1 port 4567
check 'a peer of it' spoke c 2
check 'a host that dials' inside "$C" 2
check 'its peer' hub_of "$C"
check 'nobody has dialled yet' flows_are "$C" 0
server echo "$S" echo --bind 10.9.0.1:5555 --bind '[fd09::1]:5555'

# carried NAME: what goes through the tunnel
carried()
{
	check "$1: ping" pings "$C" 10.9.0.1
	check "$1: ping over IPv6" pings "$C" fd09::1
	check "$1: and back" pings "$S" 10.9.0.2
	check "$1: and back over IPv6" pings "$S" fd09::2
	check "$1: datagrams" c udptool send --to 10.9.0.1:5555 --size 1400 --count 200
	check "$1: super-packets" c udptool send --to '[fd09::1]:5555' --size 1200 \
		--gso 40000 --gro --count 500
	check "$1: fragments" c udptool send --to 10.9.0.1:5555 --size 9000 --count 20
	check "$1: a file" transfer "$C" "$S" 10.9.0.1
	check "$1: and back" transfer "$S" "$C" 10.9.0.2
	check "$1: over IPv6" transfer "$C" "$S" fd09::1
	check "$1: and back" transfer "$S" "$C" fd09::2
	check "$1: one connection" flows_are "$C" 1 established
	check "$1: at either end" flows_are "$S" 1 established
}
carried 'over IPv4'
check 'a flow names its peer, and no conversation' is "$(flows "$C" \
	'.[0] | [.peer, has("inner-local"), .remote] | @csv')" "\"hub\",false,\"$S4:4567\""
check 'at the hub' is "$(flows "$S" '.[0] | [.peer, .local] | @csv')" \
	"\"c\",\"$S4:4567\""
check 'no MTU of WireGuard, but of packets' eval 'flows "$C" | jq -e \
	"any(.[]; .\"max-payload\" > 0) and all(.[]; has(\"wireguard-mtu\") | not)"'
check 'people are told' eval 'c ftcpctl show flows | grep -q "peer hub"'
check 'what the tunnel is' is "$(c ftcpctl show --json | jq -c '.[0] | [.mode, .port]')" \
	'["ip",null]'
check 'what the peer is' is "$(c ftcpctl show peers --json |
	jq -c '.[0] | [.peer, .endpoint, ."from-kind", .persistent]')" \
	"[\"hub\",\"$S4:4567\",\"endpoint\",\"off\"]"

# The size of a segment is that of the packet and 40, or 60
fits() { is "$(flows "$1" '.[0]."max-payload"')" "$2"; }
check 'what fits' fits "$C" 1460
ip -n "$C" link set ftcp0 mtu 1500
check 'the largest packet' pings "$C" 10.9.0.1 -M 'do' -s 1432
too_big=$(drops "$C" too-big)
says_too_big() { ! c ping -c 2 -i 0.2 -W 1 -M 'do' -s "$2" "$1" | tee "$tmp/ping" |
	grep -q ' 0% packet loss' && grep -E "mtu ?[=:] ?$3" "$tmp/ping"; }
check 'a larger one: its sender is told' says_too_big 10.9.0.1 1433 1460
check '... and it is counted' eval '[ "$(drops "$C" too-big)" -gt "$too_big" ]'
c ip route flush cache
check 'without "do not fragment" it goes in pieces' pings "$C" 10.9.0.1 -M dont -s 1433
check '... of fragments as well' pings "$C" 10.9.0.1 -M dont -s 3000

# The endpoint changes, with the flow: the successor is no thief.
check 'the hub is elsewhere' c ftcpctl set peer hub "${lan[@]}" endpoint "[$S6]:4567"
check 'a flow to there' eventually 10 eval \
	'[[ $(flows "$C" ".[].remote") == "[$S6]:4567" ]]'
carried 'over IPv6'
check 'what fits there' fits "$C" 1440
check 'it was not taken for a thief' is "$(drops "$S" newcomer)" 0
check 'nor for somebody else' is "$(drops "$S" inner-source)" 0

# ---- nobody, and somebody else ----

c ip route add 10.9.1.0/24 dev ftcp0
c ip route add fd09:1::/64 dev ftcp0
# unreachable NAMESPACE ADDRESS REASON: its sender is told, and it is counted
unreachable()
{
	local before

	before=$(drops "$1" "$3")
	in_ns "$1" ping -c 1 -W 5 "$2" | grep -i unreachable &&
		[ "$(drops "$1" "$3")" -gt "$before" ]
}
check 'a packet for nobody' unreachable "$C" 10.9.1.1 no-peer
check 'over IPv6' unreachable "$C" fd09:1::1 no-peer
check 'at the hub' unreachable "$S" 10.9.0.77 no-peer
s ftcpctl set peer silent "${lan[@]}" allowed-ips 10.9.0.78
check 'for one that has not dialled in' unreachable "$S" 10.9.0.78 no-endpoint

ip -n "$C" addr add 10.9.0.77/32 dev lo
ip -n "$C" addr add 10.9.0.78/32 dev lo
ip -n "$C" addr add fd09::77/128 dev lo
for source in 10.9.0.77 10.9.0.78 fd09::77; do
	[[ $source == *:* ]] && to=fd09::1 || to=10.9.0.1
	before=$(drops "$S" inner-source)
	check_fails "from $source, which is not its own" \
		pings "$C" "$to" -W 1 -I "$source"
	check '... dropped and counted' is "$(drops "$S" inner-source)" $((before + 3))
done
check 'the flow goes on' pings "$C" 10.9.0.1
assert_no_invalid
assert_no_udp

# ---- a hub ----

check 'two more hosts' eval 'beside "$A" "$R" a0 3 && beside "$B" "$R" b0 4'
check 'and their tunnels' eval 'spoke a 3 && spoke b 4 &&
	inside "$A" 3 && hub_of "$A" && inside "$B" 4 && hub_of "$B"'
s sh -c 'cd /proc/sys/net; echo 1 > ipv4/ip_forward; echo 1 > ipv6/conf/all/forwarding'
for ns in "$A" "$B" "$C"; do
	check "${ns%-*} and the hub" pings "$ns" 10.9.0.1
done
check 'a flow for each' flows_are "$S" 3 established
check 'spoke to spoke' pings "$A" 10.9.0.4
check 'over IPv6' pings "$B" fd09::2
check 'a file' transfer "$A" "$B" 10.9.0.4
check 'and another one' transfer "$B" "$C" fd09::2
check 'the hub is a hop' eval \
	'in_ns "$A" ping -c 1 -W 5 -t 1 10.9.0.4 | grep -i "from 10.9.0.1 .*exceeded"'
check 'the tunnels are none' pings "$A" 10.9.0.4 -t 2
ip -n "$A" addr add 10.9.0.4/32 dev lo
before=$(drops "$S" inner-source)
check_fails 'in the name of another spoke' pings "$A" 10.9.0.1 -W 1 -I 10.9.0.4
check '... dropped and counted' is "$(drops "$S" inner-source)" $((before + 3))
ip -n "$A" addr del 10.9.0.4/32 dev lo

# ---- networks behind them ----

check 'networks' eval 'beside "$LC" "$C" lan 11 && beside "$LB" "$B" lan 12'
check 'the hub knows them' eval \
	's ftcpctl set peer c "${lan[@]}" allowed-ips 10.9.0.2,fd09::2,10.11.0.0/24 &&
	 s ftcpctl set peer b "${lan[@]}" allowed-ips 10.9.0.4,fd09::4,10.12.0.0/24 &&
	 ip -n "$S" route add 10.11.0.0/24 dev ftcp0 &&
	 ip -n "$S" route add 10.12.0.0/24 dev ftcp0 &&
	 ip -n "$C" route add 10.12.0.0/24 dev ftcp0 &&
	 ip -n "$B" route add 10.11.0.0/24 dev ftcp0'
check 'network to network' pings "$LC" 10.12.0.2
check 'a file' transfer "$LB" "$LC" 10.11.0.2
check 'no flow more' flows_are "$S" 3 established

# ---- everything through the hub, as wg-quick does it ----

s nft add table inet gateway '{ chain p { type nat hook postrouting priority 100;
	oifname eth0 masquerade; }; }'
everything=0.0.0.0/0,::/0
c ftcpctl set peer hub "${lan[@]}" allowed-ips $everything
# goes NAMESPACE ADDRESS DEVICE [WORD...]: it is routed there
goes() { in_ns "$1" ip route get "$2" "${@:4}" | grep -F " dev $3 "; }
check_refused 'rules for ports' 'carries whole packets: say all or fwmark M' \
	c ftcpctl add rules "${lan[@]}" dport 5
check_refused "the tunnel's own mark" 'it is the tunnel.s own' eval \
	'c ftcpctl set tunnel lan dev ftcp0 fwmark 5 && c ftcpctl add rules "${lan[@]}" fwmark 5'
c ftcpctl set tunnel lan dev ftcp0 fwmark off
check 'rules for all' c ftcpctl add rules "${lan[@]}" all
check 'the way out' goes "$C" 10.4.0.2 ftcp0
check 'not to a network that is near' goes "$C" "$RC4" eth0
check 'nor to one behind this host' goes "$C" 10.11.0.2 lan
check 'a host outside' pings "$C" 10.4.0.2
check '... by way of the hub' eval \
	'c ping -c 1 -W 5 -t 1 10.4.0.2 | grep -i "from 10.9.0.1 .*exceeded"'
check 'over IPv6' pings "$C" "$RS6"
check 'from the network behind this host' eval 'c nft add table ip lan "{ chain p {
	type nat hook postrouting priority 100; oifname ftcp0 masquerade; }; }" &&
	pings "$LC" 10.4.0.2 && c nft delete table ip lan'
check 'a file' transfer "$C" "$B" 10.4.0.2
check 'the hub itself' pings "$C" "$S4"
check 'no flow more' flows_are "$C" 1 established
check 'they are deleted' c ftcpctl del rules "${lan[@]}"
check 'nothing is left of them' eval '! { c ip rule; c ip -6 rule; } | grep 600'
check 'rules for a mark' c ftcpctl add rules "${lan[@]}" fwmark 7
check 'without it' goes "$C" 10.4.0.2 eth0
check 'with it' goes "$C" 10.4.0.2 ftcp0 mark 7
check '... it arrives' eval 'c ping -c 1 -W 5 -m 7 -t 1 10.4.0.2 |
	grep -i "from 10.9.0.1 .*exceeded" && pings "$C" 10.4.0.2 -m 7'
check 'they are deleted' c ftcpctl del rules "${lan[@]}"
s nft delete table inet gateway
hub_of "$C"
assert_no_invalid

# ---- changes under traffic ----

# A range of the hub's peers goes to and fro, and at each moment somebody has it.
for ns in "$A" "$B"; do
	ip -n "$ns" addr add 10.20.0.1/32 dev lo
	in_ns "$ns" ftcpctl set peer hub "${lan[@]}" allowed-ips 10.9.0.0/24,fd09::/64
	server "echo-$ns" "$ns" echo --bind 10.20.0.1:5556
done
ip -n "$S" route add 10.20.0.0/24 dev ftcp0 src 10.9.0.1
lists=(10.20.0.0/16 10.20.0.0/24 '10.20.0.1,10.20.128.0/17' '10.20.0.0/30,10.20.0.0/31')
# has PEER NUMBER RANGES: the hub gives it a list
has() { s ftcpctl set peer "$1" "${lan[@]}" allowed-ips "10.9.0.$2,fd09::$2,$3"; }
change()
{
	local i=0 list

	while [ ! -e "$tmp/stop" ]; do
		list=${lists[i % ${#lists[@]}]}
		if [ $((i++ % 2)) = 0 ]; then
			has a 3 "$list"
		else
			has b 4 "$list"
		fi || return
	done
	echo "$i"
}
has a 3 10.20.0.0/16
before=$(drops "$S" no-peer)
change > "$tmp/changes" 2>&1 &
pid=$!
for round in 1 2 3; do
	check "packets while ranges move, $round" s udptool send --to 10.20.0.1:5556 \
		--oneway --lossy --count 2000 --rate 5000
done
touch "$tmp/stop"
wait $pid
status=$?
check 'the ranges could be changed' [ $status -eq 0 ]
diag "$(cat "$tmp/changes") changes"
check 'somebody had each packet' is "$(drops "$S" no-peer)" "$before"
check 'one has it' eval 'has a 3 10.20.0.1 &&
	s udptool send --to 10.20.0.1:5556 --count 5'
check 'the other one has it' eval 'has b 4 10.20.0.1 &&
	s udptool send --to 10.20.0.1:5556 --count 5'

# A peer is deleted and added again.
in_ns "$A" ping -q -i 0.01 -c 100000 10.9.0.1 > /dev/null 2>&1 &
pid=$!
pids+=("$pid")
come_and_go()
{
	local i

	for i in {1..20}; do
		s ftcpctl del peer a "${lan[@]}" && spoke a 3 || return
		# not always before it has spoken again
		[ $((i % 4)) -gt 0 ] || wait_for 10 flow_of "$S" a || return
	done
}
check 'a peer is deleted and added under traffic' come_and_go
stop "$pid"
check '... and comes back' eventually 10 pings "$A" 10.9.0.1
assert_no_udp
for ns in "$A" "$B" "$C" "$S"; do
	ip -n "$ns" link del ftcp0
done
module_memory_back
finish
