#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module and ftcptun at either end of a connection, all four pairings, over
# IPv4 and IPv6.  The firewall between them, and those of the hosts, see nothing
# but whole TCP connections, from the first segment to the last.

. "$(dirname "$0")/../tun/lib.sh"

start
[ -c /dev/net/tun ] || modprobe tun || skip_all 'no TUN device'
module_load
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555 --gro

# An end: made, and taken away.
server_module()
{
	add_link "$S" &&
		s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555
}

client_module()
{
	add_link "$C" &&
		c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$1:4567"
}

server_ftcptun()
{
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
	server=$!
}

client_ftcptun()
{
	run client "$C" client --local 127.0.0.1:1234 --remote "$1:4567" --auto-rules
	client=$!
}

end_server_module() { ip -n "$S" link del ftcp0; }
end_client_module() { ip -n "$C" link del ftcp0; }
end_server_ftcptun() { terminate "$server"; }
end_client_ftcptun() { terminate "$client"; }

# conntrack at the router knows no connection that is not closed
closed()
{
	! ct "$R" -p tcp | grep -E 'ESTABLISHED|SYN_'
}

# pairing CLIENT SERVER ADDRESS FIRST: FIRST is the end that goes first
pairing()
{
	local client_kind=$1 server_kind=$2 remote=$3 first=$4 name="$1 to $2, $3" ns

	"server_$server_kind" && "client_$client_kind" "$remote" || {
		not_ok "$name: both ends"
		return
	}
	check "$name: datagrams of 1440 bytes and their echo" send \
		--to 127.0.0.1:1234 --size 1440 --count 20 --window 10
	check "$name: super-packets and their echo" send --to 127.0.0.1:1234 \
		--size 1200 --gso 12000 --gro --count 100 --window 40
	check "$name: ten conversations" send --to 127.0.0.1:1234 \
		--sockets 10 --count 5
	assert_ct_state ESTABLISHED --dport 4567
	# The other end learns of it.
	if [ "$first" = client ]; then
		"end_client_$client_kind"
		check "$name: the router saw it close" wait_for 10 closed
		"end_server_$server_kind"
	else
		"end_server_$server_kind"
		check "$name: the router saw it close" wait_for 10 closed
		"end_client_$client_kind"
	fi
	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2>/dev/null
	done
}

for client_kind in module ftcptun; do
	for server_kind in module ftcptun; do
		pairing $client_kind $server_kind "$S4" client
		pairing $client_kind $server_kind "[$S6]" server
		check "$client_kind to $server_kind: nothing was INVALID" no_invalid
	done
done
assert_no_udp
module_memory_back
finish
