#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What make install puts in place for other programs: systemd-networkd leaves the
# rules of `ftcpctl add rules' alone, ip knows whose they are, a timer looks names up
# again, and a unit keeps peers equal to a table.

. "$(dirname "$0")/../lib.sh"

start
unset MAKEFLAGS MFLAGS MAKELEVEL
root=$tmp/root
installs()
{
	make -s -C "$repo/tools/ftcpctl" DESTDIR="$root" PREFIX="$1" install
}
check 'make install' installs /usr/local
export networkd_conf=$root/usr/local/lib/systemd/networkd.conf.d/faketcp.conf
export protos_conf=$root/etc/iproute2/rt_protos.d/faketcp.conf
check 'a setting for systemd-networkd' test -s "$networkd_conf"
check 'an entry for ip' test -s "$protos_conf"

units=$root/usr/local/lib/systemd/system
check 'a unit knows where ftcpctl is' \
	grep -qx 'ExecStart=/usr/local/sbin/ftcpctl resolve' "$units/faketcp-resolve.service"
# For systemd to find ftcpctl, which need not be installed
sed "s|=/usr/local/sbin/ftcpctl|=$(type -P ftcpctl)|" "$units/faketcp-resolve.service" \
	> "$tmp/faketcp-resolve.service"
cp "$units/faketcp-resolve.timer" "$tmp"
check 'so does that of a link' eval '[ "$(grep -c "=/usr/local/sbin/ftcpctl" \
	"$units/faketcp@.service")" = 3 ]'
check 'a place for files of links' test -d "$root/etc/faketcp"
sed "s|=/usr/local/sbin/ftcpctl|=$(type -P ftcpctl)|" "$units/faketcp@.service" \
	> "$tmp/faketcp@ftcp0.service"
cp "$units/faketcp.target" "$tmp"
cp -r "$units/wg-quick@.service.d" "$tmp/wg-quick@wg0.service.d"
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' > "$tmp/wg-quick@wg0.service"
check 'wg-quick comes after the links' eval 'grep -qx After=faketcp.target \
	"$tmp/wg-quick@wg0.service.d/faketcp.conf" && grep -qx Before=faketcp.target \
	"$tmp/faketcp@ftcp0.service"'
if [ -x "$repo/tools/ftcphosts/ftcphosts" ]; then
	hosts=$tmp/hosts/faketcp-hosts@.service
	mkdir "$tmp/hosts"
	check 'make install of ftcphosts' make -s -C "$repo/tools/ftcphosts" \
		DESTDIR="$tmp/hosts" PREFIX=/usr install
	check 'its unit knows where it is' grep -q '^ExecStart=/usr/sbin/ftcphosts ' \
		"$tmp/hosts/usr/lib/systemd/system/faketcp-hosts@.service"
	sed "s|=/usr/sbin/ftcphosts|=$repo/tools/ftcphosts/ftcphosts|" \
		"$tmp/hosts/usr/lib/systemd/system/faketcp-hosts@.service" > "$hosts"
	cp "$hosts" "$tmp/hosts/faketcp-hosts@lan.service"
	if [ -x "$(type -P systemd-analyze)" ]; then
		check 'systemd understands it' eval '[ -z "$(systemd-analyze verify \
			--man=no "$tmp/hosts/faketcp-hosts@lan.service" 2>&1 |
			tee /dev/stderr | grep -F faketcp-hosts)" ]'
	fi
	check 'make uninstall takes it away' eval 'make -s -C "$repo/tools/ftcphosts" \
		DESTDIR="$tmp/hosts" PREFIX=/usr uninstall &&
		[ -z "$(find "$tmp/hosts/usr" -type f)" ]'
fi

if [ -x "$repo/tools/ftcptun/ftcptun" ]; then
	tun=$tmp/tun/faketcp-tun
	check 'make install of ftcptun' make -s -C "$repo/tools/ftcptun" \
		DESTDIR="$tun" PREFIX=/usr install
	check 'its unit knows where it is' grep -qxF 'ExecStart=/usr/sbin/ftcptun $FTCPTUN' \
		"$tun/usr/lib/systemd/system/ftcptun@.service"
	sed "s|=/usr/sbin/ftcptun|=$repo/tools/ftcptun/ftcptun|" \
		"$tun/usr/lib/systemd/system/ftcptun@.service" > "$tmp/ftcptun@lan.service"
	if [ -x "$(type -P systemd-analyze)" ]; then
		check 'systemd understands it' eval '[ -z "$(systemd-analyze verify \
			--man=no "$tmp/ftcptun@lan.service" 2>&1 |
			tee /dev/stderr | grep -F ftcptun@)" ]'
	fi
	check 'make uninstall takes it away' eval 'make -s -C "$repo/tools/ftcptun" \
		DESTDIR="$tun" PREFIX=/usr uninstall && [ -z "$(find "$tun" -type f)" ]'
