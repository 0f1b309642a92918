#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's part of counting instructions (see ./insn): runs each row and
# column in turn, between marks that the plugin of QEMU sees, and prints one line
# for each.
#
#	usage: insn.sh [ROW...]
#
#	single	  1400-byte datagrams as fast as a window of 256 allows
#	super	  the same as super-packets (UDP_SEGMENT and UDP_GRO)
#	lone	  64 bytes there and back, one at a time; counted by direction
#	flowsN	  like single, from N conversations in turn, one datagram each
#	flowsNxB  likewise, B datagrams each
#	setup	  2000 new conversations, for each until its first answer
#	tcp	  iperf3, for each 1368 bytes (a segment)
#
# tcp is of rows that carry it, flows and setup of those that know conversations.
#
# $INSN_COLUMNS selects columns, $REPEAT (default 3) says how often, $COUNT (default
# 20000) how many datagrams.  With SIZE= other than 1400.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/rows.sh"

rows=("$@")
[ ${#rows[@]} -gt 0 ] ||
	rows=(plain routed proxy wg wg-routed wg-proxy fou vxlan)
repeat=${REPEAT:-3} count=${COUNT:-20000} size=${SIZE:-1400}
columns=${INSN_COLUMNS:-single super lone flows1 flows10000 setup}

measure()
{
	local row=$1 column=$2 length=$size

	# what fits through a tunnel that is in a tunnel
	case $row in
	wg*|fou|vxlan|ip) [ "$length" -le 1300 ] || length=1300 ;;
	esac
	case $column in
	single)	row_run "$row" send -l "$length" -n "$count" --window 256 ;;
	super)	row_run "$row" send --gso "$length" -n $((count * 2)) --window 1024 ;;
	lone)	row_run "$row" ping -l 64 -n $((count / 20)) ;;
	setup)	row_run "$row" setup -n 2000 --window 64 ;;
	# What establishes them is before the marks.
	flows*)	row_flows "$row" "$column" -l "$length" -n "$count" | grep -v mode=setup ;;
	tcp)	tcp "$row" ;;
	esac 2>&1 | sed "s/^/column=$column /"
}

# tcp ROW: from the client's side; the server is iperf3's
tcp()
{
	background "iperf-$1" "s-$1" iperf3 --server --one-off
	wait_for 10 eval 'in_ns "s-'"$1"'" ss -Hlt sport = :5201 | grep -q LISTEN'
	in_c "$1" "$blast" run --label "$1" -l 1368 -n $((count * 2)) \
		iperf3 --client "${row_address[$1]}" --bytes $((count * 2 * 1368)) > "$tmp/tcp"
	grep '^label=' "$tmp/tcp"
}

start > /dev/null
module_load
for row in "${rows[@]}"; do
	row_open "$row" || echo "# no $row here"
done
[ -z "${PROFILE:-}" ] || cat /proc/kallsyms > "$repo/build/bench/kallsyms"

eval "${INSN_SETUP:-}"

# The first of each establishes connections and is not counted.
for row in "${rows[@]}"; do
	row_server "$row"
	row_run "$row" ping -n 20 | sed 's/^/column=warm /'
done
"$blast" spin -t 2 --label none | sed 's/^/column=spin /'
for ((i = 0; i < repeat; i++)); do
	for row in "${rows[@]}"; do
		for column in $columns; do
			gro=
			case $column in
			super)	gro=--gro ;;
			tcp)	row_takes "$row" tcp || continue ;;
			flows*|setup)
				row_takes "$row" flows || continue
				row_forget "$row" ;;
			esac
			row_server "$row" $gro
			measure "$row" "$column"
		done
	done
done
eval "${INSN_AFTER:-}"
finished=yes
