#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ICMP: what a router says of segments that are too large is taken to heart if
# it quotes one on its way, and applications are told of datagrams that get
# nowhere, as the module tells them.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!

# told COUNTER ARGUMENTS...: does udptool hear of such an error?
told()
{
	local counter=$1 output

	shift
	output=$(c udptool send --oneway --lossy --count 20 --rate 20 "$@")
	echo "$output"
	[ "$(field "$counter" "$output")" -gt 0 ]
}

# quoted TEXT: was there such an ICMP message on lo?
quoted() { captured lo | grep -E "$1"; }

# mtu: of the client's youngest flow
mtu() { report $client client | awk '/^ESTAB/ { if (!n || $10 < age) { age = $10; m = $11 } n++ } END { print m }'; }
mtu_is() { [ "$(mtu)" = "$1" ] || { mtu; return 1; }; }

# ---- a path that has less than the device ----

set_mtu()
{
	ip -n "$R" link set s0 mtu "$1"
	ip -n "$S" link set eth0 mtu "$1"
}

# path TO REMOTE OVERHEAD UDP-OVERHEAD
path()
{
	local to=$1 remote=$2 fits=$((1400 - $3)) most=$((1500 - $3)) udp=$4

	set_mtu 1500
	run client "$C" client --local "$to" --remote "$remote" --auto-rules
	client=$!
	capture lo "$C" lo icmp or icmp6
	local tcpdump=$!
	check "$remote: $most bytes fit" send --to "$to" --size $most --count 5
	check "$remote: one more does not, and that is told" \
		told toobig --to "$to" --size $((most + 1)) --df
	check "$remote: with what would" wait_for 5 \
		quoted "(need to frag \(mtu |too big, mtu )$((most + udp))\b"
	set_mtu 1400
	check "$remote: too large for the path, and that is told" \
		told toobig --to "$to" --from "${to%:*}:7777" --size $most --df
	check "$remote: with what fits it" wait_for 5 \
		quoted "(need to frag \(mtu |too big, mtu )$((fits + udp))\b"
	check "$remote: the flow knows" mtu_is 1400
	check "$remote: that passes, both ways" send --to "$to" \
		--from "${to%:*}:7777" --size $fits --count 20
	check "$remote: super-packets too" send --to "$to" \
		--from "${to%:*}:7777" --size $fits --gso 30000 --gro --count 100 --window 40
	stop "$tcpdump"
	ends_well "$remote: the client" $client
}

path 127.0.0.1:1234 "$S4:4567" 40 28
path '[::1]:1234' "[$S6]:4567" 60 48
# the server learns as well, and drops what its service sends too large
set_mtu 1500
check 'the server has dropped none' [ "$(total too-big $server server)" -eq 0 ]
ip -n "$R" link set c0 mtu 1400
ip -n "$C" link set eth0 mtu 1400
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
client=$!
ip -n "$C" route flush cache	# which knows of 127.0.0.1 what was told before
# the client's own host has the small MTU and says so
check 'an MTU of the host itself' told toobig --to 127.0.0.1:1234 --size 1460 --df
check 'the flow knows' mtu_is 1400
check 'and what fits passes' send --to 127.0.0.1:1234 --size 1360 --count 20
ip -n "$R" link set c0 mtu 1500
ip -n "$C" link set eth0 mtu 1500
ends_well 'the client' $client

# a service whose answers are too large for the server
background large "$S" socat UDP4-RECVFROM:5556,fork SYSTEM:'head -c 1361 /dev/zero'
wait_for 10 eval 's ss -Hlun sport = 5556 | grep -q .'
run small "$S" server --local 4568 --remote 127.0.0.1:5556 --auto-rules \
	--mtu 1400 --tun-local 192.168.202.1 --tun-peer 192.168.202.2 -4
