#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loss, duplication and reordering on the way reach the application as they do
# with plain UDP on the same way: nothing is hidden, nothing made worse, nothing
# corrupted or delivered to another conversation.

. "$(dirname "$0")/../lib.sh"

readonly n=2000

start
module_load
modprobe sch_netem 2> /dev/null
topology allow-udp
ip -n "$R" link set lo up
in_ns "$R" tc qdisc add dev s0 root netem limit 100000 2> /dev/null ||
	skip_all 'no netem'
check 'tunnels' proxy
background echo "$S" taskset -c 0 udptool echo --bind 127.0.0.1:5555 --bind "$S4:5555"
check 'a server' wait_for 10 grep -q ready "$tmp/echo"

# impair WORDS...: on the way from client to server
impair()
{
	# "change" would keep what is not named
	r tc qdisc del dev s0 root
	r tc qdisc add dev s0 root netem limit 100000 "$@"
}

# run FROM TO: echoes of 4 conversations, each of which knows its own.  They come
# from the same ports each time, so that no handshake is lost with the datagrams
# that would wait for it; and from one processor, since who moves to another may
# overtake its own datagrams.
run()
{
	c taskset -c 0 udptool send --from "$1:7000" --to "$2" --sockets 4 \
		--count $((n / 4)) --size 300 --rate 1000 --window $n --lossy \
		--timeout 30
}

run_plain() { run "$C4" "$S4:5555"; }
run_tunnelled() { run 127.0.0.1 127.0.0.1:1234; }

# about NAME WHAT PLAIN TUNNELLED: of the same order of magnitude
about()
{
	local plain tunnelled

	plain=$(field "$2" "$3")
	tunnelled=$(field "$2" "$4")
	check "$1: $2, UDP $plain, here $tunnelled" eval \
		'[ "$plain" -gt 0 ] && [ "$tunnelled" -gt 0 ] &&
		 [ $((tunnelled * 4)) -ge "$plain" ] && [ "$tunnelled" -le $((plain * 4)) ]'
}

# clean NAME RESULT: what must not be, whatever happens on the way
clean()
{
	check "$1: all were sent" [ "$(field sent "$2")" = $n ]
	check "$1: nothing corrupted, nothing of another conversation" \
		[ "$(field corrupted "$2")" = 0 ]
	check "$1: no errors" [ "$(field refused "$2")$(field unreachable "$2")" = 00 ]
}

run_tunnelled > /dev/null
check 'four flows' flows_are "$C" 4 established
impair
result=$(run_tunnelled)
clean 'a clean way' "$result"
check 'a clean way: nothing lost' [ "$(field lost "$result")" = 0 ]
check 'a clean way: nothing twice' [ "$(field duplicates "$result")" = 0 ]
check 'a clean way: nothing reordered' [ "$(field reordered "$result")" = 0 ]

impair loss 10%
plain=$(run_plain) result=$(run_tunnelled)
clean 'loss' "$result"
about 'loss' lost "$plain" "$result"
check 'loss: nothing twice' [ "$(field duplicates "$result")" = 0 ]

impair duplicate 10%
plain=$(run_plain) result=$(run_tunnelled)
clean 'duplication' "$result"
about 'duplication' duplicates "$plain" "$result"
check 'duplication: nothing lost' [ "$(field lost "$result")" = 0 ]

impair delay 20ms reorder 90% 0%
plain=$(run_plain) result=$(run_tunnelled)
clean 'reordering' "$result"
about 'reordering' reordered "$plain" "$result"
check 'reordering: nothing lost' [ "$(field lost "$result")" = 0 ]
check 'reordering: nothing twice' [ "$(field duplicates "$result")" = 0 ]

assert_no_invalid
impair corrupt 5%
plain=$(run_plain) result=$(run_tunnelled)
clean 'corruption' "$result"
about 'corruption' lost "$plain" "$result"
check 'corruption: nothing twice' [ "$(field duplicates "$result")" = 0 ]

check 'the same four flows' flows_are "$C" 4

# A handshake on such a way: SYN and ACK are lost or come twice.  Of 50 SYNs that
# are sent five times, all five of one are lost once in two thousand runs.
impair			# a RST that is lost is not repeated
check 'close the flows' c ftcpctl del tunnel t dev ftcp0
check 'they go' wait_for 20 flows_are "$S" 0
c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
impair loss 10% duplicate 20% delay 5ms reorder 50% 0%
check 'everything at once: 50 handshakes' c udptool send --to 127.0.0.1:1234 \
	--sockets 50 --count 20 --rate 100 --window 10000 --lossy --timeout 40
check 'everything at once: all are established' wait_for 30 flows_are "$C" 50 established
check 'at both ends' wait_for 30 flows_are "$S" 50 established
check 'none more' flows_are "$C" 50
impair
check 'they work' c udptool send --to 127.0.0.1:1234 --sockets 4 --count 20

# Four processes send on one socket, on several processors: all that they send before
# anything of the connection is acknowledged waits.
cat > "$tmp/burst" <<'EOT'
use Socket;
socket(my $s, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
connect($s, pack_sockaddr_in(1234, inet_aton('127.0.0.1'))) or die "connect: $!\n";
for (1 .. 4) {
	next if fork;
	for (1 .. 50) {
		send($s, 'x' x 1000, 0) // die "send: $!\n";
	}
	exit;
}
while (wait != -1) {
	exit 1 if $?;
}
EOT
carried() { [ "$(s ftcpctl show --json | jq '.[0].stats."rx-packets"')" = $((before + 200)) ]; }
impair delay 50ms
check 'room for those that wait' c ftcpctl set tunnel t dev ftcp0 queue 1000
none=$(drops "$C" refused)
before=$(s ftcpctl show --json | jq '.[0].stats."rx-packets"')
check 'a burst from several processors on a new connection' c perl "$tmp/burst"
check 'all of it arrives' wait_for 20 carried
check 'none of it was refused' [ "$(drops "$C" refused)" = "$none" ]
impair

check 'delete the links' proxy_gone
module_memory_back
finish
