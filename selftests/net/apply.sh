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

# ---- Every word: said, changed, and not said any more ----

# configured: what the kernel says is set up, without what is counted or may be anew
configured()
{
	c ftcpctl show --json | jq -c '.[] | del(.stats, .drops, .ended, .flows, .ifindex)'
	c ftcpctl show peers --json | jq -c 'map(del(.flows, .ifindex)) | sort_by(.tunnel, .peer)[]'
}
# becomes LINE...: the file says so, and so it is
becomes()
{
	file "$C" "$@"
	apply "$C" && nothing_to_do "$C"
}
# word PREFIX SUFFIX WORD VALUE VALUE: one of a line between the lines PREFIX and SUFFIX,
# the last of which it is put behind
word()
{
	local plain one two

	becomes "$1" $2 && plain=$(configured) && becomes "$1 $3 $4" $2 && one=$(configured) &&
		becomes "$1 $3 $5" $2 && two=$(configured) && becomes "$1" $2 || return
	[ "$one" != "$plain" ] && [ "$two" != "$one" ] && is "$(configured)" "$plain" ||
		{ printf '%s\n' "$3" "$plain" "$one" "$two"; return 1; }
}
words()
{
	local line

	while read -r line; do
		# shellcheck disable=SC2086
		IFS=$'\n' word "$1" "$2" ${line// /$'\n'} || return
	done
}
options='wire native phantun
idle 61 62
keepalive 7 8:1234.567:3
keepalive 7:1234.567 7:1234.568
max-age 100 200
max-bytes 1G 2049
fwmark 1 0x20
max-flows 5 6
max-flows-per-source 5 6
queue 5 6
queue-bytes 100000 100001
coalesce 20us off'
# what is the default cannot be told from nothing
for form in 'port 99 forward 127.0.0.1:9' "listen 127.0.0.1:99 remote $S4:9" 'routed port 99' ip; do
	check "each option of: $form" words "tunnel a $form" '' <<< "$options"
	check '... df' eval 'becomes "tunnel a $form df unset" && has_df() {
		configured | grep -q "\"df\":\"unset\""; } && has_df &&
		becomes "tunnel a $form" && ! has_df'
done
file "$C" ''
apply "$C"
check '... unreachable' eval 'becomes "tunnel a port 9 forward 127.0.0.1:9 unreachable ignore" &&
	configured | grep -q "\"unreachable\":\"ignore\"" &&
	becomes "tunnel a port 9 forward 127.0.0.1:9" && configured | grep -q "\"unreachable\":\"close\""'
peer_words="endpoint $S4:1 same
allowed-ips 10.3.0.0/24 10.3.0.0/25,fd03::/64
from 10.2.0.0/16 none
wire native phantun"
check 'each word of a peer of: routed' words 'peer x tunnel a' 'tunnel a routed' <<< "$peer_words"
file "$C" ''
apply "$C"
check 'each word of a peer of: ip' words 'peer x tunnel a' 'tunnel a ip' \
	<<< "${peer_words/same/$S4:2}"
check '... persistent' eval 'becomes "tunnel a ip" "peer x tunnel a endpoint $S4:1 persistent on" &&
	configured | grep -q "\"persistent\":\"on\"" &&
	becomes "tunnel a ip" "peer x tunnel a endpoint $S4:1" &&
	! configured | grep -q "\"persistent\":\"on\""'
check 'each word of a peer of: listen' words 'peer remote tunnel a' \
	"tunnel a listen 127.0.0.1:99 remote $S4:9" <<< "endpoint $S4:1 $S4:2
allowed-ips 10.3.0.0/24 none
wire native phantun"
check 'each word of a peer of: forward' words 'peer any tunnel a' \
	'tunnel a port 99 forward 127.0.0.1:9' <<< 'from 10.2.0.0/16 none'

# ---- Another mode, another name, another tunnel ----

for form in 'routed port 99' ip "listen 127.0.0.1:99 remote $S4:9" 'port 99 forward 127.0.0.1:9' \
	'port 99 forward 127.0.0.1:8' "port 99 local $C4 forward 127.0.0.1:8" 'ip port 99' \
	'routed port 98'; do
	check "becomes: $form" eval 'becomes "tunnel a $form" "tunnel b $form" 2> /dev/null ||
		becomes "tunnel a $form"'
done
check 'a tunnel gets another name' eval 'becomes "tunnel z routed port 98" &&
	! configured | grep -q "\"tunnel\":\"a\""'
check 'two exchange their ports' eval 'becomes "tunnel y routed port 97" "tunnel z routed port 98" &&
	becomes "tunnel z routed port 97" "tunnel y routed port 98"'
check 'a peer goes to another tunnel' eval \
	'becomes "tunnel y routed" "tunnel z routed" "peer x tunnel y allowed-ips 10.3.0.0/24" &&
	becomes "tunnel y routed" "tunnel z routed" "peer x tunnel z allowed-ips 10.3.0.0/24"'
