#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Peers: thousands of them on one tunnel, and ranges that move between them, and come
# and go, while datagrams look for their peer.
#
#   udptool send -> 100.64.0.0/10, routed into ftcp0 =(TCP)=> server, forward -> echo

. "$(dirname "$0")/../lib.sh"

readonly many=${PEERS:-10000}

start
module_load
topology
check 'a server' eval 'add_link "$S" &&
	s ftcpctl add tunnel srv dev ftcp0 port 4001 forward 127.0.0.1:5555 &&
	s ftcpctl set tunnel srv dev ftcp0 unreachable ignore'
server echo "$S" echo --bind 127.0.0.1:5555
add_link "$C"
t=(tunnel lan dev ftcp0)
check 'a routed tunnel' c ftcpctl add "${t[@]}" routed
c ip route add 100.64.0.0/10 dev ftcp0

# is GOT WANTED
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# ---- thousands ----

# address N; not for thousands of them, each of which would be a process
address() { echo "100.$((64 + $1 / 65536)).$(($1 / 256 % 256)).$(($1 % 256))"; }
commands()
{
	awk -v n="$many" -v words="${t[*]} endpoint $S4:4001" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "set peer p%d %s allowed-ips 100.%d.%d.%d/32\n", i,
				words, 64 + int(i / 65536), int(i / 256) % 256,
				i % 256
	}'
}
commands > "$tmp/commands"
check "$many peers are added" c ftcpctl -batch "$tmp/commands"
c ftcpctl show peers --json > "$tmp/peers"
all_there()
{
	python3 -c '
import json, sys
peers = json.load(open(sys.argv[1]))
n = int(sys.argv[2])
assert [p["peer"] for p in peers] == [f"p{i}" for i in range(n)], len(peers)
assert all(len(p["allowed-ips"]) == 1 for p in peers)
assert len(set(p["allowed-ips"][0] for p in peers)) == n' "$tmp/peers" "$many"
}
check 'they are listed, once each' all_there
# peer_of ADDRESS: of the conversation with it
peer_of()
{
	flows "$C" "[.[] | select(.\"inner-remote\" == \"$1:7000\") | .peer] |
		unique | .[]" | xargs
}
for i in 0 1 $((many / 2)) $((many - 1)); do
	check "a datagram to $(address $i)" c udptool send --to "$(address $i):7000"
	check '... goes to its peer' is "$(peer_of "$(address $i)")" "p$i"
done
check_fails 'one to nobody' c udptool send --to 100.127.0.1:7000 --timeout 1
check 'one of them is changed' c ftcpctl set peer "p$((many / 2))" "${t[@]}" \
	allowed-ips 100.127.0.0/16
check '... and found' c udptool send --to 100.127.0.1:7000
check '... as that' is "$(peer_of 100.127.0.1)" "p$((many / 2))"
check 'another of its name on another tunnel' eval \
	'c ftcpctl add tunnel two dev ftcp0 routed port 7777 &&
	 c ftcpctl set peer p0 tunnel two dev ftcp0 allowed-ips 100.64.0.0/32 &&
	 c ftcpctl del peer p0 tunnel two dev ftcp0 &&
	 c ftcpctl del tunnel two dev ftcp0'
check '... was not taken for this one' is "$(c ftcpctl show peers "${t[@]}" --json |
	jq length)" "$many"
sed 's/^set/del/; s/endpoint.*//' "$tmp/commands" | tail -n +2 > "$tmp/deletions"
check 'all but one are deleted' c ftcpctl -batch "$tmp/deletions"
check '... and gone' is "$(c ftcpctl show peers "${t[@]}" --json |
	jq -c 'map(.peer)')" '["p0"]'
check 'the tunnel is deleted' c ftcpctl del "${t[@]}"

# ---- as many, with whole packets behind them ----

packets=(tunnel ip dev ftcp1)
check 'a tunnel of mode ip' eval 'add_link "$C" ftcp1 && c ftcpctl add "${packets[@]}" ip &&
	c ip route add 100.128.0.0/9 dev ftcp1'
sed "s/tunnel lan dev ftcp0.* allowed-ips 100\\.[0-9]*/${packets[*]} allowed-ips 100.128/" \
	"$tmp/commands" > "$tmp/ip"
check "$many peers are added" c ftcpctl -batch "$tmp/ip"
# unreachable ADDRESS REASON: a packet gets nowhere, for that reason
unreachable()
{
	local before

	before=$(drops "$C" "$2")
	c ping -c 1 -W 1 "$1" > "$tmp/ping"
	[ "$(drops "$C" "$2")" -gt "$before" ] || { cat "$tmp/ping"; return 1; }
}
for i in 0 $((many / 2)) $((many - 1)); do
	check "a packet to peer $i" unreachable \
		"100.128.$((i / 256 % 256)).$((i % 256))" no-endpoint
done
check 'one to nobody' unreachable 100.129.0.1 no-peer
check 'they are deleted' ip -n "$C" link del ftcp1

# ---- a range moves ----

ranges() { c ftcpctl show peers --json | jq -c "map({ (.peer): .[\"allowed-ips\"] }) | add"; }
c ftcpctl add "${t[@]}" routed
for peer in a b; do
	c ftcpctl set peer $peer "${t[@]}" endpoint "$S4:4001"
done
c ftcpctl set peer a "${t[@]}" allowed-ips 100.64.0.0/16,100.65.0.0/16,fd64::/16
check 'a range is given to another peer' c ftcpctl set peer b "${t[@]}" \
	allowed-ips 100.65.0.0/16,fd64::/16,100.66.0.0/16
