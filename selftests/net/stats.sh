#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counters of link, tunnel and flow agree with what was sent, drops with what was
# refused; events tell of tunnels and flows; the kernel log has nothing of it.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology allow-udp
for ns in "$C" "$S"; do
	# the host's own multicast reports would count as drops of the link
	in_ns "$ns" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	add_link "$ns"
	background "events-$ns" "$ns" ftcpctl monitor --json
done
background text "$C" ftcpctl monitor
# listening NAMESPACE NUMBER: to events of generic netlink, protocol 16
listening()
{
	in_ns "$1" awk -v n="$2" '$2 == 16 && $4 != "00000000" { found++ }
		END { exit found != n }' /proc/net/netlink
}
wait_for 10 listening "$C" 2 && wait_for 10 listening "$S" 1 ||
	bail_out "ftcpctl monitor is deaf"

# The kernel's own lines, not those of the tests.
log_lines() { dmesg | grep -vc 'ftcp: '; }
log_before=$(log_lines)

s ftcpctl add tunnel echo dev ftcp0 port 4567 forward 127.0.0.1:5555
c ftcpctl add tunnel echo dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
server echo "$S" echo --bind 127.0.0.1:5555

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# tx packets, tx bytes, rx packets, rx bytes
link_stats()
{
	ip -n "$1" -s -j link show ftcp0 | jq -r '.[0].stats64 |
		"\(.tx.packets) \(.tx.bytes) \(.rx.packets) \(.rx.bytes)"'
}
readonly counters='"\(."tx-packets") \(."tx-bytes") \(."rx-packets") \(."rx-bytes")"'
tunnel_stats()
{
	in_ns "$1" ftcpctl show --json | jq -r ".[0].stats | $counters"
}
flow_stats() { flows "$1" "max_by(.\"age-ms\").stats | $counters"; }

# ---- What was carried ----

# metric NAMESPACE SAMPLE: is there, with its value
metric() { in_ns "$1" ftcpctl show --openmetrics | grep -xF -e "$2" || {
	in_ns "$1" ftcpctl show --openmetrics; return 1; }; }

check 'single datagrams' c udptool send --to 127.0.0.1:1234 --size 100 \
	--count 10
labels='dev="ftcp0",tunnel="echo"'
for sample in "faketcp_tx_bytes_total{$labels} 1000" "faketcp_rx_packets_total{$labels} 10" \
	"faketcp_flows{$labels,state=\"established\"} 1" \
	"faketcp_flows{$labels,state=\"syn-sent\"} 0" \
	"faketcp_peer_flows{$labels,peer=\"remote\"} 1" \
	"faketcp_drops_total{$labels,reason=\"too-big\"} 0" \
	"faketcp_ended_flows_total{$labels,reason=\"reset\"} 0" \
	"faketcp_wireguard_mtu_bytes{$labels} 1428"; do
	check "OpenMetrics: $sample" metric "$C" "$sample"
done
if command -v python3 > /dev/null; then
	check 'they are OpenMetrics, and the dashboard uses no others' eval \
		'c ftcpctl show --openmetrics | "$repo/selftests/lib/openmetrics.py" \
			"$repo/tools/packaging/grafana.json"'
