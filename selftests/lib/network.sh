# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# Three namespaces, and what the router between the hosts does.

namespaces=()

namespace()
{
	ip netns add "$1" && namespaces+=("$1")
}

# A chain that sees every packet makes a namespace track connections.
readonly conntrack_rules='
table inet watch {
	counter seen-invalid { }
	chain in {
		type filter hook prerouting priority -150;
		ct state invalid counter name seen-invalid
	}
	chain out {
		type filter hook output priority -150;
		ct state invalid counter name seen-invalid
	}
}'

readonly stateful_rules='
	chain forward {
		type filter hook forward priority 10; policy drop;
		ct state established,related accept
		iifname c0 tcp flags & (fin|syn|rst|ack) == syn ct state new accept
		iifname c0 meta l4proto != tcp accept
	}'

readonly nat_rules='
	chain nat {
		type nat hook postrouting priority 100;
		oifname s0 masquerade
	}'

# router_rules [stateful] [nat] [allow-udp]
router_rules()
{
	local word more= verdict=drop

	for word in "$@"; do
		case $word in
		stateful)	more+=$stateful_rules ;;
		nat)		more+=$nat_rules ;;
		allow-udp)	verdict=accept ;;
		*)		bail_out "topology: $word?" ;;
		esac
	done
	echo "$conntrack_rules
	table inet router {
		counter seen-udp { }
		chain no-udp {
			type filter hook forward priority 0;
			meta l4proto udp counter name seen-udp $verdict
		}
		$more
	}"
}

# Of the current namespace.  What loose tracking would accept is INVALID.
readonly conntrack_settings='
	cd /proc/sys/net/netfilter &&
	echo 0 > nf_conntrack_tcp_loose &&
	echo 1 > nf_conntrack_checksum'
readonly router_settings='
	cd /proc/sys/net &&
	echo 1 > ipv4/ip_forward &&
	echo 1 > ipv6/conf/all/forwarding'

# topology [stateful] [nat] [allow-udp]
topology()
{
	local ns

	for ns in "$C" "$R" "$S"; do
		namespace "$ns" || bail_out "no namespaces"
	done
	ip -batch - <<-EOT || bail_out "no veth links"
	link add eth0 netns $C type veth peer name c0 netns $R
	link add eth0 netns $S type veth peer name s0 netns $R
	EOT
	# The settings are there when the rules have made conntrack start.
	{
		c nft -f - <<< "$conntrack_rules" && c sh -c "$conntrack_settings" &&
		s nft -f - <<< "$conntrack_rules" && s sh -c "$conntrack_settings" &&
		r nft -f - <<< "$(router_rules "$@")" &&
		r sh -c "$conntrack_settings; $router_settings"
	} || bail_out "no conntrack"
	ip -n "$R" -batch - <<-EOT
	link set lo up
	addr add $RC4/24 dev c0
	addr add $RC6/64 dev c0 nodad
	addr add $RS4/24 dev s0
	addr add $RS6/64 dev s0 nodad
	link set c0 up
	link set s0 up
	EOT
	ip -n "$C" -batch - <<-EOT
	link set lo up
	addr add $C4/24 dev eth0
	addr add $C6/64 dev eth0 nodad
	link set eth0 up
	route add default via $RC4
	route add default via $RC6 dev eth0
	EOT
	ip -n "$S" -batch - <<-EOT
	link set lo up
	addr add $S4/24 dev eth0
	addr add $S6/64 dev eth0 nodad
	link set eth0 up
	route add default via $RS4
	route add default via $RS6 dev eth0
	EOT
	wait_for 10 c ping -q -c 1 -W 1 "$S4" &&
		wait_for 10 c ping -q -c 1 -W 1 "$S6" ||
		bail_out "no way from client to server"
}

# narrow_path: the link to the server carries less than the client knows, and the
# router does not tell
narrow_path()
{
	ip -n "$R" link set s0 mtu 1400
	ip -n "$S" link set eth0 mtu 1400
	r nft -f - <<-EOT
	table inet blackhole {
		chain o {
			type filter hook output priority 0;
			icmp type destination-unreachable drop
			icmpv6 type packet-too-big drop
		}
	}
	EOT
}

# Packets that the router could not forward for their size.
too_big_for_router()
{
	r awk '/^Ip:/ && n++ { sum += $19 } $1 == "Ip6InTooBigErrors" { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

# lost COMMAND...: five datagrams end at the router; the test has a function that says
# how many the server has received
lost()
{
	local before had

	before=$(too_big_for_router) had=$(received)
	"$@" --lossy --oneway --count 5 &&
		wait_for 5 eval '[ "$(too_big_for_router)" -ge $((before + 5)) ]' &&
		[ "$(received)" = "$had" ]
}
