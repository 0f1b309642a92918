#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Strangers to a tunnel of mode ip: payloads that are no packets, that lie about their
# length, that are of somebody else, in each other, alone and in super-segments.  What a
# tunnel that listens is sent is a payload, as it is.
#
#   payload --UDP--> client, listen =(TCP)=> server, mode ip

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
check 'a server' eval 'inside "$S" 2 port 4567 &&
	s ftcpctl set peer c "${lan[@]}" \
		allowed-ips 10.9.0.1,fd09::1,169.254.0.0/16,fe80::/10,224.0.0.0/4,ff00::/8'
check 'a client' eval 'add_link "$C" &&
	c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4567"'
s nft -f - <<-'EOT'
table inet seen {
	counter whatever { }
	chain i {
		type filter hook prerouting priority -300
		iifname ftcp0 counter name whatever
	}
}
EOT
seen() { counter "$S" seen whatever; }

# payload PORT HEX: a payload, on the connection of that port
payload()
{
	perl -e 'print pack("H*", $ARGV[0])' "$2" |
		c socat -u - "UDP:127.0.0.1:1234,bind=127.0.0.1:$1"
}
udp=303930390009000041		# from and to port 12345: "A"

# is_dropped NAME REASON HEX: counted, and nothing comes out
is_dropped()
{
	local before came

	before=$(drops "$S" "$2") came=$(seen)
	payload 2000 "$3"
	check "$1 is dropped" wait_for 10 eval '[ "$(drops "$S" '"$2"')" -gt '"$before"' ]'
	check '... and does not come out' [ "$(seen)" = "$came" ]
}

# ---- before anybody is named ----

is_dropped 'a byte' malformed 45
is_dropped 'half a header' malformed "$(packet4 10.9.0.1 '' | head -c 38)"
is_dropped 'another version' malformed "$(packet4 10.9.0.1 "$udp$udp$udp" 17 47 55)"
is_dropped 'half of one, IPv6' malformed "$(packet6 fd09::1 '' | head -c 78)"
is_dropped 'somebody else' inner-source "$(packet4 10.9.0.3 $udp)"
is_dropped 'somebody else, IPv6' inner-source "$(packet6 fd09::3 $udp)"
for who in 0.0.0.0 127.0.0.1 169.254.1.1 224.0.0.1 255.255.255.255; do
	is_dropped "$who" inner-source "$(packet4 $who $udp)"
done
for who in :: ::1 fe80::1 ff02::1 ::ffff:10.9.0.1; do
	is_dropped "$who" inner-source "$(packet6 $who $udp)"
done
check 'no flow was made of it' flows_are "$S" 0

# ---- pieces of a packet, merged by GRO ----

# Whatever comes within 0.2 s is merged, on a way without offloads of the sender's.
gro()
{
	s ethtool -K eth0 gro "$1" && r ethtool -K s0 tso "$2" gso "$2" &&
		ip netns exec "$S" sh -c "cd /sys/class/net/eth0 &&
			echo $3 > gro_flush_timeout && echo $4 > napi_defer_hard_irqs"
}
pieces()
{
	c ftcpctl set tunnel t dev ftcp0 coalesce 0 && c python3 -c '
import socket, sys
p = bytes.fromhex(sys.argv[1])
for k in range(20):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 3000 + k))
    s.connect(("127.0.0.1", 1234))
    for part in b"x", p[:12], p[12:24], p[24:28]: s.send(part)
' "$(packet4 10.9.0.1 3039303900080000)"
}
before=$(drops "$S" malformed)
check 'a device that merges' gro on off 200000000 100
check 'pieces of packets' pieces
check '... are dropped' wait_for 10 eval '[ "$(drops "$S" malformed)" -ge '$((before + 40))' ]'
check '... merged' [ "$(drops "$S" malformed)" -lt $((before + 80)) ]
check '... and make no flow' flows_are "$S" 0
check 'a device that does not' gro off on 0 0
c ip link set ftcp0 down
c ip link set ftcp0 up
c ftcpctl set tunnel t dev ftcp0 coalesce 1000

# ---- when somebody is ----

comes_out()
{
	local before

	before=$(seen)
	payload 2000 "$2"
	check "$1 comes out" wait_for 10 eval '[ "$(seen)" -eq '$((before + 1))' ]'
}
comes_out 'a packet' "$(packet4 10.9.0.1 $udp)"
check 'of a flow' flows_are "$S" 1 established
comes_out 'a packet of IPv6' "$(packet6 fd09::1 $udp)"
comes_out 'one with something behind it' "$(packet4 10.9.0.1 $udp 17 29)ffffffff"
comes_out 'one without contents' "$(packet4 10.9.0.1 '')"
comes_out 'a packet in a packet in a packet' \
	"$(packet4 10.9.0.1 "$(packet4 10.9.0.3 "$(packet4 127.0.0.1 $udp)" 4)" 4)"
for who in 10.9.0.3 10.9.0.2 127.0.0.1 0.0.0.0; do
	is_dropped "a packet of $who" inner-source "$(packet4 $who $udp)"
done
is_dropped 'one that is longer than it is' malformed "$(packet4 10.9.0.1 $udp 17 99)"
is_dropped 'one that is shorter than its header' malformed "$(packet4 10.9.0.1 $udp 17 19)"
is_dropped 'a header that is longer than its packet' malformed \
	"$(packet4 10.9.0.1 $udp 17 29 4f)"
is_dropped 'a header that is too short' malformed "$(packet4 10.9.0.1 $udp 17 29 44)"
is_dropped 'one that lies, IPv6' malformed "$(packet6 fd09::1 $udp 17 65535)"
hello=$(packet4 10.9.0.1 '' 59)
before=$(seen)
payload 2000 "${hello:0:32}${hello:24:8}"	# which says who it is to itself
is_dropped 'and after who says who he is, a byte' malformed 00
check '... who does not come out either' [ "$(seen)" = "$before" ]
comes_out 'a packet still' "$(packet4 10.9.0.1 $udp)"

# ---- noise, alone and in super-segments ----

# mutants SIZE: packets of that size, each with some of its bytes changed
mutants()
{
	perl -e 'my ($p, $size) = (pack("H*", $ARGV[0]), $ARGV[1]); srand($size);
		$p .= "\0" x ($size - length $p);
		for (1..3000) { my $q = $p; substr($q, int(rand(48)), 1) = chr(rand(256))
			for 1..rand(4); print $q; }' \
		"$(packet4 10.9.0.1 $udp 17 "$1")" "$1"
}
head -c 400000 /dev/urandom > "$tmp/noise"
for size in 60 700 1400; do
	mutants $size > "$tmp/mutants"
	for file in noise mutants; do
		c socat -u -b $size "FILE:$tmp/$file" UDP:127.0.0.1:1234,bind=127.0.0.1:2000
	done
	comes_out "a packet after much noise of $size" "$(packet4 10.9.0.1 $udp)"
done
check 'some of it was dropped' [ "$(drops "$S" malformed)" -gt 1000 ]
check 'some came out' [ "$(seen)" -gt 1000 ]
check 'one flow' flows_are "$S" 1 established

ip -n "$C" link del ftcp0
ip -n "$S" link del ftcp0
module_memory_back
finish
