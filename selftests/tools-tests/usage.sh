#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What ftcpctl says to words that make no sense, and that it asks for nothing
# then.  Needs no module.

. "$(dirname "$0")/../lib.sh"

start

# misused TEXT WORD...: is a mistake of usage, and one line says TEXT
misused()
{
	local text=$1 output status

	shift
	output=$(unshare -n ftcpctl "$@" 2>&1 < /dev/null)
	status=$?
	if [ "$status" -eq 2 ] && [ "$output" = "ftcpctl: $text" ]; then
		ok "ftcpctl $*: $text"
	else
		not_ok "ftcpctl $*: $text" "status $status: $output"
	fi
}

# misused_value TEXT WORD VALUE: the same for one value among sound ones
misused_value()
{
	misused "$2: \"$3\": $1" add tunnel t dev l \
		listen 127.0.0.1:1 remote 127.0.0.1:2 "$2" "$3"
}

client=(add tunnel t dev l listen 127.0.0.1:1234)

# Commands
misused '"frob": unknown command (see ftcpctl --help)' frob
misused 'add: expected one of tunnel, rules' add
misused 'add: "peer": expected one of tunnel, rules (set peer adds one)' add peer
misused 'add: "peer": expected one of tunnel, rules (set peer adds one)' add -4 peer
misused 'del: "": expected one of tunnel, peer, flow, rules, link' del ''
misused '"x": unknown word (see ftcpctl show --help)' show peer x
misused 'tunnels: cannot be combined with flows' show flow tunnels
misused 'rules: shown by ip rule, and those of a tunnel by ftcpctl del rules --dry-run' \
	show --json rules dev l
misused 'flows: cannot be combined with peers' show --json peers dev l flow
misused 'tunnel: its argument is missing' show flows tunnel
misused '--openmetrics: cannot be combined with --json' show --json --openmetrics
misused '--openmetrics: cannot be combined with flows' show --openmetrics flow
misused '--openmetrics: cannot be combined with tunnels' show tunnel --openmetrics
misused '"x": unknown word (see ftcpctl monitor --help)' monitor x
misused '"peers": unknown word (see ftcpctl top --help)' top peers
misused 'doctor: "server": expected HOST:PORT' doctor server
misused 'doctor: "::1:4567": an IPv6 address is written [ADDR]:PORT' doctor ::1:4567
misused 'doctor: "127.0.0.1:0": the port is 1 to 65535' doctor 127.0.0.1:0
misused '"b:2": one HOST:PORT is looked at' doctor a:1 b:2
misused '"--dry-run": unknown word (see ftcpctl doctor --help)' doctor --dry-run
misused '--json: given twice' doctor --json --json
for text in '' x 0 0.05 3601 nan 1s; do
	misused "-d: \"$text\": expected seconds, 0.1 to 3600" top -d "$text"
done
for text in '' x 0 -1 1.5; do
	misused "-n: \"$text\": expected a number above 0" top flows -n "$text"
done
misused '"--dry-run": unknown word (see ftcpctl show --help)' show --dry-run
misused '"once": unknown word (see ftcpctl resolve --help)' resolve once
misused '"5": unknown word (see ftcpctl resolve --help)' resolve 5
misused '--watch: no more; systemctl enable --now faketcp-resolve.timer' resolve --watch
misused '--watch: no more; systemctl enable --now faketcp-resolve.timer' \
	resolve tunnel t --watch 60
misused 'dev: its argument is missing' resolve dev
misused '"--json": unknown word (see ftcpctl del tunnel --help)' del tunnel t dev l --json

# alike WORDS WORDS: means the same, to a machine that has no link or to any
alike()
{
	local a b status

	# shellcheck disable=SC2086
	a=$(unshare -n ftcpctl $1 2>&1 < /dev/null)
	status=$?
	# shellcheck disable=SC2086
	b=$(unshare -n ftcpctl $2 2>&1 < /dev/null)
	if [ "$status" -eq $? ] && [ "$status" -ne 2 ] && [ "$a" = "$b" ]; then
		ok "ftcpctl $1: like $2"
	else
		not_ok "ftcpctl $1: like $2" "$a, not $b"
	fi
}
alike 'show tunnel' 'show tunnels'
alike 'show tunnel --json' 'show tunnels --json'
alike 'show --json tunnel' 'show tunnels --json'
alike 'show tunnel dev lo' 'show tunnels dev lo'
alike 'show tunnel dev lo tunnel wg' 'show tunnels tunnel wg dev lo'
alike 'show tunnel wg flows' 'show flows tunnel wg'
alike 'show dev lo tunnel wg peer --json' 'show peers dev lo tunnel wg --json'
alike 'show --json flows' 'show flows --json'
alike 'show dev tunnel flows' 'show flows dev tunnel'
alike 'show tunnel dev flow --json' 'show flows --json tunnel dev'

