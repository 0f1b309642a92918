#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How fast the TUN mode is: plain UDP, ftcptun, and the programs named on the
# command line, in turn, with medians and ratios.
#
#	namespace c  eth0 ---- veth ---- eth0  namespace s
#
#	usage: tun.sh [CLIENT:SERVER]...
#
# CLIENT and SERVER are programs with Phantun's options, or scripts that turn these
# into a program's own; REPEAT (default 3) and SECONDS_EACH (default 3) say how
# often and how long, ONLY which columns.
#
# Columns, of 1400-byte datagrams: one conversation and five as fast as the
# senders can; one with at most 256 datagrams under way; one of super-packets
# (UDP_SEGMENT, UDP_GRO), and one at a load that every row should carry, for the
# loss; and the round trip of 64 bytes.  Each figure is the median of REPEAT runs, which
# alternate between the rows.  CPU is the time of all processors, senders and
# receivers included, for each datagram that arrived.

. "$(dirname "$0")/../lib.sh"

repeat=${REPEAT:-3}
seconds=${SECONDS_EACH:-3}
peers=("$@")

blast=$repo/build/bench/udpblast
ftcptun=$repo/tools/ftcptun/ftcptun
results=$(mktemp)
columns=${ONLY:-one five window gso load ping}

start > /dev/null
[ -c /dev/net/tun ] || skip_all 'no /dev/net/tun'
make -s -C "$selftests/bench" "$blast" || bail_out 'no udpblast'
for ns in "$C" "$S"; do
	namespace "$ns" || bail_out 'no namespaces'
done
ip link add eth0 netns "$C" type veth peer name eth0 netns "$S" || bail_out 'no veth link'
ip -n "$C" addr add 10.9.0.1/24 dev eth0
ip -n "$S" addr add 10.9.0.2/24 dev eth0
for ns in "$C" "$S"; do
	ip -n "$ns" link set lo up
	ip -n "$ns" link set eth0 up
	in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1
done
"$ftcptun" print-rules client -4 | c nft -f - &&
	"$ftcptun" print-rules server -4 --local 4567 | s nft -f - ||
	bail_out 'no nftables'

background sink "$S" "$blast" server -b 0.0.0.0 -p 5555 --rcvbuf 8388608
background gro "$S" "$blast" server -b 0.0.0.0 -p 5556 --gro --rcvbuf 8388608

listens() { c ss -Hlun sport = 1234 | grep -q .; }
silent() { ! listens; }

# open ROW PORT: the way for a row's datagrams to the server's PORT; sets $to
open()
{
	local client server

	case $1 in
	plain)
		to="-c 10.9.0.2 -p $2"
		return ;;
	ftcptun)
		client=("$ftcptun" client) server=("$ftcptun" server) ;;
	*)
		client=("${1%%:*}") server=("${1#*:}") ;;
	esac
	to='-c 127.0.0.1 -p 1234'
	background server "$S" "${server[@]}" --local 4567 --remote "127.0.0.1:$2" -4
	row_pids=($!)
	wait_for 2 ip -n "$S" link show dev tun0 up	# not all have one
	background client "$C" "${client[@]}" --local 127.0.0.1:1234 --remote 10.9.0.2:4567 -4
	row_pids+=($!)
	wait_for 10 listens
	# shellcheck disable=SC2086
	wait_for 20 answers $to || diag "$1: no answer"
}
answers() { c "$blast" ping "$@" -n 1; }

shut()
{
	local pid

	for pid in "${row_pids[@]}"; do
		stop "$pid"
	done
	row_pids=()
	wait_for 10 silent
}

# measure COLUMN ROW ARGUMENTS...
measure()
{
	local column=$1 row=$2

	shift 2
	# shellcheck disable=SC2086
	c "$blast" "$@" $to --label "$row" 2>/dev/null |
		sed "s/^/column=$column /" >> "$results"
}

