# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The processors of another kind that the sources are compiled for, by Debian's cross
# compilers: s390x is big-endian, armhf has 32 bits.  Sourced.
#
# What is got or built once is kept in ~/.cache/faketcp/cross.

# shellcheck disable=SC2034
targets='s390x armhf'
cross_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/faketcp/cross
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

# give_up REASON: a test of its own that is skipped
give_up()
{
	echo "ok 1 ${0##*/} # SKIP $1"
	echo 1..1
	exit 4
}

# target NAME: what the other words for it are
target()
{
	# shellcheck disable=SC2034
	case $1 in
	s390x)	triple=s390x-linux-gnu machine=s390x arch=s390 config=defconfig ;;
	armhf)	triple=arm-linux-gnueabihf machine=arm arch=arm
		config=multi_v7_defconfig ;;
	*)	echo "one of $targets, not $1" >&2; exit 2 ;;
	esac
	qemu=$(command -v "qemu-$machine-static" || command -v "qemu-$machine")
	command -v "$triple-gcc" > /dev/null || give_up "there is no $triple-gcc"
}
