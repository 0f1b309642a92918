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
		allowed-ips 10.9.0.1,fd09::1,10.10.0.0/16,169.254.0.0/16,fe80::/10,224.0.0.0/4,ff00::/8'
check 'a peer of another tunnel' eval 's ftcpctl add tunnel other dev ftcp0 ip &&
	s ftcpctl set peer y tunnel other dev ftcp0 allowed-ips 10.10.0.7'
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
is_dropped 'a peer of another tunnel' inner-source "$(packet4 10.10.0.7 $udp)"
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
comes_out 'of all its addresses' "$(packet4 10.10.0.8 $udp)"
for who in 10.9.0.3 10.9.0.2 10.10.0.7 127.0.0.1 0.0.0.0; do
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

# ---- what looks like the packets of a super-packet ----

# In super-segments of ten packets of TCP, the fifth of which is not as those around it:
# all arrive as they were, and one of a strange kind not merged with others.
readonly runs='
import socket, struct, sys, ipaddress

def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff

class Packet:
    def __init__(self, v6, port, k, length):
        self.v6, self.port, self.k, self.wrong = v6, port, k, 0
        self.source, self.to = ("fd09::1", "fd09::2") if v6 else ("10.9.0.1", "10.9.0.2")
        self.seq, self.ack, self.flags, self.window, self.urgent = 0xffffff00 + k * 200, 7, 0x10, 500, 0
        self.to_port, self.options, self.reserved = 9, b"\1\1\x08\x0a" + b"abcdefgh", 0
        self.tos, self.ttl, self.id, self.frag, self.label = 2, 60, 77 + k, 0x4000, 5
        self.payload = bytes([65 + k]) * length
    def bytes(self):
        src, dst = (ipaddress.ip_address(a).packed for a in (self.source, self.to))
        doff = 5 + len(self.options) // 4
        tcp = struct.pack("!HHIIBBHHH", self.port, self.to_port, self.seq & 0xffffffff, self.ack,
                          doff << 4 | self.reserved, self.flags, self.window, 0, self.urgent) + self.options + self.payload
        pseudo = src + dst + struct.pack("!HH", 6, len(tcp))
        check = checksum(pseudo + tcp) ^ self.wrong
        tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
        if self.v6:
            return struct.pack("!IHBB", 6 << 28 | self.tos << 20 | self.label,
                               len(tcp), 6, self.ttl) + src + dst + tcp
        ip = struct.pack("!BBHHHBBH", 0x45, self.tos, 20 + len(tcp), self.id, self.frag,
                         self.ttl, 6, 0) + src + dst
        return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp

# what is done to the fifth: its name, and whether GRO may still merge it with others (that of
# Linux 6.1 begins with one with CWR)
kinds = [
    ("nothing", {}, True), ("the checksum", {"wrong": 1}, False), ("a gap", {"seq": 1}, False),
    ("the acknowledgement", {"ack": 8}, False), ("the window", {"window": 501}, False),
    ("the port", {"to_port": 10}, False), ("options", {"options": b"\1\1\x08\x0a" + b"abcdefgi"}, False),
    ("no options", {"options": b"", "payload": b"x" * 212}, False), ("PSH", {"flags": 0x18}, True),
    ("FIN", {"flags": 0x11}, True), ("SYN", {"flags": 0x12}, False), ("RST", {"flags": 0x14}, False),
    ("URG", {"flags": 0x30, "urgent": 3}, False), ("CWR", {"flags": 0x90}, True), ("ECE", {"flags": 0x50}, False),
    ("no ACK", {"flags": 0}, False), ("a reserved bit", {"reserved": 4}, False),
    ("the TTL", {"ttl": 61}, False), ("DSCP", {"tos": 6}, False), ("ECN", {"tos": 3}, False),
    ("the address", {"to": None}, False),
]
only4 = [("a fragment", {"frag": 0x2000}, False), ("no DF", {"frag": 0}, False)]
only6 = [("the flow label", {"label": 6}, False)]

def all_runs():
    port = 20000
    for v6 in False, True:
        for name, changes, may_merge in kinds + (only6 if v6 else only4):
            port += 1
            packets = [Packet(v6, port, k, 200 if k < 9 else 55) for k in range(10)]
            for key, value in changes.items():
                if key == "to":
                    value = "fd09::4" if v6 else "10.9.0.4"
                setattr(packets[4], key, value)
            yield name + (", IPv6" if v6 else ""), port, [p.bytes() for p in packets], may_merge

