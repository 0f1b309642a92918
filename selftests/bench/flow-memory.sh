#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a flow takes of the kernel's memory, by kind of object: 10,000 flows between
# a client and a server on one machine, seen in /proc/slabinfo.  To be run with
#
#	selftests/vm/run --kernel VERSION -- selftests/bench/flow-memory.sh
#
# where caches are not merged, so that each has objects of one kind only.

. "$(dirname "$0")/../lib.sh"

readonly n=${FLOWS:-10000}

start
module_load
topology
# all of one source
check 'tunnels' eval 'proxy max-flows-per-source 1000000 &&
	s ftcpctl set tunnel t dev ftcp0 max-flows-per-source 1000000'
server echo "$S" echo --bind 127.0.0.1:5555
check 'a first flow' c udptool send --to 127.0.0.1:1234

# name, objects, bytes of each with what its slab wastes
objects()
{
	local cache

	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 > "$cache"
	done 2> /dev/null
	awk 'NR > 2 { print $1, $2, $6 * 4096 / $5 }' /proc/slabinfo | sort
}

kernel_memory()
{
	awk '/^(SUnreclaim|SReclaimable|Percpu|VmallocUsed):/ { sum += $2 }
	     END { print sum * 1024 }' /proc/meminfo
}

objects > "$tmp/before"
before=$(kernel_memory)
check "$n flows" c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:10000 \
	--sockets "$n" --window 100 --timeout 60
check 'at the client' flows_are "$C" $((n + 1)) established
check 'at the server' flows_are "$S" $((n + 1)) established
after=$(kernel_memory)
objects > "$tmp/after"
diag "$(uname -r): both ends, with connection tracking in three namespaces:" \
	"$(((after - before) / n)) bytes per flow"
# Two flows (one at each end) for each connection; the sender's sockets are no part of it.
join "$tmp/before" "$tmp/after" | awk -v n="$n" '
	$4 - $2 > n / 2 {
		printf "# %-20s %5.2f for each connection, %6.0f bytes each\n",
			$1, ($4 - $2) / n, $5
	}'
check 'delete the links' proxy_gone
finish
