#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# When the machine wakes up, far ends are asked at once whether they are still
# there: an idle flow that is still known goes on, one that is not known any more
# is given up before a datagram is lost on it.
#
# Only in the project's virtual machine, whose root file system refuses to be
# suspended: that fails late enough for all to hear of the end of a suspension.

. "$(dirname "$0")/../lib.sh"

start
[ "${FTCP_VM:-}" ] || skip_all "only in vm/run: it would suspend this machine"
grep -qw freeze /sys/power/state 2>/dev/null ||
	skip_all "this kernel cannot be suspended"
module_load
topology

# Should it succeed, the clock ends it.
suspend()
{
	local alarm=/sys/class/rtc/rtc0/wakealarm

	[ ! -w $alarm ] || { echo 0; echo +5; } > $alarm
	echo freeze > /sys/power/state
	[ ! -w $alarm ] || echo 0 > $alarm
} 2> /dev/null

rx_age() { flows "$C" '.[]."rx-age-ms"'; }
# silent MS: for so long nothing was heard of the far end
silent() { [ "$(rx_age)" -gt "$1" ]; }
# heard_since AGE: something was, since nothing had been for so long
heard_since() { [ "$(rx_age)" -lt "$1" ]; }
port() { flows "$C" '.[].local'; }

server echo "$S" echo --bind 127.0.0.1:5555
check 'tunnels' proxy keepalive 3600 idle 3600
check 'the server asks nobody' s ftcpctl set tunnel t dev ftcp0 keepalive off
check 'a flow' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000
old=$(port)
check 'it is idle' wait_for 10 silent 3000
age=$(rx_age)
suspend
check 'the far end is asked, and answers' wait_for 5 heard_since "$age"
check 'the flow goes on' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000
check 'it is the same one' [ "$(port)" = "$old" ]

app app "$C" 127.0.0.1 1234 7001
app=$!
check 'an application that hears of errors' wait_for 10 says app heard 1
check 'the server forgets, in silence' eval \
	'r nft add table inet silence "{ chain f {
		type filter hook forward priority -10; policy drop; }; }" &&
	 s ftcpctl del tunnel t dev ftcp0 &&
	 s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
	 r nft delete table inet silence'
check 'the client does not know' flows_are "$C" 2 established
old=$(port)
anew() { flows_are "$C" 2 established && ! grep -qFx "$old" <<< "$(port)"; }
suspend
check 'it finds out, and dials again' wait_for 5 anew
check 'the first datagram is answered' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:7000 --timeout 5
kill -USR1 $app
check 'the application is answered, and hears nothing else' eventually 5 says app heard 2
check '...' eval '! grep -vx heard "$tmp/app"'

assert_no_invalid
check 'delete the links' proxy_gone
module_memory_back
finish
