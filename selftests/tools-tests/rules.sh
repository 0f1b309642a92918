#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Policy-routing rules: what `add rules --dry-run' prints is what ip takes, and
# what `show rules' and `del rules' then find.  Needs no module: a veth device
# is the link.

. "$(dirname "$0")/../lib.sh"

start
[ ! -e /sys/module/faketcp ] || skip_all 'the module is loaded'
namespace "$C" || bail_out 'no namespaces'
ip -n "$C" link add ftcp0 type veth peer name other || skip_all 'no veth'
for dev in lo ftcp0 other; do
	ip -n "$C" link set "$dev" up
done

add=(ftcpctl add rules tunnel wg dev ftcp0)
del=(ftcpctl del rules tunnel wg dev ftcp0)
show=(ftcpctl show rules)

# The whole of what is installed, whoever did
state()
{
	local f

	for f in -4 -6; do
		c ip $f rule
		c ip $f route show table all proto 102
	done
}
before=$(state)

# prints EXPECTED COMMAND...
prints()
{
	local expected=$1 output

	shift
	output=$("$@") || return
	[ "$output" = "$expected" ] || {
		echo "expected: $expected"
		echo "output: $output"
		return 1
	}
}

table=1721665302
rule="protocol 102"
from="fwmark 0/0x20000000 ipproto udp"
dry="ftcpctl set tunnel wg dev ftcp0 fwmark 0x20000000
ip -4 route add default dev ftcp0 table $table proto 102
ip -4 rule add pref 6000 $from sport 5 lookup $table $rule
ip -4 rule add pref 6000 $from dport 6 lookup $table $rule
ip -6 route add default dev ftcp0 table $table proto 102
ip -6 rule add pref 6000 $from sport 5 lookup $table $rule
ip -6 rule add pref 6000 $from dport 6 lookup $table $rule"
check 'add --dry-run' prints "$dry" c "${add[@]}" sport 5 dport 6 --dry-run
check 'add -4 --dry-run' prints "$(sed -n '1,3p' <<< "$dry")" \
	c "${add[@]}" sport 5 -4 --dry-run
check 'add --dry-run for this host only' prints \
"ip -4 route add default dev ftcp0 table $table proto 102
ip -4 rule add pref 6000 iif ftcp0 ipproto udp lookup $table $rule nop
ip -4 rule add pref 6000 iif lo ipproto udp sport 5 lookup $table $rule" \
	c "${add[@]}" sport 5 local-only -4 --dry-run
check 'add --dry-run with a table, a preference, for this host only' prints \
"ip -6 route add default dev ftcp0 table 7 proto 102
ip -6 rule add pref 9 iif lo ipproto udp dport 6 lookup 7 $rule" \
	c "${add[@]}" dport 6 table 7 pref 9 local-only -6 --dry-run
check 'and nothing has changed' prints "$before" state
check_refused 'without ports it has to ask the tunnel' 'modprobe faketcp' \
	c "${add[@]}" --dry-run

check 'ip takes the commands' c sh -e -c "$(sed 1d <<< "$dry")"
check 'show rules' prints \
"PREF  FAMILY  STEERS       IF                   TABLE       LINK   TUNNEL
6000  IPv4    udp sport 5  fwmark 0/0x20000000  $table  ftcp0  wg
6000  IPv4    udp dport 6  fwmark 0/0x20000000  $table  ftcp0  wg
6000  IPv6    udp sport 5  fwmark 0/0x20000000  $table  ftcp0  wg
6000  IPv6    udp dport 6  fwmark 0/0x20000000  $table  ftcp0  wg" \
	c "${show[@]}" dev ftcp0 tunnel wg
check 'show rules of one family' prints 3 sh -c \
	"nsenter --net=/run/netns/$C ftcpctl show rules -6 | wc -l"
