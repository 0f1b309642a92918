#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One end of whole IP packets for several others: whose packet it is, from one to
# another, who is somebody else, and who takes over from whom.

. "$(dirname "$0")/lib.sh"

tun_start
topology

# One far end is on the client's host, the other on the router.
run hub "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24 \
	--address fd09::2/64 --peer wide=10.9.0.0/24,fd09::/64 \
	--peer narrow=10.9.0.3,fd09::3 -v
hub=$!
# spoke LOG NAMESPACE LAST [OPTIONS...]: $! is its process
spoke()
{
	local log=$1 ns=$2 last=$3

	shift 3
	run "$log" "$ns" ip --remote "$S4:4567" --auto-rules --dev inner \
		--address "10.9.0.$last/24" --address "fd09::$last/64" -v "$@"
}
spoke wide "$C" 1
wide=$!
spoke narrow "$R" 3
narrow=$!

dropped() { total "$1" $hub hub; }
flow_of() { report $hub hub | sed -n "s/^ESTAB *4567 \(\S*\) *$1 .*/\1/p"; }

check 'a peer' c ping -q -c 1 10.9.0.2
check '... and one with a longer prefix' r ping -q -c 1 10.9.0.2
check 'two flows' [ "$(tun_flows $hub hub ESTAB)" -eq 2 ]
check '... of the right peers' eval '[[ $(flow_of wide) == "$C4":* && $(flow_of narrow) == "$RS4":* ]]'
check 'from the hub' s ping -q -c 1 10.9.0.1
check '... to the other one' s ping -q -c 1 10.9.0.3
check 'from one to the other' c ping -q -c 3 -i 0.05 10.9.0.3
check '... and back, over IPv6' r ping -q -c 3 -i 0.05 fd09::1

# in the other's name
ip -n "$C" addr add 10.9.0.3/32 dev inner
check_fails 'in the name of another one' c ping -q -c 1 -W 1 -I 10.9.0.3 10.9.0.2
check '... is dropped' [ "$(dropped inner-source)" -eq 1 ]
ip -n "$C" addr del 10.9.0.3/32 dev inner

# ---- a newcomer ----

terminate $narrow
wait_for 10 eval '[ "$(tun_flows $hub hub ESTAB)" -eq 1 ]'
incumbent=$(flow_of wide)
spoke newcomer "$R" 1
newcomer=$!
background ping "$C" ping -i 0.05 10.9.0.2
ping=$!
tries() { r ping -q -c 1 -W 1 10.9.0.2; [ "$(dropped newcomer)" -ge "$1" ]; }
check 'a newcomer is refused while the incumbent is heard' wait_for 20 tries 4
stop $ping
check '... which has lost nothing' eval '! s grep -q "somebody else" "$tmp/hub"'
check '... and has its flow' [ "$(flow_of wide)" = "$incumbent" ]
check 'the newcomer was reset' eval '[[ $(tun_ended $newcomer newcomer) == *reset* ]]'
newcomers=$(dropped newcomer)
check 'one that says nothing is asked' wait_for 20 tries $((newcomers + 2))
check '... and stays if it answers' [ "$(flow_of wide)" = "$incumbent" ]

# Both processes, or the monitor would notice
worker=$(worker_of $wide)
kill -STOP "$worker" $wide
took_over() { r ping -q -c 1 -W 1 10.9.0.2 && [[ $(flow_of wide) == "$RS4":* ]]; }
check 'the newcomer takes over when it is silent' wait_for 20 took_over
kill -CONT "$worker" $wide
check 'who was taken over is a newcomer then' \
	wait_for 20 eval 'c ping -q -c 1 -W 1 10.9.0.2; [ "$(dropped newcomer)" -gt '$((newcomers + 4))' ]'
check '... and the other one stays' eval '[[ $(flow_of wide) == "$RS4":* ]]'
check '... and works' r ping -q -c 3 -i 0.05 10.9.0.2
ends_well 'the newcomer' $newcomer
comes_back() { c ping -q -c 1 -W 1 10.9.0.2; }
check 'when that has gone the first one comes back' wait_for 20 comes_back
check 'only one flow' [ "$(tun_flows $hub hub ESTAB)" -eq 1 ]

# ---- who comes again with another address ----

crash $wide
spoke wide "$C" 1
wide=$!
check 'who was killed and starts again is let in' wait_for 10 comes_back

ends_well 'a spoke' $wide
ends_well 'the hub' $hub
assert_no_udp
finish
