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

# has_filters: this kernel has filters of system calls
has_filters()
{
	[ "$(status_field Seccomp $$)" ] && grep -q 'errno kill_process\|kill_process' \
		/proc/sys/kernel/seccomp/actions_avail 2> /dev/null
}

none=0000000000000000
# confined NAME PID: all that does not take root to have
confined()
{
	check "$1: no capability" [ "$(status_field CapEff "$2")" = $none ]
	check "$1: nor may it have any" [ "$(status_field CapPrm "$2")" = $none ]
	check "$1: no new privileges" [ "$(status_field NoNewPrivs "$2")" = 1 ]
	if has_filters; then
		check "$1: a filter of system calls" [ "$(status_field Seccomp "$2")" = 2 ]
	else
		skip "$1: a filter of system calls" 'not on this kernel'
	fi
}
# rootless PID: an empty root directory
rootless() { [ -z "$(ls -A "/proc/$1/root/" 2> /dev/null)" ]; }

# CAP_NET_ADMIN, and what starts and ends processes of other users
monitor=00000000000010e0
nobody_id=$(id -u ftcptun 2> /dev/null || id -u nobody)
for pid in $client $server; do
	worker=$(worker_of $pid)
	confined 'the worker process' "$worker"
	check '... is not root' [ "$(status_field Uid "$worker" | tr -s '\t ' ' ')" = \
		"$nobody_id $nobody_id $nobody_id $nobody_id" ]
	check '... nor in any of its groups' [ -z "$(status_field Groups "$worker" | tr -d ' ')" ]
	check '... has an empty root directory' rootless "$worker"
	check '... has nothing open but what it needs' eval \
		'! ls -l /proc/$worker/fd | grep -v "/dev/net/tun\|socket:\|eventfd\|eventpoll\|/dev/null\|pipe:\|$tmp\|^total"'
	check 'the monitor has what it needs' [ "$(status_field CapEff $pid)" = $monitor ]
	check '... and no more may come' [ "$(status_field CapPrm $pid)" = $monitor ]
	check '... no new privileges' [ "$(status_field NoNewPrivs $pid)" = 1 ]
done

# allowed: what the filter lets pass of what sandboxed.c tries
allowed() { sed -n 's/ allowed$//p' "$tmp/tried" | xargs; }
if ! has_filters; then
	skip 'what the filter lets pass' 'not on this kernel'
elif "${CC:-cc}" -D_GNU_SOURCE -I "$repo/tools/ftcptun" -o "$tmp/sandboxed" \
     "$selftests/tun/sandboxed.c" "$repo"/tools/ftcptun/{sandbox,log}.c \
     -lcap-ng -lseccomp 2> "$tmp/cc"; then
	c "$tmp/sandboxed" > "$tmp/tried"
	check 'what the filter lets pass is what is needed, and nothing more' \
		[ "$(allowed)" = "udp4 udp6 SO_RCVBUF SO_SNDBUF UDP_GRO IP_RECVTOS \
IPV6_RECVTCLASS signal-self" ]
else
	skip 'what the filter lets pass' "no compiler: $(tail -n 1 "$tmp/cc")"
fi

# ---- either process is killed ----

run doomed "$R" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--restore --tun doomed
doomed=$!
no_doomed_table() { ! r nft list tables | grep ftcptun_doomed; }
gone() { ! ip -n "$R" link show doomed; }
kill -KILL "$(worker_of $doomed)"
wait $doomed
check 'the worker process is killed: the other ends with 1' [ $? = 1 ]
check '... says why' grep -q 'worker process was killed by signal 9' "$tmp/doomed"
check '... has taken the rules away' no_doomed_table
check '... and the device is gone' wait_for 5 gone
run doomed "$R" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--restore --tun doomed
doomed=$!
worker=$(worker_of $doomed)
kill -KILL $doomed
wait $doomed 2> /dev/null
check 'the monitor is killed: the worker process ends' wait_for 5 has_ended "$worker"
check '... the device is gone' wait_for 5 gone
check '... what is left can be taken away' r "$ftcptun" clean-rules
check '... and is gone' no_doomed_table

# meddle PID: a byte on the worker process's channel, as if that one had sent it
meddle()
{
	python3 - "$1" <<-EOT
	import ctypes, os, socket, sys
	pid, call = int(sys.argv[1]), ctypes.CDLL(None).syscall
	pidfd = os.pidfd_open(pid)
	for name in os.listdir('/proc/%d/fd' % pid):
	    fd = call(438, pidfd, int(name), 0)	# pidfd_getfd
	    try:
	        s = socket.socket(fileno=fd)
	    except OSError:
	        continue
	    if (s.family, s.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET):
	        sys.exit(s.send(b'x') != 1)
	sys.exit(1)
	EOT
}
run doomed "$R" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--restore --tun doomed
doomed=$!
worker=$(worker_of $doomed)
check 'the worker process sends what it should not, and goes on' meddle "$worker"
check '... the program ends all the same' wait_for 15 has_ended $doomed ||
	kill -KILL $doomed "$worker"
