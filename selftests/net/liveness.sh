#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A flow that has lost its way is replaced by another from a new source port, and
# one that is to be replaced for its age or volume likewise: the conversation
# moves, and the application notices nothing.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
# Of an end that gives up the RST is lost where the router has forgotten the flow.  The
# other end's comes when that notices: on a slow machine after conntrack's 10 s.
for ns in "$C" "$S"; do
	in_ns "$ns" sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=120
done
readonly on=(tunnel t dev ftcp0)
server echo "$S" echo --bind 127.0.0.1:5555 --bind "$S4:6000"

# app COUNT RATE: datagrams from one socket, so many in a second
app()
{
	background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
		--count "$1" --rate "$2" --window 100000 --lossy --timeout 300
	app=$!
}

answers()
{
	flows "$C" '[.[].stats["rx-packets"]] | add // 0'
}

goes_on()
{
	local before

	before=$(answers)
	wait_for 20 eval '[ "$(answers)" -gt $((before + 10)) ] ||
		[ "$(answers)" -lt "$before" ]'
}

# port: of the newest flow at the client that is established
port()
{
	flows "$C" 'map(select(.state == "established")) | min_by(."age-ms") | .local' |
		sed 's/.*://'
}

# lose PORT: the router drops all from and to that port, in silence
lose()
{
	r nft -f - <<-EOT
	table inet lose {
		chain f {
			type filter hook forward priority -10;
			tcp sport $1 drop
			tcp dport $1 drop
		}
	}
	EOT
}
found() { r nft delete table inet lose; }

moved() { [ -n "$(port)" ] && [ "$(port)" != "$1" ]; }

# ---- a way that is lost -----------------------------------------------------

check 'tunnels' proxy
app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
old=$(port)
capture wire "$C" eth0 "tcp and host $S4"
tcpdump=$!
check 'the router forgets the flow' lose "$old"
check 'another flow from another port' wait_for 10 moved "$old"
check 'the conversation goes on' goes_on
check 'from the same socket' kill -0 "$app"
check 'the old flow goes' wait_for 30 flows_are "$C" 1
check 'it is counted as replaced' ended_are "$C" t replaced=1
stop "$tcpdump"
captured wire -t > "$tmp/wire.txt"
syn=$(grep -n -m 1 'Flags \[S\]' "$tmp/wire.txt" | cut -d : -f 1)
end=$(grep -n -m 1 "\.$old > .*Flags \[[FR]" "$tmp/wire.txt" | cut -d : -f 1)
probe=$(grep -n -m 1 "\.$old > .*Flags \[\.\],.* length 0" "$tmp/wire.txt" | cut -d : -f 1)
check 'probed first, then dialled, then closed' \
	[ "${probe:-999999}" -lt "${syn:-0}" ] && [ "${syn:-999999}" -lt "${end:-0}" ]
check 'found again' found

# ---- an outage --------------------------------------------------------------

lose 4567
check 'no way at all' wait_for 20 eval \
	'[ "$(flows "$C" "map(select(.state == \"syn-sent\")) | length")" -gt 0 ]'
found
check 'after the outage it goes on' goes_on
check 'and settles on one flow' wait_for 30 flows_are "$C" 1 established
stop "$app"
check 'nothing was corrupted' grep -q ' corrupted=0' "$tmp/app"
check 'no datagram came twice' grep -q ' duplicates=0' "$tmp/app"
check 'delete both' proxy_gone

# ---- no place for another flow ------------------------------------------------

check 'tunnels' proxy max-flows 1
app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
old=$(port)
check 'the router forgets the flow' lose "$old"
check 'it gives its place to another one' wait_for 20 moved "$old"
check 'it is counted as dead' ended_are "$C" t dead=1
check 'the conversation goes on' goes_on
stop "$app"
check 'found again' found
check 'delete both' proxy_gone

# ---- rotation ---------------------------------------------------------------

