#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mode ip: whose a connection is, who may connect, who dials, and when; and what is
# refused.
#
#   client, 10.9.0.2 =(TCP)= router =(TCP)= server, the hub, 10.9.0.1

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
readonly N=n-$$

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# remote_of_c ADDRESS: the hub has one flow, which is from there
remote_of_c() { is "$(flows "$S" '.[] | select(.state == "established") | .remote' |
	sed 's/:[0-9]*$//')" "$1"; }

# anew [OPTION...]: the client's tunnel; its flow is gone
anew()
{
	c ftcpctl del "${lan[@]}"
	c ftcpctl add "${lan[@]}" ip "$@" && eventually 10 flows_are "$S" 0
}

check 'a hub' inside "$S" 1 port 4567
check 'a host that dials' inside "$C" 2

# ---- who may connect ----

# admitted NAME WORD...: the peer, of which that is said
admitted()
{
	local name=$1

	shift
	anew && spoke c 2 "$@" && hub_of "$C"
	check "$name" pings "$C" 10.9.0.1
	check '... is the peer' remote_of_c "$C4"
}

# denied NAME WORD...
denied()
{
	local name=$1 before

	shift
	anew && spoke c 2 "$@" && hub_of "$C"
	before=$(drops "$S" no-peer)
	check_fails "$name" pings "$C" 10.9.0.1 -W 1
	check '... is counted' eval '[ "$(drops "$S" no-peer)" -gt "$before" ]'
	check '... and reset' eventually 5 eval '[[ $(ended "$C" lan) == *reset=* ]]'
}
admitted 'anybody' endpoint none
admitted 'from where its endpoint is' endpoint "$C4:9"
denied 'from elsewhere' endpoint 10.1.0.9:9
denied 'from nowhere' from none
denied 'not on the list' from 10.2.0.0/16,fd01::/16
admitted 'on the list' from 10.1.0.0/24
check 'another one on the same list' s ftcpctl set peer d "${lan[@]}" allowed-ips 10.9.0.5 \
	from 10.1.0.0/24
check '... takes nothing from it' is "$(s ftcpctl show peers --json |
	jq -c 'map([.peer, ."from-kind", .from])')" \
	'[["c","list",["10.1.0.0/24"]],["d","list",["10.1.0.0/24"]]]'
anew && hub_of "$C"
check 'they are told apart' pings "$C" 10.9.0.1
s ftcpctl del peer d "${lan[@]}"
spoke c 2 endpoint none from endpoint

# ---- idle ----

anew idle 1 && hub_of "$C"
check 'what is idle' pings "$C" 10.9.0.1
check '... is closed' eventually 10 flows_are "$C" 0
check '... at either end' eventually 10 flows_are "$S" 0
check '... in order' ended_are "$C" lan closed=1
check '... and dialled again' pings "$C" 10.9.0.1

s ftcpctl set tunnel lan dev ftcp0 idle 1 keepalive 1
anew keepalive 1 && hub_of "$C" persistent on
since() { [ "$(flows "$1" 'max_by(."age-ms")."age-ms"')" -gt "$2" ]; }
check 'who says only who it is' eventually 10 flow_of "$S" c
check '... and lives, keeps its flow' eventually 20 since "$S" 7000
check '... until it is not heard' c nft add table inet silence \
	'{ chain o { type filter hook output priority 0; drop; }; }'
check '... any more' eventually 20 flows_are "$S" 0
c nft delete table inet silence
s ftcpctl set tunnel lan dev ftcp0 idle 180 keepalive 25
anew && hub_of "$C"
check '... and heard again' pings "$C" 10.9.0.1

# ---- several tunnels of a link ----

check 'another tunnel' s ftcpctl add tunnel two dev ftcp0 ip port 4568
check 'with a peer for all of the network' s ftcpctl set peer all tunnel two dev ftcp0 \
	allowed-ips 10.9.0.0/24
check 'the longest prefix of both' pings "$S" 10.9.0.2
check_fails 'what only the other one has' s ping -c 1 -W 1 10.9.0.50
check '... is that one'\''s' is "$(s ftcpctl show --json tunnel two |
	jq '.[0].drops."no-endpoint"')" 1
check 'it is deleted' s ftcpctl del tunnel two dev ftcp0
check 'the first one stays' pings "$S" 10.9.0.2

# ---- persistent ----

c ftcpctl del "${lan[@]}"
check 'a quiet host' eval 'c ftcpctl add "${lan[@]}" ip idle 1 && hub_of "$C" persistent on'
check 'is dialled for' eventually 10 flow_of "$S" c
check 'and reached' pings "$S" 10.9.0.2
check 'its flow is not idle' eventually 10 since "$C" 4000
check 'nor are there others' flows_are "$C" 1
ends=$(flows "$S" '.[0] | .local + " remote " + .remote')
check 'its flow is lost' eval "s ftcpctl del flow local $ends dev ftcp0"
check 'it dials again' eventually 10 flow_of "$S" c
check 'and is reached' pings "$S" 10.9.0.2
check 'without the hub' eval 's ftcpctl del "${lan[@]}" && eventually 10 flows_are "$C" 0 established'
check 'when that is back' eval 's ftcpctl add "${lan[@]}" ip port 4567 && spoke c 2'
check 'it dials again' eventually 20 flow_of "$S" c
check 'the link goes down and up' eval \
	'ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up'
