#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A link by its file: `apply' makes it, changes what differs and nothing else, and all
# or nothing; `save' writes the file.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology

# file NS LINE...: what is applied there
file()
{
	local ns=$1

	shift
	mkdir -p "$tmp/$ns"
	printf '%s\n' "$@" > "$tmp/$ns/ftcp0.conf"
}
apply() { ip netns exec "$1" ftcpctl apply "$tmp/$1/ftcp0.conf" "${@:2}"; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
# What is set up, without what is counted
state() { ip netns exec "$1" ftcpctl save ftcp0; }
nothing_to_do() { is "$(apply "$1" --dry-run)" ''; }
talk() { c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3; }

# ---- From nothing ----

file "$S" 'tunnel t port 4567 forward 127.0.0.1:5555'
file "$C" '# a client' "tunnel t listen 127.0.0.1:1234 remote $S4:4567"
check 'a dry run' eval '[[ "$(apply "$C" --dry-run)" = \
	"ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote $S4:4567" ]]'
check_fails '... makes nothing' ip -n "$C" link show ftcp0
check 'a server' apply "$S"
check 'a client' apply "$C"
server echo "$S" echo --bind 127.0.0.1:5555
check 'they carry traffic' talk
check 'a flow' wait_for 10 flows_are "$C" 1 established
# its ends, which another one would not have
ends() { flows "$C" '.[0] | .local + .remote'; }
flow=$(ends)

# ---- Again ----

background monitor "$C" ftcpctl monitor
monitor=$!
check 'again' apply "$C"
check '... there is nothing to do' nothing_to_do "$C"
check '... on the server, too' nothing_to_do "$S"

# ---- A line that changes ----

file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567 idle 60 keepalive 20:1:4"
check 'an option' apply "$C"
check '... is changed' eval 'c ftcpctl show --json | jq -e ".[0].idle == 60 and
	.[0].\"keepalive-probes\" == 4"'
check '... traffic goes on' talk
check '... in the same flow' is "$(ends)" "$flow"
file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567"
check 'not mentioned any more' apply "$C"
check '... it is what it is by default' eval \
	'c ftcpctl show --json | jq -e ".[0].idle == 180 and .[0].\"keepalive-probes\" == 0"'
file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567" \
	"tunnel u listen 127.0.0.1:1235 remote $S4:4567"
check 'another tunnel' apply "$C"
check '... is there' eval 'c ftcpctl show --json | jq -e "length == 2"'
file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567"
check 'a line is gone' apply "$C"
check '... and its tunnel' eval 'c ftcpctl show --json | jq -e "length == 1"'
check 'the first one has its flow' is "$(ends)" "$flow"
check 'nobody has ended it' eval '! grep -q flow-del "$tmp/monitor"'
check 'each change was told' eval '[ "$(grep -c "tunnel-del u" "$tmp/monitor")" = 1 ]'
stop "$monitor"

# ---- All or nothing ----

before=$(state "$C")
file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567 idle 70" '' 'tunnel u frob'
check 'an error in line 3' eval 'apply "$C" 2>&1 | grep -q "ftcp0.conf:3: .frob.: unknown word"'
check '... changes nothing' is "$(state "$C")" "$before"
file "$C" "tunnel t listen 127.0.0.1:1234 remote $S4:4567 idle 70" \
	'tunnel a routed port 4000' \
	'peer p tunnel a endpoint same allowed-ips 10.2.0.2/32' \
	'tunnel b routed port 4000'
check_refused 'the kernel refuses line 4' 'ftcp0.conf:4: TCP port 4000 is in use' apply "$C"
check '... what came before is undone' is "$(state "$C")" "$before"
check '... traffic goes on' talk
check '... in the same flow' is "$(ends)" "$flow"
file "$C" "tunnel t listen 127.0.0.1:1299 remote $S4:4567" \
	'tunnel a routed port 4000' 'tunnel b routed port 4000'
check_refused 'a tunnel had to go' 'ftcp0.conf:3: ' apply "$C"
check '... and is back' is "$(state "$C")" "$before"
check '... and works' talk
mkdir -p "$tmp/x"
printf '%s\n' 'tunnel a routed port 4000' 'tunnel b routed port 4000' > "$tmp/x/ftcp9.conf"
check_refused 'a new link' 'ftcp9.conf:2: ' c ftcpctl apply "$tmp/x/ftcp9.conf"
check_fails '... is not left behind' ip -n "$C" link show ftcp9
c ip link del ftcp0
s ip link del ftcp0

# ---- What save writes ----

# fixpoint LINE...: says the same as what it makes, which has all of it
fixpoint()
{
	local saved

	file "$C" "$@"
	apply "$C" && nothing_to_do "$C" || return
	saved=$(state "$C")
	file "$C" "$saved"
	nothing_to_do "$C" || { echo "$saved"; return 1; }
	c ip link del ftcp0
	c ip rule flush protocol 102
	c ip -6 rule flush protocol 102
	apply "$C" && is "$(state "$C")" "$saved" && nothing_to_do "$C" || return
	file "$C" ''
	apply "$C" && is "$(state "$C")" '' || return
	! { c ip rule; c ip -6 rule; } | grep -E 'lookup (777|17[0-9]{8})'
}
options='wire native idle 61 keepalive 7:0.25:3 max-age 3600 max-bytes 1G fwmark 0x7
	df unset max-flows 100 max-flows-per-source 50 queue 9 queue-bytes 100000 coalesce 20us'
options=$(echo $options)
check 'save: a server' fixpoint "tunnel a port 99 local $C4 forward 127.0.0.1:9 $options unreachable ignore" \
	'tunnel b port 98 forward [::1]:9'
check 'save: who may connect to it' fixpoint 'tunnel a port 99 forward 127.0.0.1:9' \
	'peer any tunnel a from none' 'peer x tunnel a from 10.2.0.0/16,fd00::/64 wire phantun'
check 'save: a client' fixpoint "tunnel a listen [::1]:99 remote $S4:9 $options" \
	"tunnel b listen 127.0.0.1:98 remote $S4:9" 'peer remote tunnel b wire phantun allowed-ips 10.1.2.3/24'
check 'save: routed' fixpoint "tunnel a routed port 99 $options" \
	"peer s tunnel a endpoint same allowed-ips 10.2.0.9/16,fd00:2::/64" \
	"peer f tunnel a endpoint $S4:4567 allowed-ips 10.3.0.0/16 from 10.4.0.0/16 wire native" \
	'peer n tunnel a from none' 'rules tunnel a' 'rules tunnel a dport 7 pref 77 -4'
check 'save: routed, for this host only' fixpoint 'tunnel a routed' \
	"peer s tunnel a endpoint same allowed-ips $S4/32" \
	'rules tunnel a dport 51820 local-only table 777'
check 'save: packets' fixpoint "tunnel a ip port 99 $options" \
	"peer p tunnel a endpoint $S4:4567 allowed-ips 10.9.0.2/32 persistent on from 10.2.0.0/16" \
	'peer q tunnel a allowed-ips fd09::/64 from none' 'rules tunnel a fwmark 9'
check 'save: all packets' fixpoint 'tunnel a ip' 'peer p tunnel a allowed-ips 0.0.0.0/0' \
	'rules tunnel a all pref 500'
c ip link del ftcp0

# ---- Peers that change ----

file "$C" 'tunnel a routed' "peer x tunnel a endpoint $S4:1 allowed-ips 10.3.0.0/24" \
	"peer y tunnel a endpoint $S4:2 allowed-ips 10.4.0.0/24"
check 'two peers' apply "$C"
file "$C" 'tunnel a routed' "peer x tunnel a endpoint $S4:1 allowed-ips 10.4.0.0/24" \
	"peer y tunnel a endpoint $S4:3 allowed-ips 10.3.0.0/24"
check 'what is behind them is exchanged' eval 'apply "$C" && nothing_to_do "$C"'
file "$C" 'tunnel a routed' "peer y tunnel a endpoint $S4:3 allowed-ips 10.3.0.0/24"
check 'one goes' eval '[ "$(apply "$C" --dry-run)" = \
	"ftcpctl del peer x tunnel a dev ftcp0" ] && apply "$C" && nothing_to_do "$C"'
c ip link del ftcp0

# ---- A name ----

echo 'hosts: files' > "$tmp/nsswitch.conf"
echo "$S4 server.test" > "$tmp/hosts"
named()
{
	c unshare --mount sh -c 'mount --bind "$0/hosts" /etc/hosts &&
		mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' \
		"$tmp" ftcpctl apply "$tmp/$C/ftcp0.conf" "$@"
}
file "$C" 'tunnel t listen 127.0.0.1:1234 remote server.test:4567'
check 'a name' named
check '... again: nothing to do' is "$(named --dry-run)" ''
check '... is kept' is "$(state "$C")" \
	'tunnel t listen 127.0.0.1:1234 remote server.test:4567'
echo '10.2.0.3 server.test' > "$tmp/hosts"
check 'another address' is "$(named --dry-run)" \
	'ftcpctl set peer remote tunnel t dev ftcp0 endpoint server.test:4567'
check '... is changed' eval 'named && c ftcpctl show peers --json |
	jq -e ".[0].endpoint == \"10.2.0.3:4567\""'
c ip link del ftcp0

# ---- The examples ----

# example NS NAME: applied there, with this test's server for the one in it
example()
{
	mkdir -p "$tmp/$1"
	ftcpctl example "$2" | sed "s/203\.0\.113\.9/$S4/; s/51820/5555/" > "$tmp/$1/ftcp0.conf"
	apply "$1"
}
check 'example server' example "$S" server
check 'example client' example "$C" client
check '... carry traffic' talk
c ip link del ftcp0
s ip link del ftcp0
server direct "$S" echo --bind "$S4:5555"
check 'example router' example "$S" router
check 'example routed' example "$C" routed
check '... carry traffic' c udptool send --to "$S4:5555" --from 0.0.0.0:7000 --count 3
check '... as TCP' wait_for 10 flows_are "$C" 1 established
file "$C" ''
file "$S" ''
check 'an empty file' eval 'apply "$C" && apply "$S"'
check 'example hub' example "$S" hub
check 'example spoke' example "$C" spoke
check '... carry traffic' eval 'ip -n "$S" addr add 10.9.0.1/24 dev ftcp0 &&
	ip -n "$C" addr add 10.9.0.2/24 dev ftcp0 &&
	wait_for 10 c ping -q -c 1 -W 1 10.9.0.1'

check 'delete the links' proxy_gone
module_memory_back
finish
