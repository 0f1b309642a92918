#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every way in with every way out that makes sense: routed, listen and forward,
# on hosts and on routers, with one peer and several, in one namespace and two.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
readonly L=l-$$ T=t-$$ L4=10.3.0.2 T4=10.4.0.2

add_link "$C"
add_link "$S"

# routed NAMESPACE TUNNEL PORT [PEER WORDS...]: a tunnel, its rules and a peer
routed()
{
	local ns=$1 tunnel=$2 port=$3

	shift 3
	in_ns "$ns" ftcpctl add tunnel "$tunnel" dev ftcp0 routed port "$port" &&
		in_ns "$ns" ftcpctl set peer any tunnel "$tunnel" dev ftcp0 \
			allowed-ips 0.0.0.0/0,::/0 "$@" &&
		in_ns "$ns" ftcpctl add rules tunnel "$tunnel" dev ftcp0 2>&1
}

# tunnels_gone: of both hosts, with their rules
tunnels_gone()
{
	local ns tunnel dev

	for ns in "$C" "$S"; do
		while read -r tunnel dev; do
			in_ns "$ns" ftcpctl del rules tunnel "$tunnel" dev "$dev"
			in_ns "$ns" ftcpctl del tunnel "$tunnel" dev "$dev" ||
				return
		done < <(in_ns "$ns" ftcpctl show --json |
			jq -r '.[] | .tunnel + " " + .link')
	done 2>/dev/null
}

# servers: echo at the addresses, until servers_stop
echo_pids=()
serve() { server "echo-$#-$RANDOM" "$@" && echo_pids+=($!); }
servers_stop()
{
	local pid

	for pid in "${echo_pids[@]}"; do
		stop "$pid"
	done
	echo_pids=()
}

next()
{
	servers_stop
	assert_no_invalid
	check 'the tunnels can be deleted' tunnels_gone
	diag "$1"
}

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# ---- Routed on both ends ----

diag 'routed on both ends'
check 'a routed tunnel at the client' routed "$C" wg 7000 endpoint same
check 'and at the server' routed "$S" wg 7000
check 'the rules are shown' eval \
	'c ip rule | grep -q "dport 7000.* proto 102"'
serve "$S" echo --bind "$S4:7000" --bind "[$S6]:7000"
check 'the client speaks first, from any port' \
	c udptool send --to "$S4:7000" --count 20 --window 4
check 'the same over IPv6' c udptool send --to "[$S6]:7000" --count 20
check 'ports and addresses stay as they are' eval \
	'flows "$S" ".[] | select(.\"inner-local\" == .local and
		.\"inner-remote\" == .remote) | .local" | grep -Fx "$S4:7000"'
check 'the server had never heard of the client' eval \
	'[ "$(s ftcpctl show peers --json | jq -r ".[0].endpoint")" = none ]'
check_fails 'without an endpoint the server cannot speak first' \
	s udptool send --to "$C4:7000" --from "$S4:0" --timeout 2
check 'and that is counted' [ "$(drops "$S" no-endpoint)" -gt 0 ]

next 'routed on both ends, both may dial'
check 'a routed tunnel at the client' routed "$C" wg 7000 endpoint same
check 'and at the server' routed "$S" wg 7000 endpoint same
serve "$C" echo --bind "$C4:7000"
check 'the server speaks first, from its port to the port of the client' \
	s udptool send --to "$C4:7000" --from "$S4:7000" --count 20
servers_stop
serve "$S" echo --bind "$S4:7000"
check 'the client writes to it on the same flow' \
	c udptool send --to "$S4:7000" --from "$C4:7000" --count 20
check 'which is the only one' flows_are "$C" 1 established