fi

# DKMS gets every file that Kbuild names, and one version
dkms=$tmp/dkms
check 'make dkms-install' make -s -C "$repo" DESTDIR="$dkms" dkms-install
source=$(echo "$dkms"/usr/src/faketcp-*)
check 'dkms.conf has the version of the tools' grep -qxF \
	"PACKAGE_VERSION=\"${source##*/faketcp-}\"" "$source/dkms.conf"
check 'which is the module'"'"'s' grep -qxF \
	"MODULE_VERSION(\"${source##*/faketcp-}\");" "$source/module/main.c"
check 'and it is a script' bash -n "$source/dkms.conf"
check 'make dkms-uninstall' eval 'make -s -C "$repo" DESTDIR="$dkms" dkms-uninstall &&
	[ -z "$(find "$dkms" -type f)" ]'

# The packages have what make install installs, and no more
debs=$tmp/debs
not_built()
{
	[ -e "$repo/.git" ] || echo 'no git repository'
	[ -n "$(type -P dpkg-buildpackage)" ] || echo 'no dpkg-buildpackage'
	[ -n "$(type -P dh_dkms)" ] || echo 'no dh-dkms'
	[ -x "$repo/tools/ftcphosts/ftcphosts" ] || echo 'no ftcphosts'
}
# same_files PACKAGE DIR: but for what the policy wants in each
same_files()
{
	dpkg-deb -x "$debs/$1"_*.deb "$tmp/unpacked/$1"
	rm -r "$tmp/unpacked/$1/usr/share/doc"
	gunzip "$tmp/unpacked/$1"/usr/share/man/*/*.gz
	diff <(cd "$2" && find . -type f -o -type d -empty | sort) \
		<(cd "$tmp/unpacked/$1" && find . -type f -o -type d -empty | sort)
}
install_tool()
{
	make -s -C "$repo/tools/$1" DESTDIR="$tmp/as/$1" PREFIX=/usr install
	mkdir -p "$tmp/as/$1/etc/faketcp$2"
}
if [ -n "$(not_built)" ]; then
	skip 'make deb' "$(not_built | head -n 1)"
else
	mkdir "$tmp/unpacked"
	check 'make deb' env OUT="$debs" make -s -C "$repo" deb
	install_tool ftcpctl '' && check 'faketcp-tools' same_files faketcp-tools "$tmp/as/ftcpctl"
	install_tool ftcptun '' && check 'ftcptun' same_files ftcptun "$tmp/as/ftcptun"
	install_tool ftcphosts /hosts &&
		check 'faketcp-hosts' same_files faketcp-hosts "$tmp/as/ftcphosts"
	dpkg-deb -x "$debs"/faketcp-dkms_*.deb "$tmp/unpacked/dkms"
	dpkg-deb -x "$debs"/faketcp-dkms_*.deb "$tmp/unpacked/dkms"
	check 'faketcp-dkms has the sources' eval 'diff -r "$repo/module" \
		"$tmp"/unpacked/dkms/usr/src/faketcp-*/module &&
		cmp "$repo/Kbuild" "$tmp"/unpacked/dkms/usr/src/faketcp-*/Kbuild'
	version=$(dpkg-deb -f "$debs"/faketcp-dkms_*.deb Version)
	check 'dkms.conf has its version' grep -qxF "PACKAGE_VERSION=\"$version\"" \
		"$tmp/unpacked/dkms/usr/src/faketcp-$version/dkms.conf"
fi

if [ -x "$(type -P systemd-analyze)" ]; then
	check 'systemd understands it, and the timer' eval '[ -z "$(systemd-analyze verify \
		--man=no "$tmp/faketcp-resolve.service" "$tmp/faketcp-resolve.timer" 2>&1 |
		tee /dev/stderr | grep -F faketcp-resolve)" ]'
	check '... and that of a link' eval '[ -z "$(systemd-analyze verify \
		--man=no "$tmp/faketcp@ftcp0.service" "$tmp/wg-quick@wg0.service" 2>&1 |
		tee /dev/stderr | grep -F -e faketcp -e wg-quick)" ]'
