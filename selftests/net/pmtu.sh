#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The largest datagram that passes a flow's path can be seen, follows what routers
# say of the path, and nothing else.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'tunnels' proxy
check '... over IPv6 as well' c ftcpctl add tunnel t6 dev ftcp0 \
	listen '[::1]:1234' remote "[$S6]:4567"
server echo "$S" echo --bind 127.0.0.1:5555

declare -A to=([4]=127.0.0.1:1234 [6]=[::1]:1234) tunnel=([4]=t [6]=t6) \
	host=([4]=$C4 [6]=[$C6]) far=([4]=$S4:4567 [6]=[$S6]:4567) \
	via=([4]=$RC4 [6]=[$RC6]) whole=([4]=1460 [6]=1440) less=([4]=1360 [6]=1340) \
	too_big=([4]=3,4,1300 [6]=2,0,1300)

# fits FAMILY: the largest payload, as the tunnel's one flow knows
fits() { flows "$C" ".[] | select(.tunnel == \"${tunnel[$1]}\").\"max-payload\""; }
fits_is()
{
	[ "$(fits "$1")" = "$2" ] || { echo "$(fits "$1"), not $2"; return 1; }
}
# refused FAMILY: ICMP errors that were not believed
refused() { c ftcpctl show tunnel "${tunnel[$1]}" --json | jq '.[0].drops.icmp'; }
refused_are()
{
	[ "$(refused "$1")" = "$2" ] || { echo "$(refused "$1"), not $2"; return 1; }
}
talk()
{
	c udptool send --to "${to[$1]}" --from "${to[$1]%:*}:7000" --size "$2" "${@:3}"
}
# forge FAMILY ARGUMENTS...: an ICMP error that quotes a segment of the flow
forge()
{
	r tcpraw send --from "${host[$1]}:${port[$1]}" --to "${far[$1]}" \
		--via "${via[$1]}" --icmp "${too_big[$1]}" --flags PA "${@:2}"
}

declare -A port
for family in 4 6; do
	check "IPv$family: a flow" talk $family ${whole[$family]}
	check "IPv$family: what its path carries" fits_is $family ${whole[$family]}
	local_end=$(flows "$C" ".[] | select(.tunnel == \"${tunnel[$family]}\").local")
	port[$family]=${local_end##*:}
done
check 'in the table as well' eval \
	"c ftcpctl show flows | awk '/PAYLOAD/ { for (i = 1; i <= NF; i++) if (\$i == \"PAYLOAD\") c = 1 }
	/ 1460 / { four = 1 } / 1440 / { six = 1 } END { exit !(c && four && six) }'"

# wireguard_is FAMILY MTU: for people and for programs, of the flow and of the tunnel
wireguard_is()
{
	c ftcpctl show flows tunnel "${tunnel[$1]}" | grep " $(($2 + 32))  *$2 " &&
		c ftcpctl show tunnel "${tunnel[$1]}" | grep "^  wireguard  MTU up to $2\$" &&
		for what in flows tunnels; do
			c ftcpctl show $what tunnel "${tunnel[$1]}" --json |
				jq -e ".[0].\"wireguard-mtu\" == $2" || return
		done
}
for family in 4 6; do
	check "IPv$family: the MTU of WireGuard" wireguard_is $family $((${whole[$family]} - 32))
done

# All is acknowledged after a moment: there is nothing that an error could be about.
for family in 4 6; do
	check "IPv$family: forged errors" forge $family --random-seq --count 100
	check "IPv$family: ... are counted" eventually 5 refused_are $family 100
	check "IPv$family: ... and not believed" fits_is $family ${whole[$family]}
done
check 'the counter is shown' eval "c ftcpctl show | grep -q '100 icmp'"

# What the application sent last is known to the flow at once, without a datagram.
ip -n "$R" link set s0 mtu 1400
ip -n "$S" link set eth0 mtu 1400
for family in 4 6; do
	check "IPv$family: one that is too large" talk $family 1400 --oneway --lossy
	check "IPv$family: the router's error is believed" \
		eventually 5 fits_is $family ${less[$family]}
	check "IPv$family: and was not refused" refused_are $family 100
	check "IPv$family: what fits passes" talk $family ${less[$family]} --count 5
	check "IPv$family: on the same flow" fits_is $family ${less[$family]}
	check "IPv$family: the MTU of WireGuard follows" \
		wireguard_is $family $((${less[$family]} - 32))
done
check 'flows stayed as they were' flows_are "$C" 2 established

# A route of its own, with a smaller MTU.
check 'a route with an MTU' ip -n "$C" route add "$S4" via "$RC4" mtu lock 1300
check 'the flow follows' eventually 5 fits_is 4 1260
check 'the route is gone' ip -n "$C" route del "$S4"
check 'the flow follows' eventually 5 fits_is 4 1360

# A rule sends marked segments by a table of their own: the error is about that.
ip -n "$R" link set s0 mtu 1500
ip -n "$S" link set eth0 mtu 1500
declare -A marked=([4]="default via $RC4" [6]="default via $RC6 dev eth0")
for family in 4 6; do
	check "IPv$family: a rule for marked segments" eval \
		"ip -n \"\$C\" -$family rule add fwmark 7 table 107 &&
		ip -n \"\$C\" -$family route add ${marked[$family]} table 107 &&
		ip -n \"\$C\" -$family route flush cache &&
		c ftcpctl del tunnel ${tunnel[$family]} dev ftcp0 &&
		c ftcpctl add tunnel ${tunnel[$family]} dev ftcp0 fwmark 7 \
			listen '${to[$family]}' remote '${far[$family]%:*}:4567'"
	check "IPv$family: the whole way" talk $family ${whole[$family]}
	check "IPv$family: ... is known" fits_is $family ${whole[$family]}
done
ip -n "$R" link set s0 mtu 1400
ip -n "$S" link set eth0 mtu 1400
for family in 4 6; do
	check "IPv$family: one that is too large" talk $family 1400 --oneway --lossy
	check "IPv$family: the error counts for the marked way" \
		eventually 5 fits_is $family ${less[$family]}
	check "IPv$family: what fits passes" talk $family ${less[$family]} --count 5
done

assert_no_invalid
check 'delete the links' proxy_gone
module_memory_back
finish
