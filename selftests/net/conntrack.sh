#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connection tracking on both hosts and between them sees an ordinary TCP
# connection, through NAT and firewalls that let nothing else pass.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful nat
add_link "$C"
add_link "$S"

# Both hosts accept what belongs to a connection; the server, one port.
host_firewall()
{
	in_ns "$1" nft -f - <<-END
	table inet host {
		chain input {
			type filter hook input priority 0; policy drop;
			iif lo accept
			ct state established accept
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			$2
		}
	}
	END
}
host_firewall "$C"
host_firewall "$S" 'tcp dport { 4004, 4006, 4007, 4009, 7000 } accept'
# where one-way traffic ends
s nft add table inet ends
s nft add chain inet ends input '{ type filter hook input priority 10; }'
s nft add rule inet ends input udp dport 5001 counter drop

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# Each change of state is told by the router.  On the hosts it is told with the
# next segment that leaves.
background events "$R" conntrack -E -p tcp
# protocol 12 of netlink is that of netfilter
listening()
{
	r awk '$2 == 12 && $4 != "00000000" { found = 1 }
		END { exit !found }' /proc/net/netlink
}
wait_for 10 listening || bail_out "conntrack -E does not listen"

s ftcpctl add tunnel t4 dev ftcp0 port 4004 forward 127.0.0.1:5555
s ftcpctl add tunnel t6 dev ftcp0 port 4006 forward 127.0.0.1:5555
s ftcpctl add tunnel held dev ftcp0 port 4009 forward 127.0.0.1:5555
c ftcpctl add tunnel held dev ftcp0 listen 127.0.0.1:1009 remote "$S4:4009"
c ftcpctl add tunnel dropped dev ftcp0 listen 127.0.0.1:1010 remote "$S4:4010"
s ftcpctl add tunnel oneway dev ftcp0 port 4007 forward 127.0.0.1:5001
c ftcpctl add tunnel t4 dev ftcp0 listen 127.0.0.1:1004 remote "$S4:4004"
c ftcpctl add tunnel t6 dev ftcp0 listen 127.0.0.1:1006 remote "[$S6]:4006"
c ftcpctl add tunnel oneway dev ftcp0 listen 127.0.0.1:1007 \
	remote "$S4:4007" keepalive 1
c ftcpctl add tunnel phantun dev ftcp0 listen 127.0.0.1:1008 \
	remote "$S4:4007" wire phantun keepalive 1
server echo "$S" echo --bind 127.0.0.1:5555

# states PORT: those that its connection has gone through at the router
states()
{
	grep "dport=$1 " "$tmp/events" | grep -v DESTROY |
		grep -Eo '[A-Z_]+ +src=' | awk '!seen[$1]++ { print $1 }' | xargs
}

# check_state NAME NAMESPACE STATE PORT: it is so in a moment
check_state()
{
	wait_for 5 ct_state "$2" "$3" --dport "$4"
	check "$1: $3 in ${2%-*}" ct_state "$2" "$3" --dport "$4"
}

# ---- Begun ----

c udptool send --to 127.0.0.1:1010 --oneway > /dev/null
check_state 'the SYN is dropped' "$C" SYN_SENT 4010
check_state 'the SYN is dropped' "$R" SYN_SENT 4010
check 'the server knows nothing of it' eval '! ct "$S" | grep dport=4010'

r nft add table inet hold
r nft add chain inet hold forward '{ type filter hook forward priority 5; }'
r nft add rule inet hold forward tcp dport 4009 tcp flags '& syn == 0' drop
c udptool send --to 127.0.0.1:1009 --oneway > /dev/null
check_state 'only the SYN arrives' "$S" SYN_RECV 4009

# ---- The whole life ----

# udp_entry NAMESPACE PORT: datagrams have gone both ways
udp_entry() { ct "$1" -p udp --dport "$2" | grep -v UNREPLIED | grep .; }

