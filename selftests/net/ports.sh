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
told=$(icmp_errors)
c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7003 --count 3 --lossy \
	--timeout 5 > /dev/null
check 'nor is there one towards the target' wait_for 5 eval \
	'[ "$(drops "$S" port-taken)" -gt 0 ]'
check 'and the application is told' wait_for 5 eval '[ "$(icmp_errors)" -gt "$told" ]'
check 'two UDP ports are left' [ "$(left "$S" udp "$udp")" = 2 ]
check 'bind() gets one' s perl "$tmp/port" udp 0.0.0.0 0 plain
s sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
check 'more ports, more flows' c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7003

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
module_memory_back
finish
