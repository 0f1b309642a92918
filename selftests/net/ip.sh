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
t=(tunnel lan dev ftcp0)

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

# inside NAMESPACE NUMBER: a link with addresses, and a tunnel
inside()
{
	add_link "$1" && ip -n "$1" addr add "10.9.0.$2/24" dev ftcp0 &&
		ip -n "$1" addr add "fd09::$2/64" dev ftcp0 nodad &&
		in_ns "$1" ftcpctl add "${t[@]}" ip "${@:3}"
}

# hub_of NAMESPACE [WORD...]: its way to the hub
hub_of()
{
	in_ns "$1" ftcpctl set peer hub "${t[@]}" endpoint "$S4:4567" \
		allowed-ips 10.9.0.0/24,fd09::/64,10.11.0.0/24,10.12.0.0/24 "${@:2}"
}

# spoke PEER NUMBER [WORD...]: what the hub knows of one
spoke()
{
	s ftcpctl set peer "$1" "${t[@]}" allowed-ips "10.9.0.$2,fd09::$2" "${@:3}"
}

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# pings NAMESPACE HOST [WORD...]
pings() { in_ns "$1" ping -q -c 3 -i 0.2 -W 5 "${@:3}" "$2"; }

listens() { in_ns "$1" ss -Hlt sport = :5001 | grep -q LISTEN; }

# transfer FROM TO ADDRESS: a file, by TCP; it is the same there
dd if=/dev/urandom of="$tmp/sent" bs=1M count=8 status=none
transfer()
{
	local pid

	rm -f "$tmp/got"
	in_ns "$2" timeout 100 socat -u TCP6-LISTEN:5001,ipv6only=0,reuseaddr \
		"CREATE:$tmp/got" > "$tmp/receiver" 2>&1 &
	pid=$!
	wait_for 10 listens "$2" &&
		in_ns "$1" timeout 100 socat -u "OPEN:$tmp/sent" "TCP:$3:5001" &&
		wait "$pid" && cmp "$tmp/sent" "$tmp/got"
}

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
	check "$1: over IPv6" transfer "$C" "$S" '[fd09::1]'
	check "$1: and back" transfer "$S" "$C" '[fd09::2]'
	check "$1: one connection" flows_are "$C" 1 established
	check "$1: at either end" flows_are "$S" 1 established
}
carried 'over IPv4'
check 'a flow names its peer, and no conversation' is "$(flows "$C" \
	'.[0] | [.peer, has("inner-local"), .remote] | @csv')" "\"hub\",false,\"$S4:4567\""
check 'at the hub' is "$(flows "$S" '.[0] | [.peer, .local] | @csv')" \
	"\"c\",\"$S4:4567\""
check 'people are told' eval 'c ftcpctl show flows | grep -q "peer hub"'
check 'what the tunnel is' is "$(c ftcpctl show --json | jq -c '.[0] | [.mode, .port]')" \
	'["ip",null]'