# What comes before the command
misused '-n: its argument is missing' -n
misused '-batch: its argument is missing' -4 -batch
misused '"show": -batch takes commands from its file' -b - show
misused '-force: needs -batch' -force show
misused '"-n": unknown word (see ftcpctl show --help)' show -n x
check_refused 'no such namespace' '^ftcpctl: -n: "no-such-ns": No such file' \
	ftcpctl -n no-such-ns show
check_refused 'a file that is none' '^ftcpctl: -n: "/dev/null": not a network' \
	ftcpctl -netns /dev/null show
check_refused 'no such file' '^ftcpctl: -batch: "/no/such": No such file' \
	ftcpctl -batch /no/such

# batch STATUS MESSAGES PORTS TEXT OPTION...: what comes of the commands in it
batch()
{
	local status=$1 messages=$2 ports=$3

	printf '%s' "$4" > "$tmp/batch"
	shift 4
	unshare -n ftcpctl "$@" -batch "$tmp/batch" > "$tmp/out" 2> "$tmp/err"
	[ $? -eq "$status" ] && [ "$(cat "$tmp/err")" = "$messages" ] &&
		[ "$(sed -n 's/.*[sd]port \([0-9]*\).*/\1/p' "$tmp/out" | xargs)" = "$ports" ] ||
		{ cat "$tmp/err" "$tmp/out"; return 1; }
}
dry='add rules tunnel t dev lo local-only --dry-run sport'
check '-batch' batch 0 '' '5 6' "# a comment

  $dry 5	# another
$dry \\
  6" -4
check 'quotes' batch 0 '' 7 "'add' \"rules\" tun'nel' 't' dev \"lo\" local-only \\
	--dry-run dport \"\"7 # 'not one" -6
check 'the family of one command is not that of the next' \
	batch 0 '' '5 6' "-6 $dry 5
$dry 6
" -4
check 'a command that fails is the last one' batch 2 \
	"ftcpctl: $tmp/batch:2: \"frob\": unknown command (see ftcpctl --help)" 5 "$dry 5
frob
$dry 6" -4
check '... but not with -force' batch 2 \
	"ftcpctl: $tmp/batch:1: a quote is not closed
ftcpctl: $tmp/batch:4: nothing to change" 6 "show 'x
$dry 6
set tunnel \\
x" -4 -force
check '... and the status is that of the first' batch 1 \
	"ftcpctl: $tmp/batch:1: no rules of tunnel \"t\" on lo in table 7
ftcpctl: $tmp/batch:2: add: expected one of tunnel, rules" '' "del rules tunnel t dev lo table 7
add" -force
check 'an empty file' batch 0 '' '' ''
echo frob > "$tmp/frob"
check_fails 'standard input' eval 'ftcpctl -b - < "$tmp/frob" 2> "$tmp/err"'
check '... is named so' grep -q '^ftcpctl: -:1: "frob": unknown command' "$tmp/err"

# Words
misused 'the name of the tunnel is missing' add tunnel
misused 'the name of the peer is missing' set peer
misused 'the name of the tunnel is missing' add tunnel dev l routed
misused 'the name of the tunnel is missing' add tunnel dev l ip
misused 'the name of the tunnel is missing' add -6 tunnel -4
misused 'the name of the peer is missing' set peer tunnel t dev l endpoint same
misused 'the name of the peer is missing' del peer dev l tunnel t
missing='the name of the tunnel is missing'
misused "$missing" add tunnel listen 127.0.0.1:1 remote 127.0.0.1:2 dev l
misused "$missing" add tunnel port 5 forward 127.0.0.1:2 dev l
misused "$missing" add tunnel routed port 5 dev l
misused "$missing" set tunnel idle 5 dev l
misused 'the name of the peer is missing' set peer endpoint h:1 tunnel t dev l
misused 'one of listen, forward, routed or ip is missing' add tunnel dev dev l
misused 'one of listen, forward, routed or ip is missing' add tunnel listen dev l
for name in listen port routed ip dev wire; do
	alike "add tunnel $name dev lo routed port 5" 'add tunnel t dev lo routed port 5'
	alike "set tunnel $name dev lo wire native" 'set tunnel t dev lo wire native'