# rotates NAME OPTION: many flows one after the other, and nothing is lost
rotates()
{
	local name=$1 result ended

	shift
	check "$name: tunnels" proxy "$@"
	result=$(c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7001 \
		--count 250 --size 1000 --rate 50 --window 100000 --timeout 60 2>&1)
	check "$name: every datagram was answered, once" \
		[ "$(field received "$result")/$(field duplicates "$result")" = 250/0 ]
	check "$name: on several flows" wait_for 10 eval \
		'[ "$(flows "$S" length)" -ge 2 ]'
	check "$name: the old ones close" wait_for 30 flows_are "$C" 1
	check "$name: at the server as well" wait_for 30 flows_are "$S" 1
	check "$name: the counters are the conversation's" [ "$(flows "$C" \
		'.[].stats | "\(.["tx-packets"]) \(.["rx-packets"])"')" = '250 250' ]
	ended=$(ended "$C" t)
	check "$name: they were replaced ($ended)" \
		eval '[[ "$ended" =~ ^replaced=[1-9][0-9]*$ ]]'
	check "$name: and closed at the server" \
		ended_are "$S" t "closed=${ended#replaced=}"
	check "$name: delete both" proxy_gone
}
rotates 'max-age' max-age 1
rotates 'max-bytes' max-bytes 100K
no_invalid_but_lost()
{
	no_invalid "$C" "$S"
}
check 'conntrack of the hosts found everything valid' no_invalid_but_lost

# The end that cannot dial closes, and the other one dials anew.
check 'tunnels' proxy
check 'max-age at the server' s ftcpctl set "${on[@]}" max-age 3
check 'a flow' c udptool send --to 127.0.0.1:1234 --count 3
old=$(port)
check 'it is closed' wait_for 10 flows_are "$C" 0
check 'and counted as that' ended_are "$C" t closed=1
check 'at the server as well' ended_are "$S" t closed=1
check 'and another one made' c udptool send --to 127.0.0.1:1234 --count 3
check 'from another port' moved "$old"
check 'delete both' proxy_gone

# ---- NAT that forgets -------------------------------------------------------

r sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=4
r conntrack -F 2> /dev/null
check 'tunnels' proxy keepalive 1:0.8:9
check 'keepalive is shown' eval 'c ftcpctl show | grep -q "keepalive 1 s, every 0.8 s, 9 probes"'
check 'and in JSON' [ "$(c ftcpctl show --json | jq -c '.[] | [.keepalive, .["keepalive-interval"], .["keepalive-probes"]]')" = '[1,800,9]' ]
check 'a flow' c udptool send --to 127.0.0.1:1234 --count 3
forgotten()
{
	[ "$(flows "$C" '.[]."age-ms"')" -gt 8000 ]
}
check 'idle for twice as long as the router remembers' wait_for 20 forgotten
check 'the entry is still there' ct_state "$R" ESTABLISHED --dport 4567
check 'the flow as well' flows_are "$C" 1 established
check 'delete both' proxy_gone
r sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=432000

# ---- handover ---------------------------------------------------------------

check 'a second address' eval \
	'ip -n "$C" addr add 10.1.0.3/24 dev eth0 && ip -n "$C" addr add 10.1.0.4/24 dev eth0'
check 'tunnels' proxy keepalive 1
app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
source_is() { [ "$(flows "$C" 'map(select(.state == "established")) | min_by(."age-ms") | .local' | sed 's/:.*//')" = "$1" ]; }
check 'from the first address' source_is "$C4"
check 'a route with another source' \
	ip -n "$C" route replace default via "$RC4" src 10.1.0.3
check 'the flow moves there' wait_for 10 source_is 10.1.0.3
check 'the conversation goes on' goes_on
check 'the old flow closes' wait_for 30 flows_are "$C" 1
check 'the address goes' eval 'ip -n "$C" addr del 10.1.0.3/24 dev eth0 &&
	ip -n "$C" route replace default via "$RC4" src 10.1.0.4'
check 'the flow moves again' wait_for 10 source_is 10.1.0.4
check 'the conversation goes on' goes_on
check 'the link goes' ip -n "$C" link set eth0 down
pause 500
check 'and comes back' eval 'ip -n "$C" link set eth0 up &&
	ip -n "$C" route replace default via "$RC4"'
check 'the conversation goes on' goes_on
check 'from the same socket' kill -0 "$app"
stop "$app"
check 'no datagram came twice' grep -q ' duplicates=0' "$tmp/app"
check 'delete both' proxy_gone

check 'tunnels' proxy keepalive 3600 idle 3600
check 'a flow' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000
check 'from the first address' source_is "$C4"
check 'a route with another source' \
	ip -n "$C" route replace default via "$RC4" src 10.1.0.4
check 'the idle flow moves there' wait_for 10 source_is 10.1.0.4
check 'the old one closes' wait_for 10 flows_are "$C" 1
check 'the conversation goes on' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000
check 'as before' ip -n "$C" route replace default via "$RC4"
check 'delete both' proxy_gone

