#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Generated files are what the specification generates, the manual pages are sound and
# mention what there is, the module's files are in the layers that theory.md says, and
# the documents name no file that is gone.

. "$(dirname "$0")/../lib.sh"

start
regenerate=$repo/Documentation/netlink/regenerate
spec=$repo/Documentation/netlink/specs/faketcp.yaml
pages=$repo/Documentation/man

if [ -e /usr/src/linux-source-6.12.tar.xz ]; then
	check 'generated files agree with the specification' "$regenerate" --check
else
	skip 'generated files agree with the specification' 'no linux-source-6.12'
fi

# A copy of what regenerate reads and writes, with another specification
regenerates()
{
	local copy=$tmp/copy

	mkdir -p "$copy"
	cp -r --parents -t "$copy" Documentation/netlink module/uapi \
		module/netlink_gen.[ch] module/names_gen.h tools/common/names_gen.h build/ynl
	sed -i 's/^doc: |/&\n  Another sentence./' \
		"$copy/Documentation/netlink/specs/faketcp.yaml"
	! "$copy/Documentation/netlink/regenerate" --check > "$tmp/diff" &&
		grep -q '^+Another sentence' "$tmp/diff" &&
		"$copy/Documentation/netlink/regenerate" &&
		"$copy/Documentation/netlink/regenerate" --check
}
if [ -d "$repo/build/ynl" ]; then
	cd "$repo" || exit
	check 'a change of the specification is noticed and carried through' regenerates
	check 'a word that regenerate does not know' \
		sh -c "$regenerate --frob; [ \$? -eq 2 ]"
fi

# What ftcpctl reads has the length that the specification says, or it would read
# beyond the end of a short attribute.
policy()
{
	/usr/bin/python3 - "$spec" "$repo"/tools/ftcpctl/{attr,object}.c <<-'EOT'
	import re, sys, yaml

	spec = yaml.safe_load(open(sys.argv[1]))
	source = open(sys.argv[2]).read() + open(sys.argv[3]).read()
	known = dict(re.findall(r'\[(FTCP_\w+)\] = \{ \.type = NLA_(\w+)', source) +
	             re.findall(r'\{ (FTCP_A_\w+), NLA_(\w+),', source))
	kinds = { 'u8': 'U8', 'u16': 'U16', 'u32': 'U32', 'u64': 'U64',
	          'string': 'STRING', 'nest': 'NESTED' }
	wrong = 0
	for group in spec['attribute-sets']:
	    prefix = { 'faketcp': 'FTCP_A_', 'allowed-ip': 'FTCP_ALLOWED_IP_' }
	    if group['name'] not in prefix:
	        continue    # of counters, whose length is looked at one by one
	    for attr in group['attributes']:
	        name = prefix[group['name']] + attr['name'].upper().replace('-', '_')
	        kind = kinds.get(attr['type'])
	        if kind and known.get(name) != kind:
	            print(name, 'is', kind, 'not', known.get(name))
	            wrong = 1
	sys.exit(wrong)
	EOT
}
if /usr/bin/python3 -c 'import yaml' 2> /dev/null; then
	check 'ftcpctl knows the type of every attribute' policy
else
	skip 'ftcpctl knows the type of every attribute' 'no python3-yaml'
fi

# In which layer each file of the module is says a table in theory.md, from top to
# bottom; and no file includes one of a layer above its own.
layers()
{
	/usr/bin/python3 - "${1:-$repo/module}" "$repo/Documentation/theory.md" <<-'EOT'
	import os, re, sys

	top, theory = sys.argv[1:]
	table = open(theory).read().split('\n## Layers\n')[1].split('\n## ')[0]
	rows = re.findall(r'^\| \w+ \| [^|]* \| (`.*`) \|$', table, re.M)
	layers = { name: -rank for rank, row in enumerate(rows)
	           for name in re.findall('`([^`]*)`', row) }

	def name_of(path):
	    first, *rest = path.split('/')
	    return first + '/' if rest else first.rsplit('.')[0]

	paths = [os.path.relpath(os.path.join(where, file), top)
	         for where, _, files in os.walk(top) for file in files
	         if file.endswith(('.c', '.h'))]
	wrong = [name + ' is of no layer' for name in { name_of(p) for p in paths } - set(layers)]
	wrong += [name + ' is in the table only' for name in set(layers) - { name_of(p) for p in paths }]
	for path in paths if not wrong else []:
	    for inc in re.findall(r'^#include ["<](\S+)[">]', open(os.path.join(top, path)).read(), re.M):
	        beside = os.path.normpath(os.path.join(os.path.dirname(path), inc))
	        file = next((f for f in (beside, inc) if f in paths), None)
	        if file and layers[name_of(file)] > layers[name_of(path)]:
	            wrong.append(path + ' includes ' + inc + ', which is above it')
	print('\n'.join(wrong))
	sys.exit(bool(wrong) or len(rows) < 4)
	EOT
}
check 'no file of the module includes one of a layer above its own' layers

