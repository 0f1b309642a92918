#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connections come and go like those of an ordinary TCP: seen on the router,
# opened by either side, with segments lost, refused, and closed in order.
#
#   udptool send --> 127.0.0.1:PORT =(TCP)=> server:PORT+1 --> 127.0.0.1:5555 echo
#
# 1000	all goes well		1400	the third segment is lost
# 1100	server drops SYNs	1500	SYN-ACK is lost
# 1200	nobody listens		1600	SYN is lost, datagrams wait
# 1300	idle for a second

. "$(dirname "$0")/../lib.sh"

start
module_load
topology allow-udp
add_link "$C"
add_link "$S"

# proxy PORT [CLIENT OPTIONS...]: client and, but for 1200, server
proxy()
{
	local port=$1

	shift
	[ "$port" = 1200 ] ||
		s ftcpctl add tunnel "t$port" dev ftcp0 port $((port + 1)) \
			forward 127.0.0.1:5555 || return
	c ftcpctl add tunnel "t$port" dev ftcp0 listen "127.0.0.1:$port" \
		remote "$S4:$((port + 1))" "$@"
}

send() { c udptool send --to "127.0.0.1:$1" "${@:2}"; }

# The first packet at the router that matches is lost.
lose_first()
{
	r nft add table inet lose
	r nft add chain inet lose "$1" \
		'{ type filter hook forward priority 20; }'
	r nft add rule inet lose "$1" "$2" numgen inc mod 1000000 == 0 \
		counter drop
}

lost_one() { r nft list chain inet lose "$1" | grep -q 'packets 1 '; }

# The segments of one direction cover the sequence space without hole or
# overlap.  contiguous FILTER...
contiguous()
{
	captured wire -S "$@" | sed -n 's/.*Flags \[\([^]]*\)\], seq \([0-9]*\)[:,]\([0-9]*\).*/\1 \2 \3/p' |
		awk '$1 ~ /S/ { isn = $2; next }
		{ print ($2 - isn + 2^32) % 2^32, ($3 - isn + 2^32) % 2^32 }' |
		sort -n | awk 'BEGIN { last = 1 }
		$1 != last {
			print "segment at " $1 ", not at " last; bad = 1
		}
		{ last = $2 }
		END { print NR " segments"; exit bad || !NR }'
}

# flag_letters FILTER...: of each packet
flag_letters()
{
	captured wire "$@" | sed 's/.*Flags \[\([^]]*\)\].*/\1/' | xargs
}

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

for port in 1000 1100 1200 1400 1500; do
	proxy $port || bail_out "no tunnel $port"
done
proxy 1300 idle 1
proxy 1600 queue 16
server echo "$S" echo --bind 127.0.0.1:5555
capture wire "$R" s0 tcp
capture icmp "$C" lo icmp

# ---- A server that drops, which takes long to find out ----

s nft add table inet loss
s nft add chain inet loss input '{ type filter hook input priority 0; }'
s nft add rule inet loss input tcp dport 1101 drop
background unanswered "$C" udptool send --to 127.0.0.1:1100 --timeout 17
unanswered_pid=$!

# ---- Three segments, opened by the client ----

check 'datagrams and their answers' \
	send 1000 --size 100 --count 3 --rate 5
check 'a burst' send 1000 --size 333 --count 200 --window 20
check 'a super-packet' send 1000 --size 1000 --gso 8000 --count 8

