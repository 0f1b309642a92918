#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How fast the module is: one run, all rows of rows.sh in turn, ratios to plain
# UDP, and to bare WireGuard for what WireGuard sends.
#
#	usage: kernel.sh [ROW | NAME=SETUP]...
#
# CPU is the time of all processors, senders and receivers included, for each
# datagram that arrived, in us.  Each figure is the median of REPEAT runs
# (default 3) of SECONDS_EACH (default 2), which alternate between the rows.
# Times on a shared machine drift, by more than there is between the rows: a
# ratio is the median of the ratios of each round, in which all rows come one
# after the other, there and back in turn.  BENCH_COLUMNS selects columns, which
# columns.sh describes.
#
# Runs in a kernel that has the module: `make bench` starts a virtual machine
# where the machine's own cannot.  JSON goes to the file that $JSON names.
# $PEER_ROWS has more rows than the usual, "NAME=SETUP NAME=SETUP...".

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/rows.sh"
. "$(dirname "$0")/columns.sh"

repeat=${REPEAT:-3}
columns=${BENCH_COLUMNS:-64 512 1400 super many both load ping tcp soft
	setup flows1 flows1000 flows10000 flows1x16 flows10000x16}
rows=("$@")
[ ${#rows[@]} -gt 0 ] ||
	rows=(plain routed proxy fou vxlan ftcptun wg wg-routed wg-proxy ${PEER_ROWS:-})

start > /dev/null
results=$tmp/results
module_load

open=()
for row in "${rows[@]}"; do
	if row_open "$row"; then
		open+=("${row%%=*}")
	else
		echo "# no ${row%%=*} here"
	fi
done
for row in "${open[@]}"; do
	row_server "$row"
	row_run "$row" ping -n 20 > /dev/null || echo "# $row does not answer"
done
echo "# Linux $(uname -r), $(nproc) processors, $repeat runs of $seconds s each, $(date -u +%F)"
back=()
for row in "${open[@]}"; do
	back=("$row" "${back[@]}")
done
for ((round = 0; round < repeat; round++)); do
	order=("${open[@]}")
	((round % 2)) && order=("${back[@]}")
	for column in $columns; do
		for row in "${order[@]}"; do
			measure "$row" "$column"
		done
	done
done
/usr/bin/python3 "$selftests/bench/table.py" "$results" "${JSON:-/dev/null}"
status=$?
finished=yes
exit "$status"
