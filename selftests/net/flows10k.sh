#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 10,000 flows on one server, all in use, all listed, all gone afterwards with
# their memory; and a limit that is seen when it is reached.
#
#   FLOWS=1000   only so many, for a kernel that is slow

. "$(dirname "$0")/../lib.sh"

readonly n=${FLOWS:-10000}

start
module_load
topology stateful
# All flows acknowledge, or end, at the same time, and each packet is in one queue of
# this one machine.
backlog=$(sysctl -n net.core.netdev_max_backlog)
sysctl -qw net.core.netdev_max_backlog=20000
check 'tunnels' proxy queue 1
server echo "$S" echo --bind 127.0.0.1:5555
# What is allocated once, and stays.
check 'a first flow' c udptool send --to 127.0.0.1:1234
check 'closed' proxy_gone
# all of one source
check 'tunnels again' eval 'proxy max-flows-per-source 20000 &&
	s ftcpctl set tunnel t dev ftcp0 max-flows-per-source 20000'

kernel_memory()
{
	awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# Conntrack's entries outlive the flows, as those of any connection.
memory_back()
{
	local ns cache

	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F
	done
	# What the allocator has at hand for each processor is not in use, but for a
	# few such objects, each of another page, it cannot give the pages back.
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 > "$cache"
	done
	[ $(($(kernel_memory) - memory)) -lt 4096 ] || {
		echo "$memory kB before, $(kernel_memory) kB now"
		awk 'NR > 2 { print $3 * $4 / 1024 " kB in " $1 }' /proc/slabinfo |
			sort -rn | head -n 10
		return 1
	}
}

sockets()
{
	in_ns "$1" awk '/^(TCP|UDP|TCP6|UDP6):/ { sum += $3 } END { print sum }' \
		/proc/net/sockstat /proc/net/sockstat6
}

# Threads that work for all of the kernel: some ten, by the number of processors.
workers()
{
	cat /proc/[0-9]*/comm 2> /dev/null | grep -c '^kworker/'
}

memory=$(kernel_memory)
workers=$(workers)
sockets_c=$(sockets "$C") sockets_s=$(sockets "$S")
check "$n sources, each heard" c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:10000 --sockets $n --window 100 --timeout 60
more=$(($(workers) - workers))
check 'without a crowd of kernel threads' [ "$more" -lt 64 ]
diag "$more more"
check "$n flows at the client" flows_are "$C" $n established
check "$n flows at the server" flows_are "$S" $n established
check 'each of its own port' [ "$(flows "$C" 'map(.local) | unique | length')" -eq $n ]
check 'each of its own port to the target' \
	[ "$(flows "$S" 'map(.["inner-remote"]) | unique | length')" -eq $n ]
check "show flows prints $n lines" eval '[ "$(s ftcpctl show flows | grep -c 4567)" -ge $n ]'
check 'the tunnel says so' [ "$(s ftcpctl show tunnels --json | jq '.[0].flows')" -eq $n ]
check 'all are heard again' c udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:10000 --sockets $n --window 100 --timeout 60
check 'on the same flows' flows_are "$S" $n established
check 'which take memory' eval '[ $(($(kernel_memory) - memory)) -gt $n ]'

# Ask for the lock that all of this host's network configuration shares, again and
# again; print the longest that it took, in ms, when told to stop.
cat > "$tmp/rtnl" <<'EOT'
use Socket;
use Time::HiRes 'time';
socket(my $s, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
my ($longest, $stop, $begin) = (0, 0, time);
$SIG{TERM} = sub { $stop = 1 };
$| = 1;
print "ready\n";
while (!$stop) {
	my $request = pack('a16 i x20', 'lo', 65536);
	ioctl($s, 0x8922, $request) or die "SIOCSIFMTU: $!\n";
	my $now = time;
	$longest = $now - $begin if $now - $begin > $longest;
	$begin = $now;
}
printf "longest=%d\n", $longest * 1000;
EOT
waited() { field longest "$(tail -n 1 "$tmp/rtnl.log")"; }

background rtnl.log "$R" perl "$tmp/rtnl"
rtnl=$!
wait_for 10 grep -q ready "$tmp/rtnl.log"
begin=${EPOCHREALTIME/[.,]/}
check 'the client deletes its tunnel' c ftcpctl del tunnel t dev ftcp0
check 'no flow at the client' flows_are "$C" 0
check 'no flow at the server' wait_for 20 flows_are "$S" 0
took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
stop "$rtnl"
# The far ends are told one after the other: by nobody who has the lock.
if [ "$n" -ge 10000 ]; then
	check 'others need not wait for that' [ "$(waited)" -lt $((took / 2)) ]
	diag "$(waited) of $took ms"
else
	skip 'others need not wait for that' 'too few flows to tell'
fi
check 'the ports are free: client' wait_for 10 eval '[ "$(sockets "$C")" -lt "$sockets_c" ]'
check 'the ports are free: server' wait_for 10 eval '[ "$(sockets "$S")" -le "$sockets_s" ]'
check 'the memory is back' eventually 30 memory_back

# ICMP "destination unreachable" that the client was sent.
icmp_errors()
{
	c awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp
}

# ---- limits -----------------------------------------------------------------

check 'a limit of 5 at the client' c ftcpctl add tunnel t dev ftcp0 \
	listen 127.0.0.1:1234 remote "$S4:4567" max-flows 5
told=$(icmp_errors)
result=$(c udptool send --to 127.0.0.1:1234 --sockets 8 --count 3 --lossy --timeout 10)
check '5 flows, not more' flows_are "$C" 5
check '5 sources are heard' [ "$(field received "$result")" -eq 15 ]
check 'the others are told' [ "$(icmp_errors)" -gt "$told" ]
check 'and counted' [ "$(drops "$C" limit)" -ge 3 ]
check 'no limit at the client any more' c ftcpctl set tunnel t dev ftcp0 max-flows 1000
check 'a limit of 7 at the server' s ftcpctl set tunnel t dev ftcp0 max-flows 7
result=$(c udptool send --to 127.0.0.1:1234 --sockets 4 --count 3 --lossy --timeout 10)
check '7 flows at the server' flows_are "$S" 7
check '2 sources are heard' [ "$(field received "$result")" -eq 6 ]
check 'the others were reset' [ "$(drops "$S" limit)" -ge 2 ]
check 'the limit can be lifted' s ftcpctl set tunnel t dev ftcp0 max-flows 100
check 'and all are heard' c udptool send --to 127.0.0.1:1234 --sockets 9 --count 3

check 'delete the links' proxy_gone
module_memory_back
sysctl -qw "net.core.netdev_max_backlog=$backlog"
finish
