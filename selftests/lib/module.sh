# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# The module: loaded, unused, removed, and nothing left of it.

owns_module=

module_file()
{
	echo "$repo/build/$(uname -r)/faketcp.ko"
}

module_load()
{
	local module dependency output

	[ -e /sys/module/faketcp ] && bail_out "the module is already loaded"
	module=$(module_file)
	[ -e "$module" ] || bail_out "no $module: make module"
	for dependency in $(modinfo -F depends "$module" | tr , ' '); do
		modprobe "$dependency"
	done
	output=$(insmod "$module" "$@" 2>&1) || bail_out "$output"
	owns_module=1
}

# module_refs [NUMBER]: print how many use it; or: are there so many?
module_refs()
{
	local name refs

	while read -r name _ refs _; do
		[ "$name" = faketcp ] || continue
		echo "$refs"
		[ "$refs" = "${1:-$refs}" ]
		return
	done < /proc/modules
	return 1
}

# Nobody uses it: users go with the work queues that take namespaces down.
module_unused()
{
	wait_for 10 module_refs 0 || {
		echo "faketcp has $(module_refs) users"
		return 1
	}
}

slabs_gone()
{
	if [ -e /proc/slabinfo ] && grep -E '^(faketcp|ftcp)' /proc/slabinfo; then
		return 1
	fi
}

kmemleak_clean()
{
	local report

	echo scan > /sys/kernel/debug/kmemleak
	report=$(cat /sys/kernel/debug/kmemleak)
	[ -z "$report" ] || {
		echo "$report"
		return 1
	}
}

# After everything has been deleted: nothing is left of it.
module_memory_back()
{
	check 'nothing uses the module any more' module_unused
	check 'the module can be removed' rmmod faketcp
	check 'its memory is freed' slabs_gone
	if [ -w /sys/kernel/debug/kmemleak ]; then
		check 'kmemleak finds nothing' kmemleak_clean
	fi
	owns_module=
}

dmesg_clean()
{
	local log

	log=$(dmesg | sed "1,/$dmesg_mark/d" | grep -E -A 40 "$kernel_warnings")
	[ -z "$log" ] || not_ok 'the kernel log has no warning' "$log"
}
