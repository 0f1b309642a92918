#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Living with it: signals, systemd's notification, privileges, and what happens
# when an end goes away and comes back.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful

server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!

# ---- notification ----

: > "$tmp/notes"
background socat "$C" socat -u "UNIX-RECVFROM:$tmp/notify,fork" \
	"OPEN:$tmp/notes,append"
wait_for 10 [ -S "$tmp/notify" ]
wrap=(env "NOTIFY_SOCKET=$tmp/notify")
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
wrap=()
check 'tells that it is ready' wait_for 10 grep -q READY=1 "$tmp/notes"

# ---- SIGUSR1 ----

check 'a datagram' send --to 127.0.0.1:1234 --size 100
check 'SIGUSR1 shows the flow' eval 'report $client client |
	grep -Eq "^ESTAB +[0-9]+ $S4:4567 +127.0.0.1:[0-9]+ +1 +100 +1 +100 "'
check 'and on the server' eval 'report $server server |
	grep -Eq "^ESTAB +4567 $C4:[0-9]+ +127.0.0.1:[0-9]+ +1 +100 +1 +100 "'
check 'and the totals' [ "$(total tx $client client)" -eq 1 ]

# ---- what privileges are left ----

# status_field NAME PID: the values of all threads
status_field()
{
	cat "/proc/$2"/task/*/status | sed -n "s/^$1:[[:space:]]*//p" | sort -u
}

net_admin=0000000000001000
check 'with --auto-rules, CAP_NET_ADMIN stays' \
	[ "$(status_field CapEff $client)" = $net_admin ]
check 'and nothing else may come' [ "$(status_field CapPrm $client)" = $net_admin ]
check 'no new privileges' [ "$(status_field NoNewPrivs $client)" = 1 ]

# ---- SIGTERM ----

ends_well 'the client' $client
check 'tells that it stops' wait_for 10 grep -q STOPPING=1 "$tmp/notes"
check 'the server forgets the flow' wait_for 10 no_flows $server server
closed()
{
	! ct "$1" -p tcp --dport 4567 | grep -qE 'ESTABLISHED|SYN_'
}
check 'the router saw it close' wait_for 10 closed "$R"

# ---- SIGHUP ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
ends_well 'SIGHUP, as from a terminal that is closed: the client' $client HUP
check 'and everything is put back' [ "$(setting "$C" net/ipv4/ip_forward)" = 0 ]
wrap=(env --ignore-signal=HUP)
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
wrap=()
kill -HUP $client
check 'but not under nohup' send --to 127.0.0.1:1234
ends_well 'it' $client

# ---- not as root ----

chmod 755 "$tmp"
cp "$ftcptun" "$tmp/ftcptun"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ ! -w /dev/net/tun ] || ! setcap cap_net_admin=+ep "$tmp/ftcptun" 2>/dev/null ||
   ! "${nobody[@]}" test -w /dev/net/tun; then
	skip 'as an ordinary user' 'setcap does not work here'
else
	saved=$ftcptun
	ftcptun=$tmp/ftcptun
	wrap=("${nobody[@]}")
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
	client=$!
	check 'an ordinary user with cap_net_admin' send --to 127.0.0.1:1234 --count 10
	ends_well 'it' $client
	check 'and has put everything back' \
		[ "$(setting "$C" net/ipv4/ip_forward)" = 0 ]
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567"
	client=$!
	check 'without --auto-rules no capability is left' \
		[ "$(status_field CapPrm $client)" = 0000000000000000 ]
	ends_well 'it' $client
	check_refused 'no thread can be started' 'cannot start a thread' \
		c "${nobody[@]}" prlimit --nproc=1 "$ftcptun" client --auto-rules \
		--local 127.0.0.1:1234 --remote "$S4:4567"
	check 'which leaves no table' eval '! c nft list tables | grep ftcptun_'
	check 'and no setting' [ "$(setting "$C" net/ipv4/ip_forward)" = 0 ]
	wrap=()
	ftcptun=$saved
fi

# ---- an end goes away and comes back ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--keepalive 1
client=$!
check 'a conversation' send --to 127.0.0.1:1234 --from 127.0.0.1:7777
kill -KILL $server
wait $server 2>/dev/null
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!
answered() { c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7777 --timeout 1; }
check 'goes on after the server has crashed' wait_for 10 answered
ends_well 'the server' $server
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!
check 'and after it was restarted' wait_for 10 answered

# A path that swallows everything: the flow is given up and made anew.
port()
{
	report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p'
}
before=$(port)
r nft add chain inet router hole '{ type filter hook forward priority -10; }'
r nft add rule inet router hole tcp dport 4567 tcp sport "$before" drop
check_fails 'nothing passes' answered
check 'a path that died is found again, from another port' wait_for 20 answered
check 'it is another port' [ "$(port)" != "$before" ]
ends_well 'the client' $client
ends_well 'the server' $server
assert_no_udp
finish
