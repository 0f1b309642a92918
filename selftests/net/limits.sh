#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No source takes all flows of a tunnel, and no queue all memory: each limit is
# exact, counted, told to whoever meets it, and forgotten when it is no longer met.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'tunnels' proxy keepalive off
check '... over IPv6 as well' c ftcpctl add tunnel t6 dev ftcp0 \
	listen '[::1]:1234' remote "[$S6]:4567" keepalive off
server echo "$S" echo --bind 127.0.0.1:5555

# flows_of NAMESPACE TUNNEL: how many
flows_of() { flows "$1" "map(select(.tunnel == \"$2\" and .state == \"established\")) | length"; }
flows_of_are()
{
	[ "$(flows_of "$1" "$2")" = "$3" ] || {
		echo "$(flows_of "$1" "$2"), not $3"
		return 1
	}
}
# icmp_errors FAMILY: "destination unreachable" that the client was sent
icmp_errors()
{
	case $1 in
	4)	c awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp ;;
	6)	c awk '$1 == "Icmp6InDestUnreachs" { print $2 }' /proc/net/snmp6 ;;
	esac
}
field_is()
{
	[ "$(field "$1" "$3")" = "$2" ] || { echo "$3"; return 1; }
}
# sources_of NAMESPACE FROM N [TO]: N sockets of an address, a datagram each
sources_of()
{
	in_ns "$1" udptool send --to "${4:-127.0.0.1:1234}" --from "$2" \
		--sockets "$3" --lossy --timeout 10
}
sources() { sources_of "$C" "$@"; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# ---- flows that this end dials ----

check 'the default' is "$(c ftcpctl show --json | jq '.[0]["max-flows-per-source"]')" 4096
check '3 flows of one source' c ftcpctl set tunnel t dev ftcp0 max-flows-per-source 3
check 'shown' eval "c ftcpctl show tunnel t | grep -q '3 of one source'"
told=$(icmp_errors 4)
result=$(sources 127.0.0.1:7000 5)
check '5 are tried, 3 are heard' field_is received 3 "$result"
check '3 flows' flows_of_are "$C" t 3
check 'the others are told' eval '[ "$(icmp_errors 4)" -gt "$told" ]'
check 'and counted' is "$(drops "$C" source-limit)" 2
check 'nothing else is' is "$(drops "$C" limit)" 0
result=$(sources 127.0.0.2:7000 5)
check 'another source: 3 as well' field_is received 3 "$result"
check '6 flows' flows_of_are "$C" t 6
check 'those that are there go on' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7000 --count 3

close_one()
{
	local ends

	ends=$(flows "$C" 'map(select(.tunnel == "t" and
		(.["inner-local"] | startswith("127.0.0.1:")))) |
		.[0] | .local + " remote " + .remote')
	# shellcheck disable=SC2086
	c ftcpctl del flow local $ends dev ftcp0 && wait_for 5 flows_of_are "$C" t 5
}
check 'one of the first ends' close_one
wait_for 5 flows_are "$C" 5
result=$(sources 127.0.0.1:7100 2)
check 'one more of its source may come' field_is received 1 "$result"
result=$(sources 127.0.0.2:7100 2)
check 'none of the other' field_is received 0 "$result"

check 'IPv6: 2 flows of one source' c ftcpctl set tunnel t6 dev ftcp0 max-flows-per-source 2
ip -n "$C" addr add fd09::2/128 dev lo nodad
told=$(icmp_errors 6)
result=$(sources '[::1]:7000' 3 '[::1]:1234')
check 'IPv6: 3 are tried, 2 are heard' field_is received 2 "$result"
check 'IPv6: the other is told' eval '[ "$(icmp_errors 6)" -gt "$told" ]'
check 'IPv6: the other tunnel is as it was' flows_of_are "$C" t 6

# ---- flows that this end accepts ----

check 'the client has no limit any more' eval \
	'c ftcpctl set tunnel t dev ftcp0 max-flows-per-source 1000 &&
	 c ftcpctl set tunnel t6 dev ftcp0 max-flows-per-source 1000'
all_gone() { ip -n "$C" link set ftcp0 down && ip -n "$C" link set ftcp0 up; }
check 'all flows end' eval 'all_gone && wait_for 10 flows_are "$S" 0'
check 'server: 3 flows of one source' s ftcpctl set tunnel t dev ftcp0 max-flows-per-source 3
result=$(sources 127.0.0.1:7000 5)
check '5 are tried, 3 are heard' field_is received 3 "$result"
check 'those too many are reset' wait_for 5 flows_of_are "$C" t 3
# the third segment of the handshake, perhaps data after it as well
check 'and counted' [ "$(drops "$S" source-limit)" -ge 2 ]
# The router is another client, with addresses in both networks.
check 'another client' eval 'add_link "$R" &&
	r ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
		remote "$S4:4567" keepalive off &&
	r ftcpctl add tunnel t6 dev ftcp0 listen "[::1]:1234" \
		remote "[$S6]:4567" keepalive off'
result=$(sources_of "$R" 127.0.0.1:7000 5)
check 'another source: 3 as well' field_is received 3 "$result"
check '6 flows' flows_of_are "$S" t 6
result=$(sources '[::1]:7000' 5 '[::1]:1234')
check 'IPv6 is another source' field_is received 3 "$result"
check 'IPv6: another address of its /64' \
	ip -n "$R" route add "$S6/128" dev s0 src "$RC6"