check 'it dials again' eventually 10 flow_of "$S" c
check 'and is reached' pings "$S" 10.9.0.2

# ---- another address, and another life ----

# silent RULE: what matches does not leave the client
silent() { c nft add table inet silence \
	"{ chain o { type filter hook output priority 0; $1 drop; }; }"; }
c sh -c 'echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries'
ip -n "$C" addr add 10.1.0.3/24 dev eth0
check 'the address is gone' ip -n "$C" addr del "$C4/24" dev eth0
ip -n "$C" route replace default via "$RC4"
check 'it is dialled from another one' eventually 20 remote_of_c 10.1.0.3
check 'and reached' pings "$S" 10.9.0.2
ip -n "$C" addr add "$C4/24" dev eth0
ip -n "$C" addr del 10.1.0.3/24 dev eth0
ip -n "$C" route replace default via "$RC4"
check 'and back' eventually 20 remote_of_c "$C4"
silent 'tcp flags & (fin | rst) != 0'
check 'gone without a word' ip -n "$C" link del ftcp0
check 'the hub has not heard of it' remote_of_c "$C4"
c nft delete table inet silence
check 'it begins anew' eval 'inside "$C" 2 && hub_of "$C" persistent on'
check 'and is reached' eventually 20 s ping -c 1 -W 1 10.9.0.2
check 'by one flow' eventually 10 flows_are "$S" 1 established

# ---- the link moves ----

namespace "$N"
ip -n "$N" link set lo up
check 'the link moves' ip -n "$C" link set ftcp0 netns "$N"
check 'it gets its addresses' eval 'ip -n "$N" addr add 10.9.0.2/24 dev ftcp0 &&
	ip -n "$N" link set ftcp0 up'
check 'it is dialled there' eventually 10 flow_of "$S" c
check 'and reached' pings "$S" 10.9.0.2
check 'the segments have stayed' remote_of_c "$C4"
check 'it moves back' eval 'ip -n "$N" link set ftcp0 netns "$C" &&
	ip -n "$C" addr add 10.9.0.2/24 dev ftcp0 && ip -n "$C" link set ftcp0 up'
check 'and is reached' eventually 10 s ping -c 1 -W 1 10.9.0.2

# ---- newcomers ----

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
	c ftcpctl del "${lan[@]}"
	s ftcpctl del "${lan[@]}"
	c ftcpctl add "${lan[@]}" ip port 4567
	s ftcpctl add "${lan[@]}" ip port 4567
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
	c ftcpctl set peer x "${lan[@]}" endpoint same
check_refused 'persistent without endpoint' 'persistent: the peer needs an endpoint' \
	c ftcpctl set peer x "${lan[@]}" persistent on
check_refused 'no endpoint any more' 'persistent: the peer needs an endpoint' \
	c ftcpctl set peer hub "${lan[@]}" endpoint none
check_refused 'from those behind it' 'from: ' c ftcpctl set peer x "${lan[@]}" from allowed-ips
check_refused 'unreachable' 'unreachable has no meaning in mode ip' \
	c ftcpctl set tunnel lan dev ftcp0 unreachable close
new=(c nlraw faketcp 1 2:s=ftcp0 3:s=raw 4:u32=3)
check_refused 'ip with listen' 'listen has no meaning in mode ip' \
	"${new[@]}" 7:a=127.0.0.1:10
check_refused 'ip with target' 'target has no meaning in mode ip' \
	"${new[@]}" 8:a=127.0.0.1:10
check_refused 'persistent 2' '.' c nlraw faketcp 5 2:s=ftcp0 3:s=lan 15:s=hub 46:u32=2
ip -n "$R" link add ftcp1 type faketcp
check 'a routed tunnel' r ftcpctl add tunnel r dev ftcp1 routed
ip -n "$R" link add ftcp2 type faketcp
mtu_is() { r ip link show "$1" | grep -w "mtu $2"; }
check 'a port' r ftcpctl add tunnel i dev ftcp2 ip port 4567
check 'an MTU for packets' mtu_is ftcp2 1440
ip -n "$R" link add ftcp3 type faketcp
check_refused 'the port, again' 'TCP port 4567 is in use' \
	r ftcpctl add tunnel i dev ftcp3 ip port 4567
check '... changes no MTU' mtu_is ftcp3 1488
ip -n "$R" link set ftcp2 mtu 1488
check 'a second tunnel' r ftcpctl add tunnel j dev ftcp2 ip
check '... leaves the MTU that was set' mtu_is ftcp2 1488
ip -n "$R" link del ftcp2
ip -n "$R" link del ftcp3
check_refused 'ip beside it' 'the link has a tunnel of mode routed' \
	r ftcpctl add tunnel i dev ftcp1 ip
check_refused 'routed, and persistent' 'persistent has no meaning in mode routed' \
	r ftcpctl set peer p tunnel r dev ftcp1 endpoint "$S4:1" persistent on
check_refused 'routed, from endpoint' 'from: ' \
	r ftcpctl set peer p tunnel r dev ftcp1 from endpoint

assert_no_udp
for ns in "$C" "$S"; do
	ip -n "$ns" link del ftcp0
done
ip -n "$R" link del ftcp1
module_memory_back
finish
