# SPDX-License-Identifier: GPL-2.0
"""From what ./kernel.sh noted of each run: medians, spread and ratios, as a
table and as JSON.

usage: table.py RESULTS JSON
"""
import collections
import json
import re
import statistics
import sys

COLUMNS = ["64", "512", "1400", "soft", "super", "many", "both", "tcp", "load", "ping",
           "setup"]
UNITS = {"ping": "us", "load": "% lost", "setup": "1/s"}
VALUES = {"ping": "p50_us", "load": "loss_pct", "setup": "setup_per_s"}


def read(path):
    """{(column, row): {round: figures}}"""
    runs = collections.OrderedDict()
    many = collections.OrderedDict()
    for line in open(path, errors="replace"):
        run = dict(re.findall(r"(\w+)=(\S+)", line))
        column = run.get("column", "")
        value = VALUES.get(column, "rx_mbps")
        if column == "many" and value in run:
            many.setdefault((run["round"], run["label"]), []).append(run)
            continue
        if value not in run:
            continue
        runs.setdefault((column, run["label"]), {})[run["round"]] = {
            "value": float(run[value]),
            "p99": float(run.get("p99_us", run.get("first_p99_us", 0))),
            "loss": float(run.get("loss_pct", 0)),
            "cpu": float(run.get("cpu_us_per_rxpkt", 0)),
        }
    for (round_, row), parts in many.items():
        # All ran at the same time: what arrived adds up, and so do the
        # datagrams that the same processor time is divided by.
        sent = sum(int(p["tx"]) for p in parts)
        got = sum(int(p["rx"]) for p in parts)
        runs.setdefault(("many", row), {})[round_] = {
            "value": sum(float(p["rx_mbps"]) for p in parts), "p99": 0,
            "loss": 100 * (1 - got / sent) if sent else 100,
            "cpu": 1 / sum(1 / max(float(p["cpu_us_per_rxpkt"]), 1e-9) for p in parts),
        }
    return runs


def ratios(runs, base):
    """Of each round in which both are, sorted."""
    return sorted(run["value"] / base[round_]["value"] for round_, run in runs.items()
                  if round_ in base and base[round_]["value"])


def main():
    runs = read(sys.argv[1])
    # by how many datagrams each, and how many conversations
    flows = sorted({column for column, _ in runs if column.startswith("flows")},
                   key=lambda column: [int(n) for n in f"{column[5:]}x1".split("x")][1::-1])
    table = []
    print(f"{'column':13} {'row':10} {'median':>8} {'min':>8} {'max':>8} {'unit':6} "
          f"{'ratio':>6} {'from':>5} {'to':>5} {'of':5} "
          f"{'of one':>6} {'loss %':>6} {'cpu us':>7} {'p99 us':>8}")
    for column in COLUMNS + flows:
        for (this, row), values in runs.items():
            if this != column:
                continue
            base = "wg" if row.startswith("wg-") else "plain"
            each = list(values.values())
            numbers = [r["value"] for r in each]
            entry = {
                "column": column, "row": row, "unit": UNITS.get(column, "Mb/s"),
                "median": statistics.median(numbers), "min": min(numbers),
                "max": max(numbers), "runs": len(numbers), "to": base,
                "loss_pct": statistics.median(r["loss"] for r in each),
                "cpu_us": statistics.median(r["cpu"] for r in each),
                "p99_us": statistics.median(r["p99"] for r in each),
            }
            spread = ratios(values, runs.get((column, base), {}))
            if column != "load" and spread:
                entry["ratio"] = statistics.median(spread)
                entry["ratio_min"], entry["ratio_max"] = spread[0], spread[-1]
            # of what the same row carries in one conversation
            one = ratios(values, runs.get((re.sub("flows[0-9]+", "flows1", column), row), {}))
            if column in flows and one:
                entry["of_one"] = statistics.median(one)
            table.append(entry)
            of_one = f"{entry['of_one']:.2f}" if "of_one" in entry else ""
            ratio = " " * 24
            if "ratio" in entry:
                ratio = (f"{entry['ratio']:6.2f} {entry['ratio_min']:5.2f} "
                         f"{entry['ratio_max']:5.2f} {base:5}")
            print(f"{column:13} {row:10} {entry['median']:8.1f} {entry['min']:8.1f} "
                  f"{entry['max']:8.1f} {entry['unit']:6} {ratio} {of_one:>6} "
                  f"{entry['loss_pct']:6.2f} {entry['cpu_us']:7.2f} {entry['p99_us']:8.1f}")
    with open(sys.argv[2], "w") as out:
        json.dump(table, out, indent=1)
    sys.exit(0 if table else 1)


main()
