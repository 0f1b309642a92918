#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whole IP packets with the module and ftcptun at either end, all four pairings, inside
# and outside IPv4 and IPv6: pings, files that arrive as they are, who is who, and a
# quiet end that is reached.  Firewalls see whole TCP connections only.

. "$(dirname "$0")/../tun/lib.sh"

start
[ -c /dev/net/tun ] || modprobe tun || skip_all 'no TUN device'
module_load
topology stateful
head -c 3M /dev/urandom > "$tmp/file"

addresses()
{
	ip -n "$1" addr add "10.9.0.$2/24" dev inner &&
		ip -n "$1" addr add "fd09::$2/64" dev inner nodad
}

server_module()
{
	add_link "$S" inner && addresses "$S" 2 &&
		s ftcpctl add tunnel t dev inner ip port 4567 &&
		s ftcpctl set peer c dev inner tunnel t allowed-ips 10.9.0.1,fd09::1
}

client_module()
{
	add_link "$C" inner && addresses "$C" 1 &&
		c ftcpctl add tunnel t dev inner ip &&
		c ftcpctl set peer s dev inner tunnel t allowed-ips 0.0.0.0/0,::/0 \
			endpoint "$1:4567" persistent on
}

server_ftcptun()
{
	run server "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24 \
		--address fd09::2/64 --allowed-ips 10.9.0.1,fd09::1
	server=$!
}

client_ftcptun()
{
	run client "$C" ip --remote "$1:4567" --auto-rules --dev inner \
		--address 10.9.0.1/24 --address fd09::1/64 --persistent
	client=$!
}

end_server_module() { ip -n "$S" link del inner; }
end_client_module() { ip -n "$C" link del inner; }
end_server_ftcptun() { terminate "$server"; }
end_client_ftcptun() { terminate "$client"; }

# pairing CLIENT SERVER ADDRESS
pairing()
{
	local name="$1 to $2, $3" to

	"server_$2" && "client_$1" "$3" || {
		not_ok "$name: both ends"
		return
	}
	check "$name: the one that was dialled sends first" \
		wait_for 10 s ping -q -c 1 -W 1 10.9.0.1
	for to in 10.9.0.2 fd09::2; do
		check "$name: to $to" c ping -q -c 5 -i 0.05 "$to"
		check "$name: ... in fragments" c ping -q -c 2 -i 0.05 -s 5000 "$to"
		check "$name: ... a file" transfer "$C" "$S" "$to"
		check "$name: ... and one back" transfer "$S" "$C" "${to%2}1"
	done
	ip -n "$C" addr add 10.9.0.77/32 dev inner
	check_fails "$name: a strange source" c ping -q -c 1 -W 1 -I 10.9.0.77 10.9.0.2
	assert_ct_state ESTABLISHED --dport 4567
	"end_client_$1"
	"end_server_$2"
	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2>/dev/null
	done
}

for client_kind in module ftcptun; do
	for server_kind in module ftcptun; do
		pairing $client_kind $server_kind "$S4"
		pairing $client_kind $server_kind "[$S6]"
		check "$client_kind to $server_kind: nothing was INVALID" no_invalid
	done
done
assert_no_udp
module_memory_back
finish
