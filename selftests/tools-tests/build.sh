#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tools build and install as those who package them do it: with flags of their
# own, and without the headers of a kernel; and they are hardened.

. "$(dirname "$0")/../lib.sh"

start
unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS CFLAGS LDFLAGS LDLIBS SANITIZE

# A copy of the sources, with the tools as they are built here, which need not be
# built again
tree=$tmp/tree
mkdir -p "$tree/build"
cp -a -t "$tree" "$repo/Makefile" "$repo/Kbuild" "$repo/module" "$repo/tools" \
	"$repo/Documentation"
cp -a -t "$tree/build" "$repo/build/ftcptun" \
	"$repo/build/ftcphosts"
forget()
{
	find "$tree/tools" '(' -name '*.[od]' -o -name ftcpctl -type f \
		-o -name ftcptun -type f -o -name ftcphosts -type f ')' -delete
	rm -rf "$tree/build"
}

# make_tree VARIABLE=VALUE... TARGET...: what it says is in $tmp/said
make_tree()
{
	make -C "$tree" -j"$(nproc)" "$@" > "$tmp/said" 2>&1 || {
		tail -n 20 "$tmp/said"
		return 1
	}
}

# build VARIABLE=VALUE... TARGET...: from nothing
build()
{
	forget
	make_tree "$@"
}

elf() { readelf -W "$@" "$program" 2>/dev/null; }
position_independent() { elf -d | grep -q 'FLAGS_1.*\<PIE\>'; }
relro() { elf -l | grep -q GNU_RELRO; }
bound_at_start() { elf -d | grep -q 'BIND_NOW\|FLAGS_1.*\<NOW\>'; }
no_executable_stack() { elf -l | grep -q 'GNU_STACK.* RW  *0x'; }
stack_protected() { elf --dyn-syms | grep -q '__stack_chk_fail\>'; }
fortified() { elf --dyn-syms | grep '__[a-z_0-9]*_chk\>' | grep -qv __stack_chk; }

root=$tmp/root
check 'make install without the headers of a kernel' \
	make_tree KVER= DESTDIR="$root" PREFIX=/usr install
check 'it says what was left out, and why' grep -q \
	'^No kernel headers are installed: the module is left out' "$tmp/said"
check_fails 'the module alone is an error' make -C "$tree" KVER= module
for tool in ftcpctl ftcptun ftcphosts; do
	program=$root/usr/sbin/$tool
	check "$tool is installed" test -x "$program"
	check "and its manual page" test -s "$root/usr/share/man/man8/$tool.8"
	check "$tool: position-independent" position_independent
	check "$tool: nothing is written to what the linker resolves" relro
	check "$tool: it resolves everything at the start" bound_at_start
	check "$tool: no code on the stack" no_executable_stack
	check "$tool: the stack is protected" stack_protected
	check "$tool: calls are checked (FORTIFY)" fortified
done

# as dpkg-buildflags gives them, and some that must win over ours
check 'flags of the user' build tools CPPFLAGS='-D_FORTIFY_SOURCE=3 -Wdate-time' \
	CFLAGS='-g -O1 -Werror -fno-stack-protector' \
	LDFLAGS='-Wl,-z,lazy -Wl,-z,defs' LDLIBS=-lm
for tool in ftcpctl ftcptun ftcphosts; do
	program=$tree/tools/$tool/$tool
	check_fails "$tool: without stack protector" stack_protected
	check_fails "$tool: lazy" bound_at_start
	check "$tool: still position-independent" position_independent
	check "$tool: calls are checked at the user's level" fortified
done

# remade_after FILE TOOL: with flags of the user as well
remade_after()
{
	touch "$tree/$1"
	make -n -C "$tree/tools/$2" CPPFLAGS=-DX CFLAGS=-O1 | grep -q 'main\.o'
}
check 'a header that changes, with those flags' \
	remade_after tools/version.h ftcptun
check 'flags of ours that change' remade_after tools/flags.mk ftcpctl

# A pkg-config that knows neither library
without() { make -n -C "$tree" PKG_CONFIG=false "$@" > "$tmp/said" 2>&1; }
check 'without the libraries of ftcphosts' without tools
check '... it is left out, which is said' grep -q 'ftcphosts is left out' \
	"$tmp/said"
check_fails '... and not built' grep -- '-C tools/ftcphosts' "$tmp/said"
check 'unless it is asked for' eval 'without ftcphosts &&
	grep -q -- "-C tools/ftcphosts" "$tmp/said"'
check 'no optimisation' build ftcpctl CFLAGS='-O0 -Werror'

static_program()
{
	build ftcpctl LDFLAGS=-static && ! elf -l | grep -q INTERP &&
		"$program" --version
}
program=$tree/tools/ftcpctl/ftcpctl
check 'a static program' static_program
finish
