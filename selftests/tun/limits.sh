#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No source takes all flows: its limit is exact, whichever threads its flows
# belong to, counted, told to whoever meets it, and forgotten when it is no longer
# met.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology
server echo "$S" echo --bind 127.0.0.1:5555

# both CLIENT-OPTIONS SERVER-OPTIONS: words
both()
{
	# shellcheck disable=SC2086
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules \
		--threads 4 $2 || bail_out 'no server'
	server=$!
	# shellcheck disable=SC2086
	run client "$C" client --local '[::]:1234' --remote "$remote" --auto-rules \
		--threads 4 $1 || bail_out 'no client'
	client=$!
}
neither()
{
	ends_well "$1: the client" $client
	ends_well "$1: the server" $server
}
# heard FROM N [TO]: how many of N sockets of an address hear an answer
heard()
{
	local result

	result=$(c udptool send --to "${3:-127.0.0.1:1234}" --from "$1" --sockets "$2" \
		--lossy --timeout 3)
	field received "$result"
}
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
# icmp_errors: "destination unreachable" that the client was sent
icmp_errors() { c awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp; }

# ---- flows that are dialled ----

remote=$S4:4567
both '--max-flows-per-source 3 --idle 2'
told=$(icmp_errors)
check '5 are tried, 3 are heard' is "$(heard 127.0.0.1:7000 5)" 3
check 'the others are told' [ "$(icmp_errors)" -gt "$told" ]
check 'and counted' is "$(total source-limit $client client)" 2
check 'nothing else is' is "$(total limit $client client)" 0
check 'another source: 3 as well' is "$(heard 127.0.0.2:7000 5)" 3
check '... over IPv6' is "$(heard '[::1]:7000' 5 '[::1]:1234')" 3
check 'they end' wait_for 10 no_flows $client client
check 'and none is counted any more' is "$(heard 127.0.0.1:7100 5)" 3
neither 'dialled'

# All threads have so many together, and each may have them all.
both '--max-flows 4'
for n in 1 2 3 4; do
	check "the flow of application $n" is "$(heard "127.0.0.$n:7000" 1)" 1
done
check 'no fifth one' is "$(heard 127.0.0.5:7000 1)" 0
check 'which is counted' is "$(total limit $client client)" 1
neither 'four flows'

# A place for one: what is dead is given up for it, and dialled again.
both '--max-flows-per-source 1 --keepalive 1:0.2:2'
answered() { send --to 127.0.0.1:1234 --from 127.0.0.1:7777 --timeout 1; }
check 'one flow' answered
port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')
r nft -f - <<-END
table inet lose {
	chain f {
		type filter hook forward priority -10;
		tcp sport $port drop
		tcp dport $port drop
	}
}
END
check 'its way is lost' wait_for 5 eval '! answered'
check 'it is found again' wait_for 60 answered
neither 'one flow'

# What waits is limited by the memory that it takes, whichever threads it waits in.
r nft add rule inet lose f tcp dport 4567 drop
run client "$C" client --local '[::]:1234' --remote "$remote" --auto-rules \
	--threads 4 --queue 1024 --queue-bytes 64K
client=$!
for n in 1 2 3 4; do
	c udptool send --to 127.0.0.1:1234 --from "127.0.0.$n:7000" --oneway --lossy \
		--size 1400 --count 25 > /dev/null
done
# 1400 bytes and 16 besides: 46 of them are less than 64 KiB
check 'what waits takes so much memory, of all threads' wait_for 5 eval \
	'[ "$(total queue-full $client client)" = 54 ]'
r nft flush chain inet lose f
ends_well 'what waits: the client' $client

# Want of memory for another flow is no news of the far end: what there is goes on.
cat > "$tmp/poor.c" <<-END
	#define _GNU_SOURCE
	#include <stddef.h>
	#include <unistd.h>

	void *__libc_calloc(size_t n, size_t size);

	/* of what has the size of a flow, a thread gets one */
	void *calloc(size_t n, size_t size)
	{
		static unsigned int flows;

		if (n == 1 && size >= 300 && size < 4096 && gettid() != getpid() &&
		    flows++)
			return NULL;
		return __libc_calloc(n, size);
	}
END
if ${CC:-cc} -shared -fPIC -o "$tmp/poor.so" "$tmp/poor.c" 2> "$tmp/poor.log"; then
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
	server=$!
	sanitized=$ftcptun ftcptun=$repo/tools/ftcptun/ftcptun
	wrap=(env "LD_PRELOAD=$tmp/poor.so")
	run client "$C" client --local '[::]:1234' --remote "$remote" --auto-rules \
		--keepalive 1:0.2:2
	client=$!
	wrap=()
	check 'memory for one flow' answered
	port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')
	r nft flush chain inet lose f
	r nft add rule inet lose f tcp sport "$port" drop
	short() { ! answered && [ "$(total memory $client client)" -ge 2 ]; }
	check 'its way is lost, and there is no other' wait_for 20 short
	r nft flush chain inet lose f
	check 'it is there again' wait_for 20 answered
	check '... and so is the flow of before' is \
		"$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')" "$port"
	ends_well 'little memory: the client' $client
	ends_well '... the server' $server
	ftcptun=$sanitized
else
	skip 'little memory' "$(tail -1 "$tmp/poor.log")"
fi

# ---- flows that are accepted ----

both '' '--max-flows-per-source 3'
check 'server: 5 are tried, 3 are heard' is "$(heard 127.0.0.1:7000 5)" 3
check '... those too many are counted' \
	[ "$(total source-limit $server server)" -ge 2 ]
check '... and reset' is "$(tun_flows $client client ESTAB)" 3
ends_well 'the client' $client
check '... they end' wait_for 10 no_flows $server server
run client "$C" client --local '[::1]:1234' --remote "[$S6]:4567" --auto-rules
client=$!
check 'IPv6: 5 are tried, 3 are heard' is "$(heard '[::1]:7000' 5 '[::1]:1234')" 3
ip -n "$C" addr add fd01::3/64 dev eth0 nodad
ip -n "$C" addr change "$C6/64" dev eth0 nodad preferred_lft 0
check 'IPv6: another address of its /64' is "$(heard '[::1]:7100' 2 '[::1]:1234')" 0
check '... has come' eval 'ct "$R" -p tcp | grep -q src=fd01::3'
# The router is another client, with an address in another network.
run other "$R" client --local '[::1]:1234' --remote "[$S6]:4567" --auto-rules
other=$!
result=$(r udptool send --to '[::1]:1234' --sockets 5 --lossy --timeout 3)
check 'IPv6: another /64: 3 as well' is "$(field received "$result")" 3
ends_well 'the other client' $other
neither 'accepted'
assert_no_udp
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp/client" "$tmp/server"'
finish
