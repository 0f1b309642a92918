#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A client hears of changes of addresses, routes and devices: the far ends of idle
# flows are asked at once, and a flow that has lost its way by the change is dialled
# anew, before the application sends anything.  However many changes there are, no
# more often than once in a second.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology
server echo "$S" echo --bind 127.0.0.1:5555

# Pure acknowledgements of IPv4 at the router: probes, and what answers them
r nft -f - <<-EOT
table inet acks {
	counter probes { }
	counter answers { }
	chain f {
		type filter hook forward priority -20;
		tcp flags & (fin | syn | rst | ack) == ack ip length 40 jump pure
	}
	chain pure {
		tcp dport 4567 counter name probes
		tcp sport 4567 counter name answers
	}
}
EOT
# What an application hears of errors
c nft -f - <<-EOT
table inet errors {
	counter seen { }
	chain i {
		type filter hook input priority 0;
		icmp type destination-unreachable counter name seen
	}
}
EOT
probes() { counter "$R" acks probes; }
answers() { counter "$R" acks answers; }
errors() { counter "$C" errors seen; }

# Nobody asks by himself within the time of this test.
long='--keepalive 3600:1:2 --idle 3600'
# both CLIENT-OPTIONS: words
both()
{
	# shellcheck disable=SC2086
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules $long
	server=$!
	# shellcheck disable=SC2086
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules \
		-v $long $1
	client=$!
}
neither()
{
	ends_well "$1: the client" $client
	ends_well "$1: the server" $server
}

