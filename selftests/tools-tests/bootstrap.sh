#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is installed for a purpose is what it needs: a newcomer who wants to see the
# demonstration is not made to fetch the sources of a kernel.

. "$(dirname "$0")/../lib.sh"

start
bootstrap=$selftests/bootstrap

# list PURPOSE: asked for once
list()
{
	[ -s "$tmp/$1" ] || "$bootstrap" --list "$1" > "$tmp/$1" || return
	cat "$tmp/$1"
}

# needs PURPOSE PACKAGE...: it asks for these, as patterns
needs()
{
	local list status=0 package

	list=$(list "$1") || return
	shift
	for package; do
		grep -Eqx -e "$package" <<< "$list" && continue
		echo "no $package in: ${list//$'\n'/ }"
		status=1
	done
	return "$status"
}

# needs_only PURPOSE PACKAGE...: and for nothing else
needs_only()
{
	local purpose=$1 extra

	shift
	extra=$(list "$purpose" |
		grep -vEx "$(IFS='|'; echo "$*")")
	[ -z "$extra" ] || { echo "${extra//$'\n'/ }"; return 1; }
}

# run_by TARGET PURPOSE [MODE]: that is what make asks for
run_by()
{
	make -n -s -C "$repo" "$1" MODE="${3:-}" |
		grep -qx "selftests/bootstrap $2"
}

building=(gcc libc6-dev make)
ftcpctl=(pkg-config libnl-genl-3-dev)
ftcptun=('lib[a-z-]*-dev')
networks=(iproute2 nftables conntrack iputils-ping procps)
kernel=(kmod 'linux-(image|headers)-.*' qemu-system-x86 busybox-static
	'virtiofsd|qemu-system-common')

check 'the demonstration gets what it uses' \
	needs demo "${building[@]}" "${ftcpctl[@]}" "${networks[@]}" \
	wireguard-tools iperf3 kmod
check 'and nothing else' \
	needs_only demo "${building[@]}" "${ftcpctl[@]}" "${networks[@]}" \
	wireguard-tools iperf3 "${kernel[@]}"
one_kernel() { [ "$(list demo | grep -c ^linux-image-)" -le 1 ]; }
check 'that is one kernel' one_kernel
check 'that of ftcptun gets what it uses' \
	needs demo-tun "${building[@]}" libnftables-dev libmnl-dev "${networks[@]}"
check 'and no kernel' \
	needs_only demo-tun "${building[@]}" "${ftcpctl[@]}" "${ftcptun[@]}" \
	"${networks[@]}"
# the commands of a section of the README
section()
{
	sed -n "/^##* $1/,/^##/p" "$repo/README.md"
}
named_in_readme()
{
	local library status=0

	for library in $(list demo-tun | grep -x 'lib.*-dev' | grep -v '^libc6-dev'); do
		section 'Building' | grep -q "apt-get.* $library" ||
			{ echo "Building: no $library"; status=1; }
		[ "$library" = libnl-genl-3-dev ] && continue
		section 'Without the module' | grep -q "apt-get.* $library" ||
			{ echo "Without the module: no $library"; status=1; }
	done
	return "$status"
}
check 'the libraries are those that the README names' named_in_readme
check 'the tests get the sources of a kernel' \
	needs check "${building[@]}" 'linux-source-[0-9.]*' mandoc python3-yaml
check 'and the libraries of ftcphosts' needs check libcurl4-openssl-dev libjson-c-dev openssl
check 'the quick ones get what builds User-mode Linux' \
	needs check-fast "${building[@]}" bison flex libelf-dev
no_qemu() { ! list "$1" | grep -E 'qemu|linux-image'; }
check 'and no other kernel' no_qemu check-fast
check 'nor do those on debug kernels' no_qemu check-debug
check 'make check-debug runs what asks for that' grep -q \
	'^selftests/bootstrap check-debug' "$selftests/check-debug"
check 'those for other processors get compilers for these' \
	needs check-cross "${building[@]}" gcc-s390x-linux-gnu \
	gcc-arm-linux-gnueabihf qemu-user sparse 'linux-source-[0-9.]*'
no_machine() { ! list "$1" | grep -E 'qemu-system|linux-(image|headers)'; }
check 'and no machine' no_machine check-cross
check 'make check-cross runs what asks for that' grep -q \
	'^selftests/bootstrap check-cross' "$selftests/check-cross"
check 'the fuzzers get a compiler that has them' \
	needs fuzz clang 'libclang-rt-[0-9]*-dev'
check 'and no kernel' needs_only fuzz "${building[@]}" clang 'libclang-rt-[0-9]*-dev' libjson-c-dev
check 'make demo asks for that' run_by demo demo
check 'make demo MODE=module asks for that' run_by demo demo module
check 'make demo MODE=tun asks for its own' run_by demo demo-tun tun
check_fails 'without a purpose it does nothing' "$bootstrap" --list
check_fails 'nor for an unknown one' "$bootstrap" --list frob
check 'what is missing can be asked' "$bootstrap" --dry-run demo demo-tun
finish