row_pids=()
rows=(plain ftcptun "${peers[@]}")
echo "# $(uname -r), $(nproc) processors, $repeat runs of $seconds s"
for ((i = 0; i < repeat; i++)); do
	for row in "${rows[@]}"; do
		for column in $columns; do
			port=5555
			[ "$column" = gso ] && port=5556
			open "$row" $port
			case $column in
			one)	measure one "$row" send -t "$seconds" ;;
			window)	measure window "$row" send -t "$seconds" --window 256 ;;
			gso)	measure gso "$row" send --gso 1400 -t "$seconds" ;;
			load)	measure load "$row" send -t "$seconds" --burst 8 --gap 1000 ;;
			ping)	measure ping "$row" ping -n 1000 ;;
			five)
				senders=()
				for k in 1 2 3 4 5; do
					measure "five$i" "$row" send -t "$seconds" &
					senders+=($!)
				done
				wait "${senders[@]}" ;;
			esac
			shut
		done
	done
done

/usr/bin/python3 - "$results" "${JSON:-/dev/null}" "$columns" "${rows[@]}" <<'PYTHON'
import json, statistics, sys

columns, rows = sys.argv[3].split(), sys.argv[4:]
runs, five = {}, {}
for line in open(sys.argv[1]):
    run = dict(word.split("=", 1) for word in line.split() if "=" in word)
    column, row = run["column"], run["label"]
    if "rx_mbps" not in run and "p50_us" not in run:
        continue
    if column.startswith("five"):
        five.setdefault((row, column), []).append(run)
        continue
    runs.setdefault((column, row), []).append({
        "value": float(run.get("p50_us") or run["rx_mbps"]),
        "loss": float(run.get("loss_pct", 0)),
        "cpu": float(run.get("cpu_us_per_rxpkt", 0))})
for (row, _), parts in five.items():
    # all parts ran at the same time: rates add, and so do the datagrams that
    # the same processor time is divided by
    runs.setdefault(("five", row), []).append({
        "value": sum(float(p["rx_mbps"]) for p in parts),
        "loss": 100 - 100 * sum(int(p["rx"]) for p in parts) / sum(int(p["tx"]) for p in parts),
        "cpu": 1 / sum(1 / max(float(p["cpu_us_per_rxpkt"]), 1e-9) for p in parts)})

def median(column, row, key):
    values = [r[key] for r in runs.get((column, row), [])]
    return statistics.median(values) if values else None

table = []
print(f"{'column':7} {'row':24} {'median':>9} {'unit':5} {'of plain':>8} {'ftcptun/row':>11} {'loss %':>7} {'us/datagram':>11} runs")
for column in columns:
    for row in rows:
        value = median(column, row, "value")
        name = row.split(":")[0].split("/")[-1][-24:]
        if not value:
            print(f"{column:7} {name:24} no result")
            continue
        plain, own = median(column, "plain", "value"), median(column, "ftcptun", "value")
        entry = {"column": column, "row": row, "median": value,
                 "unit": "us" if column == "ping" else "Mb/s",
                 "to_plain": value / plain if plain else None,
                 "ftcptun_to_row": own / value if own else None,
                 "loss_pct": median(column, row, "loss"),
                 "cpu_us": median(column, row, "cpu"),
                 "runs": len(runs[(column, row)])}
        table.append(entry)
        print(f"{column:7} {name:24} {value:9.1f} {entry['unit']:5} {entry['to_plain'] or 0:8.2f} "
              f"{entry['ftcptun_to_row'] or 0:11.2f} {entry['loss_pct']:7.2f} {entry['cpu_us']:11.2f} {entry['runs']:4}")
with open(sys.argv[2], "w") as out:
    json.dump(table, out, indent=1)
sys.exit(0 if all(median(c, "ftcptun", "value") for c in columns) else 1)
PYTHON
status=$?
rm -f "$results"
stop_all
finished=yes
exit "$status"
