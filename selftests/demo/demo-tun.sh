#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What ftcptun is for, on any machine with a TUN device, in half a minute:
#
#     client  ------  router  ------  server
#
# The router drops all UDP and tracks connections.  An application on the client
# talks UDP to a service on the server; what crosses the router is one TCP
# connection.  Fails loudly if anything else does.

. "$(dirname "$0")/../lib.sh"

ftcptun=$repo/tools/ftcptun/ftcptun

tell()
{
	printf '\n\033[1m%s\033[0m\n' "$*"
}

fail()
{
	printf '\n\033[1;31mFAILED: %s\033[0m\n' "$*"
	finished=1
	exit 1
}

start > /dev/null
[ -c /dev/net/tun ] || fail 'there is no /dev/net/tun'
[ -x "$ftcptun" ] || fail 'build it first: make tools'
topology stateful

tell 'A client, a router that drops all UDP and tracks connections, and a server.'
c ping -c 1 -W 2 "$S4" || fail 'the client does not reach the server'
server echo "$S" echo --bind 0.0.0.0:5555
if c udptool send --to "$S4:5555" --timeout 1 > /dev/null 2>&1; then
	fail 'UDP passes the router'
fi
echo "UDP to $S4:5555: no answer, as it should be"
# What passes the router, from here on; what it drops is dropped before.
r nft -f - <<-'EOT' || fail 'no nftables'
table inet demo {
	counter passed-tcp { }
	counter passed-other { }
	chain passed {
		type filter hook forward priority 20;
		meta l4proto tcp counter name passed-tcp accept
		counter name passed-other
	}
}
EOT

tell 'The same through ftcptun, two commands:'
echo "server# ftcptun server --local 4567 --remote 127.0.0.1:5555 --auto-rules"
background ftcptun-server "$S" "$ftcptun" server --local 4567 \
	--remote 127.0.0.1:5555 --auto-rules
echo "client# ftcptun client --local 127.0.0.1:1234 --remote $S4:4567 --auto-rules"
background ftcptun-client "$C" "$ftcptun" client --local 127.0.0.1:1234 \
	--remote "$S4:4567" --auto-rules
client=$!
for end in server client; do
	wait_for 10 grep -q thread "$tmp/ftcptun-$end" ||
		fail "$(cat "$tmp/ftcptun-$end")"
done

tell '1000 datagrams of 1400 bytes and their answers:'
c udptool send --to 127.0.0.1:1234 --size 1400 --count 1000 --window 32 ||
	fail 'not all came back'

tell 'As fast as it goes for three seconds, 1400-byte datagrams, one way:'
make -s -C "$selftests/bench" "$repo/build/bench/udpblast" ||
	fail 'cannot build udpblast'
background sink "$S" "$repo/build/bench/udpblast" server -b 127.0.0.1 -p 5556 \
	--rcvbuf 8388608
background ftcptun-server2 "$S" "$ftcptun" server --local 4568 \
	--remote 127.0.0.1:5556 --auto-rules --tun-local 192.168.202.1 \
	--tun-peer 192.168.202.2 -4
background ftcptun-client2 "$C" "$ftcptun" client --local 127.0.0.1:1235 \
	--remote "$S4:4568" --auto-rules --tun-local 192.168.203.1 \
	--tun-peer 192.168.203.2 -4
for end in server2 client2; do
	wait_for 10 grep -q thread "$tmp/ftcptun-$end" ||
		fail "$(cat "$tmp/ftcptun-$end")"
done
speed=$(c "$repo/build/bench/udpblast" send -c 127.0.0.1 -p 1235 -t 3 --window 256) ||
	fail "$speed"
echo "received: $(field rx_mbps "$speed") Mb/s, lost: $(field loss_pct "$speed") %"

tell 'What the router has seen:'
ct "$R" -p tcp --dport 4567
tcp=$(ct "$R" -p tcp --dport 4567 | grep -c ASSURED)
echo "TCP packets that passed: $(counter "$R" demo passed-tcp)"
other=$(counter "$R" demo passed-other)
echo "UDP and other packets that passed: $other"

tell 'The flows, as ftcptun tells them (SIGUSR1):'
kill -USR1 $client
wait_for 5 grep -q ^drops: "$tmp/ftcptun-client"
sed -n '/^STATE/,$p' "$tmp/ftcptun-client"

[ "$other" -eq 0 ] || fail "$other packets that are not TCP passed the router"
[ "$tcp" -ge 1 ] || fail 'conntrack knows no established TCP connection'
no_invalid "$R" || fail 'conntrack found packets INVALID'
tell 'Only TCP crossed the router.'
stop_all
finished=1
