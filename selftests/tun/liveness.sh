#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A flow that has lost its way is replaced by another from a new port, and one
# that is to be replaced for its age or volume likewise: the conversation moves,
# and the application notices nothing.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555

# both CLIENT-OPTIONS SERVER-OPTIONS: words
both()
{
	# shellcheck disable=SC2086
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules $2
	server=$!
	# shellcheck disable=SC2086
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules -v $1
	client=$!
}
neither()
{
	ends_well "$1: the client" $client
	ends_well "$1: the server" $server
}

answers() { total rx $client client; }
goes_on()
{
	local before

	before=$(answers)
	wait_for 10 eval '[ "$(answers)" -gt '$((before + 10))' ]'
}

# ports: of flows that are established
ports() { report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p'; }
tun_flows_are() { [ "$(tun_flows $client client "${2:-}")" -eq "$1" ]; }
moved() { ports | grep -vqx "$1"; }

# lose PORT: the router drops all from and to that port, in silence
lose()
{
	r nft -f - <<-EOT
	table inet lose {
		chain f {
			type filter hook forward priority -10;
			tcp sport $1 drop
			tcp dport $1 drop
		}
	}
	EOT
}
found() { r nft delete table inet lose; }

# ---- a way that is lost ----

both '--keepalive 25:0.1:2'
background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--count 100000 --rate 50 --window 100000 --lossy --timeout 300
app=$!
check 'it works' wait_for 10 eval '[ "$(answers)" -gt 10 ]'
old=$(ports)
capture wire "$C" eth0 "tcp and host $S4"
tcpdump=$!
lose "$old"
check 'another flow from another port' wait_for 10 moved "$old"
check 'the conversation goes on' goes_on
check 'the old flow goes' wait_for 30 tun_flows_are 1
stop "$tcpdump"
captured wire -t > "$tmp/wire.txt"
line() { grep -n -m 1 "$1" "$tmp/wire.txt" | cut -d : -f 1; }
probe=$(line "\.$old > .*Flags \[\.\],.* length 0")
syn=$(line 'Flags \[S\]')
end=$(line "\.$old > .*Flags \[[FR]")
check 'probed first, then dialled, then closed' \
	[ "${probe:-999999}" -lt "${syn:-0}" ] && [ "${syn:-999999}" -lt "${end:-0}" ]
check 'the log tells' grep -q "flow $old - $S4:4567: to be replaced" "$tmp/client"
found

# ---- an outage ----

lose 4567
check 'no way at all' wait_for 20 tun_flows_are 1 SYN-SENT
check 'the flow that is to be replaced is still there' tun_flows_are 1 ESTAB
pause 3000	# some SYNs are lost
found
check 'after the outage it goes on' goes_on
check 'and settles on one flow' wait_for 30 tun_flows_are 1
check 'conntrack of the hosts found everything valid' no_invalid "$C" "$S"
lose 4567
# "destination unreachable" that the client's host was sent
icmp_errors() { c awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp; }
told=$(icmp_errors)
check 'an outage that is longer' wait_for 60 grep -q 'fell silent' "$tmp/client"
check 'of which the application hears' wait_for 5 eval \
	'[ "$(icmp_errors)" -gt '"$told"' ]'
found
check 'after that it goes on, too' goes_on
check 'from the same socket' kill -0 "$app"
stop "$app"
check 'nothing was corrupted' grep -q ' corrupted=0' "$tmp/app"
check 'no datagram came twice' grep -q ' duplicates=0' "$tmp/app"
neither 'after outages'
# The server asks at the end for what was given up meanwhile, and the RST that
# it gets has numbers that it knows and conntrack no longer expects.
c nft reset counters table inet watch > /dev/null

# The standby comes to nothing, and the old flow is found again
both '--keepalive 25:0.1:2'
send --to 127.0.0.1:1234 --from 127.0.0.1:7000 > /dev/null
old=$(ports)
r nft add table inet lose
r nft add chain inet lose f '{ type filter hook forward priority -10; }'
r nft add rule inet lose f tcp flags syn drop
r nft add rule inet lose f tcp sport "$old" drop
background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--count 100000 --rate 50 --window 100000 --lossy --timeout 300
app=$!
check 'a standby is dialled' wait_for 20 tun_flows_are 1 SYN-SENT
r nft flush chain inet lose f
r nft add rule inet lose f tcp flags syn drop
check 'the old flow works again' goes_on
check 'the standby is given up' wait_for 30 tun_flows_are 1
check 'the old flow has stayed' [ "$(ports)" = "$old" ]
found
stop "$app"
neither 'a standby in vain'

# ---- a whole window that nobody acknowledges ----

# Without keepalive nothing but that ends it: what waits for room must not keep it.
both '--keepalive 0'
check 'a flow' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
old=$(ports)
lose "$old"
background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--size 1400 --gso 63000 --count 30000000 --oneway --lossy
app=$!
check 'a window that is full ends its flow' wait_for 60 \
	grep -q "flow $old .*fell silent" "$tmp/client"
check 'another one takes its place' wait_for 10 moved "$old"
kill -KILL "$app"
wait "$app" 2>/dev/null
found
neither 'a full window'
# conntrack does not expect quite as much to be on the way
c nft reset counters table inet watch > /dev/null

# ---- rotation ----

# rotates NAME OPTION: many flows one after the other, and nothing is lost
rotates()
{
	both "$2"
	check "$1: every datagram was answered, once" send --to 127.0.0.1:1234 \
		--from 127.0.0.1:7001 --count 250 --size 1000 --rate 50 \
		--window 100000 --timeout 60
	check "$1: on several flows" [ "$(total flows $client client)" -ge 3 ]
	check "$1: the old ones close" wait_for 30 tun_flows_are 1
	check "$1: at the server as well" wait_for 30 eval \
		'[ "$(tun_flows $server server)" -eq 1 ]'
	ended=$(tun_ended $client client)
	check "$1: they were replaced ($ended)" \
		eval '[[ "$ended" =~ ^replaced\ [1-9][0-9]*$ ]]'
	check "$1: and closed at the server" wait_for 5 eval \
		'[ "$(tun_ended $server server)" = "closed ${ended#replaced }" ]'
	neither "$1"
}
rotates 'max-age' '--max-age 1'
rotates 'max-bytes' '--max-bytes 100K'
rotates 'one thread' '--max-age 1 --threads 1'

# The end that cannot dial closes, and the other one dials anew.
both '' '--max-age 1'
check 'a flow' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
# that a flow is in use shows later than in the millisecond of its beginning
check 'is in use' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
old=$(ports)
check 'is closed by the server' wait_for 10 tun_flows_are 0
check 'and another one made' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
check 'from another port' moved "$old"
neither 'max-age at the server'

# ---- NAT that forgets ----

r sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established=4
both '--keepalive 1:0.8:9'
check 'a flow' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
old=$(ports)
pause 8000	# twice as long as the router remembers
check 'is remembered by the router' ct_state "$R" ESTABLISHED --sport "$old"
check 'and still there' [ "$(ports)" = "$old" ]
check 'and works' send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3
neither 'keepalive'

check 'conntrack of the hosts found everything valid' no_invalid "$C" "$S"
assert_no_udp
finish