small=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4568" --auto-rules
client=$!
capture lo "$S" lo icmp
tcpdump=$!
c udptool send --to 127.0.0.1:1234 --oneway > /dev/null
check 'a service whose answer is too large is told' \
	wait_for 5 quoted 'need to frag \(mtu 1388\)'
check 'the server has dropped it' [ "$(total too-big $small small)" -eq 1 ]
stop "$tcpdump"
ends_well 'the client' $client
ends_well 'the server' $small

# ---- what cannot be true ----

# forged TO REMOTE HOST ROUTER ICMP SIZE: so many bytes fit, and still do when
# somebody who does not see the conversation has said otherwise
forged()
{
	local to=$1 remote=$2 host=$3 router=$4 icmp=$5 size=$6 port before

	run client "$C" client --local "$to" --remote "$remote" --auto-rules
	client=$!
	check "$remote: a conversation" send --to "$to" --from "${to%:*}:7777" --count 5
	port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')
	before=$(total icmp $client client)
	r tcpraw send --from "$host:$port" --to "$remote" --via "$router" \
		--icmp "$icmp" --flags PA --random-seq --count 200 > /dev/null
	check "$remote: forged: an MTU of ${icmp##*,}" wait_for 5 eval \
		'[ "$(total icmp $client client)" -ge '$((before + 200))' ]'
	check "$remote: is not believed" mtu_is 1500
	check "$remote: large datagrams pass" send --to "$to" \
		--from "${to%:*}:7777" --size "$size" --count 5
	ends_well "$remote: the client" $client
}
forged 127.0.0.1:1234 "$S4:4567" "$C4" "$RC4" 3,4,600 1460
forged '[::1]:1234' "[$S6]:4567" "[$C6]" "$RC6" 2,0,1300 1440

# ---- nobody there ----

run refused "$C" client --local 127.0.0.1:1235 --remote "$S4:9" --auto-rules
refused=$!
check 'a server that refuses: the application is told' \
	told refused --to 127.0.0.1:1235
check 'each time' told refused --to 127.0.0.1:1235
check 'the log says so, once' [ "$(grep -c "$S4:9 refuses connections" "$tmp/refused")" -eq 1 ]
ends_well 'it' $refused
run refused "$C" client --local '[::]:1235' --remote "[$S6]:9" --auto-rules
refused=$!
check 'over IPv6' told refused --to '[::1]:1235'
check 'an application with IPv4' told refused --to 127.0.0.1:1235
check 'or with another address' told refused --to "$C4:1235"
check 'an application on another host' eval \
	'[ "$(field refused "$(r udptool send --oneway --lossy --count 20 --rate 20 --to "$C4:1235")")" -gt 0 ]'
check 'over IPv6 as well' eval \
	'[ "$(field refused "$(r udptool send --oneway --lossy --count 20 --rate 20 --to "[$C6]:1235")")" -gt 0 ]'
ends_well 'it' $refused

r nft add chain inet router hole '{ type filter hook forward priority -10; }'
r nft add rule inet router hole tcp dport 10 drop
run silent "$C" client --local 127.0.0.1:1235 --remote "$S4:10" --auto-rules
silent=$!
capture lo "$C" lo icmp
tcpdump=$!
c udptool send --oneway --lossy --to 127.0.0.1:1235 > /dev/null
check 'a server that does not answer: the application is told' \
	wait_for 30 quoted 'host 127.0.0.1 unreachable'
stop "$tcpdump"
check 'the log says so' grep -q "$S4:10 does not answer" "$tmp/silent"
ends_well 'it' $silent

# ---- a conversation that is cut ----

