#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Names that cannot be looked up: not yet, when the machine starts, or not at all;
# and while one is being looked up signals are listened to.

. "$(dirname "$0")/lib.sh"

tun_start
topology
server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
server=$!

# A name server that does not answer, or, without that rule, is not there
echo "nameserver $RC4" > "$tmp/resolv.conf"
echo 'hosts: files dns' > "$tmp/nsswitch.conf"
echo '127.0.0.1 localhost' > "$tmp/hosts"
silent='table inet silent { chain i { type filter hook input priority 0; udp dport 53 drop; }; }'
wrap=(unshare --mount sh -c 'for file in hosts nsswitch.conf resolv.conf; do
		mount --bind "'"$tmp"'/$file" /etc/$file || exit
	done
	exec "$@"' sh)
named=(client --local 127.0.0.1:1234 --remote server.test:4567 --auto-rules)

# looks_up: another process is at it; the shell before it has had some, too
looks_up() { pgrep -P $client ftcptun > /dev/null; }

# has_little PID: nothing but its output, its pipe and the socket to ask with
has_little()
{
	[ "$(ls "/proc/$1/fd" | wc -l)" = 5 ] && ! ls -l "/proc/$1/fd" |
		grep -v "/dev/null\|$tmp\| 3 -> pipe:\| 4 -> socket:\|^total"
}

r nft -f - <<< "$silent"
for signal in TERM INT HUP; do
	background client "$C" "${wrap[@]}" "$ftcptun" "${named[@]}"
	client=$!
	check 'a name server that does not answer' wait_for 5 looks_up
	lookup=$(pgrep -P $client ftcptun)
	check '... asked by a process without anything else open' wait_for 5 has_little "$lookup"
	kill -$signal $client
	check "SIG$signal: it ends" wait_for 2 has_ended $client
	wait $client
	check '... well' [ $? = 0 ]
	check '... and the look-up with it' wait_for 2 has_ended "$lookup"
done

# One that has answered is not waited for, whatever it goes on with: here the test
# answers in its place, and the name server still does not.
echo 'options timeout:30' >> "$tmp/resolv.conf"
background client "$C" "${wrap[@]}" "$ftcptun" "${named[@]}"
client=$!
check 'one that answers, and goes on' wait_for 5 looks_up
lookup=$(pgrep -P $client ftcptun)
wait_for 5 has_little "$lookup"
printf x > "/proc/$lookup/fd/3"
check '... is heard' wait_for 5 grep -q 'resolver has crashed; trying again' "$tmp/client"
check '... and ended' wait_for 2 has_ended "$lookup"
kill -TERM $client
check '... the client ends' wait_for 2 has_ended $client || kill -KILL $client "$lookup"
wait $client
check '... well' [ $? = 0 ]
sed -i /timeout/d "$tmp/resolv.conf"
r nft delete table inet silent

background client "$C" "${wrap[@]}" "$ftcptun" "${named[@]}"
client=$!
check 'no name server: it says that it tries again' wait_for 10 grep -q \
	'cannot resolve server.test: .*; trying again in' "$tmp/client"
echo "$S4 server.test" >> "$tmp/hosts"
check '... and is ready when there is one' ready client
check '... and it works' send --to 127.0.0.1:1234 --count 3
ends_well '... the client' $client

sed -i '/server.test/d' "$tmp/hosts"
check_refused 'told not to try again' 'cannot resolve server.test: [A-Z]' \
	c "${wrap[@]}" env FTCP_RESOLVE_RETRIES=0 timeout 10 "$ftcptun" "${named[@]}"
check_refused 'told to try once' 'trying again in 1.0 s' \
	c "${wrap[@]}" env FTCP_RESOLVE_RETRIES=1 timeout 20 "$ftcptun" "${named[@]}"
echo 'hosts: files' > "$tmp/nsswitch.conf"
check_refused 'a name that is known not to be' 'cannot resolve server.test: [A-Z]' \
	c "${wrap[@]}" timeout 10 "$ftcptun" "${named[@]}"
wrap=()
ends_well 'the server' $server
assert_no_udp
finish