done
alike 'set peer tunnel tunnel t dev lo endpoint same' \
	'set peer p tunnel t dev lo endpoint same'
misused 'one of listen, forward, routed or ip is missing' add tunnel t
alone='is missing, and there is no link'
check_refused 'no link, and none named' "$alone" unshare -n ftcpctl del tunnel t
check_refused '... for a peer' "$alone" unshare -n ftcpctl set peer p tunnel t endpoint same
check_refused '... for rules' "$alone" unshare -n ftcpctl add rules tunnel t sport 5
misused 'dev: its argument is missing' add tunnel t dev
misused 'dev: given twice' add tunnel t dev l dev l
misused '--json: given twice' show --json --json
misused '"listens": unknown word (see ftcpctl add tunnel --help)' add tunnel t dev l listens 127.0.0.1:1
misused 'one of listen, forward, routed or ip is missing' add tunnel t dev l
misused 'listen is missing' add tunnel t dev l remote 127.0.0.1:2
misused 'remote is missing' "${client[@]}"
misused 'port is missing' add tunnel t dev l forward 127.0.0.1:2
misused 'port: cannot be combined with listen' \
	"${client[@]}" remote 127.0.0.1:2 port 5
misused 'forward: cannot be combined with listen' \
	"${client[@]}" remote 127.0.0.1:2 forward 127.0.0.1:3
misused 'routed: cannot be combined with listen' \
	"${client[@]}" remote 127.0.0.1:2 routed
misused 'routed: cannot be combined with forward' \
	add tunnel t dev l routed port 5 forward 127.0.0.1:3
misused 'ip: cannot be combined with routed' add tunnel t dev l routed ip
misused 'ip: cannot be combined with listen' "${client[@]}" remote 127.0.0.1:2 ip
misused 'ip: cannot be combined with forward' \
	add tunnel t dev l ip port 5 forward 127.0.0.1:3
misused 'remote: needs listen' add tunnel t dev l routed remote 127.0.0.1:2
misused 'remote: needs listen' add tunnel t dev l ip remote 127.0.0.1:2
misused 'local: needs port' add tunnel t dev l ip local 127.0.0.1
misused 'local: needs port' add tunnel t dev l routed local 127.0.0.1
misused 'nothing to change' set tunnel t dev l
for words in 'listen 127.0.0.1:1' 'port 5' 'forward 127.0.0.1:1' 'local ::1' routed ip; do
	# shellcheck disable=SC2086
	misused "${words% *} cannot be changed while the tunnel lives: delete it and add it anew" \
		set tunnel t dev l idle 5 $words
done
misused "remote is changed by \`ftcpctl set peer remote tunnel t dev l endpoint h:1'" \
	set tunnel t remote h:1 dev l
misused "remote is changed by \`ftcpctl set peer remote tunnel t endpoint h:1'" \
	set tunnel t remote h:1
misused 'nothing to change' set tunnel t
misused 'tunnel is missing' set peer p dev l
misused 'remote is missing' del flow local 127.0.0.1:1 dev l
misused 'tunnel is missing' add rules dev l

# Names
misused 'tunnel: the name is empty' add tunnel '' dev l routed
misused 'tunnel: names are printable ASCII without blanks and slashes' \
	add tunnel 'a b' dev l routed
misused 'tunnel: names are printable ASCII without blanks and slashes' \
	show tunnel a/b
long=abcdefghijklmnopqrstuvwxyz012345
misused "tunnel: \"$long\": longer than 31 bytes" add tunnel $long dev l routed
misused "peer: \"$long\": longer than 31 bytes" set peer $long tunnel t dev l

