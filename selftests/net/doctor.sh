#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `ftcpctl doctor' names what is wrong, and what it says to do mends it.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
mkdir -p "$tmp/bin"

# doctor NAMESPACE [HOST:PORT]: what it says is in $tmp/said
doctor()
{
	local ns=$1

	shift
	in_ns "$ns" env PATH="$tmp/bin:$PATH" ftcpctl doctor "$@" > "$tmp/said" 2>&1
}
# Nothing is wrong, and it says so by its exit status, too
healthy()
{
	doctor "$@" && ! grep '^!!' "$tmp/said" || { cat "$tmp/said"; return 1; }
}
# said CHECK WORDS: of that check, lines put together
said()
{
	awk -v check="$1" '
		/^(ok|--|!!) / { on = substr($0, 4, length(check)) == check; mark = $1 }
		on { sub(/^ +/, " "); line = line $0 }
		END { print line }' "$tmp/said" | grep -q "^!!.*$2" ||
		{ cat "$tmp/said"; return 1; }
}
# names CHECK WORDS NAMESPACE [HOST:PORT]: it is wrong, and named
names()
{
	doctor "${@:3}"
	[ $? -eq 1 ] && said "$1" "$2" || { cat "$tmp/said"; return 1; }
}
# mend_of CHECK: the command that it prints behind the first fault there
mend_of()
{
	awk -v check="$1" '
		/^(ok|--|!!) / { on = $1 == "!!" && substr($0, 4, length(check)) == check; cmd = 0 }
		on && /^   mend: / { cmd = 1 }
		on && cmd { sub(/^   mend: /, ""); more = sub(/ \\$/, ""); line = line " " $0
			if (!more) { print line; exit } }' "$tmp/said"
}
# mends CHECK NAMESPACE: do what it said
mends()
{
	local command

	command=$(mend_of "$1")
	echo "$command"
	[ -n "$command" ] && in_ns "$2" env PATH="$tmp/bin:$PATH" sh -c "$command"
}
# broken NAME CHECK WORDS NAMESPACE: named, mended by what it says, and well again
broken()
{
	check "$1: named" names "$2" "$3" "$4"
	check "... what it says mends it" mends "$2" "$4"
	check '... and all is well' healthy "$4"
}
narrow()
{
	[ "$(awk '{ print length }' "$tmp/said" | sort -n | tail -1)" -le 80 ] ||
		{ cat "$tmp/said"; return 1; }
}

# ---- As it should be ----

proxy
server echo "$S" echo --bind 127.0.0.1:5555
talk() { c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3; }
check 'it works' talk
check 'a server is healthy' healthy "$S"
check '... in 80 columns' narrow
check 'a client is healthy' healthy "$C"
check '... in 80 columns' narrow
check '... and its far end is native' grep -q 'answers like faketcp' "$tmp/said"
check '... where UDP is blocked is told' eval 'tr -s " \n" " " < "$tmp/said" |
	grep -q "from behind $RC4: it is blocked"'
check 'in JSON, too' eval 'c ftcpctl doctor --json |
	jq -e "all(.[]; .state != \"fault\" and has(\"check\") and has(\"text\"))"'
check 'a far end by its name' healthy "$C" "$S4:4567"
check '... of IPv6' healthy "$C" "[$S6]:4567"

# ---- The server ----

ip -n "$S" link set ftcp0 down
broken 'a link that is down' link 'ftcp0 is down' "$S"

s nft add table inet fw
s nft add chain inet fw input '{ type filter hook input priority 0; policy drop; }'
s nft add rule inet fw input iifname lo accept
s nft add rule inet fw input ct state established,related accept
s nft add rule inet fw input tcp dport '{ 22, 80-90 }' accept
s nft add rule inet fw input meta l4proto '{ icmp, ipv6-icmp }' accept
broken 'a firewall that drops the port' filter 'TCP port 4567 are dropped by input of table inet fw' "$S"
s nft delete table inet fw

finish