# Nor is one overlooked
layers_broken()
{
	local copy=$tmp/layers

	rm -rf "$copy"
	cp -r "$repo/module" "$copy" && echo "$1" >> "$copy/$2" &&
		! layers "$copy" > "$tmp/wrong" && grep -qF "$3" "$tmp/wrong"
}
check 'an include that points upwards is noticed' \
	layers_broken '#include "datapath.h"' flow.c 'flow.c includes datapath.h'
check '... also of a header, and from the core' \
	layers_broken '#include "../session.h"' core/conn.h 'core/conn.h includes ../session.h'
check 'a file that is in no layer is noticed' \
	layers_broken '' another.c 'another is of no layer'

# All have one set of macros, mdoc(7)'s, which say what a word is; mandoc would take
# man(7)'s as well.
lint()
{
	local output

	grep -q '^\.Dd ' "$1" || { echo "$1: not mdoc(7)"; return 1; }
	output=$(mandoc -T lint -W warning "$1" 2>&1 | grep -v 'outdated mandoc.db')
	echo "$output"
	[ -z "$output" ]
}
if command -v mandoc > /dev/null; then
	for page in "$pages"/*.8; do
		check "the manual page ${page##*/} is sound" lint "$page"
	done
	printf '.TH X 8\n.SH NAME\nx \\- y\n' > "$tmp/x.8"
	check_fails '... and one of other macros is not' lint "$tmp/x.8"
else
	skip 'the manual pages are sound' 'no mandoc'
fi

# mentions WORD...: the manual page of ftcpctl, as text
text=$(sed -e 's/\\e//g' -e 's/^\.[A-Z][a-z] //' "$pages/ftcpctl.8")
mentions()
{
	local word status=0

	for word; do
		grep -qwF -e "$word" <<< "$text" && continue
		echo "$word"
		status=1
	done
	return $status
}
check 'it mentions every word of --help' mentions dev $(
	for verb in 'add tunnel' 'set peer' 'del flow' 'add rules' show top monitor resolve; do
		# shellcheck disable=SC2086
		ftcpctl $verb --help
	done | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | grep -v ftcpctl | sort -u)
check 'it mentions every reason of a drop' mentions $(
	sed -n '/name-prefix: ftcp-drop-/,/^operations/s/^ *name: //p' "$spec" |
	grep -v '^pad$')

# The options of ftcptun, and the entries of its page: the same, neither more nor fewer.
ftcptun_options()
{
	local verb

	for verb in client server ip; do
		"$repo/tools/ftcptun/ftcptun" $verb --help || return
	done | grep -oE '^  (-[a-zA-Z0-9], |    )--[a-z0-9-]+' | grep -o -e '--.*' | sort -u
}
ftcptun_entries()
{
	sed -n 's/^\.It Fl //p' "$1" | grep -oE '(^| )-[a-z0-9-]+' | sed 's/^ *-/--/' | sort -u
}
entries_right() { diff <(ftcptun_options) <(ftcptun_entries "$1"); }
check 'the manual page of ftcptun has an entry for each option' \
	entries_right "$pages/ftcptun.8"
sed '/^\.It Fl -mtu/d' "$pages/ftcptun.8" > "$tmp/ftcptun.8"
check_fails '... or one is missed' entries_right "$tmp/ftcptun.8"
# what the documents name in backquotes, and is not there
missing()
{
	local path

	cat "$@" | grep -oE '`(module|tools|selftests|Documentation)/[A-Za-z0-9_./-]+`' |
		tr -d '\`' | sort -u | while read -r path; do
			[ -e "$repo/$path" ] || echo "$path"
		done
}
files_exist()
{
	local none

	none=$(missing "$repo/README.md" "$repo"/Documentation/*.md)
	[ -z "$none" ] || { echo "$none"; return 1; }
}
check 'every file that the documents name is there' files_exist
echo 'See `module/nobody.c`.' > "$tmp/document"
check '... or is missed' [ "$(missing "$tmp/document")" = module/nobody.c ]
finish
