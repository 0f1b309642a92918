#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server's name stands for another address: "resolve" moves what flows there
# without losing any of it, as often as it is called, and changes nothing else.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
ip -n "$S" addr add 10.2.0.3/24 dev eth0

# Names are what this file says; there is no name server.
hosts() { printf '%s\n' "$@" > "$tmp/hosts"; }
echo 'hosts: files dns' > "$tmp/nsswitch.conf"
echo 'options timeout:1 attempts:1' > "$tmp/resolv.conf"
hosts
# named COMMAND...: in the client, with those names
named()
{
	c unshare --mount sh -c 'for file in hosts nsswitch.conf resolv.conf; do
		mount --bind "$0/$file" "/etc/$file" || exit; done; exec "$@"' \
		"$tmp" "$@"
}
ctl() { named ftcpctl "$@"; }

peer() { c ftcpctl show peers --json | jq -r ".[0].$1"; }
endpoint_is()
{
	[ "$(peer endpoint)" = "$1" ] || { peer endpoint; return 1; }
}
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

export FTCP_RESOLVE_RETRIES=0
check_refused 'a name that nobody knows' 'remote: "server.test"' \
	eval 'add_link "$C" && ctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
		remote server.test:4567'
unset FTCP_RESOLVE_RETRIES
hosts "$S4 server.test"
check 'a tunnel to a name' ctl add tunnel t dev ftcp0 \
	listen 127.0.0.1:1234 remote server.test:4567 keepalive off
check 'a server' eval 'add_link "$S" && s ftcpctl add tunnel t dev ftcp0 \
	port 4567 forward 127.0.0.1:5555'
check 'its address is found' endpoint_is "$S4:4567"
check 'its name is kept' is "$(peer '"endpoint-name"')" server.test:4567
check '... and shown' eval 'c ftcpctl show peers | grep -q "server\.test:4567"'
check '... with the tunnel' eval 'c ftcpctl show | grep -q "(server\.test:4567)"'
check '... for programs' is "$(c ftcpctl show --json | jq -r '.[0]["remote-name"]')" \
	server.test:4567
server echo "$S" echo --bind 127.0.0.1:5555

check 'nothing has changed' is "$(ctl resolve)" ''
check 'still the same' endpoint_is "$S4:4567"

# ---- Another address, while the application goes on ----

background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--count 400 --rate 100 --window 1000
app=$!
check 'a conversation' wait_for 10 flows_are "$C" 1 established
hosts '10.2.0.3 server.test'
said=$(ctl resolve)
check 'it says what has changed' is "$said" \
	"tunnel t dev ftcp0: peer remote: server.test:4567 is at 10.2.0.3:4567 now, was at $S4:4567"
check 'the endpoint is new' endpoint_is 10.2.0.3:4567
check 'the name is the same' is "$(peer '"endpoint-name"')" server.test:4567
check 'a flow to the new address' wait_for 10 eval \
	'[ "$(flows "$C" ".[] | select(.state == \"established\") | .remote")" = 10.2.0.3:4567 ]'
wait "$app"
check 'no datagram was lost' [ $? -eq 0 ]
diag "$(cat "$tmp/app")"

# ---- An address that refuses ----

background app "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 \
	--count 100000 --rate 100 --window 1000
