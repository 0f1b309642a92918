#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ports in use by a tunnel or by a flow are in use: nobody can bind them, the
# search for a free port passes them over; and they are free afterwards.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology

# port tcp|udp ADDRESS PORT [reuse|any|connect]: bind, print the port
#   reuse: with SO_REUSEADDR and SO_REUSEPORT; connect: leave it to connect()
cat > "$tmp/port" <<'EOT'
use Socket qw(:all);
my ($proto, $addr, $port, $how) = @ARGV;
my $v6 = $addr =~ /:/;
my $sa = $v6 ? sockaddr_in6($port, inet_pton(AF_INET6, $addr))
	     : sockaddr_in($port, inet_pton(AF_INET, $addr));
socket(my $s, $v6 ? AF_INET6 : AF_INET, $proto eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM, 0)
	or die "socket: $!\n";
if ($how eq 'reuse') {
	setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) or die;
	setsockopt($s, SOL_SOCKET, SO_REUSEPORT, 1) or die;
}
if ($how eq 'connect') {
	use Fcntl;
	fcntl($s, F_SETFL, O_NONBLOCK);
	connect($s, $sa) or $!{EINPROGRESS} or die "connect: $!\n";
} else {
	bind($s, $sa) or die "bind: $!\n";
}
my $name = getsockname($s);
print +($v6 ? unpack_sockaddr_in6($name) : unpack_sockaddr_in($name))[0], "\n";
EOT

# free NAME NAMESPACE WORDS...
free()
{
	check "$1" in_ns "$2" perl "$tmp/port" "${@:3}"
}

# taken NAME NAMESPACE WORDS...
taken()
{
	local name=$1 ns=$2 output

	shift 2
	if output=$(in_ns "$ns" perl "$tmp/port" "$@" 2>&1) ||
	   [ "$output" != 'bind: Address already in use' ]; then
		not_ok "$name" "$*: $output"
	else
		ok "$name"
	fi
}

# everywhere free|taken NAMESPACE PROTOCOL PORT
everywhere()
{
	local what=$1 ns=$2 proto=$3 port=$4 addr how

	for addr in 0.0.0.0 127.0.0.1 ::; do
		for how in plain reuse; do
			$what "$proto $port $how on $addr: $what" "$ns" \
				"$proto" $addr "$port" $how
		done
	done
}

everywhere free "$S" tcp 4567
s sysctl -qw net.ipv6.bindv6only=1
check 'tunnels' proxy
everywhere taken "$S" tcp 4567
taken 'tcp 4567 on ::1: taken' "$S" tcp ::1 4567 plain
free 'udp 4567 is another matter' "$S" udp 0.0.0.0 4567 plain
s sysctl -qw net.ipv6.bindv6only=0
for how in plain reuse; do
	taken "udp 1234 $how on 127.0.0.1: taken" "$C" udp 127.0.0.1 1234 $how
	taken "udp 1234 $how on 0.0.0.0: taken" "$C" udp 0.0.0.0 1234 $how
done
free 'udp 1234 of another address is free' "$C" udp 127.0.0.2 1234 plain