# An application: a datagram for each line that it is given, from a connected
# socket, and what comes of it.
cat > "$tmp/app" <<'END'
use Socket qw(:DEFAULT getaddrinfo);
use Errno;
my ($e, $to) = getaddrinfo($ARGV[0], $ARGV[1], { socktype => SOCK_DGRAM });
my ($f, $me) = getaddrinfo($ARGV[0], $ARGV[2], { socktype => SOCK_DGRAM });
socket(my $s, $to->{family}, SOCK_DGRAM, 0) or die;
bind($s, $me->{addr}) && connect($s, $to->{addr}) or die "$!";
setsockopt($s, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', 2, 0)) or die "$!";
$| = 1;
print "ready\n";
while (<STDIN>) {
	my $heard = send($s, "ping", 0) && defined recv($s, my $data, 100, 0);
	print $heard ? "heard\n" : $!{EAGAIN} ? "nothing\n" : "$!\n";
}
END
# app LOG HOST PORT FROM: reads lines from $tmp/LOG.in
app()
{
	mkfifo "$tmp/$1.in"
	background "$1" "$C" sh -c 'exec perl "$0" "$@" < "$APP_IN"' "$tmp/app" "${@:2}"
}
# asked LOG ANSWER: does it get this one to another datagram?
asked()
{
	local lines

	lines=$(grep -c '' "$tmp/$1")
	echo >&$app_fd
	wait_for 5 eval '[ "$(grep -c "" "$tmp/'"$1"'")" -gt '"$lines"' ]'
	[ "$(tail -n 1 "$tmp/$1")" = "$2" ]
}
# told_is LOG: it was told as often as it says
told_is()
{
	captured lo
	[ "$(captured_count lo)" = "$(grep -c refused "$tmp/$1")" ]
}
# established LOG NUMBER: so many of a program's flows have been
established()
{
	[ "$(grep -c 'established$' "$tmp/$1")" = "$2" ] || { cat "$tmp/$1"; return 1; }
}

cut()
{
	local name=$1 host=$2 listen=$3 remote=$4

	run cut "$C" client --local "$listen" --remote "$remote" --auto-rules -v
	cut=$!
	export APP_IN=$tmp/$name.in
	app "$name" "$host" 1236 7001
	exec {app_fd}> "$tmp/$name.in"
	capture lo "$C" lo 'icmp[0] == 3 or icmp6[0] == 1'
	tcpdump=$!
	echo >&$app_fd
	check "$name: a conversation" wait_for 10 says "$name" heard
	crash $server
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
	server=$!
	echo >&$app_fd
	check "$name: reset by a server that knows nothing: another flow" \
		eventually 10 established cut 2
	check "$name: nothing is told" eventually 10 says "$name" nothing
	echo >&$app_fd
	check "$name: it goes on" eventually 10 says "$name" heard 2
	crash $server
	s "$ftcptun" clean-rules 2> /dev/null
	echo >&$app_fd
	check "$name: reset by a host without a server: ECONNREFUSED" \
		eventually 10 says "$name" 'Connection refused'
	check "$name: told once" wait_for 5 eval '[ "$(captured_count lo)" = 1 ]'
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
	server=$!
	check "$name: the flow is gone" wait_for 5 no_flows $cut cut
	# The address is left alone for a moment, which is told who asks.
	check "$name: it goes on" eventually 10 asked "$name" heard
	check "$name: and no more was told than it was" eventually 5 told_is "$name"
	terminate $server
	check "$name: the server closes the next flow in order" wait_for 10 no_flows $cut cut
	check "$name: and nothing is told" told_is "$name"
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
	server=$!
	exec {app_fd}>&-
	stop $tcpdump
	ends_well "$name: the client" $cut
}
cut v4 127.0.0.1 127.0.0.1:1236 "$S4:4567"
cut v6 ::1 '[::]:1236' "[$S6]:4567"

# ---- without the capability ----

wrap=(setpriv --bounding-set -net_raw --inh-caps -net_raw)
run mute "$C" client --local 127.0.0.1:1235 --remote "$S4:9" --auto-rules
mute=$!
wrap=()
check_fails 'without CAP_NET_RAW it is told nothing' told refused --to 127.0.0.1:1235
check 'and the drops are counted' [ "$(total refused $mute mute)" -ge 1 ]
ends_well 'it' $mute

ends_well 'the server' $server
assert_no_udp
finish
