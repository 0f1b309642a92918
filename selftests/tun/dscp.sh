#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# DSCP and ECN of a datagram are those of its segment, in both directions and
# between address families, with and without offloads; and what routers change on
# the way arrives.  What else IPv6 has in that place, the flow label, is one for each
# direction of a connection.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology

# v4 OPTIONS...: a client and a server with IPv4
v4()
{
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules "$@"
	server=$!
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules "$@"
	client=$!
}
# Without offloads each datagram is one packet everywhere, and can be counted.
v4 --no-tun-offload --no-udp-offload
# IPv6, and a socket for both
run server6 "$S" server --local 4568 --remote '[::1]:5555' --auto-rules \
	--tun-local 192.168.202.1 --tun-peer 192.168.202.2 \
	--tun-local6 fccb::1 --tun-peer6 fccb::2 --no-tun-offload --no-udp-offload
server6=$!
v6_client()
{
	run client6 "$C" client --local '[::]:1236' --remote "[$S6]:4568" --auto-rules \
		--tun-local 192.168.203.1 --tun-peer 192.168.203.2 \
		--tun-local6 fcca::1 --tun-peer6 fcca::2 --no-tun-offload --no-udp-offload
	client6=$!
}
v6_client

# ---- as the application chose ----

# name, TOS byte, as DSCP and ECN
while read -r name tos dscp ecn; do
	server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' --tos "$tos"
	echo=$!
	expect_tos "$dscp" "$ecn"
	check "$name: datagrams" send --to 127.0.0.1:1234 --tos "$tos" \
		--size 100 --count 5
	check "$name: segments, there and back" seen_tos "$R" ip 10
	check "$name: datagrams at the server" seen_tos "$S" ip 5
	check "$name: datagrams at the client" seen_tos "$C" ip 5
	check "$name: over IPv6" send --to '[::1]:1236' --tos "$tos" --size 100 --count 5
	check "$name: segments over IPv6" seen_tos "$R" ip6 10
	check "$name: datagrams at the server" seen_tos "$S" ip6 5
	check "$name: datagrams at the client" seen_tos "$C" ip6 5
	check "$name: an application that speaks IPv4" \
		send --to 127.0.0.1:1236 --tos "$tos" --size 100 --count 5
	check "$name: segments" seen_tos "$R" ip6 20
	check "$name: datagrams at the server" seen_tos "$S" ip6 10
	check "$name: datagrams at the client" seen_tos "$C" ip 10
	stop "$echo"
done <<END
EF 0xb8 ef not-ect
AF11,ECT(0) 0x2a af11 ect0
CS1,ECT(1) 0x21 cs1 ect1
none 0 cs0 not-ect
END

# ---- as routers change it ----

server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' --tos 0xba
echo=$!
r nft add table inet congestion '{ chain f { type filter hook forward priority 0;
	ip ecn set ce
	ip6 ecn set ce
}; }'
expect_tos ef ce
check 'congestion on the way' send --to 127.0.0.1:1234 --tos 0xba \
	--size 100 --count 5
check '... is marked' seen_tos "$R" ip 10
check '... the server hears of it' seen_tos "$S" ip 5
check '... the client hears of it' seen_tos "$C" ip 5
check 'over IPv6' send --to '[::1]:1236' --tos 0xba --size 100 --count 5
check '... the server hears of it' seen_tos "$S" ip6 5
check '... the client hears of it' seen_tos "$C" ip6 5
r nft delete table inet congestion

# ---- what is no datagram has none ----

capture wire "$R" s0 tcp
tcpdump=$!
check 'a conversation' send --to 127.0.0.1:1234 --from 127.0.0.1:7001 --tos 0xba --size 100
pause 500
capture_stop wire "$tcpdump"
check 'segments with data have it' [ "$(captured_count wire 'ip[1] == 0xba')" = 2 ]
check 'and SYN and ACK have none' eval \
	'[ "$(captured_count wire "ip[1] == 0")" -ge 3 ] &&
	 [ "$(captured_count wire "ip[1] != 0 and ip[1] != 0xba")" = 0 ]'

# ---- flow labels ----

ends_well 'the client of earlier flows' $client6
v6_client
capture labels "$R" s0 ip6 and tcp
tcpdump=$!
for from in 7001 7002; do
	check 'a conversation over IPv6' send --to '[::1]:1236' --from "[::1]:$from" \
		--size 100 --count 5
done
ends_well 'with its ends: the client' $client6
capture_stop labels "$tcpdump"
check 'each has a flow label each way, from SYN to FIN' [ "$(labels labels)" = '4 0' ]
check '... not the same' [ "$(captured labels -v | grep -o 'flowlabel 0x[0-9a-f]*' |
	sort -u | wc -l)" = 4 ]
v6_client

# ---- super-packets ----

for pid in $client $server; do
	ends_well 'one without offloads' "$pid"
done
stop "$echo"
v4
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' --tos 0xba
echo=$!
expect_tos ef ect0
check 'super-packets' send --to 127.0.0.1:1234 --tos 0xba --gro \
	--size 1000 --gso 10000 --count 20
some() { [ "$(counter "$1" seen "seen-$2")" -gt 0 ] || { in_ns "$1" nft list table inet seen; return 1; }; }
check '... segments' some "$R" ip
check '... datagrams at the server' some "$S" ip
check '... datagrams at the client' some "$C" ip
check 'where there are no offloads' send --to '[::1]:1236' --tos 0xba --gro \
	--size 1000 --gso 10000 --count 20
check '... segments' seen_tos "$R" ip6 40
check '... datagrams at the server' seen_tos "$S" ip6 20
check '... datagrams at the client' seen_tos "$C" ip6 20
# from one application, in one burst
stop "$echo"
server sink "$S" sink --bind 127.0.0.1:5555
cat > "$tmp/mixed" <<'END'
use Socket qw(:all);
socket(my $s, AF_INET, SOCK_DGRAM, 0) or die;
connect($s, sockaddr_in(1234, inet_aton("127.0.0.1"))) or die;
for my $i (0 .. 39) {
	setsockopt($s, 0, 1, pack("i", hex($ARGV[$i % 2]))) or die;	# IP_TOS
	send($s, "x" x 100, 0) or die "$!";
}
END
expect_tos ef ect0
check 'datagrams of one flow, alternating' c perl "$tmp/mixed" 2a ba
check '... half of them here' wait_for 5 seen_tos "$S" ip 20
expect_tos af11 ect0
check 'datagrams of one flow, alternating' c perl "$tmp/mixed" ba 2a
check '... half of them there' wait_for 5 seen_tos "$S" ip 20
stop $!

for pid in $client $client6 $server $server6; do
	ends_well 'each' "$pid"
done
assert_no_invalid
assert_no_udp
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp"/client* "$tmp"/server*'
finish