# ports: of flows that are established
ports() { report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p'; }
tun_flows_are() { [ "$(tun_flows $client client "${2:-}")" -eq "$1" ]; }
moved() { [ -n "$(ports)" ] && ports | grep -vqx "$1"; }
# seen_from ADDRESS: by the server, is there a flow from there?
seen_from() { report $server server | grep -q "^ESTAB .* $1:"; }
datagram() { send --to 127.0.0.1:1234 --from "127.0.0.1:${1:-7000}"; }

# sleeps: how often the client's first thread, which listens, has gone to sleep
sleeps() { awk '/^voluntary/ { print $2 }' "/proc/$client/status"; }

# settled: no address is new, nothing is under way, and no look is due
settled()
{
	local before now

	wait_for 10 eval '! c ip -6 addr show tentative | grep -q inet6' ||
		diag 'an address stays tentative'
	now="$(probes) $(answers)"
	while [ "$now" != "${before:-}" ]; do
		before=$now
		pause 1300
		now="$(probes) $(answers)"
	done
}

# asked N COMMAND...: within 10 s of the command so many far ends are asked, and
# answer
asked()
{
	local n=$1 p a

	shift
	settled
	p=$(probes) a=$(answers)
	"$@" || return
	wait_for 10 eval '[ "$(probes)" -ge '$((p + n))' ]' &&
		wait_for 5 eval '[ "$(answers)" -ge '$((a + n))' ]' || {
		echo "$n far ends: $(($(probes) - p)) probes, $(($(answers) - a)) answers"
		return 1
	}
}

# ---- a flow that is idle ----

both ''
check 'a flow' datagram
old=$(ports)
check 'an address is added: its far end is asked, and answers' \
	asked 1 ip -n "$C" addr add 10.1.0.9/24 dev eth0
check 'it is taken away' asked 1 ip -n "$C" addr del 10.1.0.9/24 dev eth0
check 'an address of IPv6' asked 1 ip -n "$C" addr add fd01::9/64 dev eth0 nodad
check 'a route is replaced' \
	asked 1 ip -n "$C" route replace default via "$RC4" metric 100
check 'a route of IPv6' asked 1 ip -n "$C" route add fd09::/64 via "$RC6" dev eth0
check 'a device is added' asked 1 ip -n "$C" link add other type veth peer name another
check 'and comes up' asked 1 ip -n "$C" link set other up
check 'the flow is the same' [ "$(ports)" = "$old" ]
settled
before=$(sleeps) seen=$(probes)
pause 2500
check 'without changes it sleeps' [ "$(sleeps)" = "$before" ]
check '... and asks nobody' [ "$(probes)" = "$seen" ]

# what is no change: tcpdump makes the device promiscuous
capture wire "$C" eth0 tcp
tcpdump=$!
check 'somebody listens: it wakes up' wait_for 5 eval '[ "$(sleeps)" != "$before" ]'
settled
check '... and asks nobody' [ "$(probes)" = "$seen" ]
stop "$tcpdump"
settled
before=$(sleeps)

# nor is it that an address lives longer, as each router advertisement says
for family in 4 6; do
	address=$(c ip -o -"$family" addr show dev eth0 scope global |
		awk '{ print $4; exit }')
	check "IPv$family: the address lives longer" \
		ip -n "$C" addr change "$address" dev eth0 valid_lft 1000 preferred_lft 1000
	check '... it wakes up' wait_for 5 eval '[ "$(sleeps)" != "$before" ]'
	settled
	check '... and asks nobody' [ "$(probes)" = "$seen" ]
	before=$(sleeps)
done

# what anybody but the kernel says
cat > "$tmp/liar" <<'END'
my ($pid) = @ARGV;
socket(my $s, 16, 3, 0) or die "$!";	# AF_NETLINK, SOCK_RAW, NETLINK_ROUTE
send($s, pack("LSSLLCCSiLL", 32, 16, 0, 1, 0, 0, 0, 1, 1, 0, 0), 0,
	pack("SSLL", 16, 0, $pid, 0)) or die "$!";
END
# listener: its address; the groups are those that it has joined
listener() { c awk '$2 == 0 && $4 == "00000551" { print $3 }' /proc/net/netlink; }
check 'somebody tells it of a change' c perl "$tmp/liar" "$(listener)"
check '... it wakes up' wait_for 5 eval '[ "$(sleeps)" != "$before" ]'
settled
check '... and does not believe it' [ "$(probes)" = "$seen" ]

# ---- many changes ----

# churn: until 5000 routes have come and gone, and at least 3 s
for i in $(seq 250); do
	echo "route add 10.77.$i.0/24 dev other"
done > "$tmp/add"
sed 's/add/del/' "$tmp/add" > "$tmp/del"
churn()
{
	local n=0 end=$((SECONDS + 4))

	while [ $n -lt 5000 ] || [ "$SECONDS" -lt "$end" ]; do
		ip -n "$C" -batch "$tmp/add" && ip -n "$C" -batch "$tmp/del" || return
		n=$((n + 500))
	done
	echo $n > "$tmp/changes"
}
settled
before=$(sleeps) seen=$(probes)
begin=$(date +%s%3N)
check 'many changes' churn
settled
took=$(($(date +%s%3N) - begin))
count=$(($(probes) - seen))
slept=$(($(sleeps) - before))
diag "$(cat "$tmp/changes") changes, $took ms with the last look: $count probes, slept $slept times"
check 'the far end is asked more than once' [ $count -ge 2 ]
check '... and once in a second' [ $count -le $((took / 1000 + 3)) ]
check '... which takes a few wake-ups' [ $slept -le $((5 * (took / 1000 + 3))) ]
check 'after that it goes on to hear' asked 1 ip -n "$C" link del other
check 'the flow is the same' [ "$(ports)" = "$old" ]
check 'it works' datagram
neither 'one flow'
check 'nothing is INVALID so far' no_invalid

# ---- flows of all threads ----

both '--threads 4'
for i in $(seq 7000 7015); do
	datagram "$i" > /dev/null || not_ok "a flow from port $i"
done
check 'flows' tun_flows_are 16 ESTAB
check 'every far end is asked, and answers' \
	asked 16 ip -n "$C" route replace default via "$RC4" metric 200
check 'they are still there' tun_flows_are 16 ESTAB
neither 'many flows'

# ---- the old flow is dead ----

both ''
check 'a flow' datagram
old=$(ports)
r nft -f - <<-EOT
table inet lose {
	chain f {
		type filter hook forward priority -10;
		tcp sport $old drop
		tcp dport $old drop
	}
}
EOT
ip -n "$C" route replace default via "$RC4" metric 300
check 'lost by the change: another flow, without a datagram' wait_for 10 moved "$old"
check 'the old flow goes' wait_for 10 tun_flows_are 1
check 'it was replaced' [ "$(tun_ended $client client)" = 'replaced 1' ]
check 'the application notices nothing' datagram
r nft delete table inet lose
neither 'a dead flow'

# ---- another address ----

# address ADDRESS: the client's host has this one instead of that which it has,
# at a moment when nothing is under way
address()
{
	settled
	ip -n "$C" -4 addr flush dev eth0 scope global &&
		ip -n "$C" addr add "$1/24" dev eth0 &&
		ip -n "$C" route replace default via "$RC4"
}
# NAT there takes no segment that does not belong to a connection
both ''
check 'a flow' datagram
check 'is seen from the first address' seen_from "$C4"
check 'another address' address 10.1.0.3
check 'is seen from there, without a datagram' wait_for 10 seen_from 10.1.0.3
check 'the application notices nothing' datagram
check 'one flow is left' wait_for 20 tun_flows_are 1 ESTAB
neither 'another address'

# NAT there, as it usually does, takes it into a new connection, of which the
# far end knows nothing
for ns in "$C" "$R" "$S"; do
	in_ns "$ns" sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=1
done
both ''
check 'a flow' datagram
old=$(ports)
check 'is seen from the first address' seen_from 10.1.0.3
check 'another address' address 10.1.0.4
check 'is seen from there, without a datagram' wait_for 10 seen_from 10.1.0.4
check 'on another flow' moved "$old"
check 'the old one was reset' [ "$(tun_ended $client client)" = 'reset 1' ]
check 'the application hears nothing of it' [ "$(errors)" = 0 ]
check 'it works' datagram
neither 'reset'

assert_no_udp
check 'the sanitizers are silent' eval \
	'! grep -hE "ERROR: |runtime error" "$tmp/client" "$tmp/server"'
finish
