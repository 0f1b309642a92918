#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Policy-routing rules: what `add rules --dry-run' prints is what ip takes, and
# what `del rules' then finds.  Needs no module: a veth device
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
check "ip knows that they are ftcpctl's" prints 4 eval \
	'{ c ip -4 rule; c ip -6 rule; } | grep -c " proto 102$"'
check 'the same from outside' prints "$(c "${del[@]}" --dry-run)" \
	ftcpctl -n "$C" "${del[@]:1}" --dry-run
check 'also by path, in a batch' prints "$(c "${del[@]}" -6 --dry-run)" \
	ftcpctl -4 -netns "/run/netns/$C" -batch <(echo "-6 ${del[*]:1} --dry-run")

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

# Whole packets: with a table of main's better routes before that of the tunnel
table_line="ip -4 route add default dev ftcp0 table $table proto 102"
main="lookup 254 $rule suppress_prefixlength 0"
check 'all packets' prints "ftcpctl set tunnel wg dev ftcp0 fwmark 0x20000000
$table_line
ip -4 rule add pref 6000 fwmark 0/0x20000000 $main
ip -4 rule add pref 6001 fwmark 0/0x20000000 lookup $table $rule" \
	c "${add[@]}" all -4 --dry-run
check 'those with a mark' prints "$table_line
ip -4 rule add pref 7 fwmark 0x5/0xffffffff $main
ip -4 rule add pref 8 fwmark 0x5/0xffffffff lookup $table $rule" \
	c "${add[@]}" fwmark 5 pref 7 -4 --dry-run
commands=$(c "${add[@]}" fwmark 5 --dry-run)
check 'ip takes the commands' c sh -e -c "$commands"
# another tunnel's, and somebody else's
c sh -c "$(ftcpctl add rules tunnel x dev other fwmark 6 -4 --dry-run)"
c ip rule add pref 6000 fwmark 5 lookup main suppress_prefixlength 0
check 'del --dry-run' prints "$(sed 's/ add / del /' <<< "$commands" | sort)" \
	sh -c "nsenter --net=/run/netns/$C ${del[*]} --dry-run | sort"
check 'del' c "${del[@]}"
check '... of the other one' c ftcpctl del rules tunnel x dev other
check 'what ftcpctl had not installed is still there' \
	c ip rule del pref 6000 fwmark 5 lookup main suppress_prefixlength 0
check 'everything is as it was' prints "$before" state

# Two tunnels that are not to have what has a mark share the rule that looks in main
both()
{
	c sh -e -c "$(c "${add[@]}" all --dry-run | sed 1d)"
	c sh -e -c "$(ftcpctl add rules tunnel x dev other all --dry-run |
		sed -e 1d -e /suppress_prefixlength/d)"
}
c sh -e -c "$(ftcpctl add rules tunnel x dev other all --dry-run | sed 1d)"
alone=$(state)
c ftcpctl del rules tunnel x dev other
check 'two tunnels with one mark' both
check 'del of the one leaves what the other needs' c "${del[@]}"
check '... just that' prints "$alone" state
check '... and del of the other one' c ftcpctl del rules tunnel x dev other
check '... nothing' prints "$before" state

# The link is gone, and its routes with it, but not the rules
check 'again, for this host only' c sh -e -c \
	"$(c "${add[@]}" sport 5 local-only --dry-run)"
ip -n "$C" link del ftcp0
check 'dry, after the link has gone' prints \
"ip -4 rule del pref 6000 iif ftcp0 ipproto udp lookup $table $rule nop
ip -4 rule del pref 6000 iif lo ipproto udp sport 5 lookup $table $rule
ip -6 rule del pref 6000 iif lo ipproto udp sport 5 lookup $table $rule" \
	c "${del[@]}" --dry-run
check 'del after the link has gone' c "${del[@]}"
check 'nothing is left' prints "$before" state

# Names of links are bytes
for link in wörk € 日本 𝄞 $'w\xf6rk'; do
	printf -v text %q "$link"
	ip -n "$C" link add "$link" type veth peer name far
	ip -n "$C" link set "$link" up
	check "a link named $text" c sh -e -c "$(c ftcpctl add rules tunnel wg dev "$link" \
		sport 5 local-only -4 --dry-run)"
	check 'its route is found' eval 'c ftcpctl del rules tunnel wg dev "$link" --dry-run |
		LC_ALL=C grep -aF "default dev $link table"'
	check 'it is forgotten' c ftcpctl del rules tunnel wg dev "$link"
	ip -n "$C" link del "$link"
done

finish