check 'show rules of another link: nothing' prints '' c "${show[@]}" dev lo
check 'show rules --json of another link' prints '[]' c "${show[@]}" dev lo --json
check 'show rules --json' prints \
"[
{\"family\":\"ipv4\",\"pref\":6000,\"sport\":5,\"fwmask\":536870912,\"nop\":false,\"table\":$table,\"link\":\"ftcp0\"},
{\"family\":\"ipv4\",\"pref\":6000,\"dport\":6,\"fwmask\":536870912,\"nop\":false,\"table\":$table,\"link\":\"ftcp0\"}
]" c "${show[@]}" -4 --json
check 'the same from outside' prints "$(c "${show[@]}" --json)" \
	ftcpctl -n "$C" show rules --json
check 'also by path, in a batch' prints "$(c "${show[@]}" -6 --json)" \
	ftcpctl -4 -netns "/run/netns/$C" -batch <(echo '-6 show rules --json')

# Names are those in /etc/netns, and whoever called keeps their own.
cat > "$tmp/named" <<-'EOT'
	mount -t tmpfs tmpfs /etc && mkdir -p "/etc/netns/$1" || exit
	echo 'hosts: files' > /etc/nsswitch.conf
	: > /etc/hosts
	echo 192.0.2.1 nosuch.test > "/etc/netns/$1/hosts"
	ftcpctl -n "$1" add tunnel t dev ftcp0 listen 127.0.0.1:1 remote nosuch.test:1
	status=$?
	[ ! -s /etc/hosts ] && exit $status
EOT
check_refused 'names as ip-netns(8) says' '^ftcpctl: .*modprobe faketcp)$' \
	unshare --mount --propagation private sh "$tmp/named" "$C"

# Somebody else's rule and route of the same kind
c ip rule add pref 6000 ipproto udp sport 5 lookup "$table"
c ip route add 192.0.2.0/24 dev ftcp0 table "$table"
after=$(state)
check 'del --dry-run' prints "$(sed -e 1d -e 's/ add / del /' <<< "$dry" |
				sort)" \
	sh -c "nsenter --net=/run/netns/$C ${del[*]} --dry-run | sort"
check 'and nothing has changed' prints "$after" state
check_refused "del of another tunnel's" 'no rules of tunnel "x"' \
	c ftcpctl del rules tunnel x dev ftcp0
check 'nothing has changed' prints "$after" state
check 'del' c "${del[@]}"
c ip rule del pref 6000 ipproto udp sport 5 lookup "$table"
check 'what ftcpctl had not installed is still there' \
	c ip route del 192.0.2.0/24 dev ftcp0 table "$table"
check 'everything is as it was' prints "$before" state
check_refused 'del when there is nothing' 'no rules of tunnel "wg" on ftcp0' \
	c "${del[@]}"
check 'show when there is nothing' prints '' c "${show[@]}"

# The link is gone, and its routes with it, but not the rules
check 'again, for this host only' c sh -e -c \
	"$(c "${add[@]}" sport 5 local-only --dry-run)"
ip -n "$C" link del ftcp0
check 'show after the link has gone' prints \
"PREF  FAMILY  STEERS       IF         TABLE       LINK      TUNNEL
6000  IPv4    nothing      iif ftcp0  $table  no route  -
6000  IPv4    udp sport 5  iif lo     $table  no route  -
6000  IPv6    udp sport 5  iif lo     $table  no route  -" c "${show[@]}"
check 'del after the link has gone' c "${del[@]}"
check 'nothing is left' prints "$before" state

# Names of links are bytes: characters stay what they are, and take one column
named()
{
	ip -n "$C" link add "$1" type veth peer name far &&
		ip -n "$C" link set "$1" up &&
		c sh -e -c "$(c ftcpctl add rules tunnel wg dev "$1" sport 5 \
			local-only -4 --dry-run)"
}
unnamed()
{
	c ftcpctl del rules tunnel wg dev "$1" && ip -n "$C" link del "$1"
}
# in_line HEADING: the columns before this one are as wide in each line
in_line()
{
	local LC_ALL=C.UTF-8 lines line at

	mapfile -t lines < <(c "${show[@]}")
	at=${lines[0]%%"$1"*}
	for line in "${lines[@]:1}"; do
		[ "${line:$((${#at} - 1)):2}" = ' -' ] || { echo "$line"; return 1; }
	done
}
for name in wörk € 日本 𝄞; do
	check "a link named $name" named "$name"
	check 'it is found by what show rules --json says' \
		c ip link show dev "$(c "${show[@]}" --json | jq -r '.[0].link')"
	check 'the columns are in line' in_line TUNNEL
	check 'it is forgotten' unnamed "$name"
done
# Neither whole, nor the shortest form, nor a character
for name in $'w\xf6rk' $'a\xe2\x82' $'\xc0\xaf' $'\xed\xbf\xbf' $'\xf4\x90\x80\x80'; do
	printf -v text %q "$name"
	check "a link named $text" named "$name"
	check 'it is JSON' sh -c "nsenter --net=/run/netns/$C ${show[*]} --json |
		iconv -f UTF-8 -t UTF-8 | jq -e '.[0].link | length > 1'"
	check 'it is forgotten' unnamed "$name"
done

finish