# Of two ways a connection has one, which goes by its addresses and ports; who is not
# bound to them yet may be given the other.  That is no change.
several_ways()
{
	ip link add eth1 netns "$C" type veth peer name c1 netns "$R" &&
		ip -n "$R" addr add fd03::1/64 dev c1 nodad && ip -n "$R" link set c1 up &&
		ip -n "$C" addr replace "$C6/64" dev eth0 nodad &&
		ip -n "$C" addr add fd03::2/64 dev eth1 nodad && ip -n "$C" link set eth1 up &&
		r nft add rule inet router forward iifname c1 accept &&
		c sysctl -qw net.ipv6.fib_multipath_hash_policy=1 &&
		wait_for 10 c ping -q -c 1 -W 1 "$RC6" && wait_for 10 c ping -q -c 1 -W 1 fd03::1 &&
		ip -n "$C" route add fd02::/64 src "$C6" \
			nexthop via "$RC6" dev eth0 nexthop via fd03::1 dev eth1
}
sent() { r nft list table inet sent | sed -n 's/.* packets \([0-9]*\) .*/\1/p'; }
# quiet: none since it was asked before
quiet()
{
	mv -f "$tmp/sent" "$tmp/before"
	sent > "$tmp/sent"
	cmp -s "$tmp/sent" "$tmp/before"
}
witness_at() { flows "$C" '.[] | select(.tunnel == "w" and .state == "established") | .local' | grep -q "^$1:"; }
# witness ADDRESS: another flow moves there when a look finds that it has to
witness()
{
	ip -n "$C" route replace default via "$RC4" src "$1" && wait_for 10 witness_at "$1"
}
check 'several ways' several_ways
check 'tunnels' eval 'proxy keepalive 3600 idle 3600 &&
	ip -n "$C" addr replace 10.1.0.4/24 dev eth0 && c ftcpctl add tunnel w dev ftcp0 \
		listen 127.0.0.1:1235 remote "$S4:4567" keepalive 3600 idle 3600 &&
	c ftcpctl add tunnel v dev ftcp0 listen 127.0.0.1:1236 remote "[$S6]:4567" \
		keepalive 3600 idle 3600'
check 'segments are counted' r nft "add table inet sent { chain f {
	type filter hook forward priority -10; ip6 daddr $S6 tcp dport 4567 counter; }; }"
check 'flows' eval 'c udptool send --to 127.0.0.1:1236 --sockets 40 --count 3 &&
	c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:7001'
check 'both ways are used' eval 'for way in eth0 eth1; do
	[ "$(ip -n "$C" -s -j link show $way | jq ".[0].stats64.tx.packets")" -gt 20 ] || return
	done'
echo > "$tmp/sent"
check 'all is said' wait_for 10 quiet
check 'a look' witness 10.1.0.4
check 'another one' witness "$C4"
check 'and a third' witness 10.1.0.4
check 'no flow was probed' [ "$(sent)" = "$(cat "$tmp/sent")" ]
check 'delete both' proxy_gone
check 'as before' eval 'ip -n "$C" link del eth1 && r nft delete table inet sent &&
	ip -n "$C" route replace default via "$RC4"'

# ---- a peer that moves ------------------------------------------------------

check 'links' eval 'add_link "$C" && add_link "$S"'
check 'servers' eval 's ftcpctl add tunnel a dev ftcp0 port 4001 forward 127.0.0.1:5555 &&
	s ftcpctl add tunnel b dev ftcp0 port 4002 forward 127.0.0.1:5555'
check 'a client' c ftcpctl add "${on[@]}" listen 127.0.0.1:1234 remote "$S4:4001"
app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
check 'the peer moves' c ftcpctl set peer remote "${on[@]}" endpoint "$S4:4002"
check 'the flow follows' wait_for 10 eval \
	'[ "$(flows "$S" "map(select(.tunnel == \"b\" and .state == \"established\")) | length")" = 1 ]'
check 'the conversation goes on' goes_on
check 'the old flow closes' wait_for 30 flows_are "$C" 1
stop "$app"
result=$(cat "$tmp/app")
check 'nothing was lost' \
	[ $(($(field sent "$result") - $(field received "$result"))) -le 5 ]

# What waits when the flow is replaced leaves by the new one.  A young connection has
# no more than its first window on the way until it is acknowledged, or for a second:
# a machine that is too slow for that finds nothing waiting any more.
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
waits_and_moves()
{
	c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7002 --count 100 \
		--size 1000 --oneway && wait_for 10 moved none &&
		c ftcpctl set peer remote "${on[@]}" endpoint "$S4:4002"
}
arrived() { s ftcpctl show --json | jq '.[] | select(.tunnel == "b") | .stats["rx-packets"]'; }
check 'begin anew' eval 'ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up &&
	c ftcpctl set peer remote "${on[@]}" endpoint "$S4:4001" &&
	c ftcpctl set "${on[@]}" queue 100 && wait_for 10 flows_are "$S" 0'