first=$(flows "$C" '.[] | select(.tunnel == "t1000") | .local' | head -n 1)
first=${first##*:}
check 'SYN, SYN-ACK, ACK, then data' \
	eval 'flag_letters tcp port "$first" | grep "^S S\. \. P\?\."'
options='options \[mss 1460,nop,nop,sackOK,nop,wscale [0-9]*\]'
syn_like()
{
	captured wire "tcp[13] == $1 and tcp port $first" -v |
		grep -Eq "win 64240, $options"
}
check 'SYN has the options of Linux' syn_like 0x02
check 'SYN-ACK has them as well' syn_like 0x12
no_options()
{
	! captured wire 'tcp[13] & 2 == 0 and tcp[12] >> 4 != 5' | grep .
}
check 'no other segment has options' no_options

# isns FLAGS: initial sequence numbers of different flows
isns()
{
	captured wire -S "tcp[13] == $1 and tcp port 1001" |
		sed 's/.*seq \([0-9]*\),.*/\1/'
}
random_isns()
{
	isns "$1"
	[ "$(isns "$1" | sort -u | grep -cvx 0)" = 3 ]
}
check "the client's sequence numbers begin anywhere" random_isns 0x02
check "the server's as well" random_isns 0x12
for port in $(isns 0x02 > /dev/null; captured wire 'tcp[13] == 2 and dst port 1001' |
	      sed 's/.*\.\([0-9]*\) > .*/\1/'); do
	check 'sequence numbers are contiguous from client to server' \
		contiguous tcp src port "$port"
	check 'and back' contiguous tcp dst port "$port"
done

# ---- PSH ----

c ethtool -K eth0 tso off gso off > /dev/null
lone()
{
	flag_letters "tcp src port $first and less 180 and greater 140" |
		grep -x 'P\?\. P\. P\.'
}
check 'lone datagrams have PSH' lone
check 'a super-packet cut up' send 1000 --size 900 --gso 5400 --count 6
cut_flags()
{
	flag_letters 'src host 10.1.0.2 and greater 900 and less 980 and tcp port 1001' |
		grep -x '\. \. \. \. \. P\.'
}
wait_for 5 cut_flags
check 'has PSH on its last segment only' cut_flags
c ethtool -K eth0 tso on gso on > /dev/null

# ---- Opened by the server, through routed tunnels ----

for ns in "$C" "$S"; do
	in_ns "$ns" ftcpctl add tunnel routed dev ftcp0 routed port 7000
	in_ns "$ns" ftcpctl set peer any tunnel routed dev ftcp0 \
		endpoint same allowed-ips 0.0.0.0/0
	in_ns "$ns" ftcpctl add rules tunnel routed dev ftcp0
done
server client-echo "$C" echo --bind "$C4:7000"
check 'the server speaks first' \
	s udptool send --to "$C4:7000" --from "$S4:7000" --count 20 --window 4
wait_for 5 eval '[ "$(flows "$C" "map(select(.tunnel == \"routed\")) | length")" = 1 ]'
check 'SYN from the server' is "$(flag_letters tcp port 7000 |
	cut -d ' ' -f 1-3)" 'S S. .'
check 'which is the one that dialled' is \
	"$(captured wire 'tcp[13] == 2 and tcp port 7000' |
	   sed 's/.* IP \(.*\) > \(.*\): Flags.*/\1 \2/')" "$S4.7000 $C4.7000"

# ---- Lost on the way ----

lose_first third 'iifname c0 tcp dport 1401 tcp flags ack ip length 40'
check 'the third segment is lost: the datagram opens the connection' \
	send 1400 --size 200 --count 3 --window 1
check 'it was lost' lost_one third
lose_first synack 'iifname s0 tcp sport 1501 tcp flags syn,ack'
check 'SYN-ACK is lost: the datagram arrives nevertheless' \
	send 1500 --size 200
check 'it was lost' lost_one synack
check 'SYN was sent twice, with the same sequence number' \
	is "$(captured wire -S 'tcp[13] == 2 and tcp dst port 1501' |
	      sed 's/.*seq \([0-9]*\),.*/\1/' | uniq -c | awk '{ print $1 }')" 2

# ---- Datagrams that wait ----

wait_for 5 eval '[ "$(flows "$S" "map(select(.tunnel == \"t1600\")) | length")" = 0 ]'
s ftcpctl del tunnel t1600 dev ftcp0
s ftcpctl add tunnel t1600 dev ftcp0 port 1601 forward 127.0.0.1:5556
lose_first syn 'iifname c0 tcp dport 1601 tcp flags syn / syn,ack'
background sink "$S" udptool sink --bind 127.0.0.1:5556 --count 16
sink_pid=$!
wait_for 10 grep -q ready "$tmp/sink"
check 'more datagrams than may wait' send 1600 --size 50 --oneway --count 20
check 'what may not is dropped and counted' \
	is "$(drops "$C" queue-full)" 4
