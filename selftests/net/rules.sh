#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Routed tunnels as ftcpctl(8) sets them up: `add rules' steers a service's
# datagrams into the links, on both hosts, for IPv4 and IPv6; `del rules' ends
# that; what ftcpctl shows meanwhile.
#
#   udptool send --> server:5555, steered by dport =(TCP)=> server
#   udptool send <-- steered by sport             <=(TCP)=  server:5555 echo

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful

# Strict reverse-path filtering must not mind where datagrams come from
for ns in "$C" "$S"; do
	in_ns "$ns" sysctl -qw net.ipv4.conf.all.rp_filter=1
	ip -n "$ns" link add ftcp0 type faketcp
done
ip -n "$S" link set ftcp0 up

t=(tunnel wg dev ftcp0)
background events "$C" ftcpctl monitor --json
monitor_pid=$!

check 'a routed tunnel with a port' s ftcpctl add "${t[@]}" routed port 5555
check 'the version is told, and that of the module' eval \
	's ftcpctl --version | grep -q "^module [0-9]"'
check 'anybody may dial in' s ftcpctl set peer any "${t[@]}" endpoint none \
	allowed-ips 0.0.0.0/0,::/0
check 'steer what the service sends' s ftcpctl add rules "${t[@]}" sport 5555
# Until the events arrive, the tunnel is set up again
tunnel_seen()
{
	c ftcpctl del "${t[@]}"
	c ftcpctl add "${t[@]}" routed
	grep -q '"tunnel-add"' "$tmp/events"
}
check 'a routed tunnel without port, announced' wait_for 10 tunnel_seen
check 'a peer where the datagrams go' c ftcpctl set peer server "${t[@]}" \
	endpoint same allowed-ips "$S4,$S6"
# More than one message of a list holds
ranges=$(printf ',10.9.%d.0/24' {0..255}; printf ',fd09:%x::/32' {1..500})
all_ranges()
{
	c ftcpctl set peer many "${t[@]}" allowed-ips "${ranges#,}" &&
		c ftcpctl show peers --json > "$tmp/peers" &&
		python3 -c '
import json, sys
peers = json.load(open(sys.argv[1]))
assert [p["peer"] for p in peers] == ["server", "many"], peers
assert set(peers[1]["allowed-ips"]) == set(sys.argv[2].split(","))
assert len(peers[1]["allowed-ips"]) == 756' "$tmp/peers" "${ranges#,}" &&
		c ftcpctl del peer many "${t[@]}"
}
check 'a peer with hundreds of ranges' all_ranges
check_refused 'a tunnel without port steers nothing of itself' 'has no port' \
	c ftcpctl add rules "${t[@]}"
check_refused 'a link that is down' 'link ftcp0 is down' \
	c ftcpctl add rules "${t[@]}" dport 5555

has_mark()
{
	c ftcpctl show --json | grep -q "\"fwmark\":$1,"
}
check 'the refusal has left the mark alone' has_mark 0
ip -n "$C" link set ftcp0 up

# What is refused for one family changes nothing for the other
installed()
{
	local f

	for f in -4 -6; do
		c ip $f rule
		c ip $f route show table 77
	done
}
c ip -6 route add default via "$RC6" dev eth0 table 77
before=$(installed)
check_refused 'a table that is in use for IPv6' \
	'table 77 has an IPv6 default route of its own' \
	c ftcpctl add rules "${t[@]}" dport 5555 table 77
check 'nothing was installed for IPv4' [ "$(installed)" = "$before" ]
check 'nor has the tunnel a mark' has_mark 0
# ... and what was there before stays
c ip -6 route del default table 77
check 'IPv4 alone' c ftcpctl add rules "${t[@]}" dport 5555 table 77 -4
c ip -6 route add default via "$RC6" dev eth0 table 77
before=$(installed)
check_refused 'then IPv6' 'table 77 has an IPv6 default route' \
	c ftcpctl add rules "${t[@]}" sport 6666 dport 5555 table 77
check 'only what was added is taken back' [ "$(installed)" = "$before" ]
check 'the mark stays' has_mark 536870912
c ip -6 route del default table 77
check 'remove them' c ftcpctl del rules "${t[@]}" table 77
check 'and the mark' c ftcpctl set "${t[@]}" fwmark off

check 'steer what is sent to the service' c ftcpctl add rules "${t[@]}" dport 5555
check 'the tunnel has a mark against loops' has_mark 536870912
check 'again: nothing to do' c ftcpctl add rules "${t[@]}" dport 5555

count_rules()
{
	[ "$(c ftcpctl del rules "${t[@]}" --dry-run | grep -c ' rule del ')" -eq "$1" ]
}
check 'one rule for each family' count_rules 2

server echo "$S" echo --bind "$S4:5555" --bind "[$S6]:5555"
carried()
{
	check "$1: IPv4" c udptool send --to "$S4:5555" --size 1000 --count 100 --window 10
	check "$1: IPv6" c udptool send --to "[$S6]:5555" --size 1000 --count 100 --window 10
}
carried 'steered by rules'

flow_shown()
{
	list=$(in_ns "$1" ftcpctl show flows "${t[@]}")
	echo "$list"
	[ "$(grep -c established <<< "$list")" -eq 2 ]
}
check 'the client shows two flows' flow_shown "$C"
check 'the server shows two flows' flow_shown "$S"
check 'they were announced' [ "$(grep -c '"flow-add"' "$tmp/events")" -eq 2 ]

check 'remove the rules' c ftcpctl del rules "${t[@]}"
check 'only for programs of this host' c ftcpctl add rules "${t[@]}" dport 5555 local-only
carried 'only for programs of this host'

# A link that goes down takes the routes with it
ip -n "$C" link set ftcp0 down
ip -n "$C" link set ftcp0 up
check 'the link was down: steer again' c ftcpctl add rules "${t[@]}" dport 5555 local-only
carried 'after the link was down'
assert_no_udp
assert_no_invalid

check 'no rules' c ftcpctl del rules "${t[@]}"
check 'none is left' count_rules 0
check 'no way without them' \
	c udptool send --to "$S4:5555" --oneway --lossy --count 3
check 'the router has seen UDP now' [ "$(counter "$R" router seen-udp)" -gt 0 ]

flows()
{
	c ftcpctl show flows "$@" | tail -n +2
}
close_flows()
{
	flows | while read -r local remote rest; do
		c ftcpctl del flow local "$local" remote "$remote" dev ftcp0 || exit
	done
}
check 'close the flows' close_flows
check 'they are gone' wait_for 10 eval '[ -z "$(flows)" ]'
same_number()
{
	[ "$(grep -c flow-add "$tmp/events")" -eq "$(grep -c flow-del "$tmp/events")" ]
}
check 'as many ends were announced as beginnings' wait_for 10 same_number
stop "$monitor_pid"
check 'each event is an object of JSON' python3 -c '
import json, sys
for line in open(sys.argv[1]):
    assert json.loads(line)["link"] == "ftcp0"' "$tmp/events"

check 'the server: rules go when tunnel and link have gone' s sh -c \
	'ftcpctl del tunnel wg dev ftcp0 && ip link del ftcp0 &&
	 ftcpctl del rules tunnel wg dev ftcp0'
ip -n "$C" link del ftcp0
module_memory_back
finish
