#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
#
# names.py SPECIFICATION [TABLE...]: what values and counters are called, as C: all of
# them, for the tools, or, for the module, which tells them nobody but who traces it,
# these

import sys

import yaml

spec_file, *wanted = sys.argv[1:]
with open(spec_file, encoding="utf-8") as file:
    spec = yaml.safe_load(file)


def upper(name):
    return name.upper().replace("-", "_")


def table(name, prefix, words):
    if wanted and name not in wanted:
        return
    print(f"\nstatic const char *const ftcp_{name}_names[] = {{")
    for word in words:
        print(f'\t[{upper(prefix + word)}] = "{word}",')
    print("};")


def word_of(entry):
    return entry if isinstance(entry, str) else entry["name"]


print(f"""/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	{spec_file} */
#ifndef FTCP_NAMES_GEN_H
#define FTCP_NAMES_GEN_H

#include {'<uapi/linux/faketcp.h>' if wanted else '"../../module/uapi/linux/faketcp.h"'}""")

for definition in spec["definitions"]:
    if definition["type"] == "enum":
        table(definition["name"].replace("-", "_"), definition["name-prefix"],
              map(word_of, definition["entries"]))
for group in spec["attribute-sets"]:
    if group["name"] in ("drops", "ended"):
        table(group["name"], group["name-prefix"],
              [attr["name"] for attr in group["attributes"]
               if attr["type"] != "pad"])

print("\n#endif /* FTCP_NAMES_GEN_H */")
