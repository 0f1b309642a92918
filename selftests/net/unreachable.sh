#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An application hears what plain UDP would have told it: that nobody takes its
# datagrams at the other end, that its conversation was cut, that nobody is there.
# Once, and not because a stranger says so.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'tunnels' proxy keepalive off
check '... over IPv6 as well' eval \
	'c ftcpctl add tunnel t6 dev ftcp0 listen "[::1]:1234" \
		remote "[$S6]:4568" keepalive off &&
	 s ftcpctl add tunnel t6 dev ftcp0 port 4568 forward "[::1]:5555"'
check '... to a service on another host' s ftcpctl add tunnel far dev ftcp0 \
	port 4569 forward "$RS4:6000"
check '...' c ftcpctl add tunnel far dev ftcp0 listen 127.0.0.1:1235 \
	remote "$S4:4569" keepalive off

errors='icmp[0] == 3 or icmp6[0] == 1'
capture errors "$C" lo "$errors"
tcpdump=$!

# errors_to PORT: how many ICMP errors quote a datagram from there; its ports are
# behind the IP header that is quoted behind 8 bytes of ICMP
errors_to()
{
	captured_count errors "icmp[28:2] == $1 or ip6[88:2] == $1"
}
told_once()
{
	[ "$(errors_to "$1")" = 1 ] || { captured errors -v; return 1; }
}

# ---- Nobody listens at the target ----

background told "$S" ftcpctl monitor --json
monitor=$!
check 'it is the default' [ "$(s ftcpctl show tunnel t --json |
	jq -r '.[0].unreachable')" = close ]
app closed "$C" 127.0.0.1 1234 7001
check 'a closed port: ECONNREFUSED' eventually 10 says closed ECONNREFUSED
check '... no flow is left' eval 'wait_for 5 flows_are "$C" 0 && wait_for 5 flows_are "$S" 0'
check '... it was told once' told_once 7001
check '... the server tells why' ended_are "$S" t unreachable=1
check '... and the client' ended_are "$C" t reset=1
app closed6 "$C" ::1 1234 7002
check 'IPv6: a closed port: ECONNREFUSED' eventually 10 says closed6 ECONNREFUSED
check '... no flow is left' eval 'wait_for 5 flows_are "$C" 0 && wait_for 5 flows_are "$S" 0'
check '... it was told once' told_once 7002
app closed-far "$C" 127.0.0.1 1235 7003
check 'on another host: ECONNREFUSED' eventually 10 says closed-far ECONNREFUSED
check '... it was told once' told_once 7003

# Whoever keeps a list of flows by what is told has none left.
told_flows() { jq -r 'select(.event | startswith("flow-")) | "\(.event) \(.remote)"' "$tmp/told"; }
told_in_order()
{
	told_flows | awk '$1 == "flow-add" { n++; added[$2]++ }
		$1 == "flow-del" && !added[$2]-- { print "not added:", $2; bad = 1 }
		END { for (f in added) if (added[f]) { print "not ended:", f; bad = 1 }
			exit bad || n < 3 }'
}
check 'the server told of each flow that it began, and then that it ended' \
	eventually 10 told_in_order
stop "$monitor"

check 'not of interest' eval 's ftcpctl set tunnel t dev ftcp0 unreachable ignore &&
	s ftcpctl set tunnel t6 dev ftcp0 unreachable ignore'
check 'shown' eval 's ftcpctl show tunnel t | grep -q "unreachable ignore"'
# to itself
icmp_errors() { s awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp; }
before=$(icmp_errors)
c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7004 --count 5 --rate 20 \
	--oneway --lossy > "$tmp/ignored"
check 'the target answers' wait_for 5 eval '[ "$(icmp_errors)" -gt "$before" ]'
check 'ignored: no error' [ "$(field refused "$(cat "$tmp/ignored")")" = 0 ]
check 'ignored: the flow stays' eval 'flows_are "$S" 1 established'
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555'
check 'and works when somebody listens' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7004 --count 5
check 'close again' eval 's ftcpctl set tunnel t dev ftcp0 unreachable close &&
	s ftcpctl set tunnel t6 dev ftcp0 unreachable close'

# ---- Forged ----

server far "$R" echo --bind "$RS4:6000"
check 'a flow to the other host' c udptool send --to 127.0.0.1:1235 \
	--from 127.0.0.1:7005 --count 3
