#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything through WireGuard: its peer is allowed 0.0.0.0/0 and ::/0, and what
# ftcptun sends for it leaves by its mark, and not through WireGuard again.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
mark=51820

# as wg-quick sets it; what enters this wg0 is lost
full_tunnel()
{
	local family

	ip -n "$C" link add wg0 type veth peer name void &&
		ip -n "$C" link set void up && ip -n "$C" link set wg0 arp off up || return
	for family in -4 -6; do
		ip -n "$C" $family route add default dev wg0 table "$mark" &&
			ip -n "$C" $family rule add not fwmark "$mark" table "$mark" &&
			ip -n "$C" $family rule add table main suppress_prefixlength 0 || return
	done
	c nft -f - <<-EOT || return
	table inet full {
		counter entered { }
		chain out {
			type filter hook postrouting priority 300;
			oifname wg0 meta l4proto { tcp, udp } counter name entered
		}
	}
	EOT
	c sysctl -qw net.ipv4.conf.all.src_valid_mark=1 \
		net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
}

# entered: how many packets went into WireGuard; loops: whether a try leads there
entered() { counter "$C" full entered; }
loops()
{
	local before

	before=$(entered)
	! send --to 127.0.0.1:1234 --timeout 1 && [ "$(entered)" -gt "$before" ]
}
# works REMOTE ARGUMENTS...
works()
{
	local remote=$1 before

	shift
	run client "$C" client --local 127.0.0.1:1234 --remote "$remote" "$@" || {
		not_ok "$remote $*"
		return
	}
	client=$!
	before=$(entered)
	check "$remote ${*:-by hand}: datagrams and answers" \
		send --to 127.0.0.1:1234 --count 20
	check '... none of which entered WireGuard' [ "$(entered)" = "$before" ]
	ends_well '... the client' $client
}

check 'the routing of wg-quick' full_tunnel
server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
client=$!
check 'without the mark segments enter WireGuard' loops
ends_well 'the client' $client
works "$S4:4567" --auto-rules --fwmark $mark
works "[$S6]:4567" --auto-rules --fwmark 0xca6c
"$ftcptun" print-rules client --fwmark $mark > "$tmp/rules"
c sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
check 'nftables takes the printed rules' c nft -f "$tmp/rules"
works "$S4:4567"
works "[$S6]:4567"
c nft delete table inet nat_ftcptun_tun0
# they_mark: the kernel has what iptables marks with
they_mark()
{
	c iptables -t mangle -A PREROUTING -j MARK --set-mark 0 &&
		c ip6tables -t mangle -A PREROUTING -j MARK --set-mark 0 &&
		c iptables -t mangle -F && c ip6tables -t mangle -F
}
if command -v iptables ip6tables > /dev/null && they_mark 2> /dev/null; then
	sed -n 's/^# \(ip6\?tables\)/\1/p' "$tmp/rules" > "$tmp/iptables"
	check 'iptables takes them' c bash -e "$tmp/iptables"
	c conntrack -F 2> /dev/null
	works "$S4:4567"
	works "[$S6]:4567"
else
	skip 'iptables' 'not here'
fi

# ---- WireGuard itself, by wg-quick ----

# conf NAMESPACE PEER: keys and what both sides have
conf()
{
	echo "[Interface]"
	echo "PrivateKey = $(cat "$tmp/$1.key")"
	echo "MTU = 1408"
	[ "$1" = "$C" ] && echo "Address = 192.168.77.1/24, fd77::1/64" ||
		echo "Address = 192.168.77.2/24, fd77::2/64"
	[ "$1" = "$C" ] && echo "FwMark = $mark" || echo "ListenPort = 5556"
	echo "[Peer]"
	echo "PublicKey = $(wg pubkey < "$tmp/$2.key")"
}
wg_quick()
{
	local ns

	umask 077
	for ns in "$C" "$S"; do
		wg genkey > "$tmp/$ns.key"
	done
	mkdir "$tmp/s" && conf "$C" "$S" > "$tmp/wg0.conf" && conf "$S" "$C" > "$tmp/s/wg0.conf"
	echo "AllowedIPs = 192.168.77.1/32, fd77::1/128" >> "$tmp/s/wg0.conf"
	{
		echo "AllowedIPs = 0.0.0.0/0, ::/0"
		echo "Endpoint = 127.0.0.1:1234"
	} >> "$tmp/wg0.conf"
	s wg-quick up "$tmp/s/wg0.conf" && c wg-quick up "$tmp/wg0.conf"
}
# An address that only the server has: the way there is WireGuard's.
everything()
{
	ip -n "$S" addr replace 198.51.100.1/32 dev lo
	ip -n "$S" addr replace 2001:db8::1/128 dev lo
	check "$1: a ping to the far end" c ping -q -c 3 -i 0.2 -W 5 192.168.77.2
	check "$1: and to anywhere" c ping -q -c 3 -i 0.2 -W 5 198.51.100.1
	check "$1: over IPv6 as well" c ping -q -c 3 -i 0.2 -W 5 2001:db8::1
}

c nft flush ruleset
c nft -f - <<< "$conntrack_rules"
ip -n "$C" link del wg0
for family in -4 -6; do
	ip -n "$C" $family rule del table "$mark"
	ip -n "$C" $family rule del table main suppress_prefixlength 0
done
ends_well 'the server' $server
if ! command -v wg-quick > /dev/null || ! c ip link add wg0 type wireguard 2> /dev/null; then
	skip 'wg-quick' 'no WireGuard here'
else
	ip -n "$C" link del wg0
	run server "$S" server --local 4567 --remote 127.0.0.1:5556 --auto-rules
	server=$!
	check 'wg-quick up, on both sides' wg_quick
	for remote in "$S4:4567" "[$S6]:4567"; do
		run client "$C" client --local 127.0.0.1:1234 --remote "$remote" \
			--auto-rules --fwmark $mark
		client=$!
		everything "$remote"
		ends_well 'the client' $client
	done
	ends_well 'the server' $server
fi
assert_no_udp
finish
