#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whole IP packets over standard input and output, and over those of a command: a pipe
# between two hosts, and a slow TCP connection, on which little may wait.

. "$(dirname "$0")/lib.sh"

tun_start
topology
# BBR, which some hosts have by default, finds its rate without losses
c sh -c 'echo reno > /proc/sys/net/ipv4/tcp_congestion_control'
head -c 10M /dev/urandom > "$tmp/file"
far="inns $S $ftcptun ip --stdio --dev inner --address 10.9.0.2/24 --address fd09::2/64"

# near COMMAND [OPTIONS...]: this end, which runs the command
near()
{
	local command=$1

	shift
	run near "$C" ip --exec "$command" --dev inner --address 10.9.0.1/24 \
		--address fd09::1/64 "$@"
	near=$!
}

reaches() { c ping -q -c 1 -W 1 "$1"; }
gone() { ! ip -n "$1" link show inner; }

near "$far"
for to in 10.9.0.2 fd09::2; do
	check "to $to" wait_for 10 reaches "$to"
	check '... in full size' c ping -q -c 2 -i 0.05 -M "do" -s 1400 "$to"
	check '... in fragments' c ping -q -c 2 -i 0.05 -s 9000 "$to"
	check '... a file' transfer "$C" "$S" "$to"
	check '... and one back' transfer "$S" "$C" "${to%2}1"
done
check 'nothing but the channel' eval '! c nft list tables | grep ftcptun_'
worker=$(worker_of $near | tail -1)	# the command is older
check 'who carries packets has no privileges' \
	grep -q '^CapEff:.*0000000000000000$' "/proc/$worker/status"
check '... but a filter of system calls' grep -q '^Seccomp:.*2$' "/proc/$worker/status"
ends_well 'this end' $near
check 'and the other one with it' wait_for 10 gone "$S"

near "$far --allowed-ips 10.9.0.9,fd09::/64" --allowed-ips 10.9.0.0/24
check_fails 'a source that is not allowed' c ping -q -c 1 -W 1 10.9.0.2
check 'a destination that is not allowed' eval \
	'c ping -c 1 -W 5 fd09::2 | grep -q "Address unreachable"'
check '... is counted' [ "$(total no-peer $near near)" -ge 1 ]
far_end=$(pgrep -o -f "^$ftcptun ip --stdio")
kill "$far_end"
check 'if the other end goes this one does' wait_for 10 has_ended "$near"
wait "$near"
status=$?
check '... with status 1' [ $status -eq 1 ]
lost='the channel: (Broken pipe|Connection reset)'
check '... and says so' grep -Eq "$lost" "$tmp/near"

check_refused 'what is no such end' 'the channel: Protocol error' \
	c timeout 20 "$ftcptun" ip --exec 'echo Welcome to this machine; sleep 20' --dev inner
check_refused 'no such command' "$lost" \
	c timeout 20 "$ftcptun" ip --exec /nonexistent --dev inner

# Bytes that are no frames
perl -e 'print "ftcpip1\0"; srand(1); for (1..3000) { my $n = int(rand(300));
	print pack("n", $n), join "", map { chr(rand(256)) } 1..$n }' > "$tmp/noise"
check_refused 'noise is dropped, then' "$lost" \
	c timeout 20 "$ftcptun" ip --exec "cat $tmp/noise; sleep 0.5" --dev inner

# ---- a far end without privileges ----

if command -v passt > /dev/null; then
	ip -n "$S" addr add 10.7.0.1/32 dev lo
	ip -n "$S" addr add fd07::1/128 dev lo
	ip -n "$S" addr add 64:ff9b::1/128 dev lo
	near "inns $S setpriv --reuid nobody --regid nogroup --clear-groups \
		--bounding-set -all --no-new-privs $ftcptun ip --stdio --passt"
	ip -n "$C" route add 10.7.0.1 dev inner
	ip -n "$C" route add fd07::1 dev inner
	ip -n "$C" route add 64:ff9b::1 dev inner
	server echo "$S" echo --bind 10.7.0.1:5555
	check 'passt: datagrams' wait_for 10 send --to 10.7.0.1:5555 --count 3
	check '... large ones' send --to 10.7.0.1:5555 --count 3 --size 1400
	for to in 10.7.0.1 fd07::1 64:ff9b::1; do
		check "... a file to $to" transfer "$C" "$S" "$to"
	done
	c nft -f - <<-'EOT'
	table inet astray {
		chain o {
			type filter hook output priority 0
			ip daddr 10.7.0.1 ip daddr set 127.0.0.1
		}
	}
	EOT
	server loopback "$S" echo --bind 127.0.0.1:5555
	check_fails '... not to loopback addresses' \
		send --to 10.7.0.1:5555 --count 3 --timeout 1
	check '... by nobody' pgrep -u nobody -f "^$ftcptun ip --stdio --passt"
	check_fails '... without privileges' pgrep -u root -f "^$ftcptun ip --stdio --passt"
	ends_well 'passt: this end' $near
else
	skip 'a far end without privileges' 'no passt'
fi

# ---- a slow channel ----

# 5 Mbit/s, and not much of a queue
r tc qdisc add dev s0 root tbf rate 5mbit burst 5kb latency 100ms
background far "$S" socat TCP-LISTEN:7777,reuseaddr \
	"EXEC:$ftcptun ip --stdio --dev inner --address 10.9.0.2/24"
wait_for 10 eval 's ss -Hltn sport = 7777 | grep -q .'
near "socat -,sndbuf=16384 TCP:$S4:7777,sndbuf=32768"
check 'a slow channel' wait_for 10 reaches 10.9.0.2
background discard "$S" socat -u TCP-LISTEN:9998 OPEN:/dev/null
wait_for 10 eval 's ss -Hltn sport = 9998 | grep -q .'
background load "$C" socat -u OPEN:/dev/zero TCP:10.9.0.2:9998
load=$!
drops() { [ "$(total queue-full $near near)" -gt "${1:-0}" ]; }
check 'TCP that fills it' wait_for 20 drops 5
c ping -c 40 -i 0.1 -q 10.9.0.2 > "$tmp/ping"
diag "$(tail -2 "$tmp/ping")"
average=$(sed -n 's/^rtt .*= [0-9.]*\/\([0-9]*\).*/\1/p' "$tmp/ping")
check 'others need not wait long' [ "$average" -lt 400 ]
check '... and arrive' grep -Eq ' [12]?[0-9](\.[0-9]+)?% packet loss' "$tmp/ping"
stop $load
ends_well 'the slow one' $near
finish