flow=$(flows "$S" '.[] | select(.tunnel == "far") | .["inner-remote"]')
refused() { s ftcpctl show tunnel far --json | jq '.[0].drops.icmp'; }
# forge NAMESPACE SOURCE: an error about a datagram of the flow
forge()
{
	in_ns "$1" tcpraw send --from "$flow" --to "$RS4:6000" --via "$2" \
		--icmp 3,3,0 --flags PA --udp
}
check 'an error that is not from the target' forge "$C" "$C4"
check '... is refused' wait_for 5 eval '[ "$(refused)" = 1 ]'
old() { [ "$(flows "$S" '.[] | select(.tunnel == "far") | .["rx-age-ms"]')" -gt 3000 ]; }
check 'some time after the last datagram' wait_for 10 old
check 'an error from the target' forge "$R" "$RS4"
check '... is refused' wait_for 5 eval '[ "$(refused)" = 2 ]'
check 'the flow stays' eval '[ "$(flows "$S" ".[] | select(.tunnel == \"far\") | .state")" = established ]'
check 'a datagram' c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:7005
check 'an error about it' forge "$R" "$RS4"
check '... is believed' wait_for 5 eval '[ -z "$(flows "$S" ".[] | select(.tunnel == \"far\")")" ]'

# ---- The far end cuts the connection ----

app reset "$C" 127.0.0.1 1234 7006
app reset6 "$C" ::1 1234 7007
check 'two conversations' eval 'wait_for 10 says reset heard && wait_for 10 says reset6 heard'
check 'no error so far' [ $(($(errors_to 7006) + $(errors_to 7007))) = 0 ]
check 'the server goes' eval 's ftcpctl del tunnel t dev ftcp0 && s ftcpctl del tunnel t6 dev ftcp0'
check 'reset: ECONNREFUSED' eventually 10 says reset ECONNREFUSED
check 'IPv6: reset: ECONNREFUSED' eventually 10 says reset6 ECONNREFUSED
check '... told once' told_once 7006
check 'IPv6: ... told once' told_once 7007

# ---- A connection that was forgotten is no news of the service: no error ----

# server_says END ARGUMENTS...: forged, in the server's name, to a flow's local end
server_says() { r tcpraw send --from "$S4:4567" --to "$1" "${@:2}"; }
# flow_of PORT: the local end of the flow of an application of the client
flow_of()
{
	flows "$C" ".[] | select(.[\"inner-local\"] | endswith(\":$1\")) | .local" |
		grep .
}
state_of() { flows "$C" ".[] | select(.local == \"$1\") | .state"; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }
moved() { local at; at=$(flow_of "$1") && [ "$at" != "$2" ]; }
poke() { kill -USR1 "$1"; }
hears() { eventually 10 says "$1" heard "$2"; }
remotes() { flows "$S" '.[] | select(.tunnel == "t") | .remote'; }
# new_since REMOTES: how many the server has that are not among these
new_since() { remotes | grep -vcxF "$1"; }
conntrack_forgets() { r conntrack -F; }

check 'the server comes back' s ftcpctl add tunnel t dev ftcp0 port 4567 \
	forward 127.0.0.1:5555
check '... with nothing else' eval 's ftcpctl del tunnel far dev ftcp0 &&
	c ftcpctl del tunnel far dev ftcp0 && wait_for 10 flows_are "$C" 0'

# A NAT takes the next segment into a new connection, with another port.
r nft -f - <<-EOT
table inet nat {
	chain n {
		type nat hook postrouting priority 100;
		oifname s0 tcp dport 4567 masquerade random
	}
}
EOT
r sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=1
app nat "$C" 127.0.0.1 1234 7011
app=$!
check 'NAT: a conversation' hears nat 1
old=$(flow_of 7011)
check 'NAT: it forgets' conntrack_forgets
poke $app
check 'NAT: another flow' eventually 10 moved 7011 "$old"
poke $app
check 'NAT: it works' hears nat 2
check 'NAT: the application heard nothing else' [ "$(errors_to 7011)" = 0 ]
check 'NAT: the flow was reset' eval '[[ "$(ended "$C" t)" == *reset=* ]]'
stop $app
r nft delete table inet nat
r sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=0

# A firewall rejects what it does not know.
r nft -f - <<-EOT
table inet firewall {
	chain f {
		type filter hook forward priority 10;
		tcp dport 4567 ct state invalid reject with tcp reset
	}
}
EOT
app firewall "$C" 127.0.0.1 1234 7012
app=$!
check 'firewall: a conversation' hears firewall 1
old=$(flow_of 7012)
check 'firewall: it forgets' conntrack_forgets
poke $app
check 'firewall: another flow' eventually 10 moved 7012 "$old"
poke $app
check 'firewall: it works' hears firewall 2
check 'firewall: the application heard nothing else' [ "$(errors_to 7012)" = 0 ]
stop $app
r nft delete table inet firewall