result=$(sources_of "$R" '[::1]:7100' 2 '[::1]:1234')
check 'IPv6: is the same source' field_is received 0 "$result"
check 'IPv6: another /64' ip -n "$R" route del "$S6/128" dev s0
result=$(sources_of "$R" '[::1]:7200' 5 '[::1]:1234')
check 'IPv6: is another source' field_is received 3 "$result"
check '12 flows' flows_of_are "$S" t 12
check 'the other client goes' ip -n "$R" link del ftcp0
check 'all flows end' eval 'all_gone && wait_for 10 flows_are "$S" 0'
result=$(sources '[::1]:7300' 5 '[::1]:1234')
check 'and none is counted any more' field_is received 3 "$result"
check 'all flows end' eval 'all_gone && wait_for 10 flows_are "$S" 0'

# ---- what waits ----

check 'the server has no limit any more' s ftcpctl set tunnel t dev ftcp0 \
	max-flows-per-source 1000
check 'the default' is "$(c ftcpctl show --json | jq '.[0]["queue-bytes"]')" 67108864
# What waits is charged to its sender as well, whose buffer is not what this is about.
wmem=$(sysctl -n net.core.wmem_default)
sysctl -qw net.core.wmem_default=16777216
check 'a server that does not answer' r nft add table inet silence \
	'{ chain f { type filter hook forward priority -10; policy drop; }; }'
check 'many may wait, in 64 KiB' c ftcpctl set tunnel t dev ftcp0 \
	queue 1024 queue-bytes 65536
# waiting FROM SIZE COUNT: and how many of them are dropped
waiting()
{
	local before

	before=$(drops "$C" queue-full)
	c udptool send --to 127.0.0.1:1234 --from "$1" --size "$2" --count "$3" \
		--oneway > /dev/null || return
	echo $(($(drops "$C" queue-full) - before))
}
dropped=$(waiting 127.0.0.1:7000 1400 100)
check 'some of 100 of 1400 bytes wait' eval '[ "$dropped" -gt 50 ] && [ "$dropped" -lt 90 ]'
check 'another flow shares the limit' is "$(waiting 127.0.0.1:7001 1400 20)" 20
check 'what waits is gone with its flow' all_gone
# in a moment: flows end one after the other
check 'and others may wait' wait_for 5 eval \
	'[ "$(waiting 127.0.0.1:7002 1400 10)" = 0 ]'
check 'there is more room' c ftcpctl set tunnel t dev ftcp0 queue-bytes 1048576
background charged "$C" udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7005 \
	--size 1400 --count 10 --timeout 20
check 'what waits is charged to its sender' wait_for 10 eval \
	'c ss -uanH "sport = :7005" | awk "{ n += \$3 } END { exit n < 14000 }"'
check 'for more' is "$(waiting 127.0.0.1:7003 1400 100)" 0
check 'but not for super-packets without end' eval \
	'[ "$(c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7004 --size 1400 \
	--gso 60000 --count 4000 --oneway > /dev/null; drops "$C" queue-full)" -gt "$dropped" ]'
check 'the server answers' r nft delete table inet silence
check 'what waited arrives' wait_for 20 eval \
	'[ "$(s ftcpctl show --json | jq ".[0].stats[\"rx-packets\"]")" -gt 100 ]'
check 'and others may wait' c udptool send --to 127.0.0.1:1234 --sockets 20 --count 5
sysctl -qw "net.core.wmem_default=$wmem"

# ---- who pays ----

# Flows are charged to the control group of who made their tunnel, whoever causes them.
cgroup=/sys/fs/cgroup/ftcp-$$
in_group() { sh -c 'echo 0 > "$0/cgroup.procs" && exec "$@"' "$cgroup" "$@"; }
# What is in use: memory.current has what processors have charged beforehand, too.  It
# may be two seconds old.
used() { awk '$1 == "slab" { print $2 }' "$cgroup/memory.stat"; }
uses() { [ "$(used)" -gt "$1" ] || { used; return 1; }; }
if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2> /dev/null; then
	skip 'the control group pays' 'this kernel has no memory controller'
else
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	check 'a tunnel of a control group' eval 'mkdir "$cgroup" && all_gone &&
		s ftcpctl del tunnel t dev ftcp0 && in_group inns "$S" ftcpctl add tunnel t \
			dev ftcp0 port 4567 forward 127.0.0.1:5555 keepalive off'
	before=$(used)
	result=$(sources 127.0.0.1:8000 500)
	check '500 flows' field_is received 500 "$result"
	check 'they are charged to it' wait_for 10 uses $((before + 500 * 800))
	check 'it may have hardly more' eval \
		'echo $(($(used) + 65536)) > "$cgroup/memory.max"'
	result=$(sources 127.0.0.1:9000 500)
	check 'nor has it' [ "$(field received "$result")" -lt 500 ]
	check 'what is refused is counted' [ "$(drops "$S" memory)" -gt 0 ]
	check 'those that are there go on' c udptool send --to 127.0.0.1:1234 \
		--from 127.0.0.1:8000 --count 3
	check 'it may have more' eval 'echo max > "$cgroup/memory.max"'
	check 'and has' c udptool send --to 127.0.0.1:1234 --sockets 100
	check 'the tunnel is deleted' eval \
		's ftcpctl del tunnel t dev ftcp0 && rmdir "$cgroup"'
fi

assert_no_invalid
check 'delete the links' proxy_gone
module_memory_back
finish