fi
# The kernel's own tools, unpacked by make check and check-fast
ynl=$(echo "$repo"/build/ynl/*/tools/net/ynl)
[ ! -d "$ynl/pyynl" ] || ynl=$ynl/pyynl
cli() { c "$ynl/cli.py" --spec "$repo/Documentation/netlink/specs/faketcp.yaml" --no-schema "$@"; }
if [ -e "$ynl/cli.py" ] && /usr/bin/python3 -c 'import yaml' 2> /dev/null; then
	check 'example.py tells the flow' is \
		"$(c "$repo/Documentation/netlink/example.py" "$ynl")" \
		"echo established $S4 4567 1000"
	check 'cli.py lists tunnels' eval "cli --dump tunnel-get | grep -F \"'mode': 'listen'\""
	check '... peers' eval "cli --dump peer-get | grep -F \"'peer': 'remote'\""
	check '... flows' eval "cli --dump flow-get | grep -F \"'tx-bytes': 1000\""
else
	skip "the kernel's own tools" 'no python3-yaml, or Documentation/netlink/regenerate --unpack was not run'
fi
# A tunnel of each mode, and peers with and without everything
s ftcpctl add tunnel lan dev lan0 ip port 4600 fwmark 7 max-bytes 1G
s ftcpctl set peer p tunnel lan dev lan0 allowed-ips 10.9.0.2,fd09::/64 from 192.0.2.0/24
s ftcpctl set peer q tunnel lan dev lan0 endpoint 192.0.2.9:1 allowed-ips 10.9.0.3 persistent on
s ftcpctl add tunnel r dev ftcp0 routed port 4601
s ftcpctl set peer p tunnel r dev ftcp0 endpoint same allowed-ips 10.8.0.0/16
# as_published NAMESPACE KIND
as_published()
{
	in_ns "$1" ftcpctl show "$2s" --json | "$repo/selftests/lib/schema.py" "$2"
}
if /usr/bin/python3 -c 'import jsonschema' 2> /dev/null; then
	for ns in "$C" "$S"; do
		for kind in tunnel peer flow; do
			check "JSON is as published: ${kind}s in $ns" as_published "$ns" $kind
		done
	done
fi
s ip link del lan0
s ftcpctl del tunnel r dev ftcp0
for what in link tunnel flow; do
	check "$what: datagrams and bytes at the client" \
		is "$("${what}_stats" "$C")" '10 1000 10 1000'
	check "$what: and at the server" \
		is "$("${what}_stats" "$S")" '10 1000 10 1000'
done
check 'another source with super-packets' c udptool send \
	--to 127.0.0.1:1234 --size 1000 --gso 8000 --count 40
for ns in "$C" "$S"; do
	for what in link tunnel; do
		check "$what: each datagram counts in ${ns%-*}" \
			is "$("${what}_stats" "$ns")" '50 41000 50 41000'
	done
	check "the first flow has not changed in ${ns%-*}" \
		is "$(flow_stats "$ns")" '10 1000 10 1000'
	check "the flows add up in ${ns%-*}" \
		is "$(flows "$ns" 'map(.stats."tx-bytes") | add')" 41000
done
check 'counters are shown to people' eval \
	'c ftcpctl show | grep -q "50 datagrams"'
check 'tunnels count what was held' eval 'c ftcpctl show --json |
	jq -e ".[0].stats | .\"tx-held\" >= .\"tx-batches\" and .\"tx-hold-ns\" >= 0"'
check 'flows do not' is "$(flows "$C" 'map(.stats | keys) | add | unique | join(" ")')" \
	'rx-bytes rx-packets tx-bytes tx-packets'
check 'people are told if anything was' is "$(c ftcpctl show | grep -c '^  coalesced ')" \
	"$(c ftcpctl show --json | jq '.[0].stats | if ."tx-held" > 0 then 1 else 0 end')"
check 'the tunnel has two flows' is "$(c ftcpctl show --json | jq '.[0].flows')" 2

# ---- What was not ----

# counted NAMESPACE REASON NUMBER: and nothing else was meanwhile
declare -A before
remember()
{
	before[$1]=$(in_ns "$1" ftcpctl show --json | jq -c '.[0].drops')
}
counted()
{
	local now want

	now=$(in_ns "$1" ftcpctl show --json | jq -cS '.[0].drops')
	want=$(jq -cS ".\"$2\" += $3" <<< "${before[$1]}")
	is "$now" "$want"
}
# dropped NAMESPACE tx|rx: by the link
dropped()
{
	ip -n "$1" -s -j link show ftcp0 | jq ".[0].stats64.$2.dropped"
}

remember "$C"
check 'nothing was dropped yet' is "$(dropped "$C" tx)" 0
for _ in 1 2 3; do
	c udptool send --to 127.0.0.1:1234 --size 2000 --oneway --lossy \
		> /dev/null
done
wait_for 5 counted "$C" too-big 3
check 'too large: counted' counted "$C" too-big 3
check 'by the link as well' is "$(dropped "$C" tx)" 3

forge() { r tcpraw send --from "$RS4:9999" --to "$S4:4567" "$@"; }
local_port=$(flows "$C" '.[0].local')
while read -r reason count arguments; do
	remember "$S"
	rx=$(dropped "$S" rx)
	# shellcheck disable=SC2086
	check "$reason: sent" forge $arguments
	wait_for 5 counted "$S" "$reason" "$count"
	check "$reason: counted" counted "$S" "$reason" "$count"
	check "$reason: by the link as well" \
		is "$(dropped "$S" rx)" $((rx + count))
done <<END
no-flow 3 --flags PA --seq 5 --ack 5 --size 10 --count 3
handshake 2 --flags A --seq 5 --ack 5 --count 2
checksum 2 --flags PA --seq 5 --ack 5 --size 10 --bad-checksum --count 2
END
remember "$S"
check 'a segment of a flow, far from its sequence numbers' \
	r tcpraw send --from "$local_port" --to "$S4:4567" --flags PA \
	--seq 1 --ack 1 --size 10
wait_for 5 counted "$S" sequence 1
check 'sequence: counted' counted "$S" sequence 1

check 'nothing was delivered of it' is "$(tunnel_stats "$S")" \
	"$(tunnel_stats "$C" | awk '{ print $3, $4, $1, $2 }')"

# ---- Events, and how flows end ----

check 'no flow has ended yet' is "$(ended "$C" echo)" ''
check 'people are not told of none' is "$(c ftcpctl show | grep -c '^  ended ')" 0
c ftcpctl add tunnel other dev ftcp0 listen 127.0.0.1:1235 remote "$S4:4567"
ends=$(flows "$C" 'max_by(."age-ms") | .local + " remote " + .remote')
check 'close a flow' eval "c ftcpctl del flow local $ends dev ftcp0"
wait_for 5 eval '[ "$(flows "$S" length)" -lt 3 ]'
check 'it is counted' ended_are "$C" echo closed=1
check 'at the server as well' ended_are "$S" echo closed=1
check 'not at another tunnel' is "$(ended "$C" other)" ''
check 'people are told' is "$(c ftcpctl show tunnel echo | grep '^  ended ')" \
	'  ended      1 closed'
c ftcpctl del tunnel other dev ftcp0
c ftcpctl del tunnel echo dev ftcp0
check 'the server counts what was reset' ended_are "$S" echo 'closed=1 reset=4'
check 'people are told of both' is "$(s ftcpctl show | grep '^  ended ')" \
	'  ended      1 closed, 4 reset'
s ftcpctl del tunnel echo dev ftcp0

# events NAMESPACE: without those of connections that were not to be
events() { jq -r .event "$tmp/events-$1" | sort | uniq -c | awk '{ print $2 "=" $1 }' | xargs; }
# reasons NAMESPACE: of the flows that ended
reasons()
{
	jq -r 'select(has("reason")) | select(.event == "flow-del") | .reason' \
		"$tmp/events-$1" | sort | uniq -c | awk '{ print $2 "=" $1 }' | xargs
}
# the three datagrams that were too large had flows of their own
declare -A want reasons
want[$C]='flow-add=5 flow-del=5 tunnel-add=2 tunnel-del=2'
# the echo's, and two for the schema
want[$S]='flow-add=5 flow-del=5 tunnel-add=3 tunnel-del=3'
reasons[$C]='closed=5'
reasons[$S]='closed=1 reset=4'
for ns in "$C" "$S"; do
	wait_for 5 is "$(events "$ns")" "${want[$ns]}"
	check "events of tunnels and flows in ${ns%-*}" is "$(events "$ns")" "${want[$ns]}"
	check "why the flows ended, in ${ns%-*}" is "$(reasons "$ns")" "${reasons[$ns]}"
done
check 'people are told, too' is \
	"$(grep -c ' flow-del .* reason [a-z]*$' "$tmp/text")" 5
check 'nothing else has a reason' is "$(grep -c reason "$tmp/text")" 5
check 'an event names its flow' eval \
	'jq -e "select(.event == \"flow-add\") | .local + .remote" "$tmp/events-$C" |
	grep -F "$S4:4567"'
check 'nothing is in the kernel log' is "$(log_lines)" "$log_before"

# ---- A list that changes while it is read ----

s ftcpctl add tunnel echo dev ftcp0 port 4567 forward 127.0.0.1:5555
c ftcpctl add tunnel stay dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
c ftcpctl add tunnel go dev ftcp0 listen 127.0.0.1:1235 remote "$S4:4567"
# those that are to go before and behind the others, whatever the order is
check 'flows that will go' c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:21000 \
	--sockets 75
check 'flows that will stay' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:22000 \
	--sockets 150
check 'more that will go' c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:23000 \
	--sockets 75
check 'the server has all of them' flows_are "$S" 300 established
mkfifo "$tmp/go"
exec {go}<> "$tmp/go"
in_ns "$S" nlraw faketcp flows <&"$go" > "$tmp/dump" &
dump=$!
pids+=("$dump")
check 'somebody reads the first of them' wait_for 10 file_has "$tmp/dump" paused
check 'half of them go' c ftcpctl del tunnel go dev ftcp0
check 'at the server as well' wait_for 10 flows_are "$S" 150 established
echo >&"$go"
wait "$dump"
check 'the reader goes on' [ $? -eq 0 ]
exec {go}>&-
diag "$(grep -c '^[0-9]' "$tmp/dump") read, \
$(sed '/paused/q' "$tmp/dump" | grep -c '^[0-9]') of them before the others went"
check 'and meets each of the others' is \
	"$(flows "$C" '.[] | .local | sub(".*:"; "")' | sort | comm -23 - <(sort "$tmp/dump") |
	wc -l)" 0

if [ -e "$ynl/cli.py" ] && /usr/bin/python3 -c 'import yaml' 2> /dev/null; then
	check 'cli.py sets options' \
		cli --do tunnel-set --json '{ "ifname": "ftcp0", "tunnel": "stay", "idle": 77 }'
	check '... which the kernel has' is "$(c ftcpctl show tunnel stay --json | jq '.[0].idle')" 77
	check '... and says what is refused' eval \
		'cli --do tunnel-del --json "{ \"ifname\": \"ftcp0\", \"tunnel\": \"x\" }" 2>&1 |
			grep "no such tunnel"'
fi

# ---- Rates ----

background sender "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:22000 \
	--size 1000 --rate 200 --count 1000000
sender=$!
# busiest N: the first line below the heading of table N, with a plausible rate
top_lines() { c ftcpctl top -n 2 -d 0.5 "$@" > "$tmp/top"; }
busiest()
{
	awk -v RS= -v n="$1" 'NR == n' "$tmp/top" | sed -n 2p |
		grep -E "^ *[0-9.]+[kM] +[0-9.]+[kM] +[0-9]+ +[0-9]+  $2 *stay +$3\$" ||
		{ cat "$tmp/top"; return 1; }
}
check 'top: two tables' top_lines
check '... the flow that carries most is first' busiest 1 established "$S4:4567"
check '... in both' busiest 2 established "$S4:4567"
check '... and the others are there' [ "$(grep -c '^ *0 .*established' "$tmp/top")" -eq 298 ]
check 'of tunnels' top_lines tunnels
check '... the busiest is first' busiest 2 150 ftcp0
if command -v python3 > /dev/null; then
	check 'on a terminal, with keys' c "$repo/selftests/lib/top.py" ftcpctl top -d 0.5
	check '... of tunnels' c "$repo/selftests/lib/top.py" ftcpctl top tunnels -d 0.5
	diag "$(c "$repo/selftests/lib/top.py" ftcpctl top -d 0.5)"
fi
stop "$sender"

# ---- Names of links are bytes: characters stay what they are, and take one column ----

named()
{
	ip -n "$C" link add "$1" type faketcp &&
		c ftcpctl add tunnel t dev "$1" routed &&
		c ftcpctl set peer p tunnel t dev "$1" endpoint same
}
# in_line HEADING: the column is where the heading is, whatever is before
in_line()
{
	local LC_ALL=C.UTF-8 lines line at

	mapfile -t lines < <(c ftcpctl show peers)
	at=${lines[0]%%"$1"*}
	for line in "${lines[@]:1}"; do
		[[ "${line:$((${#at} - 1)):2}" = ' '[^\ ] ]] || { echo "$line"; return 1; }
	done
	[ "${#lines[@]}" -ge 3 ]
}
link_in_json() { c ftcpctl show --json tunnel t | jq -r '.[0].link'; }
for link in wörk € 日本 𝄞; do
	check "a link named $link" named "$link"
	check 'another peer' c ftcpctl set peer a tunnel t dev "$link" endpoint same
	check 'JSON has its name' is "$(link_in_json)" "$link"
	check 'the columns are in line' in_line ENDPOINT
	check 'metrics have its name' metric "$C" \
		"faketcp_peer_flows{dev=\"$link\",tunnel=\"t\",peer=\"a\"} 0"
	ip -n "$C" link del "$link"
done
# Neither whole, nor the shortest form, nor a character
for link in $'w\xf6rk' $'a\xe2\x82' $'\xc0\xaf' $'\xed\xbf\xbf' $'\xf4\x90\x80\x80'; do
	printf -v text %q "$link"
	check "a link named $text" named "$link"
	check 'it is JSON' eval 'c ftcpctl show --json tunnel t |
		iconv -f UTF-8 -t UTF-8 | jq -e ".[0].link | length > 1"'
	check 'metrics are UTF-8' eval 'c ftcpctl show --openmetrics |
		iconv -f UTF-8 -t UTF-8 | grep -q "^# EOF"'
	ip -n "$C" link del "$link"
done

ip -n "$C" link del ftcp0
ip -n "$S" link del ftcp0
module_memory_back
finish