# Numbers
for text in x '' -1 ' 1' 3m off; do
	misused_value 'expected seconds' idle "$text"
done
misused_value 'expected a number' max-flows 4294967296
misused_value 'expected a number' max-flows 99999999999999999999
misused_value 'expected a number' queue 0x10
misused_value 'expected a number' max-flows-per-source off
misused_value 'expected a number' queue-bytes 1M
misused_value 'expected SECONDS[:SECONDS[:PROBES]] or "off"' keepalive on
for text in '' us 5ms 50.5 -1 ' 1' 1us1 0x10us 4294967296us 99999999999999999999 on; do
	misused_value 'expected microseconds (us may follow) or "off"' coalesce "$text"
done
misused 'coalesce: its argument is missing' set tunnel t dev l coalesce
for text in 0x100000000 010 00 08 0x -1 ''; do
	misused_value 'expected a 32-bit number (decimal or 0x...) or "off"' fwmark "$text"
done
for text in 00 0K '5 ' 5KB off0; do
	misused_value 'expected bytes (K, M, G or T may follow) or "off"' max-bytes "$text"
done
misused_value 'expected native or phantun, or auto' wire udp2raw
misused_value 'expected set or unset' df inherit
misused_value 'expected set or unset' df ''
misused 'unreachable: "reject": expected close or ignore' \
	add tunnel t dev l port 5 forward 127.0.0.1:3 unreachable reject
misused 'unreachable: needs forward' \
	"${client[@]}" remote 127.0.0.1:2 unreachable close
misused 'port: "65536": the port is 1 to 65535' add tunnel t dev l routed port 65536
misused 'port: "000005": the port is 1 to 65535' add tunnel t dev l routed port 000005
misused 'port: "http": the port is 1 to 65535' add tunnel t dev l routed port http
misused 'table: "254": belongs to the system' add rules tunnel t dev l table 254
misused 'table: "0": expected a table number' del rules tunnel t dev l table 0
misused 'dev: "a-very-long-name": not the name of a link' \
	add rules tunnel t dev a-very-long-name sport 5 local-only --dry-run
misused 'dev: "a-very-long-name": not the name of a link' \
	del rules tunnel t dev a-very-long-name
misused 'dev: "": not the name of a link' del rules tunnel t dev ''
misused 'sport: "0": the port is 1 to 65535' add rules tunnel t dev l sport 0
rules=(add rules tunnel t dev l)
misused 'all: cannot be combined with fwmark' "${rules[@]}" fwmark 5 all
misused 'all: cannot be combined with dport' "${rules[@]}" all dport 5
misused 'fwmark: cannot be combined with local-only' "${rules[@]}" local-only fwmark 5
for text in 0 off 010 -1 ''; do
	misused "fwmark: \"$text\": expected a mark" "${rules[@]}" fwmark "$text"
done
misused 'pref: "4294967295": expected a number' "${rules[@]}" all pref 4294967295

# Addresses
for text in 1234 : 127.0.0.1 '[::1]' '[::1]1234' '[::1' '[]:1' 127.0.0:1 \
	    1.2.3.4.5:1 256.0.0.1:1 '*:1' '127.0.0.1 :1'; do
	misused "listen: \"$text\": expected ADDR:PORT" \
		add tunnel t dev l remote 127.0.0.1:2 listen "$text"
done
for text in localhost:1 0x7f000001:1; do
	misused "listen: \"$text\": expected ADDR:PORT (an address, not a name)" \
		add tunnel t dev l remote 127.0.0.1:2 listen "$text"
done
misused 'local: "localhost": expected ADDR (an address, not a name)' \
	add tunnel t dev l port 5 forward 127.0.0.1:5 local localhost
for text in '' :4567 host 'ho st:1' '-x:1' '[host]:1' '1.2.3:4'; do
	misused "remote: \"$text\": expected HOST:PORT" "${client[@]}" remote "$text"
done
for text in host:0 host:65536 host:00004567 "host:$(printf %0200d 5)" host: 127.0.0.1:x '[::1]:' '[::1]:-1' host:1x; do
	misused "remote: \"$text\": the port is 1 to 65535" \
		"${client[@]}" remote "$text"
