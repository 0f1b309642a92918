#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which locks are waited for, and how often for a million datagrams: rows of
# rows.sh in turn, with plain UDP for what the kernel has without faketcp.
#
#	usage: locks.sh [ROW | NAME=SETUP]...
#
# Counted are the calls of the spinlocks' slow path, by a probe, and the tracepoint
# contention_begin for all others.  For spinlocks it would not do: the first who
# waits passes it by, and so does everybody on a hypervisor without paravirtual
# spinlocks.  An uncontended lock is not seen.  With one processor nobody waits.
#
# $LOCK_COLUMNS (see columns.sh; default: many flows1000), $REPEAT and
# $SECONDS_EACH as in kernel.sh; only data is counted, not how flows are
# established.  JSON goes to the file that $JSON names.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/rows.sh"
. "$(dirname "$0")/columns.sh"

repeat=${REPEAT:-3}
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(plain routed proxy ${PEER_ROWS:-})
readonly tracing=/sys/kernel/tracing
events=()

# histogram EVENT ACTION: the command that does it; flags of a spinlock are 1
histogram()
{
	local filter=

	case $1 in */contention_begin) filter=' if flags != 1' ;; esac
	echo "echo 'hist:keys=stacktrace:size=4096:$2$filter' >> $1/trigger"
}

start > /dev/null
results=$tmp/results
[ -e $tracing/events ] || mount -t tracefs tracefs $tracing || skip_all 'no tracefs'
instance=$tracing/instances/ftcp-locks
mkdir -p "$instance" || skip_all 'no tracefs'
for function in native_queued_spin_lock_slowpath __pv_queued_spin_lock_slowpath; do
	echo "p:ftcp_locks/spin_$function $function" >> $tracing/kprobe_events ||
		diag "no probe of $function"
done
for event in "$instance"/events/ftcp_locks/*/ "$instance"/events/lock/contention_begin/; do
	event=${event%/}
	eval "$(histogram "$event" pause)" || skip_all "no histogram of $event"
	events+=("$event")
done

# For udpblast, before its first datagram and after its last
for event in "${events[@]}"; do
	histogram "$event" clear
	histogram "$event" continue
done > "$tmp/begin"
for event in "${events[@]}"; do
	histogram "$event" pause
done > "$tmp/end"
blast_options=(--trigger ". $tmp/begin" --trigger-end ". $tmp/end")

module_load
open=()
for row in "${rows[@]}"; do
	row_open "$row" && open+=("${row%%=*}") || echo "# no ${row%%=*} here"
done
echo "# Linux $(uname -r), $(nproc) processors, $repeat runs of $seconds s each, $(date -u +%F)"
for ((round = 0; round < repeat; round++)); do
	for column in ${LOCK_COLUMNS:-many flows1000}; do
		for row in "${open[@]}"; do
			: > "$results"
			measure "$row" "$column"
			rx=$(sed -n 's/.* rx=\([0-9]*\) .*/\1/p' "$results" | paste -sd +)
			echo "run column=$column row=$row rx=$((rx))"
			for event in "${events[@]}"; do
				echo "event ${event##*/}"
				cat "$event/hist"
			done
		done
	done
done > "$tmp/counts"
rmdir "$instance" && echo > $tracing/kprobe_events
/usr/bin/python3 "$selftests/bench/locks.py" "$tmp/counts" "${JSON:-/dev/null}"
status=$?
finished=yes
exit "$status"
