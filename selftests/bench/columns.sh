# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The columns of the measurements.
#
# Each is a closed loop with a window of 256 datagrams unless it says
# otherwise; the figure is what arrived, in Mb/s:
#
#	64 512 1400	one conversation, datagrams of that size
#	super		super-packets of 1400-byte datagrams (UDP_SEGMENT, UDP_GRO)
#	many		four conversations at once, 1400 bytes
#	both		1400 bytes there, and each of them back, added up
#	load		1400 bytes, bursts of 8 each millisecond whatever happens; the
#			figure is the loss in per cent
#	ping		round trip of 64 bytes, one at a time, median in us; also p99
#	tcp		iperf3
#	soft		like 1400, with the segmentation offloads of veth turned off
#	flowsN		1400 bytes from N conversations in turn, one datagram each; the
#			window is that of all together, and they are established before
#	flowsNxB	likewise, B datagrams each
#	setup		new conversations in a second: 2000, at most 64 of them at a
#			time between the first datagram and its answer
#
# The last three are of rows that know conversations, not of tunnels that carry
# everything in one, and tcp of those that carry TCP.
#
# Sourced after rows.sh; measure ROW COLUMN adds what udpblast says to $results, and
# which $round it was.

seconds=${SECONDS_EACH:-2}
round=0

note() { sed "s/^/column=$1 round=$round /" >> "$results"; }

# fitting ROW SIZE: what of it fits through a tunnel that is in a tunnel
fitting()
{
	case $1 in
	wg*|fou|vxlan|ip) [ "$2" -le 1300 ] || { echo 1300; return; } ;;
	esac
	echo "$2"
}

measure()
{
	local row=$1 column=$2 size senders=() k

	case $column in
	64|512|1400)
		row_server "$row"
		size=$(fitting "$row" "$column")
		row_run "$row" send -l "$size" -t "$seconds" --window 256 | note "$column" ;;
	soft)
		row_server "$row"
		row_offloads "$row" off
		row_run "$row" send -l "$(fitting "$row" 1400)" -t "$seconds" --window 256 |
			note soft
		row_offloads "$row" on ;;
	super)
		row_server "$row" --gro
		row_run "$row" send --gso "$(fitting "$row" 1400)" -t "$seconds" \
			--window 1024 | note super ;;
	load)
		row_server "$row"
		row_run "$row" send -l "$(fitting "$row" 1400)" -t "$seconds" --burst 8 \
			--gap 1000 | note load ;;
	ping)
		row_server "$row"
		row_run "$row" ping -l 64 -n $((seconds * 500)) | note ping ;;
	many)
		row_server "$row"
		for k in 1 2 3 4; do
			row_run "$row" send -l "$(fitting "$row" 1400)" -t "$seconds" \
				--window 64 | note many &
			senders+=($!)
		done
		wait "${senders[@]}" ;;
	setup|flows*)
		row_takes "$row" flows || return
		row_server "$row"
		row_forget "$row"
		if [ "$column" = setup ]; then
			row_run "$row" setup -n 2000 --window 64
		else
			row_flows "$row" "$column" -l 1400 -t "$seconds"
		fi | note "$column" ;;
	both)
		row_server "$row"
		row_run "$row" duplex -l "$(fitting "$row" 1400)" -t "$seconds" --window 256 |
			note both ;;
	tcp)
		row_takes "$row" tcp || return
		background "iperf-$row" "s-$row" iperf3 --server --one-off
		wait_for 10 eval 'in_ns "s-'"$row"'" ss -Hlt sport = :5201 | grep -q LISTEN'
		in_c "$row" iperf3 --client "${row_address[$row]}" --time "$seconds" --json |
			jq -r --arg row "$row" \
			'"label=\($row) rx_mbps=\(.end.sum_received.bits_per_second / 1e6)"' |
			note tcp ;;
	esac
}
