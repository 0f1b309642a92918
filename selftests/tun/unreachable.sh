#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An application hears what plain UDP would have told it: that nobody takes its
# datagrams at the other end.  Once, and not because a stranger says so.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology stateful

# server NAME TCP-PORT REMOTE OPTIONS...: process $!
tun_server()
{
	local name=$1 port=$2 remote=$3

	shift 3
	run "$name" "$S" server --local "$port" --remote "$remote" --auto-rules \
		--tun-local "192.168.$((port % 100)).1" --tun-peer "192.168.$((port % 100)).2" \
		--tun-local6 "fccb:$port::1" --tun-peer6 "fccb:$port::2" "$@" ||
		bail_out "no server $name"
}
# client NAME LISTEN REMOTE OPTIONS...: process $!
tun_client()
{
	local name=$1 listen=$2 remote=$3 port=${2##*:}

	shift 3
	run "$name" "$C" client --local "$listen" --remote "$remote" --auto-rules \
		--tun-local "192.168.$((port % 100)).1" --tun-peer "192.168.$((port % 100)).2" \
		--tun-local6 "fcca:$port::1" --tun-peer6 "fcca:$port::2" "$@" ||
		bail_out "no client $name"
}

# An application: it sends a datagram, or goes on sending, from a connected
# socket, until it hears an error.
cat > "$tmp/app" <<'END'
use Socket qw(:DEFAULT getaddrinfo);
use Errno;
my ($host, $port, $from) = @ARGV;
my ($e, $to) = getaddrinfo($host, $port, { socktype => SOCK_DGRAM });
my ($f, $me) = getaddrinfo($host, $from, { socktype => SOCK_DGRAM });
socket(my $s, $to->{family}, SOCK_DGRAM, 0) or die;
bind($s, $me->{addr}) && connect($s, $to->{addr}) or die "$!";
$| = 1;
send($s, "ping", 0) or die "$!";
while (defined recv($s, my $data, 100, 0)) {
	print "heard\n";
}
print $!{ECONNREFUSED} ? "ECONNREFUSED\n" : "$!\n";
END
# app LOG HOST PORT FROM
app() { background "$1" "$C" perl "$tmp/app" "${@:2}"; }
says() { grep -qx "$2" "$tmp/$1" || { cat "$tmp/$1"; return 1; }; }

capture errors "$C" lo 'icmp[0] == 3 or icmp6[0] == 1'
tcpdump=$!
# told_once PORT: how many errors quote a datagram from there; its ports are behind
# the IP header that is quoted behind 8 bytes of ICMP
told_once()
{
	[ "$(captured_count errors "icmp[28:2] == $1 or ip6[88:2] == $1")" = 1 ] ||
		{ captured errors -v; return 1; }
}

# ---- nobody listens at the target ----

tun_server server 4501 127.0.0.1:5555
server=$!
tun_server server6 4502 '[::1]:5555'
server6=$!
tun_server far 4503 "$RS4:6000"
far=$!
tun_server ignore 4504 127.0.0.1:5556 --unreachable ignore
ignore=$!
tun_client client 127.0.0.1:1211 "$S4:4501"
client=$!
tun_client client6 '[::1]:1212' "[$S6]:4502"
client6=$!
tun_client client-far 127.0.0.1:1213 "$S4:4503"
client_far=$!
tun_client client-ignore 127.0.0.1:1214 "$S4:4504"
client_ignore=$!

app closed 127.0.0.1 1211 7001
check 'a closed port: ECONNREFUSED' eventually 10 says closed ECONNREFUSED
check '... told once' eventually 5 told_once 7001
check '... no flow is left' eval \
	'wait_for 5 no_flows $client client && wait_for 5 no_flows $server server'
check '... the server tells why' [ "$(tun_ended $server server)" = 'unreachable 1' ]
check '... and the client' [ "$(tun_ended $client client)" = 'reset 1' ]
app closed6 ::1 1212 7002
check 'IPv6: a closed port: ECONNREFUSED' eventually 10 says closed6 ECONNREFUSED
check '... told once' eventually 5 told_once 7002
check '... no flow is left' eval \
	'wait_for 5 no_flows $client6 client6 && wait_for 5 no_flows $server6 server6'
app closed-far 127.0.0.1 1213 7003
check 'on another host: ECONNREFUSED' eventually 10 says closed-far ECONNREFUSED
check '... told once' eventually 5 told_once 7003
check 'many datagrams at once' eval 'c udptool send --to 127.0.0.1:1211 \
	--from 127.0.0.1:7004 --gso 10000 --size 1000 --count 200 --lossy --oneway;
	wait_for 5 no_flows $server server'

icmp_errors() { s awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp; }
before=$(icmp_errors)
c udptool send --to 127.0.0.1:1214 --from 127.0.0.1:7005 --count 5 --rate 20 \
	--oneway --lossy > "$tmp/ignored"
check 'not of interest: the target answers' wait_for 5 eval '[ "$(icmp_errors)" -gt "$before" ]'
check '... no error' [ "$(field refused "$(cat "$tmp/ignored")")" = 0 ]
check '... the flow stays' [ "$(tun_flows $ignore ignore ESTAB)" = 1 ]
server echo "$S" echo --bind 127.0.0.1:5555 --bind 127.0.0.1:5556 --bind '[::1]:5555'
echo=$!
answered() { send --from 127.0.0.1:7005 --count 5 --to "127.0.0.1:$1"; }
check '... and works when somebody listens' answered 1214
check '... it was no other' [ "$(total flows $ignore ignore)" = 1 ]
check 'so does a new one, of those that were closed' answered 1211

# ---- a stranger ----

server far-echo "$R" echo --bind "$RS4:6000"
check 'a flow to the other host' answered 1213
# forge: an error about a datagram of that flow
service_port() { report $far far | sed -n "s/^ESTAB .* $S4:\([0-9]*\) .*/\1/p"; }
port=$(service_port)
forge()
{
	r tcpraw send --from "$S4:$port" --to "$RS4:6000" --via "$RS4" \
		--icmp 3,3,0 --flags PA --udp
}
made=$(total flows $far far)
pause 3500
check 'an error, some time after the last datagram' forge
check '... changes nothing' answered 1213
check '... it is the same flow' [ "$(total flows $far far)" = "$made" ]
# at once, which a busy machine may not manage
believed()
{
	no_flows $far far && return
	port=$(service_port)
	answered 1213
	forge
	pause 200
	no_flows $far far
}
check 'an error about a datagram is believed' wait_for 30 believed

ends_well 'the server' $far
ends_well 'the server' $ignore
ends_well 'its client' $client_far
ends_well 'its client' $client_ignore
ends_well 'the client' $client
ends_well 'the client' $client6
ends_well 'the server' $server
ends_well 'the server' $server6
stop "$tcpdump"
assert_no_invalid
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp"/client* "$tmp"/server* "$tmp/far" "$tmp/ignore"'
finish
