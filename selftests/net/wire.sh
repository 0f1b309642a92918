#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Phantun's client reaches our server, and our client Phantun's server: first its
# segments, one by one, then, if the environment names them, its programs
# (PHANTUN_CLIENT, PHANTUN_SERVER).

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
server echo "$S" echo --bind 127.0.0.1:5555

# Addresses of nobody: the router speaks for them, and its own TCP does not.
ip -n "$R" route add blackhole 203.0.113.0/24
readonly remote=203.0.113.9

# say FLAGS SEQ ACK [ARGUMENTS...]: as Phantun's client at $local
say()
{
	r tcpraw send --from "$local" --to "$S4:4567" --window 65535 \
		--flags "$1" --seq "$2" --ack "$3" "${@:4}" > "$tmp/said"
}

# heard FILE FILTER: how many packets of the capture so far
heard()
{
	[ "$(captured_count "$1" "$2")" -ge "${3:-1}" ]
}

# ---- Phantun's client, our server -------------------------------------------

check 'links' eval 'add_link "$C" && add_link "$S"'
check 'a server tunnel' s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555

# handshake PORT: the first two segments; $number is the server's
handshake()
{
	local answer

	local=203.0.113.5:$1
	say S 0 0 --options 0103030e --expect SA
	answer=$(cat "$tmp/said")
	number=$(($(field seq "$answer") + 1 & 0xffffffff))
	check "port $1: SYN, answered by SYN-ACK" [ "$(field ack "$answer")" = 1 ]
	check "port $1: ... with a window scale" test -z "${answer##*options=0204*0303*}"
	capture "$1" "$R" s0 tcp port "$1"
	tcpdump=$!
}

data='tcp[tcpflags] & tcp-ack != 0 and greater 60'

handshake 40001
say A 1 $number
check 'ACK: a flow' wait_for 5 flows_are "$S" 1 established
say A 1 $number --size 100
check 'data: echoed' wait_for 5 heard 40001 "src $S4 and $data"
echoed=$(captured 40001 -S "src $S4 and $data")
check 'as 100 bytes' test -z "${echoed##*length 100*}"
check 'in sequence' test -z "${echoed##*seq $number:$((number + 100 & 0xffffffff)),*}"
say A 301 $((number + 100)) --size 100
check 'after a loss: echoed' wait_for 5 heard 40001 "src $S4 and $data" 2
say A 101 $((number + 100)) --size 100
check 'out of order, its ACK goes back: echoed' wait_for 5 heard 40001 "src $S4 and $data" 3
say A 401 $((number + 300))
check 'no payload: nothing is delivered' [ "$(flows "$S" '.[].stats["rx-packets"]')" = 3 ]
say R 401 0
check 'RST: closed' wait_for 5 flows_are "$S" 0
stop "$tcpdump"
check 'no RST in answer' [ "$(captured_count 40001 "src $S4 and tcp[tcpflags] & tcp-rst != 0")" = 0 ]

handshake 40002
say A 1 $number --size 50
check 'the third segment is lost: data makes the flow' wait_for 5 flows_are "$S" 1 established
check '... and is echoed' wait_for 5 heard 40002 "src $S4 and $data"
stop "$tcpdump"
say RA 51 0
check 'RST and ACK 0: closed' wait_for 5 flows_are "$S" 0
check 'delete the server tunnel' s ftcpctl del tunnel t dev ftcp0

# ---- our client, Phantun's server -------------------------------------------

# answer FLAGS SEQ ACK...: as Phantun's server
answer()
{
	r tcpraw send --from "$remote:4567" --to "$C4:$port" --window 65535 \
		--flags "$1" --seq "$2" --ack "$3" "${@:4}" > "$tmp/said"
}

syn='tcp[tcpflags] == tcp-syn'
zero="$syn and tcp[4:4] = 0"

# dialled WIRE: our client up to its SYN of sequence 0
dial()
{
	capture "$1" "$R" c0 tcp port 4567
	tcpdump=$!
	background app "$C" udptool send --to 127.0.0.1:1234 --size 200
	app=$!
}

check 'a client tunnel' c ftcpctl add tunnel t dev ftcp0 \
	listen 127.0.0.1:1234 remote "$remote:4567"
dial native
check 'native: SYN' wait_for 5 heard native "$syn"
line=$(captured native -S "$syn" | head -n 1)
port=$(sed -n "s/.*$C4\.\([0-9]*\) >.*/\1/p" <<< "$line")
number=$(sed -n 's/.*seq \([0-9]*\),.*/\1/p' <<< "$line")
check 'native: its number is not 0' [ "$number" != 0 ]
answer RA 0 $((number + 1 & 0xffffffff))
check 'native: refused, SYN with 0' wait_for 5 heard native "$zero"
check 'native: of the same port' [ "$(captured_count native "$zero and not src port $port")" = 0 ]
answer SA 0 1 --options 0103030e
check 'native: ACK' wait_for 5 heard native \
	'tcp[tcpflags] == tcp-ack and tcp[4:4] = 1 and tcp[8:4] = 1'