check 'names that are words, or look like something else' eval \
	"becomes \"tunnel routed routed\" 'tunnel \"#x\" routed' 'tunnel \"it'\\''s\" routed' \
	'tunnel a\\ routed' 'peer \"\$(id)\" tunnel routed' 'rules tunnel a\\ dport 5 local-only'"
saved=$(state "$C")
check '... are saved' eval 'c ip link del ftcp0 && c ip rule flush protocol 102 &&
	c ip -6 rule flush protocol 102 && becomes "$saved" && is "$(state "$C")" "$saved"'

# ---- Rules ----

rules_now() { { c ip -4 rule; c ip -6 rule; c ip -4 route show table all proto 102
	c ip -6 route show table all proto 102; } | grep -E '102|faketcp' | sort; }
for rule in 'dport 5' 'dport 5 -4' 'dport 5 -6' 'sport 5 dport 6' 'dport 5 pref 77' \
	'dport 5 table 777' 'dport 5 table 778 pref 78' 'dport 5 local-only'; do
	check "rules: $rule" becomes 'tunnel a routed' "rules tunnel a $rule"
done
before=$(rules_now)
file "$C" 'tunnel a routed fwmark 1' 'rules tunnel a dport 5 local-only' 'rules tunnel a dport 6'
check 'a route is in the way' eval 'c ip route add default dev ftcp0 table 779 &&
	printf "%s\n" "rules tunnel a dport 7 table 779" >> "$tmp/$C/ftcp0.conf"'
check_refused '... refused' 'ftcp0.conf: table 779 has an IPv4 default route of its own' apply "$C"
check '... the rules are what they were' is "$(rules_now)" "$before"
c ip route flush table 779
check 'two tunnels, one table' eval 'becomes "tunnel a routed fwmark 1" "tunnel b routed fwmark 2" \
	"rules tunnel b dport 5 table 777" && state "$C" | grep -q "^rules tunnel b dport 5 table 777$"'
check 'a mark that is 0 is none' eval 'becomes "tunnel a routed fwmark 0" "rules tunnel a dport 5" &&
	configured | grep -q "\"fwmark\":536870912"'
mkdir -p "$tmp/other"
printf '%s\n' 'tunnel t routed' 'rules tunnel t dport 7 table 777' > "$tmp/other/ftcp1.conf"
check 'another link, and its rules' c ftcpctl apply "$tmp/other/ftcp1.conf"
before=$(rules_now)
file "$C" 'tunnel a routed' 'rules tunnel a dport 8 table 777'
check_refused 'its table' 'table 777 has an IPv4 default route of its own' apply "$C"
check '... is not taken away' is "$(rules_now)" "$before"
check '... it goes with its link' c ftcpctl del link ftcp1
check 'no link, no rules' eval 'c ftcpctl del link ftcp0 && is "$(rules_now)" ""'
file "$C" 'tunnel a ip' 'rules tunnel a all'
printf '%s\n' 'tunnel t ip' 'rules tunnel t all' > "$tmp/other/ftcp1.conf"
check 'two links share a rule' eval 'apply "$C" && c ftcpctl apply "$tmp/other/ftcp1.conf" &&
	nothing_to_do "$C" && is "$(c ftcpctl apply "$tmp/other/ftcp1.conf" --dry-run)" ""'
check '... as long as one needs it' eval 'c ftcpctl del link ftcp0 &&
	is "$(c ftcpctl apply "$tmp/other/ftcp1.conf" --dry-run)" "" &&
	c ftcpctl del link ftcp1 && is "$(rules_now)" ""'

# ---- A refusal in the middle ----

becomes 'tunnel a routed' "peer y tunnel a endpoint $S4:2 allowed-ips 10.4.0.0/24,10.6.0.0/24" \
	"peer x tunnel a endpoint $S4:1 allowed-ips 10.3.0.0/24" 'rules tunnel a dport 5'
before=$(configured; rules_now)
# refused_and_back NAME LINE...: line 3 is refused, and all is what it was
refused_and_back()
{
	local name=$1

	shift
	file "$C" "$@"
	check_refused "$name" 'ftcp0.conf:3: ' apply "$C"
	check '... all is what it was' is "$(configured; rules_now)" "$before"
}
refused_and_back 'ranges that were given to another peer' 'tunnel a routed idle 7' \
	"peer x tunnel a endpoint $S4:3 allowed-ips 10.4.0.0/24" 'peer z tunnel a persistent on' \
	"peer y tunnel a endpoint $S4:4 allowed-ips 10.6.0.0/24"
refused_and_back 'ranges that were given to a new peer' 'tunnel a routed' \
	"peer n tunnel a endpoint $S4:3 allowed-ips 10.4.0.0/24" 'peer z tunnel a persistent on' \
	"peer y tunnel a endpoint $S4:4 allowed-ips 10.6.0.0/24"
