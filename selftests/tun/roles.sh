#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both roles, over IPv4, IPv6 and mixtures, with addresses and with names: what
# goes in at one end comes out at the other, byte for byte, and a firewall in the
# middle sees nothing but whole TCP connections.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful

# pair NAME LISTEN REMOTE TARGET TO LARGEST [OPTIONS...]
pair()
{
	local name=$1 listen=$2 remote=$3 target=$4 to=$5 largest=$6 server client size

	shift 6
	server "echo-$name" "$S" echo --bind "$target"
	local echo=$!
	run "server-$name" "$S" server --local 4567 --remote "$target" --auto-rules "$@"
	server=$!
	run "client-$name" "$C" client --local "$listen" --remote "$remote" --auto-rules "$@"
	client=$!
	for size in 1 2 3 15 16 17 48 100 1199 1200 $((largest - 1)) $largest; do
		check "$name: datagrams of $size bytes" \
			send --to "$to" --size $size --count 20
	done
	check "$name: super-packets" send --to "$to" --size 1100 --gso 33000 \
		--gro --count 5000 --window 60
	check_fails "$name: not one byte more than fits" \
		send --to "$to" --size $((largest + 1)) --timeout 1
	check "$name: and that is counted" \
		[ "$(total too-big $client "client-$name")" -eq 1 ]
	assert_ct_state ESTABLISHED --dport 4567
	ends_well "$name: the client" $client
	ends_well "$name: the server" $server
	stop $echo
	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2>/dev/null
	done
}

pair v4 127.0.0.1:1234 "$S4:4567" 127.0.0.1:5555 127.0.0.1:1234 1460
pair v6 '[::1]:1234' "[$S6]:4567" '[::1]:5555' '[::1]:1234' 1440
pair v6-v4-v6 '[::1]:1234' "$S4:4567" '[::1]:5555' '[::1]:1234' 1460
pair v4-v6-v4 127.0.0.1:1234 "[$S6]:4567" 127.0.0.1:5555 127.0.0.1:1234 1440
pair v4-only 127.0.0.1:1234 "$S4:4567" 127.0.0.1:5555 127.0.0.1:1234 1460 -4
pair one-thread 127.0.0.1:1234 "$S4:4567" 127.0.0.1:5555 127.0.0.1:1234 1460 --threads 1
pair four-threads '[::1]:1234' "[$S6]:4567" 127.0.0.1:5555 '[::1]:1234' 1440 --threads 4

# ---- wildcard addresses: the answer comes from where the question went ----

ip -n "$C" addr add 10.1.0.3/24 dev eth0
ip -n "$C" addr add fd01::3/64 dev eth0 nodad
server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!
for listen in 0.0.0.0:1234 '[::]:1234'; do
	run client "$C" client --local "$listen" --remote "$S4:4567" --auto-rules
	client=$!
	for to in 127.0.0.1 "$C4" 10.1.0.3; do
		check "$listen answers from $to" send --to "$to:1234" --count 3
	done
	if [ "$listen" = '[::]:1234' ]; then
		for to in ::1 "$C6" fd01::3; do
			check "$listen answers from $to" \
				send --to "[$to]:1234" --count 3
		done
	fi
	terminate $client
done

# ---- names ----

cat > "$tmp/hosts" <<-EOT
	127.0.0.1 localhost
	$S4 four.example both.example
	$S6 six.example both.example
EOT
echo 'hosts: files' > "$tmp/nsswitch.conf"
wrap=(unshare -m sh -c 'mount --bind "$0/hosts" /etc/hosts &&
	mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' "$tmp")
for name in four six both; do
	run client "$C" client --local 127.0.0.1:1234 \
		--remote $name.example:4567 --auto-rules
	client=$!
	check "a name: $name" send --to 127.0.0.1:1234 --count 3
	terminate $client
done
run client "$C" client --local 127.0.0.1:1234 --remote both.example:4567 -4 --auto-rules
client=$!
check 'a name, -4' send --to 127.0.0.1:1234 --count 3
check 'is IPv4 then' eval 'report '$client' client | grep -q "$S4:4567"'
terminate $client
wrap=()

# ---- the handshake packet is the first datagram ----

terminate $server
printf 'hello\0first' > "$tmp/hello"
: > "$tmp/got"
background socat "$S" socat -u UDP-RECV:5556 "OPEN:$tmp/got,append"
wait_for 10 eval 's ss -Hlun sport = 5556 | grep -q .'
run server2 "$S" server --local 4568 --remote 127.0.0.1:5556 --auto-rules
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4568" \
	--handshake-packet "$tmp/hello" --auto-rules
client=$!
printf 'second' | c socat -u - UDP:127.0.0.1:1234
printf 'hello\0firstsecond' > "$tmp/want"
check 'the handshake packet comes first' wait_for 10 cmp "$tmp/want" "$tmp/got"
terminate $client

head -c 1450 /dev/zero > "$tmp/large"
: > "$tmp/got"
run client "$C" client --local 127.0.0.1:1234 --remote "[$S6]:4568" \
	--handshake-packet "$tmp/large" --auto-rules
client=$!
printf 'first' | c socat -u - UDP:127.0.0.1:1234
check 'one that does not fit IPv6 is left out' wait_for 10 [ -s "$tmp/got" ]
check '... and nothing else' grep -qx first "$tmp/got"
check '... which is counted' [ "$(total too-big $client client)" -eq 1 ]
terminate $client

assert_no_invalid
assert_no_udp
finish
