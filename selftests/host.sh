# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What this machine can do, and which kernels it has; sourced by the scripts
# that prepare and run tests.

# The Linux versions that the tests run on when they cannot use the machine's; the
# last one is the newest that vm/backports-kernel finds.
# shellcheck disable=SC2034
tested_series='6.1 6.12 backports'

# Could this machine's kernel load a module, given one?
can_load_modules()
{
	local capabilities

	[ "$(id -u)" -eq 0 ] || return
	[ -e /proc/modules ] || return
	[ -e "/lib/modules/$(uname -r)/modules.dep" ] || return
	[ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" = 0 ] || return
	capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	(((0x$capabilities >> 16) & 1))		# CAP_SYS_MODULE
}

# The newest installed kernel image of a series, the cloud flavour if there is.
installed_kernel()
{
	local image found=

	while read -r image; do
		image=${image#/boot/vmlinuz-}
		[ -d "/lib/modules/$image/kernel" ] || continue
		case $found/$image in
		*-cloud-*/*-cloud-*)	found=$image ;;
		*-cloud-*/*)		;;
		*)			found=$image ;;
		esac
	done < <(compgen -G "/boot/vmlinuz-$1.*" | grep -v -e '-rt-' | sort -V)
	[ -n "$found" ] && echo "$found"
}

# Are the headers of that kernel there?
installed_headers()
{
	local version

	version=$(installed_kernel "$1") && [ -e "/lib/modules/$version/build" ]
}

# The newest kernel that the tests run on, of those that are installed with their
# headers.
newest_kernel()
{
	local series kernel=

	for series in $tested_series; do
		installed_headers "$series" && kernel=$(installed_kernel "$series")
	done
	[ -n "$kernel" ] && echo "$kernel"
}

# apt-cache, with its cache kept where the system, like a container, keeps none: a
# question would take seconds.
apt_cache()
{
	local dir

	dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build
	mkdir -p "$dir" 2>/dev/null
	apt-cache -o "Dir::Cache::pkgcache=$dir/apt-pkgcache.bin" \
		-o "Dir::Cache::srcpkgcache=$dir/apt-srcpkgcache.bin" "$@"
}

# What Debian calls the image of a series, without "linux-image-".
kernel_package()
{
	local name

	for name in "$1-cloud-amd64" cloud-amd64; do
		if apt_cache depends "linux-image-$name" 2>/dev/null |
		   grep -q "linux-image-${1//./\\.}\\."; then
			echo "$name"
			return
		fi
	done
}

# What the kernel log must not contain, as an extended regular expression.
kernel_warnings='WARNING: |BUG: |\bBUG at |Oops: |general protection fault'
kernel_warnings+='|Kernel panic|KASAN:|UBSAN:|kmemleak: [1-9]'
kernel_warnings+='|INFO: (task|rcu|possible|suspicious|inconsistent|trying)'
kernel_warnings+='|suspicious RCU usage|possible (recursive|circular|deadlock)'
kernel_warnings+='|unregister_netdevice: waiting|refcount_t: |soft lockup'
kernel_warnings+='|scheduling while atomic|sleeping function called'
kernel_warnings+='|Bad page state|Objects remaining in|ODEBUG:|leaked reference'

# Whether mounts can be made that nobody else sees: what a guest has for its root.
private_mounts()
{
	unshare --mount --propagation private true 2> /dev/null && return
	echo "this process cannot have mounts of its own.  Where / is no mount point, as in" \
		"a plain chroot, bind its directory onto itself before: mount --bind DIR DIR" >&2
	return 1
}