done
misused 'remote: "::1:5": an IPv6 address is written [ADDR]:PORT' \
	"${client[@]}" remote ::1:5
misused 'remote: "[127.0.0.1]:5": brackets are for IPv6 addresses' \
	"${client[@]}" remote '[127.0.0.1]:5'
misused 'remote: "[::1]:5": not an IPv4 address' \
	-4 "${client[@]}" remote '[::1]:5'
misused 'remote: "[::1]:5": not an IPv4 address' \
	add -4 tunnel t dev l listen 127.0.0.1:1 remote '[::1]:5'
misused 'remote: "[::1]:5": not an IPv4 address' \
	add tunnel -6 t dev l listen 127.0.0.1:1 remote '[::1]:5' -4
misused 'remote: "127.0.0.1:5": not an IPv6 address' \
	add tunnel t dev l -6 listen '[::1]:1' remote 127.0.0.1:5
misused 'local: "127.0.0.1:5": expected ADDR' \
	add tunnel t dev l port 5 forward 127.0.0.1:5 local 127.0.0.1:5
misused 'allowed-ips: "10.0.0.0/33": the prefix length is 0 to 32' \
	set peer p tunnel t dev l allowed-ips ::/0,10.0.0.0/33
misused 'allowed-ips: "::/129": the prefix length is 0 to 128' \
	set peer p tunnel t dev l allowed-ips ::/129
misused 'from: "10.0.0.0/33": the prefix length is 0 to 32' \
	set peer p tunnel t dev l from 10.0.0.0/33
misused 'from: "any": expected ADDR/PREFIX' \
	set peer p tunnel t dev l from any
misused 'persistent: "yes": expected on or off' \
	set peer p tunnel t dev l persistent yes
misused 'allowed-ips: "": expected ADDR/PREFIX' \
	set peer p tunnel t dev l allowed-ips 10.0.0.0/8,
misused 'allowed-ips: "10.0.0.0/": the prefix length is 0 to 32' \
	set peer p tunnel t dev l allowed-ips 10.0.0.0/
misused 'endpoint: "somewhere": expected HOST:PORT' \
	set peer p tunnel t dev l endpoint somewhere

# Help
bare_says_usage()
{
	local output

	output=$(ftcpctl 2>&1 > /dev/null)
	[ $? -eq 2 ] && grep -q '^Usage:' <<< "$output"
}
check 'no word at all: usage, as an error' bare_says_usage

# help_has TEXT WORD...
help_has()
{
	local text=$1 output

	shift
	output=$(ftcpctl "$@") && grep -qF -e "$text" <<< "$output"
}
check 'ftcpctl --help' help_has 'ftcpctl del flow' --help
check 'ftcpctl add --help' help_has 'ftcpctl add rules' add --help
for verb in 'add tunnel' 'set tunnel' 'del tunnel' 'set peer' 'del peer' \
	    'del flow' 'add rules' 'del rules' show top monitor resolve; do
	# shellcheck disable=SC2086
	check "ftcpctl $verb --help" help_has "ftcpctl $verb" $verb --help
	# shellcheck disable=SC2086
	check "ftcpctl $verb ... --help" help_has "ftcpctl $verb" $verb x dev --help
	# shellcheck disable=SC2086
	check "ftcpctl $verb ... -h" help_has "ftcpctl $verb" $verb x -h
done
check 'options of a tunnel are in the help of add' help_has max-flows add --help
check_fails 'but not of del' help_has max-flows del --help
check 'ftcpctl --version' help_has 'ftcpctl 0.1' --version
check 'ftcpctl -V' help_has 'ftcpctl 0.1' -V

# No module: every verb says so, once what it was told makes sense
if [ -e /sys/module/faketcp ]; then
	skip 'without the module' 'it is loaded'
	finish
fi
missing='^ftcpctl: .*modprobe faketcp'
check_refused 'no module: show' "$missing" ftcpctl show
check_refused 'no module: show flow' "$missing" ftcpctl show flow
check_refused 'no module: show --json' "$missing" ftcpctl show flows --json
check_refused 'no module: show --openmetrics' "$missing" ftcpctl show tunnel t --openmetrics
check_refused 'no module: top' "$missing" ftcpctl top -n 1
check_refused 'no module: resolve' "$missing" ftcpctl resolve
check_refused 'no module: monitor' "$missing" ftcpctl monitor
check_refused 'no module: add tunnel' "$missing" \
	ftcpctl "${client[@]}" remote '[::1]:4567' idle 5 keepalive off \
	fwmark 0xffffffff max-flows 1 queue 1 wire phantun df unset max-flows-per-source 1 queue-bytes 65536 coalesce 50us