# on other ports: conntrack would still know the connection before
next 'both dial at once'
check 'a routed tunnel at the client' routed "$C" wg 7700 endpoint same
check 'and at the server' routed "$S" wg 7700 endpoint same
# SYNs are held up at the router until both are under way
r tc qdisc add dev s0 root netem delay 100ms
r tc qdisc add dev c0 root netem delay 100ms
# what arrives is counted by the flow; a socket that is not there, yet or any
# more, would answer with an ICMP error that the router cannot relate to anything
for ns in "$C" "$S"; do
	in_ns "$ns" nft -f - <<-END
	table inet quiet {
		chain input {
			type filter hook input priority 10;
			udp dport 7700 drop
		}
	}
	END
done
background both-c "$C" udptool send --to "$S4:7700" --from "$C4:7700" \
	--count 40 --rate 20 --oneway
one=$!
background both-s "$S" udptool send --to "$C4:7700" --from "$S4:7700" \
	--count 40 --rate 20 --oneway --stream 9
two=$!
wait $one
check 'the client sent' is $? 0
wait $two
check 'the server sent' is $? 0
received() { flows "$1" '.[] | select(.stats."rx-packets" == 40) | .local'; }
wait_for 5 eval '[ "$(received "$C")" ] && [ "$(received "$S")" ]'
check 'all arrived at the client, on one flow' is "$(received "$C")" "$C4:7700"
check 'and at the server' is "$(received "$S")" "$S4:7700"
check 'there is one flow' flows_are "$C" 1
check 'at the server as well' flows_are "$S" 1
r tc qdisc del dev s0 root
r tc qdisc del dev c0 root
c nft delete table inet quiet
s nft delete table inet quiet
# Whether both are under way at the same moment is up to the machine.  When one
# connection is up before the other's SYN arrives, that SYN, or the answer to it,
# is INVALID; of the conversation nothing may be.
for ns in "$C" "$R" "$S"; do
	check "$ns: no more than a SYN and its answer were INVALID" \
		[ "$(counter "$ns" watch seen-invalid)" -le 2 ]
	in_ns "$ns" nft reset counter inet watch seen-invalid > /dev/null
done

# ---- Proxies, and proxy with routed ----

next 'proxy on both ends'
s ftcpctl add tunnel srv dev ftcp0 port 4567 forward 127.0.0.1:5555
c ftcpctl add tunnel cli dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
serve "$S" echo --bind 127.0.0.1:5555
check 'datagrams and answers' c udptool send --to 127.0.0.1:1234 --count 20

next 'a client that listens, a server that is routed'
check 'a routed tunnel at the server' routed "$S" wg 7000
c ftcpctl add tunnel cli dev ftcp0 listen 127.0.0.1:1234 remote "$S4:7000"
serve "$S" echo --bind "$S4:7000"
check 'datagrams and answers' c udptool send --to 127.0.0.1:1234 --count 20
check 'the service sees the address of the client' eval \
	'flows "$S" ".[0].\"inner-remote\"" | grep "^$C4:"'

next 'a client that is routed, a server that forwards'
s ftcpctl add tunnel srv dev ftcp0 port 4567 forward 127.0.0.1:5555
check 'a routed tunnel with an endpoint' routed "$C" wg 7000 \
	endpoint "$S4:4567"
serve "$S" echo --bind 127.0.0.1:5555
check 'datagrams to any address with this port go there' \
	c udptool send --to 192.0.2.1:7000 --count 20
check 'answers come from that address' eval \
	'flows "$C" ".[0].\"inner-remote\"" | grep -Fx 192.0.2.1:7000'

# ---- Peers ----

next 'the longest prefix chooses the peer'
s ftcpctl add tunnel one dev ftcp0 port 4001 forward 127.0.0.1:5555
s ftcpctl add tunnel two dev ftcp0 port 4002 forward 127.0.0.1:5555
s ftcpctl add tunnel six dev ftcp0 port 4006 forward 127.0.0.1:5555
check 'a peer for everything' routed "$C" wg 7000 endpoint "$S4:4001"
c ftcpctl set peer net tunnel wg dev ftcp0 endpoint "$S4:4002" \
	allowed-ips 192.0.2.0/24
c ftcpctl set peer host tunnel wg dev ftcp0 endpoint "$S4:4001" \
	allowed-ips 192.0.2.9/32,2001:db8::9/128
