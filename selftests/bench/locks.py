# SPDX-License-Identifier: GPL-2.0
"""From the histograms of ./locks.sh: how often a lock was waited for, for a million
datagrams, and in which functions, as a table and as JSON.  "in faketcp" are those with
a function of the module among the innermost three.

usage: locks.py COUNTS JSON
"""
import collections
import json
import re
import statistics
import sys

TOP, CALLERS = 10, 3
# what the counting does itself
OURS = re.compile(r".*(trigger|fuse_)")
# frames of the probe, and of the lock
NOT_CALLERS = re.compile(r"kprobe_ftrace_handler|ftrace_|0x|.*_slowpath|_raw_|__raw_")


def read(path):
    """Lists of (datagrams, waits by caller), one for each run, by column and row."""
    runs = collections.OrderedDict()
    waits, stack = None, None
    for line in open(path):
        words = line.split()
        if words[:1] == ["run"]:
            run = dict(word.split("=", 1) for word in words[1:])
            waits = collections.Counter()
            runs.setdefault((run["column"], run["row"]), []).append((int(run["rx"]), waits))
        elif words[:1] == ["event"]:
            event = words[1]
        elif words[:1] == ["{"]:
            stack = []
        elif words[:2] == ["}", "hitcount:"]:
            kind = "spin" if event.startswith("spin_") else "other"
            callers = [f for f in stack if not NOT_CALLERS.match(f)][:CALLERS]
            if not any(OURS.match(f) for f in stack):
                waits[f"{kind}: " + " < ".join(callers)] += int(words[2])
        elif words and stack is not None:
            stack.append(re.sub(r"\+0x\S+", "", line.strip()))
    return runs


def main():
    table = []
    for (column, row), runs in read(sys.argv[1]).items():
        rates = [1e6 * sum(waits.values()) / rx for rx, waits in runs if rx]
        datagrams = sum(rx for rx, _ in runs)
        module = statistics.median(
            1e6 * sum(n for where, n in waits.items() if "[faketcp]" in where) / rx
            for rx, waits in runs if rx) if rates else 0
        total = sum((waits for _, waits in runs), collections.Counter())
        if not rates:
            print(f"# {row}: nothing arrived in column {column}")
            continue
        table.append({
            "column": column, "row": row, "unit": "waits for a million datagrams",
            "median": statistics.median(rates), "min": min(rates), "max": max(rates),
            "faketcp": module, "runs": len(rates), "datagrams": datagrams,
            "top": [{"where": where, "each_million": 1e6 * count / datagrams}
                    for where, count in total.most_common(TOP)],
        })
    print("waits for locks, for each million datagrams that arrived")
    print(f"{'column':13} {'row':10} {'median':>9} {'min':>9} {'max':>9} {'in faketcp':>11}")
    for entry in table:
        print(f"{entry['column']:13} {entry['row']:10} {entry['median']:9.1f} "
              f"{entry['min']:9.1f} {entry['max']:9.1f} {entry['faketcp']:11.1f}")
    for entry in table:
        print(f"\n{entry['column']} {entry['row']}:")
        for top in entry["top"]:
            print(f"{top['each_million']:9.1f} {top['where']}")
    with open(sys.argv[2], "w") as out:
        json.dump(table, out, indent=1)
    sys.exit(0 if table else 1)


main()
