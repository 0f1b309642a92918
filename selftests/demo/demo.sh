#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# WireGuard through a network that drops UDP: see `make demo`.  Needs root, and
# a kernel that the module was built for; leaves nothing behind.

set -u

readonly here=$(cd "$(dirname "$0")" && pwd)
readonly repo=$(cd "$here/../.." && pwd)
readonly module=build/$(uname -r)/faketcp.ko

cd "$repo" || exit 1
PATH=$repo/tools/ftcpctl:$PATH
loaded= iperf_pid=

# ---- Telling what happens ---------------------------------------------------

heading()
{
	printf '\n== %s\n\n' "$*"
}

say()
{
	sed 's/^[[:space:]]*/   /' <<< "$*"
}

give_up()
{
	cat <<-EOT

	###############################################################
	##  THE DEMONSTRATION FAILED
	##  $*
	###############################################################
	EOT
	exit 1
}

# Commands of the three hosts: shown, then run; their output is indented.
on()
{
	local host=$1

	shift
	printf '   %s# %s\n' "$host" "$*"
	nsenter --net="/run/netns/demo-$host" "$@" 2>&1 |
		sed -e '/^conntrack v/d' -e 's/^/      /'
	return "${PIPESTATUS[0]}"
}

# The same, and it has to succeed.
must()
{
	on "$@" || give_up "on the $1: ${*:2}"
}

# Not worth showing.
quietly()
{
	local host=$1

	shift
	nsenter --net="/run/netns/demo-$host" "$@"
}

# wait_for HOST COMMAND...: until it prints something
wait_for()
{
	local end=$((SECONDS + 15))

	while [ -z "$(quietly "$@")" ]; do
		[ "$SECONDS" -lt "$end" ] ||
			give_up "on the $1: nothing from ${*:2}"
		sleep 0.1
	done
}

# ---- The three hosts --------------------------------------------------------

clean_up()
{
	local host

	for host in client server; do
		ip -n "demo-$host" link del ftcp0 2>/dev/null
	done
	[ -z "$iperf_pid" ] || kill "$iperf_pid" 2>/dev/null
	for host in client server; do
		ip netns pids "demo-$host" 2>/dev/null | xargs -r kill
	done
	for host in client router server; do
		ip netns del "demo-$host" 2>/dev/null
	done
	rm -rf "${tmp:-/tmp/demo.none}"
	# Namespaces are taken down after their deletion returns.
	for _ in {1..50}; do
		[ -n "$loaded" ] && ! rmmod faketcp 2>/dev/null || break
		sleep 0.1
	done
}

load_module()
{
	local dependency

	[ -e /sys/module/faketcp ] && return
	printf '   # insmod %s\n\n' "$module"
	for dependency in $(modinfo -F depends "$module" | tr , ' '); do
		modprobe "$dependency" || return
	done
	insmod "$module" && loaded=1
}

# The router counts what it is asked to pass on, then drops UDP.  It tracks
# connections, as every NAT and stateful firewall does.
router_rules()
{
	cat <<-'EOT'
	table inet demo {
		counter seen-tcp { }
		counter seen-udp { }
		counter seen-other { }
		counter seen-invalid { }
		chain count {
			type filter hook forward priority filter;
			meta l4proto tcp counter name seen-tcp
			meta l4proto udp counter name seen-udp
			meta l4proto != { tcp, udp } counter name seen-other
			ct state invalid counter name seen-invalid
			meta l4proto udp drop
		}
	}
	EOT
}

make_hosts()
{
	local host

	for host in client router server; do
		ip netns add "demo-$host" || return
		ip -n "demo-$host" link set lo up
	done
	for host in client server; do
		ip link add eth0 netns "demo-$host" type veth \
			peer name "to-$host" netns demo-router || return
		ip -n "demo-$host" link set eth0 up
		ip -n demo-router link set "to-$host" up
	done
	ip -n demo-client addr add 10.1.0.2/24 dev eth0
	ip -n demo-router addr add 10.1.0.1/24 dev to-client
	ip -n demo-router addr add 10.2.0.1/24 dev to-server
	ip -n demo-server addr add 10.2.0.2/24 dev eth0
	ip -n demo-client route add default via 10.1.0.1
	ip -n demo-server route add default via 10.2.0.1
	quietly router sysctl -qw net.ipv4.ip_forward=1
	router_rules | quietly router nft -f -
}

# WireGuard, on either side as anybody would set it up.
make_wireguard()
{
	local host

	for host in client server; do
		wg genkey > "$tmp/$host.key"
		wg pubkey < "$tmp/$host.key" > "$tmp/$host.pub"
		ip -n "demo-$host" link add wg0 type wireguard || return
	done
	ip -n demo-client addr add 10.9.0.1/24 dev wg0
	ip -n demo-server addr add 10.9.0.2/24 dev wg0
	quietly server wg set wg0 listen-port 51820 \
		private-key "$tmp/server.key" \
		peer "$(cat "$tmp/client.pub")" allowed-ips 10.9.0.1/32 || return
	quietly client wg set wg0 private-key "$tmp/client.key" \
		peer "$(cat "$tmp/server.pub")" allowed-ips 10.9.0.2/32 || return
	ip -n demo-client link set wg0 up && ip -n demo-server link set wg0 up
}

# iperf ARGUMENTS...: from client to server through WireGuard
iperf()
{
	nsenter --net=/run/netns/demo-server iperf3 -s -1 > /dev/null 2>&1 &
	wait_for server ss -Hltn sport = :5201
	printf '   client# %s\n' "iperf3 -c 10.9.0.2 $*"
	nsenter --net=/run/netns/demo-client iperf3 -c 10.9.0.2 "$@" \
		> "$tmp/iperf" 2>&1 || {
		sed 's/^/      /' "$tmp/iperf"
		kill $!
		return 1
	}
	wait $!
}