wait "$sink_pid"
check 'the others arrive' is "$?" 0
check 'in order' is "$(field reordered "$(cat "$tmp/sink")")" 0
check 'SYN was lost' lost_one syn

# ---- Closed ----

ends()
{
	flows "$C" ".[] | select(.tunnel == \"$1\") | .local + \" remote \" + .remote" |
		head -n 1
}
fins() { flag_letters "tcp[13] & 1 == 1 and tcp port $1"; }
# shellcheck disable=SC2046
check 'close a flow' c ftcpctl del flow local $(ends t1400) dev ftcp0
gone() { [ "$(flows "$1" "map(select(.tunnel == \"$2\")) | length")" = 0 ]; }
check 'it goes at the client' wait_for 5 gone "$C" t1400
check 'and at the server' wait_for 5 gone "$S" t1400
wait_for 5 eval '[ "$(fins 1401)" = "F. F." ]'
check 'FIN was sent both ways' is "$(fins 1401)" 'F. F.'
no_rst() { is "$(flag_letters "tcp[13] & 4 == 4 and tcp port $1")" ''; }
check 'and no RST' no_rst 1401
check 'it is counted, once' is "$(ended "$C" t1400)" closed=1
check 'and at the server' is "$(ended "$S" t1400)" closed=1
check 'a datagram opens a new one' send 1400 --size 10

check 'a flow that is soon idle' send 1300 --size 10
check 'goes at the client' wait_for 10 gone "$C" t1300
check 'and at the server' wait_for 5 gone "$S" t1300
check 'FIN was sent both ways' is "$(fins 1301)" 'F. F.'
check 'and no RST' no_rst 1301
check 'it is counted, once' is "$(ended "$C" t1300)" closed=1
check 'and at the server' is "$(ended "$S" t1300)" closed=1

# ---- Refused ----

c udptool send --to 127.0.0.1:1200 --timeout 2 > "$tmp/refused"
check 'nobody listens: the application is told' \
	grep refused=1 "$tmp/refused"
syns() { captured wire -S "tcp[13] == 2 and tcp dst port $1" | sed 's/.*seq \([0-9]*\),.*/\1/'; }
check 'two tries, the second with sequence number 0' \
	is "$(syns 1201 | sed 's/^[1-9].*/random/' | xargs)" 'random 0'
check 'no flow is left' gone "$C" t1200
check 'it is counted, once' is "$(ended "$C" t1200)" refused=1
# Sequence number 0 can be answered by who does not see it.
check 'without Phantun'"'"'s way' c ftcpctl set tunnel t1200 dev ftcp0 wire native
before=$(syns 1201 | wc -l)
dialled_again()
{
	c udptool send --to 127.0.0.1:1200 --timeout 2 > "$tmp/refused"
	[ "$(syns 1201 | wc -l)" -gt "$before" ]
}
check '... another try' wait_for 10 dialled_again
check '... the application is told' grep refused=1 "$tmp/refused"
check '... one SYN for each flow, none with sequence number 0' eval \
	'[ "$(syns 1201 | wc -l)" -eq "$(($(ended "$C" t1200 | tr -dc 0-9) + 1))" ] &&
	 [ "$(syns 1201 | grep -cx 0)" = 1 ]'

# ---- Unanswered ----

wait "$unanswered_pid"
check 'no answer: the application is told' \
	eval 'captured icmp | grep "ICMP host 127.0.0.1 unreachable"'
backoff()
{
	captured wire -tt 'tcp[13] == 2 and tcp dst port 1101' | awk '
		NR == 2 { want = 1 } NR == 3 { want = 2 } NR > 3 { want = 3 }
		NR > 1 && ($1 - last < want * 0.9 || $1 - last > want * 1.5) {
			print "SYN " NR " after " $1 - last " seconds"; bad = 1
		}
		{ last = $1 }
		END { print NR " SYNs"; exit bad || NR != 5 }'
}
check 'SYN was sent five times, with growing pauses' backoff
check 'always the same' is "$(syns 1101 | sort -u | wc -l)" 1
check 'no flow is left' gone "$C" t1100
check 'it is counted, once' is "$(ended "$C" t1100)" unanswered=1
s nft delete table inet loss
check 'the next datagram starts over' send 1100 --size 10

assert_no_invalid
finish