wait $doomed 2> /dev/null
check '... with 1' [ $? = 1 ]
check '... says why' grep -q 'worker process does not end' "$tmp/doomed"
check '... without the worker process' has_ended "$worker"
check '... has taken the rules away' no_doomed_table
check '... and the device is gone' wait_for 5 gone
r "$ftcptun" clean-rules

# Whoever signals all processes, as terminals and service managers do
run all "$R" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --tun both
all=$!
worker=$(worker_of $all)
kill -USR1 $all "$worker"
check 'SIGUSR1 to both processes: a report' wait_for 5 grep -q ^drops: "$tmp/all"
kill -TERM "$worker"
kill -TERM $all
wait $all
check 'SIGTERM to both: it ends well' [ $? = 0 ]
check_refused 'a user that there is not' 'no such user' c timeout 5 "$ftcptun" client \
	--local 127.0.0.1:1235 --remote "$S4:4567" --user no-such-user
check_refused 'root as the user' 'that is root' c timeout 5 "$ftcptun" client \
	--local 127.0.0.1:1235 --remote "$S4:4567" --user root

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
	confined 'without root, the worker process' "$(worker_of $client)"
	if c "${nobody[@]}" unshare --user true 2> /dev/null; then
		check '... an empty root directory' rootless "$(worker_of $client)"
	else
		skip '... an empty root directory' 'no user namespaces'
	fi
	ends_well 'it' $client
	check_refused 'no process can be started' 'cannot start a process' \
		c "${nobody[@]}" prlimit --nproc=1 "$ftcptun" client --auto-rules \
		--local 127.0.0.1:1234 --remote "$S4:4567"
	check 'which leaves no table' eval '! c nft list tables | grep ftcptun_'
	check 'and no setting' [ "$(setting "$C" net/ipv4/ip_forward)" = 0 ]
	wrap=()
	ftcptun=$saved
fi

# ---- the device is set down and up ----

# has_v6 NAMESPACE NETWORK: the device has its address, and the way to ftcptun's
has_v6()
{
	ip -n "$1" -6 addr show dev tun0 to "$2::1" | grep -q inet6 &&
		ip -n "$1" -6 route get "$2::2" | grep -q 'dev tun0'
}
has_v4() { ip -n "$1" -4 route get "$2" | grep -q 'dev tun0'; }
down_and_up()
{
	ip -n "$1" link set tun0 down &&
		! ip -n "$1" -6 addr show dev tun0 | grep -q inet6 &&
		ip -n "$1" link set tun0 up
}
run client "$C" client --local 127.0.0.1:1234 --remote "[$S6]:4567" --auto-rules
client=$!
check 'over IPv6' send --to 127.0.0.1:1234
for end in "$C fcc8 192.168.200.2" "$S fcc9 192.168.201.2"; do
	read -r ns net6 peer <<< "$end"
	check "${ns%-*}: the device is set down and up" down_and_up "$ns"
	check '... has its IPv6 addresses again' wait_for 5 has_v6 "$ns" "$net6"
	check '... and those of IPv4' wait_for 5 has_v4 "$ns" "$peer"
	check '... and carries datagrams' send --to 127.0.0.1:1234
done
ends_well 'the client' $client

# ---- an end goes away and comes back ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
	--keepalive 1
client=$!
check 'a conversation' send --to 127.0.0.1:1234 --from 127.0.0.1:7777
crash $server
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

# ---- SIGUSR1, as JSON ----

run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --json
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "[$S6]:4567" --auto-rules --json \
	--threads 2
client=$!
report_json $client client > "$tmp/none.json"
json_is 'no flows' '[.tunnel.flows, .flows]' '[0,[]]' none.json
for from in 7001 7002 7003; do
	check 'a conversation' send --to 127.0.0.1:1234 --from "127.0.0.1:$from" --size 100
done
report_json $client client > "$tmp/client.json"
json_is 'the client' '[.tunnel.link, .tunnel.mode, .tunnel.listen, .tunnel.port, .tunnel.flows,
	.tunnel.stats."tx-packets", .tunnel.stats."rx-bytes"],
	(.flows | sort_by(."inner-remote")[] |
	[.state, .remote, ."inner-local", ."inner-remote", .wire, ."max-payload", .stats."tx-bytes"])' \
	"[\"tun0\",\"listen\",\"127.0.0.1:1234\",null,3,3,300]
$(printf "[\"established\",\"[$S6]:4567\",\"127.0.0.1:1234\",\"127.0.0.1:%d\",\"native\",1440,100]\n" \
	7001 7002 7003)" client.json
report_json $server server > "$tmp/server.json"
json_is 'the server' '[.tunnel.mode, .tunnel.port, .tunnel.flows, .tunnel.drops.send, .tunnel.ended.closed],
	(.flows[] | [.local, ."inner-remote", .stats."rx-packets"])' \
	"[\"forward\",4567,3,0,0]
$(printf "[\"[fcc9::2]:4567\",\"127.0.0.1:5555\",1]\n%.0s" 1 2 3)" server.json
ends_well 'the client' $client
ends_well 'the server' $server
assert_no_udp
finish
