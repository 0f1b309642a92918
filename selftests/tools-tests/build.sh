#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tools build and install as those who package them do it: without the headers
# of a kernel.

. "$(dirname "$0")/../lib.sh"

start
unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS CFLAGS LDFLAGS LDLIBS SANITIZE

# A copy of the sources, with the tools as they are built here, which need not be
# built again
tree=$tmp/tree
mkdir -p "$tree/build"
cp -a -t "$tree" "$repo/Makefile" "$repo/Kbuild" "$repo/module" "$repo/tools" \
	"$repo/Documentation"
cp -a -t "$tree/build" "$repo/build/ftcptun"
# make_tree VARIABLE=VALUE... TARGET...: what it says is in $tmp/said
make_tree()
{
	make -C "$tree" -j"$(nproc)" "$@" > "$tmp/said" 2>&1 || {
		tail -n 20 "$tmp/said"
		return 1
	}
}

root=$tmp/root
check 'make install without the headers of a kernel' \
	make_tree KVER= DESTDIR="$root" PREFIX=/usr install
check 'it says what was left out, and why' grep -q \
	'^No kernel headers are installed: the module is left out' "$tmp/said"
check_fails 'the module alone is an error' make -C "$tree" KVER= module
for tool in ftcpctl ftcptun; do
	check "$tool is installed" test -x "$root/usr/sbin/$tool"
	check "and its manual page" test -s "$root/usr/share/man/man8/$tool.8"
done
finish