refused_and_back 'a tunnel that had to go' 'tunnel a routed port 9' 'tunnel b routed port 8' \
	'tunnel c routed port 8'
check_refused 'another kind of link' '"lo" is no link of type faketcp' c ftcpctl apply lo.conf < /dev/null
check_refused '... is not deleted' '"lo" is no link of type faketcp' c ftcpctl del link lo

# ---- At once, and cut off ----

many()
{
	local i

	echo "tunnel t ip"
	for ((i = 0; i < 300; i++)); do
		echo "peer $1$i tunnel t allowed-ips 10.$2.$((i / 256)).$((i % 256))/32"
	done
}
mkdir "$tmp/one" "$tmp/two"
many p 7 > "$tmp/one/ftcp0.conf"
many q 8 > "$tmp/two/ftcp0.conf"
at_once()
{
	local first second

	c ftcpctl apply "$tmp/one/ftcp0.conf" & first=$!
	c ftcpctl apply "$tmp/two/ftcp0.conf" & second=$!
	wait $first && wait $second || return
	[ "$(state "$C")" = "$(< "$tmp/one/ftcp0.conf")" ] ||
		[ "$(state "$C")" = "$(< "$tmp/two/ftcp0.conf")" ] || { state "$C" | wc -l; return 1; }
}
check 'two files at once: one after the other' eval 'for n in 1 2 3 4; do at_once || exit; done'
# Each ends in the middle of things, or a little before or after that
cut_off()
{
	local n pid

	for n in 1 2 3 4 5 6; do
		# which becomes ftcpctl itself
		ip netns exec "$C" ftcpctl apply "$tmp/one/ftcp0.conf" & pid=$!
		# at another place each time
		for ((i = 0; i < n * 400; i++)); do :; done
		kill -9 $pid
		wait $pid
		# what was there already comes first
		c ftcpctl apply "$tmp/two/ftcp0.conf" &&
			is "$(state "$C" | sort)" "$(sort "$tmp/two/ftcp0.conf")" &&
			is "$(c ftcpctl apply "$tmp/two/ftcp0.conf" --dry-run)" '' || return
	done 2> /dev/null
}
check 'killed, and applied again' cut_off
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
file "$C" 'tunnel t listen 127.0.0.1:1234 remote server.test:4567 idle 7'
echo > "$tmp/hosts"
check 'nobody knows it now' eval 'named 2>&1 | grep -q "\"server.test:4567\" stays what it was"'
check '... it stays, and the rest is changed' eval 'c ftcpctl show peers --json |
	jq -e ".[0].endpoint == \"10.2.0.3:4567\"" && c ftcpctl show --json | jq -e ".[0].idle == 7"'
file "$C" "tunnel t listen 127.0.0.1:1234 remote 10.2.0.3:4567 idle 7"
check 'an address in place of the name' eval 'apply "$C" && nothing_to_do "$C" &&
	! state "$C" | grep server.test'
file "$C" 'tunnel t port 99 forward target.test:9'
printf '%s target.test\n' 127.0.0.1 127.0.0.2 127.0.0.3 > "$tmp/hosts"
check 'a target with several addresses' eval 'named && is "$(named --dry-run)" ""'
printf '%s target.test\n' 127.0.0.3 127.0.0.2 127.0.0.1 > "$tmp/hosts"
check '... in another order, is the same' is "$(named --dry-run)" ''
echo '127.0.0.4 target.test' > "$tmp/hosts"
check '... and elsewhere, is another one' eval '[ "$(named --dry-run | wc -l)" = 2 ]'
c ip link del ftcp0

# At boot: no name server yet
echo 'hosts: files dns' > "$tmp/nsswitch.conf"
echo 'nameserver 127.0.0.1' > "$tmp/resolv.conf"
echo > "$tmp/hosts"
waits_for_name()
{
	c unshare --mount sh -c 'mount --bind "$0/hosts" /etc/hosts &&
		mount --bind "$0/resolv.conf" /etc/resolv.conf &&
		mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' "$tmp" \
		env FTCP_RESOLVE_RETRIES=infinity ftcpctl apply "$tmp/$C/ftcp0.conf"
}
file "$C" 'tunnel t listen 127.0.0.1:1234 remote server.test:4567'
waits_for_name > "$tmp/waits" 2>&1 &
waiting=$!
check 'a name that nobody can tell yet' wait_for 10 grep -q 'ftcp0.conf:1: note: .*trying again' "$tmp/waits"
check_fails '... nothing is made' ip -n "$C" link show ftcp0
check 'others need not wait' becomes "tunnel u listen 127.0.0.1:1235 remote $S4:4567"
echo "$S4 server.test" > "$tmp/hosts"
is_applied()
{
	is "$(state "$C")" 'tunnel t listen 127.0.0.1:1234 remote server.test:4567'
}
check 'it is known: applied, to what there is by now' wait_for 20 is_applied
wait $waiting
check '... without a complaint' is $? 0
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