check 'what the peer is' is "$(c ftcpctl show peers --json |
	jq -c '.[0] | [.peer, .endpoint, ."from-kind", .persistent]')" \
	"[\"hub\",\"$S4:4567\",\"endpoint\",\"off\"]"

# The size of a segment is that of the packet and 40, or 60
mtu_is() { is "$(flows "$1" '.[0].mtu')" "$2"; }
check 'what fits' mtu_is "$C" 1460
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
check 'the hub is elsewhere' c ftcpctl set peer hub "${t[@]}" endpoint "[$S6]:4567"
check 'a flow to there' eventually 10 eval \
	'[[ $(flows "$C" ".[].remote") == "[$S6]:4567" ]]'
carried 'over IPv6'
check 'what fits there' mtu_is "$C" 1440
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
s ftcpctl set peer silent "${t[@]}" allowed-ips 10.9.0.78
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
check 'and another one' transfer "$B" "$C" '[fd09::2]'
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
	's ftcpctl set peer c "${t[@]}" allowed-ips 10.9.0.2,fd09::2,10.11.0.0/24 &&
	 s ftcpctl set peer b "${t[@]}" allowed-ips 10.9.0.4,fd09::4,10.12.0.0/24 &&
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
c ftcpctl set peer hub "${t[@]}" allowed-ips $everything
# goes NAMESPACE ADDRESS DEVICE [WORD...]: it is routed there
goes() { in_ns "$1" ip route get "$2" "${@:4}" | grep -F " dev $3 "; }
check_refused 'rules for ports' 'carries whole packets: say all or fwmark M' \
	c ftcpctl add rules "${t[@]}" dport 5
check_refused "the tunnel's own mark" 'it is the tunnel.s own' eval \
	'c ftcpctl set tunnel lan dev ftcp0 fwmark 5 && c ftcpctl add rules "${t[@]}" fwmark 5'
c ftcpctl set tunnel lan dev ftcp0 fwmark off
check 'rules for all' c ftcpctl add rules "${t[@]}" all
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
check 'they are deleted' c ftcpctl del rules "${t[@]}"
check 'nothing is left of them' eval '! { c ip rule; c ip -6 rule; } | grep 600'
check 'rules for a mark' c ftcpctl add rules "${t[@]}" fwmark 7
check 'without it' goes "$C" 10.4.0.2 eth0
check 'with it' goes "$C" 10.4.0.2 ftcp0 mark 7
check '... it arrives' eval 'c ping -c 1 -W 5 -m 7 -t 1 10.4.0.2 |
	grep -i "from 10.9.0.1 .*exceeded" && pings "$C" 10.4.0.2 -m 7'
check 'they are deleted' c ftcpctl del rules "${t[@]}"
s nft delete table inet gateway
hub_of "$C"
assert_no_invalid

# ---- changes under traffic ----

# A range of the hub's peers goes to and fro, and at each moment somebody has it.
for ns in "$A" "$B"; do
	ip -n "$ns" addr add 10.20.0.1/32 dev lo
	in_ns "$ns" ftcpctl set peer hub "${t[@]}" allowed-ips 10.9.0.0/24,fd09::/64
	server "echo-$ns" "$ns" echo --bind 10.20.0.1:5556
done
ip -n "$S" route add 10.20.0.0/24 dev ftcp0 src 10.9.0.1
lists=(10.20.0.0/16 10.20.0.0/24 '10.20.0.1,10.20.128.0/17' '10.20.0.0/30,10.20.0.0/31')
# has PEER NUMBER RANGES: the hub gives it a list
has() { s ftcpctl set peer "$1" "${t[@]}" allowed-ips "10.9.0.$2,fd09::$2,$3"; }
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
		s ftcpctl del peer a "${t[@]}" && spoke a 3 || return
		# not always before it has spoken again
		[ $((i % 4)) -gt 0 ] || wait_for 10 flow_of "$S" a || return
	done
}
# flow_of NAMESPACE PEER: it has one
flow_of() { flows "$1" '.[] | select(.state == "established") | .peer' | grep -qx "$2"; }
check 'a peer is deleted and added under traffic' come_and_go
stop "$pid"
check '... and comes back' eventually 10 pings "$A" 10.9.0.1
for ns in "$A" "$B"; do
	ip -n "$ns" link del ftcp0
done
s ftcpctl del peer a "${t[@]}"
s ftcpctl del peer b "${t[@]}"

# ---- persistent ----

c ftcpctl del "${t[@]}"
check 'a quiet host' eval 'c ftcpctl add "${t[@]}" ip idle 1 && hub_of "$C" persistent on'
check 'is dialled for' eventually 10 flow_of "$S" c
check 'and reached' pings "$S" 10.9.0.2
since() { [ "$(flows "$1" 'max_by(."age-ms")."age-ms"')" -gt "$2" ]; }
check 'its flow is not idle' eventually 10 since "$C" 4000
check 'nor are there others' flows_are "$C" 1
ends=$(flows "$S" '.[0] | .local + " remote " + .remote')
check 'its flow is lost' eval "s ftcpctl del flow local $ends dev ftcp0"
check 'it dials again' eventually 10 flow_of "$S" c
check 'and is reached' pings "$S" 10.9.0.2
check 'without the hub' eval 's ftcpctl del "${t[@]}" && eventually 10 flows_are "$C" 0 established'
check 'when that is back' eval 's ftcpctl add "${t[@]}" ip port 4567 && spoke c 2'
check 'it dials again' eventually 20 flow_of "$S" c
check 'the link goes down and up' eval \
	'ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up'
check 'it dials again' eventually 10 flow_of "$S" c
check 'and is reached' pings "$S" 10.9.0.2

# ---- newcomers ----

remote_of_c() { is "$(flows "$S" '.[] | select(.state == "established") | .remote' |
	sed 's/:[0-9]*$//')" "$1"; }
