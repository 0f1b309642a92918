#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests at random, sound ones and spoilt ones, while datagrams flow and somebody
# looks on: the kernel refuses or obeys, loses no memory, and works afterwards.
# FUZZ_SECONDS and FUZZ_SEED say for how long, and which.

. "$(dirname "$0")/../lib.sh"

readonly duration=${FUZZ_SECONDS:-12}
readonly seed=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}

start
module_load
topology
diag "FUZZ_SEED=$seed"
server echo "$S" echo --bind 127.0.0.1:5555
check 'a server' eval 'add_link "$S" && s ftcpctl add tunnel t dev ftcp0 \
	port 4567 forward 127.0.0.1:5555'

kernel_memory()
{
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack|PageTables):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}
objects()
{
	echo 1 > "/sys/kernel/slab/$1/shrink"
	awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /proc/slabinfo
}

# A tunnel whose name they do not know, but hear: now and then it is made anew, as
# what they leave may be of no use.
uses=0
use()
{
	[ $((uses++ % 3)) -ne 2 ] || c ftcpctl del tunnel used dev ftcp0
	c ftcpctl add tunnel used dev ftcp0 listen 127.0.0.1:1234 \
		remote "$S4:4567"
	c udptool send --to 127.0.0.1:1234 --sockets 20 --count 10 --lossy --timeout 2
} > /dev/null 2>&1

# run SECONDS SEED: and print what became of it
run()
{
	local fuzzer

	add_link "$C" ftcp0 && add_link "$C" ftcp1 || return
	background monitor "$C" ftcpctl monitor --json
	monitor=$!
	background fuzz "$C" nlraw faketcp fuzz "$1" "$2" \
		ftcp0 ftcp1 ftcp1 ftcp1 ftcp1
	fuzzer=$!
	while kill -0 "$fuzzer" 2> /dev/null; do
		use
		c ftcpctl show flows > /dev/null
	done
	wait "$fuzzer" || { echo "status $?"; cat "$tmp/fuzz"; return 1; }
	stop "$monitor"
	cat "$tmp/fuzz"
	ip -n "$C" link del ftcp0 && ip -n "$C" link del ftcp1
}

check 'at first' run 2 1
settled() { [ "$(objects ftcp_flow)" -le "${flows:-10}" ]; }
quiet()
{
	local ns

	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F
	done 2> /dev/null
	[ "$(s ftcpctl show --json | jq '.[0].flows')" = 0 ]
}
check 'all is quiet' eventually 20 quiet
memory=$(kernel_memory) flows=$(objects ftcp_flow)
check "for $duration seconds" run "$duration" "$seed"
result=$(cat "$tmp/fuzz")
diag "$result"
# tunnel-new, -set, -del, -get, peer-set, -del, -get, flow-del, flow-get
for command in 1 2 3 4 5 6 7 8 9; do
	check "command $command was obeyed" [ "$(field "done$command" "$result")" -gt 0 ]
	check "command $command was refused" [ "$(field "refused$command" "$result")" -gt 0 ]
done
events() { jq -r .event "$tmp/monitor" | sort -u | xargs; }
for event in tunnel-add tunnel-del flow-add flow-del; do
	check "listeners heard of $event" eval 'events | grep -w "$event"'
done
check 'all is quiet' eventually 20 quiet
flat()
{
	quiet
	[ $(($(kernel_memory) - memory)) -lt 3072 ] || {
		echo "$memory kB before, $(kernel_memory) kB now"
		return 1
	}
}
check 'the memory is back' eventually 20 flat
check 'no flow is left' eventually 20 settled
check 'it works' eval 'add_link "$C" && c ftcpctl add tunnel t dev ftcp0 \
	listen 127.0.0.1:1234 remote "$S4:4567" &&
	c udptool send --to 127.0.0.1:1234 --sockets 20 --count 10'
check 'delete the links' proxy_gone
module_memory_back
finish