check '... and is the other one'\''s' is "$(ranges)" \
	'{"a":["100.64.0.0/16"],"b":["100.65.0.0/16","fd64::/16","100.66.0.0/16"]}'
check '... who has its datagrams' c udptool send --to 100.65.0.1:7000
check '... by his flow' is "$(peer_of 100.65.0.1)" b
check 'the same range twice' c ftcpctl set peer b "${t[@]}" \
	allowed-ips 100.65.0.0/16,100.65.3.4/16
check '... is there once' is "$(ranges)" \
	'{"a":["100.64.0.0/16"],"b":["100.65.0.0/16"]}'

# Each datagram of a new source looks for its peer.  Ranges move, and longer and
# shorter ones take turns, but at each moment somebody has the address.
lists=(100.64.0.0/16 100.64.0.0/24 100.64.0.1,100.64.128.0/17 0.0.0.0/0
       100.64.0.0/30,100.64.0.0/31,::/0 100.0.0.0/8,100.64.0.0/16)
change()
{
	local i=0

	while [ ! -e "$tmp/stop" ]; do
		c ftcpctl set peer $((i % 2 ? 1 : 2)) "${t[@]}" \
			allowed-ips "${lists[i++ % ${#lists[@]}]}" || return
	done
	echo "$i"
}
dropped() { ip -n "$C" -s -j link show ftcp0 | jq '.[0].stats64.tx.dropped'; }
for peer in 1 2; do
	c ftcpctl set peer $peer "${t[@]}" endpoint "$S4:4001" allowed-ips 100.64.0.0/16
done
before=$(dropped)
change > "$tmp/changes" 2>&1 &
pid=$!
for round in {1..10}; do
	check "datagrams while ranges move, $round" \
		c udptool send --to 100.64.0.1:7000 --sockets 100 --count 1
done
touch "$tmp/stop"
wait $pid
status=$?
check 'the ranges could be changed' [ $status -eq 0 ]
diag "$(cat "$tmp/changes") changes"
check 'somebody had each datagram' is "$(dropped)" "$before"
# Whoever had it meanwhile, which a slow machine leaves to chance.
for peer in 1 2; do
	check "peer $peer gets it, and a datagram" eval \
		'c ftcpctl set peer $peer "${t[@]}" allowed-ips 100.64.0.1 &&
		 c udptool send --to 100.64.0.1:7000 --count 1'
done
both() { flows "$C" '[.[].peer] | unique | join(" ")' | grep -w 1 | grep -w 2; }
check 'one and the other' both
c ftcpctl del "${t[@]}"

# ---- who may connect ----

# says_from WORDS...: how the first of the server's peers is shown
says_from()
{
	s ftcpctl show peers "$@" --json | jq -c '.[0] | [."from-kind", .from]'
}
c ftcpctl add tunnel cli dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4001"
knock() { c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:1299 --timeout 3; }
srv=(tunnel srv dev ftcp0)
check 'forward: anybody may connect' is "$(says_from "${srv[@]}")" \
	'["list",["0.0.0.0/0","::/0"]]'
check '... and does' knock
refused=$(drops "$S" no-peer)
check 'forward: somebody else may' s ftcpctl set peer any "${srv[@]}" from 192.0.2.0/24
check '... and is shown' is "$(says_from "${srv[@]}")" '["list",["192.0.2.0/24"]]'
check 'who is connected stays so' knock
check_fails 'a new connection is refused' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:1300 --timeout 2
check '... and counted' [ "$(drops "$S" no-peer)" -gt "$refused" ]
check 'forward: nobody may' s ftcpctl set peer any "${srv[@]}" from none
check '... and that is shown' is "$(says_from "${srv[@]}")" '["list",[]]'
check_fails 'nobody can' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:1301 --timeout 2
check 'forward: a peer for one client' s ftcpctl set peer client "${srv[@]}" from "$C4"
c ftcpctl del tunnel cli dev ftcp0
c ftcpctl add tunnel cli dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4001"
check '... may connect' knock
check '... as that peer' is "$(flows "$S" '[.[].peer] | unique | last')" client

s ftcpctl del "${srv[@]}"
srv=(tunnel r dev ftcp0)
s ftcpctl add "${srv[@]}" routed port 4001
check 'routed: a peer with allowed-ips alone' s ftcpctl set peer one "${srv[@]}" \
	allowed-ips "$C4"
check '... lets those connect' is "$(says_from "${srv[@]}")" '["allowed-ips",[]]'
accepted_as() { [ "$(flows "$S" '[.[].peer] | unique | join(" ")')" = "$1" ]; }
# who NAME: as which peer a new connection is accepted
who()
{
	c ftcpctl del tunnel cli dev ftcp0
	c ftcpctl add tunnel cli dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4001" ||
		return
	c udptool send --to 127.0.0.1:1234 --oneway --lossy
	eventually 5 accepted_as "$1"
}
check '... as that peer' who one
none() { who ''; }
check 'routed: from none' s ftcpctl set peer one "${srv[@]}" from none
check '... nobody, though it is behind the peer' none
check 'routed: a list beside' s ftcpctl set peer two "${srv[@]}" from 10.0.0.0/8
check '... says who it is' who two
check 'routed: the longer of both' s ftcpctl set peer one "${srv[@]}" from allowed-ips
check '... is that of allowed-ips' who one
check 'routed: of two equal ones' s ftcpctl set peer two "${srv[@]}" from "$C4"
check '... the list' who two
ip -n "$C" link del ftcp0
ip -n "$S" link del ftcp0
module_memory_back
finish
