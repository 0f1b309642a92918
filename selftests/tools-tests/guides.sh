#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/guides.md as far as it needs no module: its files are understood, a
# module is signed by its commands, and each section is in its place.

. "$(dirname "$0")/../lib.sh"
. "$repo/selftests/lib/guides.sh"

start
guides "$tmp/guides"
understood()
{
	local file n=0

	for file in "$tmp"/guides/*/*-file-*; do
		cp "$file" "$tmp/ftcp0.conf"
		unshare -n ftcpctl apply "$tmp/ftcp0.conf" --dry-run > "$tmp/out" &&
			grep -q '^ftcpctl add tunnel' "$tmp/out" || { echo "$file"; return 1; }
		n=$((n + 1))
	done
	# or they were not found
	[ "$n" -ge 16 ] || { echo "only $n files"; return 1; }
}
check 'its files' understood
# so that the servers and clients of a section are not taken for those of another one
check 'one file for each in each section' eval \
	'[ -z "$(cd "$tmp/guides" && ls -d */*-file-* | sed "s/-[0-9]*$//" | sort | uniq -d)" ]'

# signed: the commands of Secure Boot, but those for the machine's firmware, about a copy
signed()
{
	local dir=$1 module=$2 file

	mkdir "$tmp/sign" && cp "$module" "$tmp/sign/faketcp.ko" && cd "$tmp/sign" || return
	for file in "$tmp/guides/secure-boot/module-run-"*; do
		sed "/^mokutil/d; s,/lib/modules/\$(uname -r)/build,$dir,
			s,\$(modinfo -n faketcp),./faketcp.ko,; s,signer faketcp$,signer ./faketcp.ko," \
			"$file" > run
		sh -e run 2> err || { cat err; return 1; }
	done | tee out
	grep -qx faketcp out && [ -s MOK.der ] && [ -s MOK.priv ]
}
for dir in /lib/modules/*/build /usr/lib/linux-kbuild-*; do
	[ ! -x "$dir/scripts/sign-file" ] || break
done
module=$(find "$repo/build" -maxdepth 2 -name faketcp.ko -print -quit 2> /dev/null)
if [ ! -x "$dir/scripts/sign-file" ] || [ ! -x "$(type -P openssl)" ]; then
	skip 'a module is signed' 'no sign-file of a kernel, or no openssl'
elif [ -z "$module" ]; then
	skip 'a module is signed' 'none is built'
else
	check 'a module is signed' signed "$dir" "$module"
	check 'the key is nobody else'\''s' eval '[ "$(stat -c %a "$tmp/sign/MOK.priv")" = 600 ]'
fi
finish