c ftcpctl set peer six tunnel wg dev ftcp0 endpoint "[$S6]:4006" \
	allowed-ips 2001:db8::/32
serve "$S" echo --bind 127.0.0.1:5555
while read -r address peer remote; do
	check "$address: peer $peer" c udptool send --to "$address:7000" --count 3
	check "at $remote" is "$(flows "$C" ".[] |
		select(.\"inner-remote\" == \"$address:7000\") |
		.peer + \" \" + .remote")" "$peer $remote"
done <<END
198.51.100.1 any $S4:4001
192.0.2.1 net $S4:4002
192.0.2.9 host $S4:4001
[2001:db8::1] six [$S6]:4006
[2001:db8::9] host $S4:4001
END
check 'a peer without addresses' c ftcpctl set peer host tunnel wg dev ftcp0 \
	allowed-ips none
check 'has none' is "$(c ftcpctl show peers --json | jq -c '.[] |
	select(.peer == "host")["allowed-ips"]')" '[]'
check 'is not found by them any more' c udptool send --to 192.0.2.9:7000 \
	--from "$C4:7099" --count 3
check 'but the next shorter prefix is' is "$(flows "$C" '.[] |
	select(.["inner-local"] == "10.1.0.2:7099") | .peer')" net
c ftcpctl del peer net tunnel wg dev ftcp0
check 'without the peer the shorter prefix has it' \
	c udptool send --to 192.0.2.1:7000 --count 3
check 'through another flow' is "$(flows "$C" '[.[] |
	select(."inner-remote" == "192.0.2.1:7000") | .peer] | unique | .[]')" any
c ftcpctl del peer any tunnel wg dev ftcp0
check_fails 'an address of no peer' \
	c udptool send --to 198.51.100.1:7000 --timeout 2

# ---- Links and tunnels ----

next 'several links, several tunnels on a link'
add_link "$C" ftcp1
add_link "$S" ftcp1
for link in 0 1; do
	for tunnel in 0 1; do
		n=$link$tunnel
		s ftcpctl add tunnel "t$tunnel" dev "ftcp$link" port "40$n" \
			forward 127.0.0.1:5555
		c ftcpctl add tunnel "t$tunnel" dev "ftcp$link" \
			listen "127.0.0.1:10$n" remote "$S4:40$n"
	done
done
serve "$S" echo --bind 127.0.0.1:5555
for n in 00 01 10 11; do
	check "tunnel $n" c udptool send --to "127.0.0.1:10$n" --count $((1$n))
done
per_tunnel()
{
	in_ns "$1" ftcpctl show --json |
		jq -r '.[] | .link + .tunnel + " " + (.stats."tx-packets" | tostring)' |
		sort | xargs
}
want='ftcp0t0 100 ftcp0t1 101 ftcp1t0 110 ftcp1t1 111'
check 'each has carried its own' is "$(per_tunnel "$C")" "$want"
check 'at the server as well' is "$(per_tunnel "$S")" "$want"
check 'a link with tunnels can be deleted' ip -n "$C" link del ftcp1
check 'the other one works' c udptool send --to 127.0.0.1:1000 --count 5
ip -n "$S" link del ftcp1

# ---- Two namespaces ----

next 'the link in another namespace than the underlay'
namespace "$L"
ip -n "$L" link set lo up
ip -n "$C" link add moved type faketcp
# addresses NAMESPACE MODE: whether IPv6 gives the link one of its own
addresses()
{
	local mode

	mode=$(ip -n "$1" -d link show moved | grep -o 'addrgenmode [a-z0-9]*')
	[ "$mode" = "addrgenmode $2" ] || { echo "$mode, not $2"; return 1; }
}
check 'a link has no address of its own' addresses "$C" none
check '... unless somebody wants it so' ip -n "$C" link set moved addrgenmode random
for _ in 1 2; do
	check '... the link goes up' ip -n "$C" link set moved up
	check '... and has one' eventually 5 eval \
		'ip -n "$C" -6 addr show dev moved | grep -w "inet6 fe80:.*"'
	check '... the link goes down' ip -n "$C" link set moved down
	check '... and that stays' addresses "$C" random
