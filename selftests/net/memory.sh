#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels are made, used and deleted again and again: memory, sockets and
# references to the module are back where they were.

. "$(dirname "$0")/../lib.sh"

readonly rounds=3

start
module_load
topology

# What a round might leave, in kB.
kernel_memory()
{
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack|PageTables):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# Objects of a slab cache in use; the kernels that the runner boots do not
# merge caches, so they are of the one kind only.  Free objects in a processor's
# own slab count as used until the cache is shrunk.
objects()
{
	echo 1 > "/sys/kernel/slab/$1/shrink"
	awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /proc/slabinfo
}

sockets()
{
	in_ns "$1" cat /proc/net/sockstat /proc/net/sockstat6 |
		awk '/^(TCP|UDP|TCP6|UDP6):/ { sum += $3 } END { print sum }'
}

round()
{
	proxy &&
	s ftcpctl add tunnel u dev ftcp0 port 4568 forward '[::1]:5555' &&
	c ftcpctl add tunnel u dev ftcp0 listen '[::1]:1234' remote "[$S6]:4568" &&
	c ftcpctl add tunnel r dev ftcp0 routed port 7777 &&
	c ftcpctl set peer p tunnel r dev ftcp0 endpoint same allowed-ips 10.0.0.0/8,fd00::/8 &&
	c udptool send --to 127.0.0.1:1234 --sockets 50 --count 5 &&
	c udptool send --to '[::1]:1234' --sockets 50 --count 5 &&
	c ftcpctl set peer p tunnel r dev ftcp0 allowed-ips 10.0.0.0/8 &&
	c ftcpctl del peer p tunnel r dev ftcp0 &&
	flows_are "$C" 100 established && flows_are "$S" 100 established &&
	c ftcpctl del tunnel t dev ftcp0 &&
	proxy_gone
}

# What is refused must leave nothing either.
refused_round()
{
	add_link "$C" || return
	for i in {1..10}; do
		c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:9999 remote "$S4:1" && return 1
		c ftcpctl add tunnel t dev ftcp0 listen 198.51.100.1:99 remote "$S4:1" && return 1
		c ftcpctl add tunnel t dev ftcp0 port 99 forward 127.0.0.1:1 \
			local 198.51.100.1 && return 1
	done
	ip -n "$C" link del ftcp0
}

server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555'
server other "$C" echo --bind 127.0.0.1:9999
check 'a first round' round
check 'a first round of refusals' refused_round

settled()
{
	conntrack_flush
	[ "$(sockets "$C") $(sockets "$S")" = "$sockets" ]
}

conntrack_flush()
{
	local ns

	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F
	done 2> /dev/null
}

conntrack_flush
sockets="$(sockets "$C") $(sockets "$S")"
memory=$(kernel_memory)
flows=$(objects ftcp_flow)
for ((i = 1; i <= rounds; i++)); do
	check "round $i" round
done
check 'refusals' refused_round
check 'no socket is left' wait_for 20 settled
back()
{
	conntrack_flush
	[ $(($(kernel_memory) - memory)) -lt 1536 ] || {
		echo "$memory kB before, $(kernel_memory) kB now"
		return 1
	}
}
check 'the memory is back' eventually 20 back
no_flow_left()
{
	local now

	now=$(objects ftcp_flow)
	[ "$now" -le "$flows" ] || {
		echo "$flows flows before, $now now"
		return 1
	}
}
check 'no flow is left' eventually 20 no_flow_left
check 'nothing uses the module' module_unused
for i in {1..3}; do
	check "the module is removed, $i" rmmod faketcp
	owns_module=
	module_load
	check "used again, $i" eval 'proxy && c udptool send --to 127.0.0.1:1234 --sockets 10'
done
check 'delete the links' proxy_gone
module_memory_back
finish
