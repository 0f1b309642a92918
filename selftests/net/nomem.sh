#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory is short: each allocation that the module makes for a request fails once,
# each that the kernel makes for a request of ftcpctl does, and then a tenth of
# those that the module makes for packets.  A request is done or refused, a packet
# is lost; afterwards everything works, and nothing is left.
#
# For kernels that let allocations fail by who asks (failslab, fail_page_alloc).

. "$(dirname "$0")/../lib.sh"

start
readonly faults=(/sys/kernel/debug/{failslab,fail_page_alloc})
for fault in "${faults[@]}"; do
	[ -w "$fault/require-start" ] || skip_all 'this kernel lets no allocation fail'
done
[ -w /proc/self/fail-nth ] || skip_all 'this kernel lets no allocation fail'

# set_faults NAME VALUE [NAME VALUE]...: for slab objects and for pages
set_faults()
{
	local fault

	while [ $# -gt 0 ]; do
		for fault in "${faults[@]}"; do
			[ ! -e "$fault/$1" ] || echo "$2" > "$fault/$1"
		done
		shift 2
	done
}

# limit_to START END: to what code there calls, at whatever depth
limit_to()
{
	set_faults require-start "$1" require-end "$2"
}

# symbol NAME: where a function of the kernel is, "START END"
symbol()
{
	sort /proc/kallsyms | awk -v name="$1" '
		begin && "0x" $1 != begin { print begin, "0x" $1; exit }
		$3 == name { begin = "0x" $1 }'
}

# The module's code
module_code()
{
	local begin size

	begin=$(cat /sys/module/faketcp/sections/.text)
	size=$(size -A "$(module_file)" | awk '$1 == ".text" { print $2 }')
	printf '%#x %#x\n' "$begin" $((begin + size))
}

readonly plenty=1000000
# Neither waiting for memory nor the size of it makes a difference.
set_faults probability 0 interval 1 times $plenty verbose 0 stacktrace-depth 32 \
	task-filter N ignore-gfp-wait N ignore-gfp-highmem N min-order 0

# How many have failed since they were set
failed()
{
	local fault n=0

	for fault in "${faults[@]}"; do
		n=$((n + plenty - $(cat "$fault/times")))
	done
	echo "$n"
}

# failing N COMMAND...: with the Nth allocation of those it is limited to failing.
# The number belongs to the process, whatever it becomes.
failing()
{
	# shellcheck disable=SC2016
	bash -c 'echo "$0" > /proc/self/fail-nth; exec "$@"' "$@"
}

# each_failing UNDO COMMAND...: the first allocation fails, then the second one, and
# so on until it makes no more.  What was done, or at last is, can be undone.
each_failing()
{
	local undo=$1 n status before refused=0

	shift
	for ((n = 1; n < 1000; n++)); do
		before=$(failed)
		failing "$n" "$@" > "$tmp/failing" 2>&1 < /dev/null
		status=$?
		if [ "$status" -ge 124 ]; then
			echo "allocation $n: status $status: $(cat "$tmp/failing")"
			return 1
		fi
		if [ "$status" -ne 0 ]; then
			refused=$((refused + 1))
		elif ! eval "$undo" > "$tmp/undo" 2>&1; then
			echo "allocation $n: $undo: $(cat "$tmp/undo")"
			return 1
		fi
		[ "$(failed)" != "$before" ] || break
	done
	diag "$*: $((n - 1)) allocations, $refused refusals"
	if [ "$status" -ne 0 ]; then
		echo "without a failure: status $status: $(cat "$tmp/failing")"
		return 1
	fi
	# or they were not looked for in the right place
	[ "$n" -gt 1 ]
}

in_c=(nsenter "--net=/run/netns/$C")

# ---- the module comes and goes ------------------------------------------------

owns_module=1
for dependency in $(modinfo -F depends "$(module_file)" | tr , ' '); do
	modprobe "$dependency"
done
# shellcheck disable=SC2046
limit_to $(symbol do_init_module)
check 'the module is loaded, or not' each_failing 'rmmod faketcp' \
	insmod "$(module_file)"
owns_module=
module_load
topology

# ---- requests -------------------------------------------------------------------

# all_requests: of each kind one
all_requests()
{
	local on=(dev ftcp0)

	check "$1: a link" each_failing "ip -n '$C' link del ftcp0" \
		"${in_c[@]}" ip link add ftcp0 type faketcp
	add_link "$C"
	check "$1: a tunnel that listens" each_failing 'c ftcpctl del tunnel t dev ftcp0' \
		"${in_c[@]}" ftcpctl add tunnel t "${on[@]}" listen 127.0.0.1:1234 \
			remote "$S4:4567"
	check "$1: one over IPv6" each_failing 'c ftcpctl del tunnel t dev ftcp0' \
		"${in_c[@]}" ftcpctl add tunnel t "${on[@]}" listen '[::1]:1234' \
			remote "[$S6]:4567"
	check "$1: one that forwards" each_failing 'c ftcpctl del tunnel t dev ftcp0' \
		"${in_c[@]}" ftcpctl add tunnel t "${on[@]}" port 4567 \
			forward 127.0.0.1:5555
	check "$1: a routed one" each_failing 'c ftcpctl del tunnel t dev ftcp0' \
		"${in_c[@]}" ftcpctl add tunnel t "${on[@]}" routed port 4567
	c ftcpctl add tunnel r "${on[@]}" routed port 4567
	check "$1: a peer" each_failing 'c ftcpctl del peer p tunnel r dev ftcp0' \
		"${in_c[@]}" ftcpctl set peer p tunnel r "${on[@]}" endpoint same \
			allowed-ips 10.0.0.0/8,fd00::/8
	c ftcpctl set peer p tunnel r "${on[@]}" endpoint same allowed-ips 10.0.0.0/8
	check "$1: a change of a peer" each_failing true \
		"${in_c[@]}" ftcpctl set peer p tunnel r "${on[@]}" \
			allowed-ips 10.0.0.0/8,192.0.2.0/24
	check "$1: tunnels are shown" each_failing true \
		"${in_c[@]}" ftcpctl show tunnels
	check 'they can be deleted' ip -n "$C" link del ftcp0
}

# shellcheck disable=SC2046
limit_to $(module_code)
all_requests "the module's memory"
# What the kernel does for a request, and the module for it, in its end of the call
# shellcheck disable=SC2046
limit_to $(symbol netlink_sendmsg)
all_requests "ftcpctl's memory"

# ---- packets ----------------------------------------------------------------------

check 'tunnels of all kinds' proxy_and_routed
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' --bind "$S4:7000" \
	--bind "[$S6]:7000"
# shellcheck disable=SC2046
limit_to $(module_code)
# Conversations begin, are answered or not, and end.
traffic()
{
	local from to

	for to in 127.0.0.1:1004 '[::1]:1006' "$S4:7000" "[$S6]:7000"; do
		c udptool send --to "$to" --sockets 30 --count 20 --lossy --timeout 5
		c udptool send --to "$to" --count 50 --gso 6000 --size 1200 --lossy --timeout 5
	done
	flows "$C" '.[] | "\(.local) \(.remote)"' | shuf -n 20 > "$tmp/flows"
	while read -r from to; do
		c ftcpctl del flow local "$from" remote "$to" dev ftcp0
	done < "$tmp/flows"
}
before=$(failed)
set_faults probability 10
for i in 1 2 3; do
	traffic > "$tmp/traffic.$i" 2>&1
done
set_faults probability 0
diag "$(($(failed) - before)) allocations failed"
check 'allocations failed' [ $(($(failed) - before)) -ge 100 ]
works()
{
	local to

	for to in 127.0.0.1:1004 '[::1]:1006' "$S4:7000" "[$S6]:7000"; do
		c udptool send --to "$to" --count 10 || return
	done
}
check 'with memory there, all of them work' eventually 30 works
check 'they can be deleted' proxy_gone
module_memory_back
finish