check 'native: what waited is sent' wait_for 5 heard native "src $C4 and $data"
check 'native: ... behind the ACK' eval \
	'captured native -S "src $C4 and $data" | grep "seq 1:201, ack 1,"'
check 'native: established' wait_for 5 flows_are "$C" 1 established
answer R 1 0
check 'native: RST with ACK 0: closed' wait_for 5 flows_are "$C" 0
stop "$tcpdump"
stop "$app"

check 'its wire is Phantun' c ftcpctl set peer remote tunnel t dev ftcp0 wire phantun
dial phantun
check 'phantun: SYN with 0' wait_for 5 heard phantun "$zero"
check 'phantun: and no other' [ "$(captured_count phantun "$syn and tcp[4:4] != 0")" = 0 ]
port=$(captured phantun "$zero" | sed -n "1s/.*$C4\.\([0-9]*\) >.*/\1/p")
answer SA 0 1 --options 0103030e
check 'phantun: established' wait_for 5 flows_are "$C" 1 established
check 'phantun: what waited is sent' wait_for 5 heard phantun "src $C4 and $data"
check 'phantun: without PSH' [ "$(captured_count phantun "src $C4 and tcp[tcpflags] & tcp-push != 0")" = 0 ]
answer A 1 201 --size 200
check 'phantun: an answer is delivered' wait_for 5 eval \
	'[ "$(flows "$C" ".[].stats[\"rx-packets\"]")" = 1 ]'
stop "$tcpdump"
stop "$app"
check 'delete the client tunnel' c ftcpctl del tunnel t dev ftcp0

# ---- the programs -----------------------------------------------------------

# What Phantun's README asks its users for, and what this module does without.
phantun_rules()
{
	in_ns "$1" sysctl -qw net.ipv4.ip_forward=1
	in_ns "$1" nft -f -
}

modprobe tun 2> /dev/null
if [ -x "${PHANTUN_CLIENT:-}" ]; then
	check 'our server' s ftcpctl add tunnel t dev ftcp0 \
		port 4567 forward 127.0.0.1:5555
	phantun_rules "$C" <<-'EOT'
	table inet phantun { chain nat {
		type nat hook postrouting priority 100;
		iifname tun0 oifname eth0 masquerade; }; }
	EOT
	background phantun-client "$C" env RUST_LOG=info "$PHANTUN_CLIENT" \
		--local 127.0.0.1:2345 --remote "$S4:4567" --ipv4-only
	phantun=$!
	check "Phantun's client: started" wait_for 20 ip -n "$C" link show tun0
	wait_for 10 eval 'c ss -Hlun | grep -q 127.0.0.1:2345'
	for size in 1 100 1400; do
		check "Phantun's client: $size bytes" c udptool send \
			--to 127.0.0.1:2345 --size $size --count 50 --window 10
	done
	check "Phantun's client: 10 sources" c udptool send --to 127.0.0.1:2345 \
		--sockets 10 --count 20 --window 10
	check "Phantun's client: flows" flows_are "$S" 13 established
	check "Phantun's client: a fast one" c udptool send --to 127.0.0.1:2345 \
		--size 1000 --count 2000 --window 30 --lossy
	stop "$phantun"
	check 'delete our server' s ftcpctl del tunnel t dev ftcp0
else
	skip "Phantun's client, our server" 'PHANTUN_CLIENT names no program'
fi

if [ -x "${PHANTUN_SERVER:-}" ]; then
	phantun_rules "$S" <<-'EOT'
	table inet phantun {
		chain nat {
			type nat hook prerouting priority -100;
			iifname eth0 tcp dport 4567 dnat ip to 192.168.201.2
		}
	}
	EOT
	background phantun-server "$S" env RUST_LOG=info "$PHANTUN_SERVER" \
		--local 4567 --remote 127.0.0.1:5555 --ipv4-only
	phantun=$!
	check "Phantun's server: started" wait_for 20 ip -n "$S" link show tun0
	for wire in native phantun; do
		check "our client, wire $wire" c ftcpctl add tunnel t dev ftcp0 \
			listen 127.0.0.1:1234 remote "$S4:4567" wire $wire
		for size in 1 100 1400; do
			check "Phantun's server, $wire: $size bytes" c udptool send \
				--to 127.0.0.1:1234 --size $size --count 50 --window 10
		done
		check "Phantun's server, $wire: 10 sources" c udptool send \
			--to 127.0.0.1:1234 --sockets 10 --count 20 --window 10
		check "Phantun's server, $wire: flows" flows_are "$C" 13 established
		check "Phantun's server, $wire: super-packets" c udptool send \
			--to 127.0.0.1:1234 --size 1000 --gso 10000 --count 500 \
			--window 30 --lossy
		check 'delete our client' c ftcpctl del tunnel t dev ftcp0
	done
	stop "$phantun"
else
	skip "our client, Phantun's server" 'PHANTUN_SERVER names no program'
fi

check 'delete the links' proxy_gone
module_memory_back
finish
