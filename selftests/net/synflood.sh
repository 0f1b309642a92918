#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 100,000 ($FLOOD) SYNs from forged sources, then as many ACKs that pretend to complete a
# handshake: they leave no flow and no memory behind, and clients are served
# meanwhile.

. "$(dirname "$0")/../lib.sh"

readonly packets=${FLOOD:-100000}

start
module_load
topology
# A flood fills connection tracking's tables as it would any host's; here they
# would only hide what the module keeps.
r nft flush ruleset
s nft flush ruleset
ip -n "$R" route add blackhole 198.18.0.0/15
check 'tunnels' proxy
server echo "$S" echo --bind 127.0.0.1:5555
check 'a client' c udptool send --to 127.0.0.1:1234 --count 100
check 'its tunnel is deleted' c ftcpctl del tunnel t dev ftcp0
check 'the server knows no flow' wait_for 10 flows_are "$S" 0
check 'a tunnel again' c ftcpctl add tunnel t dev ftcp0 \
	listen 127.0.0.1:1234 remote "$S4:4567"

received()
{
	ip -n "$S" -s -j link show eth0 | jq '.[0].stats64.rx.packets'
}

answered()
{
	ip -n "$S" -s -j link show eth0 | jq '.[0].stats64.tx.packets'
}

# kernel_memory: what cannot be reclaimed, in kB
kernel_memory()
{
	awk '/^(SUnreclaim|Percpu|KernelStack|VmallocUsed):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# KASAN keeps what is freed for a while: there, only what has not been freed counts.
memory_back()
{
	! grep -qw kasan_report /proc/kallsyms || return 0
	[ $(($(kernel_memory) - memory)) -lt 2048 ] || {
		echo "$memory kB before, $(kernel_memory) kB now"
		return 1
	}
}

slab_flows()
{
	awk '$1 == "ftcp_flow" { print $2 }' /proc/slabinfo
}

# flood NAME FLAGS
flood()
{
	local name=$1 flags=$2 rx tx pid

	memory=$(kernel_memory)
	rx=$(received) tx=$(answered)
	background flood "$R" tcpraw send --from 198.18.0.1:1 --to "$S4:4567" \
		--flags "$flags" --ack 123456 --count $packets \
		--random-source 15 --random-port --random-seq
	pid=$!
	check "$name: it arrives" wait_for 20 eval '[ "$(received)" -ge $((rx + 1000)) ]'
	check "$name: a real client is served" c udptool send --to 127.0.0.1:1234 \
		--sockets 5 --count 10
	check "$name: ... meanwhile" kill -0 "$pid"
	check "$name: and then" c udptool send --to 127.0.0.1:1234 --count 10
	wait "$pid"
	check "$name: all are sent" grep "sent=$packets " "$tmp/flood"
	check "$name: nearly all arrived" [ $(($(received) - rx)) -ge $((packets * 9 / 10)) ]
	check "$name: and were answered" [ $(($(answered) - tx)) -ge $((packets * 9 / 10)) ]
	check "$name: the server knows the real client's flows" flows_are "$S" 6
	check "$name: close them" c ftcpctl del tunnel t dev ftcp0
	check "$name: and none else" wait_for 10 flows_are "$S" 0
	check "$name: the memory is back" wait_for 30 memory_back
	c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"
}

flood SYN S
before=$(drops "$S" handshake)
flood ACK A
check 'the ACKs are counted' [ $(($(drops "$S" handshake) - before)) -ge $((packets * 9 / 10)) ]

# Somebody's number is of use to nobody else.
cookie=$(r tcpraw send --from 198.18.0.1:5000 --to "$S4:4567" --flags S --seq 99 --expect SA)
ack=$(($(field seq "$cookie") + 1 & 0xffffffff))
check 'a SYN-ACK' test -n "$(field seq "$cookie")"
check "its number does not serve another port" \
	r tcpraw send --from 198.18.0.1:5001 --to "$S4:4567" --flags A --seq 100 --ack $ack --expect R
check "... nor another address" \
	r tcpraw send --from 198.18.0.2:5000 --to "$S4:4567" --flags A --seq 100 --ack $ack --expect R
check "... nor its neighbour number" \
	r tcpraw send --from 198.18.0.1:5000 --to "$S4:4567" --flags A --seq 100 --ack $((ack ^ 8)) --expect R
check 'there is no flow' flows_are "$S" 0
check 'it serves whom it was sent to' \
	r tcpraw send --from 198.18.0.1:5000 --to "$S4:4567" --flags A --seq 100 --ack $ack
check 'there is one flow' wait_for 5 flows_are "$S" 1 established

check 'delete the links' proxy_gone
module_memory_back
finish