def send():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 2000))
    s.connect(("127.0.0.1", 1234))
    for name, port, packets, may_merge in all_runs():
        s.setsockopt(17, 103, len(packets[0]))
        s.send(b"".join(packets))

def read(file):
    data = open(file, "rb").read()
    at, came = 24, []
    while at < len(data):
        length, = struct.unpack("=I", data[at + 8:at + 12])
        came.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return came

def payload(p):
    at = 40 if p[0] >> 4 == 6 else 20
    return p[at + (p[at + 12] >> 4) * 4:]

def port_of(p):
    at = 40 if p[0] >> 4 == 6 else 20
    return struct.unpack("!H", p[at:at + 2])[0]

def judge(file):
    came = read(file)
    for name, port, packets, may_merge in all_runs():
        mine = [p for p in came if port_of(p) == port]
        error = ""
        # one of another flow, or that is wrong, may overtake others
        if sorted(b"".join(map(payload, mine))) != sorted(b"".join(map(payload, packets))):
            error = "other data: %d packets" % len(mine)
        elif name.startswith("nothing") and len(mine) != 1:
            error = "not merged: %d packets" % len(mine)
        elif not may_merge and packets[4] not in mine:
            error = "merged: %d packets" % len(mine)
        print("%s: %s" % (name, error or "as they were"))

send() if sys.argv[1] == "send" else judge(sys.argv[2])'
runs_arrive()
{
	capture runs "$S" ftcp0 -Q in tcp dst port 9 or dst port 10 or ip6 &&
		c python3 -c "$runs" send && wait_for 10 all_runs &&
		capture_stop runs "${captures[runs]}"
}
# the last run is two of packets that are alike, and one between
all_runs() { [ "$(captured_count runs 'ip6[40:2] = 20045')" -ge 3 ]; }
check 'runs of packets of TCP' runs_arrive
python3 -c "$runs" judge "$tmp/runs" > "$tmp/judged"
while IFS= read -r line; do
	check "of ten one differs by ${line%: *}" [ "${line##*: }" = 'as they were' ]
	[ "${line##*: }" = 'as they were' ] || diag "$line"
done < "$tmp/judged"
check 'all have been judged' [ "$(wc -l < "$tmp/judged")" = 45 ]

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

# ---- who connects, and closes, and does not acknowledge that ----

check 'the flow ends' wait_for 10 flows_are "$S" 0
c nft -f - <<-'EOT'
table inet deaf {
	chain i {
		type filter hook input priority 0
		tcp sport 4567 drop
	}
}
EOT
check 'forty such connections' c python3 -c '
import socket, struct, sys
here, there = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)
seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800))
seen.settimeout(10)
def checksum(d):
    n = sum(struct.unpack("!%dH" % (len(d) // 2), d))
    while n >> 16: n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
def send(port, seq, ack, flags, data=b""):
    t = struct.pack("!HHIIBBHHH", port, 4567, seq, ack, 5 << 4, flags, 65535, 0, 0) + data
    check = checksum(here + there + struct.pack("!HH", 6, len(t)) + t)
    out.sendto(t[:16] + struct.pack("!H", check) + t[18:], (sys.argv[2], 0))
packet = bytes.fromhex(sys.argv[3])
for port in range(10000, 10040):
    send(port, 1000, 0, 2)
    while True:
        p = seen.recv(2000)
        if p[9] == 6 and p[12:16] == there and p[22:24] == struct.pack("!H", port) and p[33] == 0x12: break
    ack = (struct.unpack("!I", p[24:28])[0] + 1) & 0xffffffff
    send(port, 1001, ack, 0x18, packet)
    send(port, 1001 + len(packet), ack, 0x11)
' "$C4" "$S4" "$(packet4 10.9.0.1 ${udp}00)"
check '... are counted' wait_for 10 eval '[ "$(drops "$S" limit)" -ge 24 ]'
check '... and few are left' [ "$(flows "$S" length)" -le 16 ]
check '... which end' wait_for 20 flows_are "$S" 0
ip -n "$S" link del ftcp0
module_memory_back
finish