done
check 'a link is moved' ip -n "$C" link set moved netns "$L"
check 'it has no address of its own there' addresses "$L" none
ip -n "$L" link set moved up
check '... even up' eval '! ip -n "$L" -6 addr show dev moved | grep inet6'
ip -n "$L" addr add 192.0.2.5/32 dev moved
ip -n "$L" route add default dev moved
s ftcpctl add tunnel srv dev ftcp0 port 4567 forward 127.0.0.1:5555
serve "$S" echo --bind 127.0.0.1:5555
in_ns "$L" ftcpctl add tunnel cli dev moved listen 127.0.0.1:1234 \
	remote "$S4:4567"
check 'a tunnel that listens there and dials here' \
	in_ns "$L" udptool send --to 127.0.0.1:1234 --count 20
in_ns "$L" ftcpctl add tunnel wg dev moved routed
in_ns "$L" ftcpctl set peer any tunnel wg dev moved endpoint "$S4:4567" \
	allowed-ips 0.0.0.0/0
check 'one that is routed' \
	in_ns "$L" udptool send --to 198.51.100.1:7000 --count 20
# What conntrack still has of earlier ones, which are closing, says nothing.
travel_in()
{
	local ports port

	ports=$(flows "$L" '.[].local | sub(".*:"; "")')
	[ "$(wc -w <<< "$ports")" = 2 ] || { echo "from ports $ports"; return 1; }
	for port in $ports; do
		ct_state "$1" ESTABLISHED --dport 4567 --sport "$port" || return
	done
}
check 'the segments travel in the first namespace' travel_in "$C"
check 'it has no way of its own' \
	eval '! in_ns "$L" ping -c 1 -W 1 "$S4" > /dev/null'
ip -n "$L" link del moved

# ---- A router ----

next 'routers, and hosts behind them'
namespace "$T"
ip -batch - <<END
link add eth0 netns $L type veth peer name lan netns $C
link add eth0 netns $T type veth peer name lan netns $S
END
ip -n "$C" -batch - <<END
addr add 10.3.0.1/24 dev lan
link set lan up
END
ip -n "$S" -batch - <<END
addr add 10.4.0.1/24 dev lan
link set lan up
END
ip -n "$L" -batch - <<END
addr add $L4/24 dev eth0
link set eth0 up
route add default via 10.3.0.1
END
ip -n "$T" -batch - <<END
link set lo up
addr add $T4/24 dev eth0
link set eth0 up
route add default via 10.4.0.1
END
r ip route add 10.3.0.0/24 via "$C4"
r ip route add 10.4.0.0/24 via "$S4"
c sysctl -qw net.ipv4.ip_forward=1
s sysctl -qw net.ipv4.ip_forward=1
check 'a routed tunnel on the router' routed "$C" wg 7000 endpoint same
check 'and on the host' routed "$S" wg 7000 endpoint same
serve "$S" echo --bind "$S4:7000"
check 'the LAN reaches the host' \
	in_ns "$L" udptool send --to "$S4:7000" --count 20
check 'with its own address' eval \
	'flows "$S" ".[0].remote" | grep "^$L4:"'
# One hop is the router of the LAN, the other the one on the way.
ttl_seen()
{
	[ "$(captured hops -v "src $1 and tcp and greater 100" |
		grep -o 'ttl [0-9]*' | sort -u)" = "ttl $2" ]
}
capture hops "$S" eth0 tcp port 7000
tcpdump=$!
in_ns "$L" udptool send --to "$S4:7000" --count 5 > /dev/null
capture_stop hops "$tcpdump"
check 'its segments are as old as its datagrams' ttl_seen "$L4" 62
check 'those of the host as well' ttl_seen "$S4" 64
capture hops "$L" eth0 udp port 7000
tcpdump=$!
in_ns "$L" udptool send --to "$S4:7000" --count 5 > /dev/null
capture_stop hops "$tcpdump"
check 'and so are datagrams that arrive' [ "$(captured hops -v "src $S4" |
	grep -o 'ttl [0-9]*' | sort -u)" = 'ttl 62' ]

