#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# DSCP and ECN of a datagram are those of its segment, in both directions and
# between address families; what routers change on the way arrives; and a tunnel's
# mark is on what it sends and delivers.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
# Packets are counted: each is to have one datagram.
check 'tunnels' proxy coalesce off
check '... over IPv6' c ftcpctl add tunnel t6 dev ftcp0 \
	listen 127.0.0.1:1236 remote "[$S6]:4567" coalesce off
check '... of IPv6 over IPv4' c ftcpctl add tunnel t64 dev ftcp0 \
	listen '[::1]:1234' remote "$S4:4567" coalesce off
s ftcpctl set tunnel t dev ftcp0 coalesce off

# ---- As the application chose ----

# name, TOS byte, as DSCP and ECN
while read -r name tos dscp ecn; do
	server echo "$S" echo --bind 127.0.0.1:5555 --tos "$tos"
	server=$!
	expect_tos "$dscp" "$ecn"
	check "$name: datagrams" c udptool send --to 127.0.0.1:1234 --tos "$tos" \
		--size 100 --count 5
	check "$name: segments, there and back" seen_tos "$R" ip 10
	check "$name: datagrams at the server" seen_tos "$S" ip 5
	check "$name: datagrams at the client" seen_tos "$C" ip 5
	check "$name: over IPv6" c udptool send --to 127.0.0.1:1236 --tos "$tos" \
		--size 100 --count 5
	check "$name: segments over IPv6" seen_tos "$R" ip6 10
	check "$name: datagrams at the server" seen_tos "$S" ip 10
	check "$name: datagrams at the client" seen_tos "$C" ip 10
	stop "$server"
done <<END
EF 0xb8 ef not-ect
AF11,ECT(0) 0x2a af11 ect0
CS1,ECT(1) 0x21 cs1 ect1
END
server echo "$S" echo --bind 127.0.0.1:5555 --tos 0xba
expect_tos ef ect0
check 'an application that speaks IPv6' c udptool send --to '[::1]:1234' --tos 0xba \
	--size 100 --count 5
check '... segments' seen_tos "$R" ip 10
check '... datagrams at the client' seen_tos "$C" ip6 5
expect_tos ef ect0
check 'super-packets' c udptool send --to 127.0.0.1:1234 --tos 0xba --gro \
	--size 1000 --gso 10000 --count 20
seen_some() { [ "$(counter "$1" seen seen-ip)" -gt 0 ]; }
check '... segments' seen_some "$R"
check '... datagrams at the server' seen_some "$S"
check '... datagrams at the client' seen_some "$C"

# ---- As routers change it ----

# Both octets that the traffic class is in: "ip6 ecn set" writes the second one alone,
# which newer kernels refuse.
r nft add table inet congestion '{ chain f { type filter hook forward priority 0;
	ip ecn set ce
	meta nfproto ipv6 @nh,0,16 set @nh,0,16 or 0x30
}; }'
expect_tos ef ce
check 'congestion on the way' c udptool send --to 127.0.0.1:1234 --tos 0xba \
	--size 100 --count 5
check '... is marked' seen_tos "$R" ip 10
check '... the server hears of it' seen_tos "$S" ip 5
check '... the client hears of it' seen_tos "$C" ip 5
check 'over IPv6' c udptool send --to 127.0.0.1:1236 --tos 0xba --size 100 --count 5
check '... is marked' seen_tos "$R" ip6 10
check '... the server hears of it' seen_tos "$S" ip 10
check '... the client hears of it' seen_tos "$C" ip 10
r nft delete table inet congestion
r nft add table inet bleach '{ chain f { type filter hook forward priority 0;
	ip dscp set cs0
}; }'
expect_tos cs0 ect0
check 'a DSCP that is bleached' c udptool send --to 127.0.0.1:1234 --tos 0xba \
	--size 100 --count 5
check '... is gone at the server' seen_tos "$S" ip 5
check '... and at the client' seen_tos "$C" ip 5
r nft delete table inet bleach

# ---- The mark ----

# Two ways to the server, one of them by mark.
marked()
{
	c nft -f - <<-EOT
	table inet marks {
		counter sent { }
		counter unmarked { }
		counter delivered { }
		chain o {
			type filter hook output priority 10;
			tcp dport 4567 meta mark 0x77 counter name sent
			tcp dport 4567 meta mark != 0x77 counter name unmarked
		}
		chain i {
			type filter hook input priority 10;
			udp sport 1234 meta mark 0x77 counter name delivered
		}
	}
	EOT
}
# What the others still have to acknowledge has no mark, nor has what this one
# acknowledges before it has one.
check 'no other tunnels' eval \
	'c ftcpctl del tunnel t6 dev ftcp0 && c ftcpctl del tunnel t64 dev ftcp0'