else
	skip 'systemd understands it, and the timer' 'no systemd-analyze'
fi

# completes EXPECTED WORD...: what bash offers for the last word
completes()
{
	local expected=$1

	shift
	COMP_WORDS=(ftcpctl "$@") COMP_CWORD=$# COMPREPLY=()
	_ftcpctl ftcpctl "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
	echo "${COMPREPLY[*]}"
	[ "${COMPREPLY[*]}" = "$expected" ]
}
# shellcheck source=/dev/null
. "$root/usr/local/share/bash-completion/completions/ftcpctl"
check 'verbs are completed' completes 'set show save' s
check 'objects' completes 'tunnel peer flow rules link' del ''
check 'words' completes 'max-age max-bytes max-flows max-flows-per-source' \
	add tunnel t dev l routed idle 5 max
check '... that are not there yet' completes 'dev' del flow local a remote b ''
check 'kinds of examples' completes 'routed router' example rout
check 'values' completes 'auto' set tunnel t wire a
check '... that stand in place of addresses' completes 'none allowed-ips endpoint' \
	set peer p tunnel t dev l from ''
check '... and of a number' completes 'off' add tunnel t dev l routed max-bytes ''
check 'what can be shown' completes 'peers' show dev lo p
check 'names of links' completes 'lo' -4 show flows dev lo

# private COMMAND...: where nobody else sees links, rules and files
private() { unshare --net --mount --propagation private "$@"; }

# A rule of ftcpctl's, as ip shows it with the entry installed
shown_by_ip()
{
	mount -t tmpfs tmpfs /etc/iproute2 || return
	install -D -m 644 -t /etc/iproute2/rt_protos.d "$protos_conf"
	ftcpctl add rules tunnel t dev lo dport 51820 local-only --dry-run |
		grep '^ip -4 rule' > "$tmp/commands"
	sh -e "$tmp/commands"
	ip -4 rule show protocol faketcp
	ip -4 rule show | grep 'dport 51820.* proto faketcp$'
}
export tmp
export -f shown_by_ip
check 'ip shows whose the rules are' private bash -c shown_by_ip

# What networkd says of the rules that it finds when it starts.  /sys is read-only,
# as in a container, where it does not wait for udev.
networkd=/lib/systemd/systemd-networkd
run_networkd()
{
	local pid

	ip link set lo up
	ip rule add pref 6000 ipproto udp dport 51820 lookup 1717 protocol 102
	mount -t tmpfs tmpfs /run || return
	mount -t tmpfs tmpfs /etc/systemd || return
	mount -t tmpfs tmpfs /usr/local/lib || return
	mount -t sysfs -o ro sysfs /sys || return
	mkdir -p /run/systemd/network
	[ "$1" != with ] || install -D -m 644 -t /usr/local/lib/systemd/networkd.conf.d \
		"$networkd_conf"
	ip link add eth0 type veth peer name eth1
	ip link set eth0 up
	ip link set eth1 up
	printf '[Match]\nName=eth0\n[Network]\nAddress=10.9.9.2/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' \
		> /run/systemd/network/eth0.network
	# or what the one before said would be taken for its own
	: > "$tmp/networkd"
	SYSTEMD_LOG_LEVEL=debug "$networkd" > "$tmp/networkd" 2>&1 < /dev/null &
	pid=$!
	wait_for 10 grep -q 'eth0: .*-> configured' "$tmp/networkd"
	kill "$pid"
	wait "$pid"
	grep -q 'eth0: .*-> configured' "$tmp/networkd"
}
export networkd poll_fd
export -f run_networkd wait_for pause
takes_note() { grep -i 'foreign.*rule.*priority: 6000' "$tmp/networkd"; }
if [ ! -x "$networkd" ]; then
	skip 'networkd leaves the rules alone' 'no systemd-networkd'
elif ! private bash -c 'run_networkd without' || ! takes_note > /dev/null; then
	skip 'networkd leaves the rules alone' 'it does not say what it finds'
else
	check 'networkd runs with the setting' private bash -c 'run_networkd with'
	check_fails 'it leaves the rules alone' takes_note
	check_fails 'and understands the file' grep -i 'faketcp.conf' "$tmp/networkd"
fi

removed()
{
	make -s -C "$repo/tools/ftcpctl" DESTDIR="$root" uninstall
	find "$root" -type f
	[ -z "$(find "$root" -type f)" ]
}
check 'make uninstall takes all of it away' removed
finish
