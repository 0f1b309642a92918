#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whole IP packets: what is routed into a device at one end comes out of the other's,
# over IPv4 and IPv6, inside and outside; only from where it may come from; with its
# DSCP and ECN; and whoever sends what does not fit is told.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
head -c 20M /dev/urandom > "$tmp/file"

# ends REMOTE [CLIENT OPTIONS [SERVER OPTIONS]]: one end on each host, each with an
# address of both families
ends()
{
	# shellcheck disable=SC2086
	{
	run server "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24 \
		--address fd09::2/64 ${3-}
	server=$!
	run client "$C" ip --remote "$1" --auto-rules --dev inner --address 10.9.0.1/24 \
		--address fd09::1/64 ${2-}
	client=$!
	}
}

ends_gone()
{
	ends_well "$1: the client" $client
	ends_well "$1: the server" $server
	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2>/dev/null
	done
}

mtu_is() { ip -n "$1" link show inner | grep -q " mtu $2 "; }

# dropped END NAME: the counter of an end, client or server
dropped()
{
	total "$2" "${!1}" "$1"
}

# whole NAME REMOTE MTU [OPTIONS]
whole()
{
	local name=$1 mtu=$3 to

	ends "$2" "${4-}" "${4-}"
	check "$name: the client's MTU" mtu_is "$C" "$mtu"
	for to in 10.9.0.2 fd09::2; do
		check "$name: to $to" c ping -q -c 3 -i 0.05 "$to"
		check "$name: ... in full size" c ping -q -c 1 -M "do" \
			-s $((mtu - ($(grep -c : <<< $to) ? 48 : 28))) "$to"
		check "$name: ... a file" transfer "$C" "$S" "$to"
		check "$name: ... and one back" transfer "$S" "$C" "${to%2}1"
	done
	check "$name: one flow" [ "$(tun_flows $client client ESTAB)" -eq 1 ]
	check "$name: shows its peer" eval 'report $server server | grep -q "^ESTAB.* peer "'
	assert_ct_state ESTABLISHED --dport 4567
	ends_gone "$name"
}

whole 'over IPv4' "$S4:4567" 1460 -4
whole 'over IPv6' "[$S6]:4567" 1440
whole 'without offloads' "$S4:4567" 1460 '-4 --no-tun-offload'

# ---- who has nobody to send to ----

ends "$S4:4567" '--allowed-ips 10.9.0.2,fd09::/64' '--allowed-ips 10.9.0.1/32,fd09::1'
check 'nobody has dialled: unreachable' eval \
	's ping -c 1 -W 5 10.9.0.1 | grep -q "Host Unreachable"'
check '... over IPv6' eval \
	's ping -c 1 -W 5 fd09::1 | grep -q "Address unreachable"'
check '... and counted' [ "$(dropped server no-endpoint)" -ge 2 ]
before=$(dropped client no-peer)
check 'nobody has the address: unreachable' eval \
	'c ping -c 1 -W 5 10.9.0.3 | grep -q "Host Unreachable"'
check '... and counted' [ "$(dropped client no-peer)" -gt "$before" ]
check 'that has dialled nobody' no_flows $client client

# ---- whose packets they are ----

ip -n "$C" addr add 10.9.0.77/32 dev inner
ip -n "$C" addr add fd09::77/128 dev inner nodad
s nft -f - <<-'EOT'
table inet seen {
	counter strange { }
	chain i {
		type filter hook prerouting priority -300
		iifname inner ip saddr != 10.9.0.1 counter name strange
		iifname inner ip6 saddr != fd09::1 counter name strange
	}
}
EOT
strange() { counter "$S" seen strange; }
check_fails 'a strange source says nothing' c ping -q -c 1 -W 1 -I 10.9.0.77 10.9.0.2
check '... and is counted' [ "$(dropped server inner-source)" -eq 1 ]
check 'the right one does' c ping -q -c 3 -i 0.05 10.9.0.2
check_fails 'a strange source is dropped then' c ping -q -c 1 -W 1 -I 10.9.0.77 10.9.0.2
check_fails '... over IPv6' c ping -q -c 1 -W 1 -I fd09::77 fd09::2
check '... and counted' [ "$(dropped server inner-source)" -eq 3 ]
check '... and nobody has seen it' [ "$(strange)" -eq 0 ]

ip -n "$C" addr del 10.9.0.77/32 dev inner
ip -n "$C" addr del fd09::77/128 dev inner

# ---- DSCP and ECN ----

# marks NAMESPACE HOOK MATCH...: how many packets are so, from now on
marks()
{
	local ns=$1 hook=$2

	shift 2
	in_ns "$ns" nft delete table inet marks 2> /dev/null
	in_ns "$ns" nft -f - <<-EOT
	table inet marks {
		counter seen { }
		chain c { type filter hook $hook priority -300; $* counter name seen; }
	}
	EOT
}
marked() { [ "$(counter "$1" marks seen)" -eq "$2" ]; }

ect0=0x02 ect1=0x01 ce=0x03
marks "$R" prerouting 'iifname c0 ip dscp ef ip ecn ect0 meta length 124'
check 'DSCP and ECN' c ping -q -c 3 -i 0.05 -Q $((0xb8 | ect0)) 10.9.0.2
check '... are those of the segment' marked "$R" 3
marks "$R" prerouting 'iifname c0 ip dscp ef ip ecn ect1 meta length 144'
check '... also from IPv6' c ping -q -c 3 -i 0.05 -Q $((0xb8 | ect1)) fd09::2
check '... ' marked "$R" 3