check 'nothing but the handshake gets through there' r nft add table inet deaf "{ chain f {
	type filter hook forward priority -10; tcp dport 4001 tcp flags & syn != syn drop; }; }"
before=$(arrived) began=$(now_ms)
check 'datagrams, and then the peer moves' waits_and_moves
took=$(($(now_ms) - began))
if [ "$took" -lt 900 ]; then
	check 'what waited arrives there' wait_for 10 eval \
		'[ "$(arrived)" = $((before + 36)) ]'
else
	skip 'what waited arrives there' "this machine took $took ms to move the peer"
fi
check 'as before' eval 'r nft delete table inet deaf && c ftcpctl set "${on[@]}" queue 64 &&
	ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up'

# A replacement that is being dialled when the peer moves: the old flow goes on.
syn_sent_to()
{
	[ "$(flows "$C" 'map(select(.state == "syn-sent")) | .[].remote')" = "$1" ]
}
check 'replaced when a second old' c ftcpctl set "${on[@]}" max-age 1
check 'that is for new flows' eval \
	'ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up'
app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
check 'no handshake gets through' r nft add table inet silence "{ chain f {
	type filter hook forward priority -10; tcp flags & (syn | ack) == syn drop; }; }"
check 'a replacement is dialled' wait_for 10 syn_sent_to "$S4:4002"
check 'no more of them' c ftcpctl set "${on[@]}" max-age off
old=$(port)
check 'the peer moves back' c ftcpctl set peer remote "${on[@]}" endpoint "$S4:4001"
check 'another one is dialled there' wait_for 2 syn_sent_to "$S4:4001"
check 'the conversation goes on' goes_on
check 'on the old flow' [ "$(port)" = "$old" ]
check 'handshakes get through' r nft delete table inet silence
check 'the flow follows' wait_for 10 eval \
	'[ "$(flows "$S" "map(select(.tunnel == \"a\" and .state == \"established\")) | length")" = 1 ]'
check 'the conversation goes on' goes_on
check 'the old flows close' wait_for 30 flows_are "$C" 1
stop "$app"

app 100000 50
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
check 'an endpoint that does not answer' c ftcpctl set peer remote "${on[@]}" endpoint 10.1.0.99:1
check 'the flow does not go on to the old one' wait_for 30 eval \
	'[ "$(flows "$S" "map(select(.state == \"established\")) | length")" = 0 ]'
check 'the peer is back' c ftcpctl set peer remote "${on[@]}" endpoint "$S4:4001"
check 'the conversation goes on' wait_for 20 eval \
	'[ "$(flows "$S" "map(select(.tunnel == \"a\" and .state == \"established\")) | length")" = 1 ]'
stop "$app"
check 'delete both' proxy_gone

# ---- refusals ---------------------------------------------------------------

check 'a link' add_link "$C"
add=(c ftcpctl add "${on[@]}" listen 127.0.0.1:1234 remote "$S4:4567")
for bad in 1: 1:x 1:0.1234 1:.5 1:1: 1:1:x x 1:1:1:1 :1; do
	check_fails "keepalive $bad" "${add[@]}" keepalive "$bad"
done
check_refused 'an interval of 0' '10.*3600000|range' "${add[@]}" keepalive 1:0
check_refused 'too many probes' '100|range' "${add[@]}" keepalive 1:1:101
check_refused 'too old' '2678400|range' "${add[@]}" max-age 2678401
for bad in x 1KB -1 99999999999999T; do
	check_fails "max-bytes $bad" "${add[@]}" max-bytes "$bad"
done
check 'nothing is there' [ "$(c ftcpctl show --json | jq length)" = 0 ]
check 'what is set is shown' eval '"${add[@]}" keepalive off max-age 5 max-bytes 1G &&
	c ftcpctl show | grep -q "keepalive off, max-age 5 s, max-bytes 1073741824"'
check 'and can be turned off' eval 'c ftcpctl set "${on[@]}" max-age off max-bytes off keepalive 7 &&
	c ftcpctl show | grep -q "keepalive 7 s, queue"'
check '0 is off' eval 'c ftcpctl set "${on[@]}" max-age 0 max-bytes 0 keepalive 0 &&
	c ftcpctl show | grep -q "keepalive off, queue"'
check 'delete it' ip -n "$C" link del ftcp0

module_memory_back
finish