app=$!
# The most recent one that is established goes there.
goes_to()
{
	[ "$(flows "$C" 'map(select(.state == "established")) |
		min_by(."age-ms").remote')" = "$1" ] || { c ftcpctl show flows; return 1; }
}
check 'a conversation' wait_for 10 goes_to 10.2.0.3:4567
s nft -f - <<-EOT
table inet refuse {
	chain in {
		type filter hook input priority 0;
		ip daddr 10.2.0.4 tcp dport 4567 counter reject with tcp reset
	}
}
EOT
ip -n "$S" addr add 10.2.0.4/24 dev eth0
refusals() { s nft list table inet refuse | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
hosts '10.2.0.4 server.test'
check 'another address' eval 'ctl resolve | grep -q "at 10\.2\.0\.4:4567"'
check 'it refuses' wait_for 10 eval '[ "$(refusals)" -ge 2 ]'
pause 1000
# Had it been closed, the next datagram would have dialled the new address.
check 'the flow goes on where it is' goes_to 10.2.0.3:4567
s nft delete table inet refuse
check 'it is tried again' eventually 45 goes_to 10.2.0.4:4567
hosts '10.2.0.3 server.test'
check 'the address of before' eval 'ctl resolve | grep -q "at 10\.2\.0\.3:4567"'
check 'is gone back to' eventually 10 goes_to 10.2.0.3:4567
stop "$app"
diag "$(cat "$tmp/app")"

# ---- What is no reason to change ----

hosts "$S4 server.test" '10.2.0.3 server.test'
check 'the address is among others' is "$(ctl resolve dev ftcp0 tunnel t)" ''
check 'it stays' endpoint_is 10.2.0.3:4567
hosts
check_refused 'the name has no address' 'resolve: "server.test"' ctl resolve
check 'the endpoint stays' endpoint_is 10.2.0.3:4567
hosts "$S6 server.test" "$S4 server.test"
check 'IPv6 as well, but no longer that one' eval 'ctl resolve | grep -q "$S4:4567"'
check 'its family stays' endpoint_is "$S4:4567"
hosts "$S6 server.test"
check 'IPv6 only' ctl resolve
check 'another family' endpoint_is "[$S6]:4567"
check 'it works' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 5
hosts "$S6 server.test" "$S4 server.test"
check 'IPv4 is asked for' ctl resolve -4
check 'and taken' endpoint_is "$S4:4567"
check_refused 'no such tunnel' 'no tunnel named' ctl resolve tunnel x
check_refused 'no such link' 'no link named' ctl resolve dev x

check 'an address in place of the name' c ftcpctl set peer remote tunnel t \
	dev ftcp0 endpoint "$S4:4567"
check 'there is no name' is "$(peer '"endpoint-name"')" null
hosts '10.2.0.3 server.test'
check 'nothing to look up' is "$(ctl resolve)" ''
check 'the endpoint stays' endpoint_is "$S4:4567"
check 'a name again' ctl set peer remote tunnel t dev ftcp0 endpoint server.test:4567
check 'it is kept when something else changes' c ftcpctl set peer remote \
	tunnel t dev ftcp0 wire native
check '...' is "$(peer '"endpoint-name"')" server.test:4567
check_refused 'raw: a name without an address' 'no meaning without endpoint' \
	c nlraw faketcp 5 2:s=ftcp0 3:s=t 15:s=remote 38:s=server.test:4567
check_refused 'raw: a name of two words' 'printable' \
	c nlraw faketcp 5 2:s=ftcp0 3:s=t 15:s=remote 16:a=10.2.0.3:4567 '38:s=a b'
check_refused 'raw: a name too long' '.' \
	c nlraw faketcp 5 2:s=ftcp0 3:s=t 15:s=remote 16:a=10.2.0.3:4567 \
	"38:s=$(printf '%0260d' 0)"
check '...' is "$(peer '"endpoint-name"')" server.test:4567

# Whether flows stay is said, and does not go by a name.
up() { [ "$(flows "$C" 'map(select(.state == "established" and .remote == "10.2.0.3:4567")) | length')" "$@" ]; }
refused() { ended "$C" t | tr ' ' '\n' | sed -n 's/^refused=//p'; }
check 'a flow' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7009 --count 2
check 'it is there' wait_for 10 up -ge 1
check 'no handshake gets through' r nft add table inet silence "{ chain f {
	type filter hook forward priority -10;
	tcp flags & (syn | ack) == syn reject with tcp reset; }; }"
before=$(refused)
check 'raw: an endpoint without a name, tentative' c nlraw faketcp 5 2:s=ftcp0 3:s=t \
	15:s=remote 16:a=10.2.0.2:4567 43:x=
check 'it refuses' wait_for 10 eval '[ "$(refused)" -gt $((before)) ]'
check 'the flow stays' up -ge 1
check_refused 'raw: tentative, but where' 'no meaning without endpoint' \
	c nlraw faketcp 5 2:s=ftcp0 3:s=t 15:s=remote 43:x=
check 'raw: a name, not tentative' c nlraw faketcp 5 2:s=ftcp0 3:s=t 15:s=remote \
	16:a=10.2.0.4:4567 38:s=server.test:4567
check 'the flow is closed' wait_for 10 up = 0
check 'handshakes get through' r nft delete table inet silence
check 'as before' ctl set peer remote tunnel t dev ftcp0 endpoint server.test:4567
check '...' endpoint_is 10.2.0.3:4567

# ---- Again and again, as a timer does ----

hosts "$S4 server.test"
check 'again: a change is noticed' eval 'ctl resolve | grep -q "at $S4:4567"'
hosts
check_refused 'again: so is a failure' 'resolve: "server.test"' ctl resolve
check '... which changes nothing' endpoint_is "$S4:4567"
hosts '10.2.0.3 server.test'
check 'again: and that it is over' eval 'ctl resolve | grep -q "at 10\.2\.0\.3:4567"'
check '... at once' endpoint_is 10.2.0.3:4567
hosts "$S4 server.test"
check 'as before' ctl resolve

# ---- Many flows at once --------------------------------------------------------

# There are 200 ports for flows, and each that moves needs another one until its
# predecessor is closed.
check 'all flows end' eval 'ip -n "$C" link set ftcp0 down &&
	ip -n "$C" link set ftcp0 up && wait_for 10 flows_are "$S" 0'
c sysctl -qw net.ipv4.ip_local_port_range='40000 40399'
check '150 conversations' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:20000 --sockets 150 --window 50 --timeout 20
none=$(drops "$C" port-taken)
moved_to()
{
	[ "$(flows "$C" "map(select(.remote == \"$1\" and .state == \"established\")) |
		length")" = 150 ]
}
check 'the peer is elsewhere' c ftcpctl set peer remote tunnel t dev ftcp0 \
	endpoint 10.2.0.3:4567
check 'all of them move' wait_for 40 moved_to 10.2.0.3:4567
check 'each found a port at once' is "$(drops "$C" port-taken)" "$none"
check 'and none has ended otherwise' eval \
	'[[ " $(ended "$C" t) " != *" failed="* ]]'
check 'all are heard' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:20000 --sockets 150 --window 50 --timeout 20
c sysctl -qw net.ipv4.ip_local_port_range='32768 60999'

check 'delete the links' proxy_gone
module_memory_back
finish