# ecn NAME FROM OUTER INNER [ADDRESS]: what a router makes of the segment's ECN, and
# what becomes of the packet's
ecn()
{
	local ip=ip

	[[ ${5:-} != *:* ]] || ip=ip6
	r nft -f - <<-EOT
	table inet router_ecn
	delete table inet router_ecn
	table inet router_ecn {
		chain c {
			type filter hook forward priority -300
			iifname c0 meta length > 100 ip ecn set $3
		}
	}
	EOT
	marks "$S" prerouting "iifname inner $ip ecn $4 meta length > 80"
	check "ECN: $1" c ping -q -c 2 -i 0.05 -Q "$2" "${5:-10.9.0.2}"
	check "... is $4" marked "$S" 2
}
ecn 'congestion on the way' $ect0 ce ce
ecn 'congestion on the way, ECT(1)' $ect1 ce ce
ecn 'congestion on the way, IPv6' $ect0 ce ce fd09::2
ecn 'congestion before' $ce ect0 ce
ecn 'ECT(1) on the way' $ect0 ect1 ect1
ecn 'ECT(1) on the way, IPv6' $ect0 ect1 ect1 fd09::2
ecn 'nothing on the way' $ect1 not-ect ect1
ecn 'what the sender does not know' 0 ect0 not-ect
before=$(dropped server malformed)
r nft 'add rule inet router_ecn c iifname c0 meta length > 100 ip ecn set ce'
check_fails 'congestion that the sender cannot be told of' \
	c ping -q -c 1 -W 1 10.9.0.2
check '... is a packet lost' [ "$(dropped server malformed)" -eq $((before + 1)) ]
r nft delete table inet router_ecn

# ---- what does not fit ----

ip -n "$R" link set s0 mtu 1400
ip -n "$S" link set eth0 mtu 1400
learns() { c ping -q -c 1 -W 1 -M "do" -s "$2" "$1"; }
told() { c ping -c 1 -W 1 -M "do" -s "$2" "$1" | grep -Eq "$3"; }
check_fails 'a path that takes less' c ping -q -c 1 -W 1 -M "do" -s 1400 10.9.0.2
check '... is told to the sender' wait_for 10 told 10.9.0.2 1400 'mtu ?= ?1360'
check '... and to one of IPv6' wait_for 10 told fd09::2 1390 'mtu ?= ?1360'
check '... what fits goes' c ping -q -c 1 -M "do" -s $((1360 - 28)) 10.9.0.2
check '... what fits goes, IPv6' c ping -q -c 1 -M "do" -s $((1360 - 48)) fd09::2
check 'a file goes' transfer "$C" "$S" 10.9.0.2
check '... over IPv6' transfer "$C" "$S" fd09::2
before=$(dropped client too-big)
check '... what may be cut is' c ping -q -c 3 -i 0.05 -M dont -s 1432 10.9.0.2
check '... also far larger ones, and by no one else' c ping -q -c 3 -i 0.05 -M dont -s 9000 10.9.0.2
check '... and is not dropped' [ "$(dropped client too-big)" -eq "$before" ]
check 'that is counted' [ "$(dropped client too-big)" -gt 0 ]
ip -n "$R" link set s0 mtu 1500
ip -n "$S" link set eth0 mtu 1500
ends_gone 'one to one'

# ---- a flow is replaced ----

ends "$S4:4567" '--max-age 1'
check 'a flow' c ping -q -c 1 10.9.0.2
replaced() { [ "$(total replaced $client client)" -ge 2 ]; }
talks() { c ping -q -c 1 -W 1 10.9.0.2 && replaced; }
check '... is replaced, and again' wait_for 20 talks
check '... and there are no newcomers' [ "$(dropped server newcomer)" -eq 0 ]
check '... the server talks first' s ping -q -c 1 10.9.0.1
check 'lost packets' eval 'c ping -q -c 400 -i 0.01 10.9.0.2 | grep -q " [0-4]\(\.[0-9]*\)\?% packet loss"'
ends_gone 'replaced'

# ---- who dials without a packet ----

refused() { [[ $(tun_ended $client client) == *refused* ]]; }
run client "$C" ip --remote "$S4:4567" --auto-rules --dev inner --address 10.9.0.1/24 \
	--address fd09::1/64 --persistent
client=$!
check 'a persistent end that is refused' wait_for 10 refused
run server "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24 \
	--address fd09::2/64
server=$!
check '... dials again, and says who it is' wait_for 20 s ping -q -c 1 -W 1 10.9.0.1
check '... by IPv6 as well' s ping -q -c 1 fd09::1
terminate $server
run server "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24
server=$!
check '... also when it was lost' wait_for 20 s ping -q -c 1 -W 1 10.9.0.1
ends_gone 'persistent'

# ---- the report as JSON ----

ends "$S4:4567" --json --json
check 'packets, for the report' c ping -q -c 3 -i 0.05 10.9.0.2
report_json $client client > "$tmp/client.json"
json_is 'who dialled' '[.tunnel.link, .tunnel.mode, .tunnel.port],
	(.flows[] | [.state, .remote, ."inner-local", ."max-payload", .stats."tx-packets" >= 3])' \
	"[\"inner\",\"ip\",null]
[\"established\",\"$S4:4567\",null,1460,true]" client.json
report_json $server server > "$tmp/server.json"
json_is 'who accepted' '[.tunnel.port, .tunnel.flows], [.flows[].peer]' '[4567,1]
["peer"]' server.json
ends_gone 'as JSON'

assert_no_invalid
assert_no_udp
finish