# The server forgets in silence; and comes back, or not.
forget()
{
	r nft add table inet silence '{ chain f {
			type filter hook forward priority -10; policy drop; }; }' &&
		s ftcpctl del tunnel t dev ftcp0 &&
		{ [ $# = 0 ] || s ftcpctl add tunnel t dev ftcp0 "$@"; } &&
		r nft delete table inet silence
}
app forgot "$C" 127.0.0.1 1234 7013
app=$!
check 'server: a conversation' hears forgot 1
old=$(flow_of 7013)
check 'server: it forgets' forget port 4567 forward 127.0.0.1:5555
poke $app
check 'server: another flow' eventually 10 moved 7013 "$old"
poke $app
check 'server: it works' hears forgot 2
check 'server: the application heard nothing else' [ "$(errors_to 7013)" = 0 ]
check 'server: it goes' forget
poke $app
check 'server: ECONNREFUSED' eventually 10 says forgot ECONNREFUSED
check '... told once' told_once 7013
check 'the server comes back' s ftcpctl add tunnel t dev ftcp0 port 4567 \
	forward 127.0.0.1:5555

# While the far end is silent another connection is being dialled; then, late, comes
# the end of the first.
standby()
{
	local name=$1 port=$2 app old seq ack tcpdump

	shift 2
	check "$name: nothing else" eval 'c ftcpctl del tunnel t dev ftcp0 &&
		c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
			remote "$S4:4567" keepalive 1 && wait_for 10 flows_are "$C" 0'
	capture numbers "$R" c0 "tcp port 4567 and ip[2:2] > 40"
	tcpdump=$!
	app "$name" "$C" 127.0.0.1 1234 "$port"
	app=$!
	check "$name: a conversation" hears "$name" 1
	old=$(flow_of "$port")
	wait_for 10 eval '[ "$(captured_count numbers "src $S4")" = 1 ]'
	seq=$(captured numbers -S "src $S4" |
		sed -n 's/.*seq [0-9]*:\([0-9]*\),.*/\1/p')
	ack=$(captured numbers -S "src $C4" |
		sed -n 's/.*seq [0-9]*:\([0-9]*\),.*/\1/p')
	stop "$tcpdump"
	check "$name: silence" r nft add table inet silence \
		'{ chain f { type filter hook forward priority -10; policy drop; }; }'
	before=$(remotes)
	poke $app
	check "$name: another is being dialled" wait_for 10 flows_are "$C" 1 syn-sent
	check "$name: the end" server_says "$old" --seq "$seq" --ack "$ack" "$@"
	check "$name: the old one is gone" wait_for 10 eval \
		'! state_is "$old" established'
	check "$name: the other has the conversation" moved "$port" "$old"
	poke $app
	check "$name: and is alone" flows_are "$C" 1 syn-sent
	check "$name: sound again" r nft delete table inet silence
	check "$name: what was said meanwhile is answered" hears "$name" 2
	check "$name: one new connection" [ "$(new_since "$before")" = 1 ]
	check "$name: the application heard nothing else" [ "$(errors_to "$port")" = 0 ]
	stop $app
}
standby 'RST' 7014 --flags R
standby 'RST and ACK' 7015 --flags RA
standby 'FIN' 7016 --flags FA

# ---- The far end is closed in order: no error ----

check 'begin anew' eval 'c ftcpctl del tunnel t dev ftcp0 &&
	s ftcpctl del tunnel t dev ftcp0 &&
	s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
	c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567" \
		keepalive off && wait_for 10 flows_are "$C" 0'
app fin "$C" 127.0.0.1 1234 7008
check 'a conversation' wait_for 10 says fin heard
ends=$(flows "$S" '.[] | select(.tunnel == "t") | .local + " remote " + .remote')
check 'the server closes it' eval "s ftcpctl del flow local $ends dev ftcp0"
check 'no flow is left' wait_for 10 eval \
	'[ -z "$(flows "$C" ".[] | select(.tunnel == \"t\")")" ]'
check 'closed in order: no error' [ "$(errors_to 7008)" = 0 ]

# ---- The far end is dead ----

check 'probes' c ftcpctl set tunnel t dev ftcp0 keepalive 1
app dead "$C" 127.0.0.1 1234 7009 talk
check 'a conversation' wait_for 10 says dead heard
check 'silence' r nft add table inet silence \
	'{ chain f { type filter hook forward priority -10; policy drop; }; }'
check 'dead: EHOSTUNREACH' eventually 40 says dead EHOSTUNREACH
check '... told once' told_once 7009

check 'sound again' r nft delete table inet silence
stop "$tcpdump"

# ---- Nobody listens for connections, and the application goes on ----

s ftcpctl del tunnel t dev ftcp0
capture syns "$R" c0 "src $C4 and tcp dst port 4567 and tcp[tcpflags] & tcp-syn != 0"
tcpdump=$!
c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7010 --count 300 --rate 100 \
	--oneway --lossy > "$tmp/refused"
# Each connection is two SYNs, and pauses are 94 ms at least, then doubled, up to 1 s.
check 'it is told' [ "$(field refused "$(cat "$tmp/refused")")" -gt 10 ]
stop "$tcpdump"
syns=$(captured_count syns '')
diag "$syns SYNs"
check 'the server is dialled, but not with each datagram' eval \
	'[ "$syns" -ge 4 ] && [ "$syns" -le 40 ]'
check 'the server comes back' s ftcpctl add tunnel t dev ftcp0 port 4567 \
	forward 127.0.0.1:5555
check 'and is found' wait_for 5 c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7010 --timeout 1

check 'delete the links' proxy_gone
module_memory_back
finish
