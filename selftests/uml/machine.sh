# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Have a User-mode Linux kernel, and the module for it; sourced, in the
# repository's top directory.  ../results.sh comes before.

# uml_kernel plain|kasan|locks: have ${uml[NAME]}, a directory for ./run; fails, and
# says why, if there is none to be had here
declare -A uml=()
uml_kernel()
{
	local dir version

	dir=$(selftests/uml/build "$1") || return
	if ! selftests/uml/run --kernel "$dir" --timeout 120 -- true > "$results.uml" 2>&1; then
		sed 's/^/    # /' "$results.uml"
		echo "# User-mode Linux does not boot here"
		return 1
	fi
	version=$(ls "$dir/lib/modules")
	build "the module for User-mode Linux $version" make module \
		"KVER=$version" "KDIR=$dir/build" ARCH=um || return
	# shellcheck disable=SC2034
	uml[$1]=$dir
}