for family in 4 6; do
	check "IPv$family: datagrams and answers" \
		c udptool send --to 127.0.0.1:100$family --size 500 --count 30
	check "IPv$family: the datagrams have an entry at the client" \
		udp_entry "$C" 100$family
	check "IPv$family: and at the server" udp_entry "$S" 5555
	assert_ct_state ESTABLISHED --dport 400$family
	ends=$(flows "$C" ".[] | select(.tunnel == \"t$family\") |
		.local + \" remote \" + .remote")
	check "IPv$family: close the connection" \
		eval "c ftcpctl del flow local $ends dev ftcp0"
	for ns in "$C" "$R" "$S"; do
		check_state "IPv$family: closed" "$ns" TIME_WAIT 400$family
	done
	want='SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT LAST_ACK TIME_WAIT'
	wait_for 5 eval '[ "$(states 400$family)" = "$want" ]'
	check "IPv$family: the router has seen all of it" \
		is "$(states 400$family)" "$want"
done
check 'the server sees the address of the router' eval \
	'ct "$S" -p tcp --dport 4004 | grep "src=$RS4 dst=$S4"'
check 'and not that of the client' eval '! ct "$S" -p tcp | grep "src=$C4"'

# ---- One way only ----

# oneway PORT MEGABYTES: in super-packets
oneway()
{
	c udptool send --to "127.0.0.1:$1" --size 1400 --gso 63000 \
		--count $(($2 * 1000 / 14 * 10)) --oneway --timeout 100 "${@:3}"
}
check '101 MB in one direction' oneway 1007 101
check 'the connection stays up' eval \
	'[ "$(flows "$C" "map(select(.tunnel == \"oneway\")) | length")" = 1 ]'
assert_ct_state ESTABLISHED --dport 4007
assert_no_invalid
# a server of that kind may not acknowledge, so nothing waits for it at first
c udptool send --to 127.0.0.1:1008 --from 127.0.0.1:9008 --oneway > /dev/null
acknowledged()
{
	flows "$C" '.[] | select(.tunnel == "phantun" and
		."age-ms" - ."rx-age-ms" > 150) | .local' | grep .
}
wait_for 10 acknowledged
check '10 MB the way of Phantun' oneway 1008 10 --from 127.0.0.1:9008
assert_ct_state ESTABLISHED --dport 4007
assert_no_invalid
arrived() { [ "$(flows "$S" 'map(.stats."rx-bytes") | add')" -gt "$1" ]; }
wait_for 10 arrived 100000000
check 'most of it arrived' arrived 100000000

# ---- The other way, on a connection of the client's ----

for ns in "$C" "$S"; do
	in_ns "$ns" ftcpctl add tunnel routed dev ftcp0 routed port 7000
	in_ns "$ns" ftcpctl set peer any tunnel routed dev ftcp0 \
		allowed-ips 0.0.0.0/0
	in_ns "$ns" ftcpctl add rules tunnel routed dev ftcp0 2> /dev/null
done
c ftcpctl set peer any tunnel routed dev ftcp0 endpoint same
c nft insert rule inet host input iifname ftcp0 accept
s nft insert rule inet host input iifname ftcp0 accept
# whoever hears of a datagram that nobody wants must not answer beside the tunnel
s nft add rule inet ends input udp dport 7000 drop
background first "$C" udptool send --to "$S4:7000" --from "$C4:7000" --oneway
wait_for 10 eval '[ "$(flows "$S" "map(select(.tunnel == \"routed\")) | length")" = 1 ]'
remote=$(flows "$S" '.[] | select(.tunnel == "routed") | .remote')
check 'the client comes through NAT' eval '[ "${remote%:*}" = "$RS4" ]'
c nft add table inet ends
c nft add chain inet ends input '{ type filter hook input priority 10; }'
c nft add rule inet ends input udp dport 7000 drop
check '10 MB from the server' s udptool send --to "$remote" \
	--from "$S4:7000" --size 1400 --gso 63000 --count 7000 --oneway \
	--timeout 100
assert_ct_state ESTABLISHED --dport 7000
back() { [ "$(flows "$C" '.[] | select(.tunnel == "routed") | .stats."rx-bytes"')" -gt 5000000 ]; }
wait_for 10 back
check 'most of it arrived' back

assert_no_invalid
assert_no_udp
finish