server echo "$S" echo --bind 127.0.0.1:5555
check 'a conversation' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000
tcp=$(flows "$C" '.[].local')
tcp=${tcp##*:}
udp=$(flows "$S" '.[]["inner-remote"]')
udp=${udp##*:}
for how in plain reuse; do
	taken "the flow's TCP port, $how: taken" "$C" tcp 0.0.0.0 "$tcp" $how
	taken "the flow's UDP port, $how: taken" "$S" udp 127.0.0.1 "$udp" $how
done

# ICMP "destination unreachable" that the client was sent.
icmp_errors()
{
	c awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp
}

# One port other than those in use is left to choose from.
choice()
{
	local ns=$1 used=$2 low

	low=$((used & ~1))
	free=$((used ^ 1))
	in_ns "$ns" sysctl -qw net.ipv4.ip_local_port_range="$low $((low + 1))"
}

choice "$C" "$tcp"
check 'bind() picks another TCP port' [ "$(c perl "$tmp/port" tcp 0.0.0.0 0 plain)" = $free ]
check 'connect() picks another TCP port' [ "$(c perl "$tmp/port" tcp "$RC4" 9 connect)" = $free ]
choice "$S" "$udp"
check 'bind() picks another UDP port' [ "$(s perl "$tmp/port" udp 0.0.0.0 0 plain)" = $free ]
check 'connect() picks another UDP port' [ "$(s perl "$tmp/port" udp "$RS4" 9 connect)" = $free ]

# few NAMESPACE USED: four ports, of which that one is in use
few()
{
	local low=$(($2 & ~3))

	in_ns "$1" sysctl -qw net.ipv4.ip_local_port_range="$low $((low + 3))"
}

# left NAMESPACE tcp|udp USED: how many of these four can be bound
left()
{
	local port low=$(($3 & ~3)) count=0

	for ((port = low; port < low + 4; port++)); do
		in_ns "$1" perl "$tmp/port" "$2" 0.0.0.0 $port plain > /dev/null 2>&1 &&
			count=$((count + 1))
	done
	echo $count
}

few "$C" "$tcp"
few "$S" "$udp"
check 'a second flow' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7001
check 'one of each' [ "$(flows "$C" "[.[].local | split(\":\")[1] | tonumber |
	select(. >= $((tcp & ~3)) and . <= $((tcp | 3)))] | length")" = 2 ]
told=$(icmp_errors)
c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7002 --count 3 --lossy \
	--timeout 5 > /dev/null
check 'a third one finds none: half are for others' [ "$(drops "$C" port-taken)" -gt 0 ]
check 'and its application is told' [ "$(icmp_errors)" -gt "$told" ]
check 'two TCP ports are left' [ "$(left "$C" tcp "$tcp")" = 2 ]
check 'bind() gets one' c perl "$tmp/port" tcp 0.0.0.0 0 plain
c sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
# A target on 127/8 can be reached from more addresses, see below.
check 'a target on another address' eval '
	server here "$S" echo --bind "$S4:5555" &&
	s ftcpctl add tunnel here dev ftcp0 port 4568 forward "$S4:5555" &&
	c ftcpctl add tunnel here dev ftcp0 listen 127.0.0.1:1235 remote "$S4:4568"'
told=$(icmp_errors)
c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:7003 --count 3 --lossy \
	--timeout 5 > /dev/null
check 'nor is there one towards the target' wait_for 5 eval \
	'[ "$(drops "$S" port-taken)" -gt 0 ]'
check 'and the application is told' wait_for 5 eval '[ "$(icmp_errors)" -gt "$told" ]'
check 'two UDP ports are left' [ "$(left "$S" udp "$udp")" = 2 ]
check 'bind() gets one' s perl "$tmp/port" udp 0.0.0.0 0 plain
s sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
check 'more ports, more flows' c udptool send --to 127.0.0.1:1235 --from 127.0.0.1:7003
check 'without that target' eval 'c ftcpctl del tunnel here dev ftcp0 &&
	s ftcpctl del tunnel here dev ftcp0'

check 'delete the flows' eval 'for port in $(flows "$C" ".[].local | split(\":\")[1]"); do
	c ftcpctl del flow local "$C4:$port" remote "$S4:4567" dev ftcp0; done'
check 'they go' wait_for 10 eval 'flows_are "$C" 0 && flows_are "$S" 0'
check 'the TCP port is free' wait_for 5 c perl "$tmp/port" tcp 0.0.0.0 "$tcp" plain
check 'the UDP port is free' wait_for 5 s perl "$tmp/port" udp 127.0.0.1 "$udp" plain

# The ways of the only two flows that there may be die, and nobody says so.  What
# is to replace them needs ports that only they can give.
few "$C" "$tcp"
check 'probes' c ftcpctl set tunnel t dev ftcp0 keepalive 1:1:2
for port in 7000 7001; do
	check "a flow: $port" c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:$port
done
dead=$(flows "$C" '[.[].local | split(":")[1]] | join(",")')
check 'their ways die' r nft -f - <<-EOT
	table inet dead {
		chain forward {
			type filter hook forward priority 0;
			tcp sport { $dead } drop
			tcp dport { $dead } drop
		}
	}
EOT
# again PORT: the conversation of that port goes on
again() { c udptool send --to 127.0.0.1:1234 --from "127.0.0.1:$1" --count 1 --timeout 1; }
for port in 7000 7001; do
	check "it goes on: $port" wait_for 60 again $port
done

check 'delete the tunnels' eval 'c ftcpctl del tunnel t dev ftcp0 &&
	s ftcpctl del tunnel t dev ftcp0'
c sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
everywhere free "$S" tcp 4567
free 'udp 1234 is free' "$C" udp 0.0.0.0 1234 plain

# A tunnel of one address leaves the port of the others alone.
check 'a tunnel of one address' s ftcpctl add tunnel t dev ftcp0 \
	port 4567 forward 127.0.0.1:5555 local "$S4"
taken 'its port: taken' "$S" tcp "$S4" 4567 plain
free 'that of another address: free' "$S" tcp 127.0.0.1 4567 plain
check 'a tunnel of IPv6' s ftcpctl add tunnel u dev ftcp0 \
	port 4567 forward 127.0.0.1:5555 local "$S6"
taken 'its port: taken' "$S" tcp "$S6" 4567 plain

check 'delete the links' proxy_gone

# ---- a target of IPv6 ----------------------------------------------------------

# For the first and for the last socket with an encapsulation the kernel patches its
# code, and stops all processors.  Flows do not: they come and go as others like.
tracing=/sys/kernel/tracing
patched() { awk '$1 == "ftcp_patched" { print $2 }' $tracing/kprobe_profile; }
[ -e $tracing/kprobe_events ] || mount -t tracefs tracefs $tracing 2> /dev/null
if echo 'p:ftcp_patched arch_jump_label_transform_apply' 2> /dev/null \
	>> $tracing/kprobe_events; then
	check 'a target of IPv6' eval 'proxy &&
		s ftcpctl set tunnel t dev ftcp0 unreachable ignore &&
		s ftcpctl add tunnel six dev ftcp0 port 4568 forward "[::1]:9" \
			unreachable ignore &&
		c ftcpctl add tunnel six dev ftcp0 listen 127.0.0.1:1235 remote "$S4:4568"'
	echo 1 > $tracing/events/kprobes/ftcp_patched/enable
	before=$(patched)
	for port in 7001 7002 7003; do
		check "a flow: $port" c udptool send --to 127.0.0.1:1235 \
			--from "127.0.0.1:$port" --oneway --count 1
		check "... is there" wait_for 10 eval '[ -n "$(flows "$S" \
			".[] | select(.[\"inner-remote\"]) | .remote")" ]'
		check "... goes" eval 'for port in $(flows "$C" ".[].local | split(\":\")[1]")
			do c ftcpctl del flow local "$C4:$port" remote "$S4:4568" dev ftcp0
			done; wait_for 10 flows_are "$S" 0'
	done
	check 'nothing was patched for them' [ $(($(patched) - before)) -lt 3 ]
	echo 0 > $tracing/events/kprobes/ftcp_patched/enable
	echo '-:ftcp_patched' >> $tracing/kprobe_events
	check 'delete the links' proxy_gone
else
	diag 'this kernel does not tell when its code is patched'
fi

# ---- when they are rare ------------------------------------------------------

# 64 ports, of which 32 may be had.  Tunnel t: to 127.0.0.1; mute: to a target that
# says nothing; talk: to one that answers.
server quiet "$S" sink --bind "$S4:5556" --count 100000
server loud "$S" echo --bind "$S4:5557"
rare()
{
	local ns

	proxy && add_link "$R" || return
	for ns in "$C" "$R"; do
		in_ns "$ns" ftcpctl add tunnel mute dev ftcp0 \
			listen 127.0.0.1:1236 remote "$S4:4570" &&
			in_ns "$ns" ftcpctl add tunnel talk dev ftcp0 \
				listen 127.0.0.1:1237 remote "$S4:4571" || return
	done
	s ftcpctl add tunnel mute dev ftcp0 port 4570 forward "$S4:5556" &&
		s ftcpctl add tunnel talk dev ftcp0 port 4571 forward "$S4:5557" &&
		s sysctl -qw net.ipv4.ip_local_port_range='40000 40063'
}
# flood PORT SOCKETS FROM: from that many sources at the client
flood()
{
	c udptool send --to "127.0.0.1:$1" --from "127.0.0.1:$3" --sockets "$2" \
		--timeout 10 "${@:4}"
}
of_tunnel() { s ftcpctl show --json | jq "map(select(.tunnel == \"$1\")) | .[0].$2"; }
at_least() { [ "$1" -ge "$2" ] || { echo "$1, not $2"; return 1; }; }
has() { at_least "$(of_tunnel "$1" flows)" "$2"; }

check 'few ports for many tunnels' rare
check 'one conversation that is not answered, from elsewhere' r udptool send \
	--to 127.0.0.1:1236 --from 127.0.0.1:7000 --oneway --count 1
check 'it is there' wait_for 10 has mute 1
flood 1236 60 8000 --oneway --lossy --count 1 > /dev/null
check 'all ports that may be had are' wait_for 10 has mute 24
check 'a new one to another tunnel is heard' wait_for 10 c udptool send \
	--to 127.0.0.1:1237 --from 127.0.0.1:7001 --count 1 --timeout 2
check 'and one from another host' wait_for 10 r udptool send \
	--to 127.0.0.1:1237 --from 127.0.0.1:7001 --count 1 --timeout 2
check 'others gave way' at_least "$(of_tunnel mute ended.evicted)" 1
check 'but not the one of who has no other' eval \
	'flows "$S" ".[] | select(.tunnel == \"mute\") | .remote" | grep -F "$RS4:"'
check 'answered ones do not' c udptool send \
	--to 127.0.0.1:1237 --from 127.0.0.1:7001 --count 3
check 'nobody else gave way' [ "$(of_tunnel talk ended.evicted)" = 0 ]

check 'the quiet ones go' s ftcpctl del tunnel mute dev ftcp0
flood 1237 60 8000 --lossy --count 2 > /dev/null
check 'answered ones do not take all ports' at_least 26 "$(of_tunnel talk flows)"
check 'another host has one' wait_for 10 r udptool send \
	--to 127.0.0.1:1237 --from 127.0.0.1:7002 --count 1 --timeout 2

check '7 to a target on 127/8: all are heard' flood 1234 7 9000 --count 2
of_loopback() { flows "$S" '.[] | select(.tunnel == "t") | .["inner-remote"]'; }
check 'from another address' eval 'of_loopback | grep -v "^127.0.0.1:"'
check 'the same for all of one client' eval \
	'[ "$(of_loopback | grep -v "^127.0.0.1:" | cut -d: -f1 | sort -u | wc -l)" = 1 ]'
add_t() { r ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"; }
check 'another client' eval 'add_t && r udptool send --to 127.0.0.1:1234 \
	--from 127.0.0.1:9000 --sockets 4 --count 2'
check 'has an address of its own' eval \
	'[ "$(of_loopback | grep -v "^127.0.0.1:" | cut -d: -f1 | sort -u | wc -l)" = 2 ]'
check 'a program finds a port' s perl "$tmp/port" udp 0.0.0.0 0 plain
check 'delete the links' eval 'proxy_gone && ip -n "$R" link del ftcp0'
module_memory_back
finish