# How many packets of a kind the router was asked to pass on.
count()
{
	quietly router nft list counter inet demo "seen-$1" |
		sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# ---- The story --------------------------------------------------------------

introduce()
{
	cat <<-'EOT'

	   WireGuard through a network that drops UDP
	   ==========================================

	       client                   router                   server
	   +------------+         +----------------+         +------------+
	   | wg0        |         | drops all UDP, |         |        wg0 |
	   | 10.9.0.1   |---------| tracks         |---------|   10.9.0.2 |
	   |            |         | connections    |         |            |
	   +------------+         +----------------+         +------------+
	      10.1.0.2         10.1.0.1        10.2.0.1         10.2.0.2

	EOT
	say "Three network namespaces play three hosts, on Linux $(uname -r)."
	say 'Before each command stands the host that it is run on.'
	[ -z "${EMULATED:-}" ] ||
		say 'The machine is emulated: a real one is about ten times faster.'
}

plain_wireguard()
{
	local dropped

	heading '1. Plain WireGuard: its UDP does not get through'
	key=$(cat "$tmp/server.pub")
	must client wg set wg0 peer "$key" endpoint 10.2.0.2:51820
	on client ping -q -c 3 -i 0.5 -W 1 10.9.0.2 &&
		give_up 'plain WireGuard works: the router does not drop UDP'
	dropped=$(count udp)
	say "UDP packets that the router has dropped: $dropped"
	[ "$dropped" -gt 0 ] || give_up 'the router has not seen any UDP'
}

set_up_faketcp()
{
	heading '2. faketcp: a link and one command on either side'
	load_module || give_up "cannot load $module"
	must server ip link add ftcp0 type faketcp
	must server ip link set ftcp0 up
	must server ftcpctl add tunnel wg dev ftcp0 port 4567 \
		forward 127.0.0.1:51820
	echo
	must client ip link add ftcp0 type faketcp
	must client ip link set ftcp0 up
	must client ftcpctl add tunnel wg dev ftcp0 listen 127.0.0.1:1234 \
		remote 10.2.0.2:4567
	echo
	say 'The hosts have no NAT rules, no firewall rules and no forwarding.'
	say "To WireGuard on the client its peer is now at 127.0.0.1:1234."
	must client wg set wg0 peer "$key" endpoint 127.0.0.1:1234
	# From here on there must be no UDP at the router at all.
	quietly router nft reset counters table inet demo > /dev/null
}

use_it()
{
	heading '3. WireGuard through faketcp'
	say 'WireGuard still waits for an answer to its last attempt; it tries again'
	say 'after 5 seconds.'
	quietly client ping -q -c 1 -w 15 10.9.0.2 > /dev/null
	echo
	must client ping -c 3 -i 0.3 -W 2 10.9.0.2
	echo

	say 'A stream of 4 Mbit/s, and what ftcpctl shows meanwhile:'
	iperf -t 6 -b 4M -f m &
	iperf_pid=$!
	sleep 1.5
	must client ftcpctl show flows
	sleep 1
	must client ftcpctl show flows
	must server ftcpctl show
	wait "$iperf_pid" || give_up 'iperf3 did not get through'
	iperf_pid=

	printf '\n   As fast as WireGuard can:\n'
	iperf -t 5 -f m || give_up 'iperf3 did not get through'
	grep -E 'sender|receiver' "$tmp/iperf" | sed 's/^/      /'
}

what_the_wire_carried()
{
	local udp other invalid entry

	heading '4. What the wire carried'
	tcp=$(count tcp) udp=$(count udp) other=$(count other)
	invalid=$(count invalid)
	say 'Since faketcp was set up the router has been asked to pass on'
	printf '      %8s TCP packets\n' "$tcp"
	printf '      %8s UDP packets\n' "$udp"
	printf '      %8s others\n' "$other"
	printf '      %8s that did not fit a connection (INVALID)\n' "$invalid"
	echo
	say 'and to its connection tracking it was one ordinary TCP connection:'
	must router conntrack -L -p tcp --dport 4567
	entry=$(quietly router conntrack -L -p tcp --dport 4567 2>/dev/null)

	[ "$udp" = 0 ] || give_up "$udp UDP PACKETS REACHED THE ROUTER"
	[ "$other" = 0 ] || give_up "$other PACKETS AT THE ROUTER WERE NOT TCP"
	[ "$tcp" -gt 100 ] || give_up "only $tcp TCP packets crossed the router"
	[ "$invalid" = 0 ] || give_up "$invalid packets were INVALID to conntrack"
	[[ $entry = *ESTABLISHED*'[ASSURED]'* ]] ||
		give_up 'conntrack did not see an established, assured connection'
}

conclude()
{
	heading 'It works'
	say "Throughput: $(awk '/receiver/ { print $7, $8 }' "$tmp/iperf")."
	say "$tcp TCP packets crossed the router, and nothing else did."
	say 'README.md says how to do this on two real hosts.'
}

[ "$(id -u)" -eq 0 ] || give_up 'only root can do this'
trap clean_up EXIT
trap 'exit 130' HUP INT TERM
umask 077
tmp=$(mktemp -d /tmp/demo.XXXXXX) || exit 1

modprobe wireguard || give_up 'this kernel has no WireGuard'
make_hosts || give_up 'cannot make the three hosts'
make_wireguard || give_up 'cannot set up WireGuard'

introduce
plain_wireguard
set_up_faketcp
use_it
what_the_wire_carried
conclude
