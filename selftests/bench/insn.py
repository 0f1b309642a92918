# SPDX-License-Identifier: GPL-2.0
"""From what ./insn.sh printed and what the plugin saw: instructions for each
datagram, as a table and as JSON.

usage: insn.py LOG MARKS JSON [BLOCKS KALLSYMS]

From what was counted between two marks goes what the guest's kernel does anyway,
for its timer, in proportion to the time.  "string" are iterations of string instructions.
With BLOCKS and KALLSYMS: the functions in which the kernel's instructions are.
"""
import bisect
import collections
import json
import re
import statistics
import sys

KERNEL, USER, STRING = 1, 2, 3


def read_runs(log, marks):
    runs = []
    for line in open(log, errors="replace"):
        if not line.startswith("column=") or "no answer" in line:
            continue
        runs.append(dict(re.findall(r"(\w+)=(\S+)", line)))
    counts, begin = [], None
    for line in open(marks):
        which, *values = line.split()
        values = [float(v) for v in values]
        if which == "0":
            begin = values
        else:
            counts.append([b - a for a, b in zip(begin, values)])
    if len(runs) != len(counts):
        sys.exit(f"insn: {len(runs)} runs, but {len(counts)} pairs of marks")
    for run, count in zip(runs, counts):
        run["count"] = count
    return runs


def background(runs):
    for r in runs:
        if r["column"] == "spin":
            return [1, r["count"][KERNEL] / r["count"][0], 0, 0]
    sys.exit("insn: nothing to compare with")


def table(runs):
    rates = background(runs)
    found = collections.OrderedDict()
    for run in runs:
        if run["column"] in ("spin", "warm"):
            continue
        datagrams = int(run.get("rx", 0)) or 2 * int(run.get("n", 0))
        if run["column"] == "setup":
            datagrams = int(run.get("flows", 0))  # that is, conversations
        if not datagrams:
            print(f"# {run['label']}: nothing arrived in column {run['column']}")
            continue
        time = run["count"][0]
        each = [(c - r * time) / datagrams for c, r in zip(run["count"], rates)]
        run["datagrams"] = datagrams
        found.setdefault((run["column"], run["label"]), []).append(each)

    result = []
    for column in dict.fromkeys(column for column, _ in found):
        for (this, row), values in found.items():
            if this != column:
                continue
            total = [v[KERNEL] + v[USER] for v in values]
            result.append({
                "column": column, "row": row, "instructions": statistics.median(total),
                "min": min(total), "max": max(total), "runs": len(total),
                "kernel": statistics.median(v[KERNEL] for v in values),
                "user": statistics.median(v[USER] for v in values),
                "string": statistics.median(v[STRING] for v in values),
                "loss_pct": 0,
            })
    base = {t["column"]: t["instructions"] for t in result if t["row"] == "plain"}
    wg = {t["column"]: t["instructions"] for t in result if t["row"] == "wg"}
    for t in result:
        plain = wg if t["row"].startswith("wg-") else base
        if t["column"] in plain:
            t["over"] = "wg" if plain is wg else "plain"
            t["ratio"] = t["instructions"] / plain[t["column"]]
            t["more"] = t["instructions"] - plain[t["column"]]
    return result


def show(result):
    print(f"{'column':13} {'row':12} {'insns':>8} {'min':>8} {'max':>8} {'kernel':>8} "
          f"{'user':>7} {'string':>7} {'ratio':>6} {'more':>8} than")
    for t in result:
        print(f"{t['column']:13} {t['row']:12} {t['instructions']:8.0f} {t['min']:8.0f} "
              f"{t['max']:8.0f} {t['kernel']:8.0f} {t['user']:7.0f} {t['string']:7.0f} "
              f"{t.get('ratio', 0):6.2f} {t.get('more', 0):+8.0f} {t.get('over', '-')}")


def show_profile(runs, blocks, kallsyms):
    symbols = []
    for line in open(kallsyms):
        words = line.split()
        if words[1] in "tTwW":
            symbols.append((int(words[0], 16), words[2] + " ".join(["", *words[3:]])))
    symbols.sort()
    addresses = [s[0] for s in symbols]
    parts = open(blocks).read().split("END\n")[1:]
    sums = {}
    for run, part in zip(runs, parts):
        if "datagrams" not in run:
            continue
        into = sums.setdefault((run["column"], run["label"]), [0, collections.Counter()])
        into[0] += run["datagrams"]
        for line in part.splitlines():
            address, count = line.split()
            address = int(address, 16)
            at = bisect.bisect_right(addresses, address) - 1
            name = "user space" if address == 1 else symbols[at][1]
            into[1][name] += int(count)
    for (column, row), (datagrams, functions) in sums.items():
        print(f"\n{column} {row}: instructions for each datagram")
        rest = 0
        for n, (name, count) in enumerate(functions.most_common()):
            if n < 250:
                print(f"{count / datagrams:9.1f} {name}")
            else:
                rest += count
        print(f"{rest / datagrams:9.1f} others")


def main():
    log, marks, out = sys.argv[1:4]
    runs = read_runs(log, marks)
    result = table(runs)
    show(result)
    with open(out, "w") as file:
        json.dump(result, file, indent=1)
    if len(sys.argv) > 4:
        show_profile(runs, *sys.argv[4:6])


main()
