#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module and ftcptun at either end of a connection, all four pairings, over
# IPv4 and IPv6.  The firewall between them, and those of the hosts, see nothing
# but whole TCP connections, from the first segment to the last.  And over a path
# that carries less than both ends think, by fragments.

. "$(dirname "$0")/../tun/lib.sh"

start
[ -c /dev/net/tun ] || modprobe tun || skip_all 'no TUN device'
module_load
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555 --gro

declare -A options=([module]='' [ftcptun]='')	# of that kind of end
sizes=(1440)					# of datagrams
path=						# which is not as wide as it seems

# An end: made, and taken away.
server_module()
{
	add_link "$S" && s ftcpctl add tunnel t dev ftcp0 port 4567 \
		forward 127.0.0.1:5555 ${options[module]}
}

client_module()
{
	add_link "$C" && c ftcpctl add tunnel t dev ftcp0 \
		listen 127.0.0.1:1234 remote "$1:4567" ${options[module]}
}

server_ftcptun()
{
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules \
		${options[ftcptun]}
	server=$!
}

client_ftcptun()
{
	run client "$C" client --local 127.0.0.1:1234 --remote "$1:4567" --auto-rules \
		${options[ftcptun]}
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
	local client_kind=$1 server_kind=$2 remote=$3 first=$4 ns size
	local name="$1 to $2, $3$path"

	"server_$server_kind" && "client_$client_kind" "$remote" || {
		not_ok "$name: both ends"
		return
	}
	for size in "${sizes[@]}"; do
		check "$name: datagrams of $size bytes and their echo" send \
			--to 127.0.0.1:1234 --size $size --count 20 --window 10
	done
	check "$name: super-packets and their echo" send --to 127.0.0.1:1234 \
		--size 1400 --gso 14000 --gro --count 100 --window 40
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

# Neither end sees from its own link or route what the router's carry.
narrow() { ip -n "$R" route replace "$1" dev "$2" mtu 1400; }

# count_fragments: those that reach the hosts, from now on
count_fragments()
{
	local ns

	for ns in "$C" "$S"; do
		in_ns "$ns" nft -f - <<-EOT
		table inet cut
		delete table inet cut
		table inet cut {
			counter fragments { }
			chain c {
				type filter hook prerouting priority -450;
				ip frag-off & 0x3fff != 0 counter name fragments
			}
		}
		EOT
	done
}

# fragments NAMESPACE LEAST [MOST]: have reached it
fragments()
{
	local seen

	seen=$(counter "$1" cut fragments)
	echo "$seen fragments"
	[ "$seen" -ge "$2" ] && [ "$seen" -le "${3:-$seen}" ]
}

options[module]='df unset'
for kinds in 'module ftcptun' 'ftcptun module'; do
	check 'a path that is narrow both ways' eval \
		'narrow "$S4" s0 && narrow "$C4" c0 && count_fragments'
	options[ftcptun]='--df unset' sizes=(1440 5000 30000) path=', narrow'
	pairing $kinds "$S4" client
	# 2, 4 and 22 for each of 20 datagrams, 2 for each of 100 in super-packets
	check '... fragments reached the server' fragments "$S" 760
	check '... and the client' fragments "$C" 760

	# ftcptun's segments have DF: only the module's way is narrow.
	options[ftcptun]='' sizes=(1440) path=', narrow from the module on'
	[ "${kinds% *}" = module ] && far=$S near=$C wide=$C4 || far=$C near=$S wide=$S4
	check 'a path that is narrow from the module on' eval \
		'ip -n "$R" route del "$wide" && count_fragments'
	pairing $kinds "$S4" server
	check '... fragments reached ftcptun' fragments "$far" 240
	check '... not the module' fragments "$near" 0 0
	check "${kinds/ / to }: nothing was INVALID" no_invalid
done
assert_no_udp
module_memory_back
finish