check_refused 'no module: add tunnel, server' "$missing" \
	ftcpctl add tunnel t dev l port 65535 forward 127.0.0.1:1 local ::1 \
	unreachable ignore
check_refused 'no module: add tunnel, routed' "$missing" \
	ftcpctl add tunnel t dev l routed port 1
check_refused 'no module: add tunnel, no link' "$missing" unshare -n ftcpctl add tunnel t routed
check_refused 'no module: add tunnel, ip' "$missing" ftcpctl add tunnel ip dev l ip
check_refused 'no module: add tunnel, ip, server' "$missing" \
	ftcpctl add tunnel t dev l ip port 1 local ::1 fwmark 5
check_refused 'no module: set tunnel' "$missing" ftcpctl set tunnel t dev l idle 9
check_refused 'no module: what can be off can be 0' "$missing" \
	ftcpctl set tunnel t dev l keepalive 0 max-age 0 max-bytes 0 fwmark 0
check_refused 'no module: show -4 flows' "$missing" ftcpctl show -4 flows
for text in 0 1000 1us off; do
	check_refused "no module: coalesce $text" "$missing" \
		ftcpctl set tunnel t dev l coalesce "$text"
done
check_refused 'no module: del tunnel' "$missing" ftcpctl del tunnel t dev l
check_refused 'no module: set peer' "$missing" \
	ftcpctl set peer p tunnel t dev l endpoint '[fe80::1%lo]:5' \
	allowed-ips 0.0.0.0/0,::/0,10.1.2.3,fd00::/64 wire native
check_refused 'no module: set peer, ip' "$missing" \
	ftcpctl set peer p tunnel t dev l endpoint 127.0.0.1:5 from endpoint \
	allowed-ips 10.9.0.2 persistent on
check_refused 'no module: del peer' "$missing" ftcpctl del peer p tunnel t dev l
check_refused 'no module: del flow' "$missing" \
	ftcpctl del flow local 127.0.0.1:1 remote '[::1]:1' dev l
check_refused 'no module: add rules' "$missing" ftcpctl add rules tunnel t dev l
check_refused 'a name that nobody knows' 'remote: "nosuch.invalid": ' \
	env FTCP_RESOLVE_RETRIES=0 unshare -n ftcpctl "${client[@]}" remote nosuch.invalid:1

# While no name server answers, as when the machine starts, it is asked again.
echo '127.0.0.1 localhost' > "$tmp/hosts"
echo 'hosts: files dns' > "$tmp/nsswitch.conf"
# named COMMAND...: where no name server is, and names are what that file says
named()
{
	unshare --net --mount sh -c 'for file in hosts nsswitch.conf; do
		mount --bind "$0/$file" "/etc/$file" || exit; done; exec "$@"' \
		"$tmp" "$@"
}
named ftcpctl "${client[@]}" remote nosuch.test:1 > "$tmp/named" 2>&1 &
pids+=($!)
check 'no name server: it says that it tries again' wait_for 10 grep -q \
	'remote: "nosuch.test": .*; trying again in 1.0 s' "$tmp/named"
echo '192.0.2.1 nosuch.test' >> "$tmp/hosts"
check '... and goes on when the name is there' wait_for 10 grep -q "$missing" "$tmp/named"
sed -i '/nosuch.test/d' "$tmp/hosts"
check_refused '... told to try once' 'trying again in 1.0 s' \
	named env FTCP_RESOLVE_RETRIES=1 ftcpctl "${client[@]}" remote nosuch.test:1
echo 'hosts: files' > "$tmp/nsswitch.conf"
named timeout 10 ftcpctl "${client[@]}" remote nosuch.test:1 > "$tmp/named" 2>&1
status=$?
check 'a name that is known not to be is not asked for again' eval \
	'[ $status -eq 1 ] && ! grep "trying again" "$tmp/named"'
finish