check 'a mark' c ftcpctl set tunnel t dev ftcp0 fwmark 0x77
check 'counters' marked
check 'a new flow' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7001 --count 5
check 'its segments have it: SYN, ACK, data' eval \
	'[ "$(counter "$C" marks sent)" -ge 7 ]'
check 'all of them' [ "$(counter "$C" marks unmarked)" = 0 ]
check 'and what is delivered' [ "$(counter "$C" marks delivered)" = 5 ]
ip -n "$C" route add unreachable default table 99
ip -n "$C" rule add not fwmark 0x77 to "$S4" lookup 99 pref 100
check_fails 'there is no way to the server without the mark' c ping -c 1 -W 1 "$S4"
check 'there is one with it' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7002 --count 5
check 'without mark' c ftcpctl set tunnel t dev ftcp0 fwmark off
result=$(c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7003 --oneway --lossy)
check 'none' eval '[ "$(drops "$C" no-route)" -gt 0 ]'

# ---- Whole packets: RFC 6040, on entry and on exit ----

ip -n "$C" rule del pref 100
c nft delete table inet marks
check 'delete the links' proxy_gone
check 'tunnels of mode ip' eval 'inside "$S" 1 port 4567 coalesce off && spoke c 2 &&
	inside "$C" 2 coalesce off && hub_of "$C"'
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
# packets TOS ADDRESS: five, and five answers
packets() { c udptool send --to "$2:5555" --tos "$1" --size 100 --count 5; }
server inner "$S" echo --bind 10.9.0.1:5555 --bind '[fd09::1]:5555' --tos 0xba
expect_tos ef ect0
check 'packets' packets 0xba 10.9.0.1
check '... segments are like them' seen_tos "$R" ip 10
check '... they arrive as they were' seen_tos "$S" ip 5
expect_tos ef ect0
check 'over IPv6' packets 0xba '[fd09::1]'
check '... segments of IPv4 are like them' seen_tos "$R" ip 10
check '... they arrive as they were' seen_tos "$S" ip6 5
expect_tos ef ce
check 'marked before' packets 0xbb 10.9.0.1
check '... segments are, too' seen_tos "$R" ip 5
check '... they arrive as they were' seen_tos "$S" ip 5
r nft add table inet congestion '{ chain f { type filter hook forward priority 0;
	ip ecn set ce; ip dscp set cs1
}; }'
expect_tos cs1 ce
check 'congestion on the way, and another DSCP' packets 0xba 10.9.0.1
check '... is marked' seen_tos "$R" ip 10
expect_tos ef ce
check 'it goes over to the packets, whose DSCP stays' packets 0xba 10.9.0.1
check '... of IPv4' seen_tos "$S" ip 5
check 'over IPv6' packets 0xba '[fd09::1]'
check '... of IPv6' seen_tos "$S" ip6 5
before=$(drops "$S" malformed)
check_fails 'whose ends know no ECN' c udptool send --to 10.9.0.1:5555 --tos 0xb8 \
	--count 5 --timeout 1
check '... are dropped and counted' is "$(drops "$S" malformed)" $((before + 5))
r nft delete table inet congestion
ttls()
{
	r nft add table inet ttls '{ counter outer { }; chain c {
		type filter hook prerouting priority 0;
		ip saddr '"$C4"' tcp dport 4567 meta length > 80 ip ttl 64 counter name outer
	}; }' && s nft add table inet ttls '{ counter inner { }; chain c {
		type filter hook input priority 0;
		icmp type echo-request ip ttl 7 counter name inner
	}; }'
}
check 'TTL' ttls
check '... of packets' pings "$C" 10.9.0.1 -t 7
check '... is not that of segments' is "$(counter "$R" ttls outer)" 3
check '... nor a hop less behind the tunnel' is "$(counter "$S" ttls inner)" 3
check 'a mark' eval 'c ftcpctl set tunnel lan dev ftcp0 fwmark 0x77 &&
	c nft add table inet marks "{ counter outer { }; counter inner { };
	chain o { type filter hook output priority 10;
		tcp dport 4567 meta mark 0x77 meta length > 80 counter name outer; }
	chain i { type filter hook input priority 10;
		icmp type echo-reply meta mark 0x77 counter name inner; }; }"'
check '... and packets' pings "$C" 10.9.0.1
check '... is on segments' is "$(counter "$C" marks outer)" 3
check '... and on what is delivered' is "$(counter "$C" marks inner)" 3

assert_no_invalid
check 'delete the links' proxy_gone
module_memory_back
finish