# What a router on the way says of the segments is addressed to the LAN.
lan_fits() { flows "$C" '.[0]."max-payload"' | grep -qx "$1"; }
check 'what the path carries' lan_fits 1460
ip -n "$R" link set s0 mtu 1400
ip -n "$S" link set eth0 mtu 1400
check 'a datagram that is too large' \
	in_ns "$L" udptool send --to "$S4:7000" --size 1460 --oneway --lossy
check 'the error to the LAN is believed' eventually 5 lan_fits 1360
check 'what fits passes' in_ns "$L" udptool send --to "$S4:7000" --size 1360
ip -n "$R" link set s0 mtu 1500
ip -n "$S" link set eth0 mtu 1500

serve "$T" echo --bind "$T4:7000"
check 'the tunnel of that router takes an address behind it' \
	s ftcpctl add tunnel lan dev ftcp0 routed port 7001 local "$T4"
s ftcpctl set peer any tunnel lan dev ftcp0 allowed-ips 0.0.0.0/0
s ftcpctl add rules tunnel lan dev ftcp0 2>/dev/null
c ftcpctl add rules tunnel wg dev ftcp0 dport 7001 2>/dev/null
serve "$T" echo --bind "$T4:7001"
check 'a host behind one reaches a host behind the other' \
	in_ns "$L" udptool send --to "$T4:7001" --count 20
check 'other connections pass the routers' \
	in_ns "$L" ping -q -c 1 -W 5 "$T4"

# ---- Rules that lead back and forth ----

next 'a loop over two links'
add_link "$C" ftcp1
add_link "$S" ftcp1
# hop TUNNEL LINK PORT FROM ROUTER TO ADDRESS: what FROM has for the network of the
# address goes to TO, which accepts for the address, and has something for it as well
hop()
{
	in_ns "$6" ftcpctl add tunnel "$1" dev "$2" routed port "$3" local "$7" &&
		in_ns "$6" ftcpctl set peer any tunnel "$1" dev "$2" \
			allowed-ips 0.0.0.0/0 &&
		in_ns "$4" ftcpctl add tunnel "$1" dev "$2" routed fwmark 0x98 &&
		in_ns "$4" ftcpctl set peer any tunnel "$1" dev "$2" \
			endpoint "$7:$3" allowed-ips 0.0.0.0/0 &&
		ip -n "$4" route add 198.51.100.0/24 dev "$2" &&
		ip -n "$4" route add default via "$5" table 98 &&
		ip -n "$4" rule add fwmark 0x98 lookup 98
}
expired()
{
	local ns sum=0

	for ns in "$C" "$R" "$S"; do
		sum=$((sum + $(in_ns "$ns" awk \
			'/^Icmp:/ && n++ { print $i } /^Icmp:/ { for (i = NF; i && $i != "OutTimeExcds"; i--); }' \
			/proc/net/snmp)))
	done
	echo "$sum"
	[ "$sum" = "$1" ]
}
r ip route add 198.51.100.1 via "$S4"
r ip route add 198.51.100.2 via "$C4"
check 'one leads there' hop there ftcp0 4600 "$C" "$RC4" "$S" 198.51.100.1
check 'the other one back' hop back ftcp1 4601 "$S" "$RS4" "$C" 198.51.100.2
check 'nothing has circled' expired 0
check 'a datagram circles' c udptool send --to 198.51.100.9:7000 --oneway --lossy
check 'until its TTL is used up' eventually 10 expired 1

servers_stop
assert_no_invalid
assert_no_udp
check 'the tunnels can be deleted' tunnels_gone
for link in ftcp0 ftcp1; do
	ip -n "$C" link del $link
	ip -n "$S" link del $link
done
module_memory_back
finish