check 'it has its flow' remote_of_c "$C4"
inside "$R" 2 && hub_of "$R"
before=$(drops "$S" newcomer)
check_fails 'somebody says that he is it' pings "$R" 10.9.0.1 -W 1
check '... dropped and counted' eval '[ "$(drops "$S" newcomer)" -gt "$before" ]'
check '... and reset' eventually 5 eval '[[ $(ended "$R" lan) == *reset=* ]]'
check 'the flow of the other one stays' remote_of_c "$C4"
check 'and is good' pings "$S" 10.9.0.2
check 'it falls silent' r nft add table inet silence \
	'{ chain f { type filter hook forward priority 20; iifname c0 drop; }; }'
check 'then he is admitted' eventually 10 in_ns "$R" ping -c 1 -W 1 10.9.0.1
check '... and is the peer' remote_of_c "$RS4"
check 'how the flow ended' eval '[[ $(ended "$S" lan) == *replaced=* ]]'
ip -n "$R" link del ftcp0
r nft delete table inet silence
check 'the other one comes back' eventually 20 eval 'c ping -c 1 -W 1 10.9.0.1 &&
	remote_of_c "$C4"'

# ---- both dial ----

for on in off on; do
	c ftcpctl del "${t[@]}"
	s ftcpctl del "${t[@]}"
	c ftcpctl add "${t[@]}" ip port 4567
	s ftcpctl add "${t[@]}" ip port 4567
	check "persistent $on: two that dial each other" eval \
		'spoke c 2 endpoint "$C4:4567" persistent $on & hub_of "$C" persistent $on & wait'
	c ping -q -c 20 -i 0.05 -W 5 10.9.0.1 > "$tmp/there" 2>&1 &
	pid=$!
	check 'ping from there' s ping -q -c 20 -i 0.05 -W 5 10.9.0.2
	wait $pid
	check 'and at the same time from here' grep ' 0% packet loss' "$tmp/there"
	check 'in the end there is one flow' eventually 10 flows_are "$C" 1 established
	check '... at either end' eventually 10 flows_are "$S" 1 established
	check 'both go on' eval 'pings "$C" 10.9.0.1 && pings "$S" 10.9.0.2'
	check 'neither took the other for a newcomer' \
		is "$(drops "$C" newcomer) $(drops "$S" newcomer)" '0 0'
done

# ---- refusals ----

check_refused 'routed beside it' 'the link has a tunnel of mode ip' \
	c ftcpctl add tunnel r dev ftcp0 routed
check 'but a proxy may be' eval 'c ftcpctl add tunnel p dev ftcp0 port 5000 \
	forward 127.0.0.1:1 && c ftcpctl del tunnel p dev ftcp0'
check_refused 'an endpoint like the packet' 'endpoint: a tunnel of whole packets' \
	c ftcpctl set peer x "${t[@]}" endpoint same
check_refused 'persistent without endpoint' 'persistent: the peer needs an endpoint' \
	c ftcpctl set peer x "${t[@]}" persistent on
check_refused 'no endpoint any more' 'persistent: the peer needs an endpoint' \
	c ftcpctl set peer hub "${t[@]}" endpoint none
check_refused 'from those behind it' 'from: ' c ftcpctl set peer x "${t[@]}" from allowed-ips
check_refused 'unreachable' 'unreachable has no meaning in mode ip' \
	c ftcpctl set tunnel lan dev ftcp0 unreachable close
new=(c nlraw faketcp 1 2:s=ftcp0 3:s=raw 4:u32=3)
check_refused 'ip with listen' 'listen has no meaning in mode ip' \
	"${new[@]}" 7:a=127.0.0.1:10
check_refused 'ip with target' 'target has no meaning in mode ip' \
	"${new[@]}" 8:a=127.0.0.1:10
check_refused 'persistent 2' '.' c nlraw faketcp 5 2:s=ftcp0 3:s=lan 15:s=hub 46:u32=2
ip -n "$A" link add ftcp1 type faketcp
check 'a routed tunnel' in_ns "$A" ftcpctl add tunnel r dev ftcp1 routed
check_refused 'ip beside it' 'the link has a tunnel of mode routed' \
	in_ns "$A" ftcpctl add tunnel i dev ftcp1 ip
check_refused 'routed, and persistent' 'persistent has no meaning in mode routed' \
	in_ns "$A" ftcpctl set peer p tunnel r dev ftcp1 endpoint "$S4:1" persistent on
check_refused 'routed, from endpoint' 'from: ' \
	in_ns "$A" ftcpctl set peer p tunnel r dev ftcp1 from endpoint

assert_no_invalid "$R"
assert_no_udp
for ns in "$C" "$S"; do
	ip -n "$ns" link del ftcp0
done
ip -n "$A" link del ftcp1
module_memory_back
finish
