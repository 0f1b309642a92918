# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# Links, tunnels and flows of the module.

# add_link NAMESPACE [NAME]: up, and silent until somebody uses it
add_link()
{
	ip -n "$1" link add "${2:-ftcp0}" type faketcp &&
		ip -n "$1" link set "${2:-ftcp0}" addrgenmode none up
}

# proxy [CLIENT'S OPTIONS...]: links and a tunnel on both sides, from 127.0.0.1:1234
# in the client by port 4567 to 127.0.0.1:5555 in the server
proxy()
{
	add_link "$C" && add_link "$S" &&
		s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
		c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
			remote "$S4:4567" "$@"
}

# proxy_and_routed: links and tunnels on both sides, from 127.0.0.1:1004 and
# [::1]:1006 in the client to 127.0.0.1:5555 in the server, and, routed, between
# their own addresses to and from port 7000
proxy_and_routed()
{
	local ns

	add_link "$C" && add_link "$S" &&
		s ftcpctl add tunnel proxy dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
		c ftcpctl add tunnel proxy4 dev ftcp0 listen 127.0.0.1:1004 \
			remote "$S4:4567" &&
		c ftcpctl add tunnel proxy6 dev ftcp0 listen '[::1]:1006' \
			remote "[$S6]:4567" || return
	for ns in "$C" "$S"; do
		in_ns "$ns" ftcpctl add tunnel routed dev ftcp0 routed port 7000 &&
			in_ns "$ns" ftcpctl set peer any tunnel routed dev ftcp0 \
				endpoint same allowed-ips 0.0.0.0/0,::/0 &&
			in_ns "$ns" ftcpctl add rules tunnel routed dev ftcp0 || return
	done
}

# proxy_gone: delete both sides of proxy
proxy_gone()
{
	ip -n "$C" link del ftcp0 && ip -n "$S" link del ftcp0
}

# Tunnels of mode ip: a hub, which is the server, and spokes, in 10.9.0.0/24 and fd09::/64
readonly lan=(tunnel lan dev ftcp0)

# inside NAMESPACE NUMBER [WORD...]: a link with addresses that end so, and a tunnel
inside()
{
	add_link "$1" && ip -n "$1" addr add "10.9.0.$2/24" dev ftcp0 &&
		ip -n "$1" addr add "fd09::$2/64" dev ftcp0 nodad &&
		in_ns "$1" ftcpctl add "${lan[@]}" ip "${@:3}"
}

# hub_of NAMESPACE [WORD...]: its way to the hub
hub_of()
{
	in_ns "$1" ftcpctl set peer hub "${lan[@]}" endpoint "$S4:4567" \
		allowed-ips 10.9.0.0/24,fd09::/64,10.11.0.0/24,10.12.0.0/24 "${@:2}"
}

# spoke PEER NUMBER [WORD...]: what the hub knows of one
spoke()
{
	s ftcpctl set peer "$1" "${lan[@]}" allowed-ips "10.9.0.$2,fd09::$2" "${@:3}"
}

# pings NAMESPACE HOST [WORD...]
pings() { in_ns "$1" ping -q -c 3 -i 0.2 -W 5 "${@:3}" "$2"; }

# flow_of NAMESPACE PEER: it has one
flow_of() { flows "$1" '.[] | select(.state == "established") | .peer' | grep -qx "$2"; }

# tcp_resets NAMESPACE: how many RSTs its own TCP has sent
tcp_resets()
{
	in_ns "$1" awk '/^Tcp:/ && n++ { print $15 }' /proc/net/snmp
}

# flows NAMESPACE [FILTER]: an array, the oldest first, or what jq makes of it
flows()
{
	in_ns "$1" ftcpctl show flows --json | jq -r "sort_by(-.\"age-ms\") | ${2:-.}"
}

# flows_are NAMESPACE COUNT [STATE]: so many there are (in that state), within the
# time that wait_for says
flows_are()
{
	local found

	found=$(ftcpsee -w "${flows_wait:-0}" -i "$2" "$1" flows ${3:+"$3"}) || {
		echo "$found flows ${3:-}, not $2:"
		in_ns "$1" ftcpctl show flows
		return 1
	}
}

# drops NAMESPACE REASON: of all tunnels there
drops() { ftcpsee "$1" drops "$2"; }

# ended NAMESPACE TUNNEL: how its flows ended, "closed=1 reset=2"
ended() { ftcpsee "$1" ended "$2"; }

# ended_are NAMESPACE TUNNEL HOW: in this way, within a few seconds
ended_are()
{
	local how

	how=$(ftcpsee -w $((5 * ${PATIENCE:-1})) -i "$3" "$1" ended "$2") || {
		echo "$how, not $3"
		return 1
	}
}
