#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Strangers to who carries whole IP packets: payloads that are no packets, that lie
# about their length, that are of somebody else, in each other.  Nothing of it may
# crash ftcptun, make a flow, or come out; with the address and undefined behaviour
# sanitizers.

. "$(dirname "$0")/lib.sh"

tun_start sanitize
topology
run server "$S" ip --local 4567 --auto-rules --dev inner --address 10.9.0.2/24 \
	--address fd09::2/64 --allowed-ips 10.9.0.1,fd09::1,169.254.0.0/16,fe80::/10
server=$!
# whose datagrams are payloads
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
client=$!
s nft -f - <<-'EOT'
table inet seen {
	counter whatever { }
	counter nested { }
	chain i {
		type filter hook prerouting priority -300
		iifname inner counter name whatever
	}
	chain o {
		type filter hook postrouting priority 300
		iifname inner oifname tun0 counter name nested
	}
}
EOT
seen() { counter "$S" seen whatever; }
dropped() { total "$1" $server server; }

# payload PORT HEX: a payload, on the connection of that port
payload()
{
	perl -e 'print pack("H*", $ARGV[0])' "$2" |
		c socat -u - "UDP:127.0.0.1:1234,bind=127.0.0.1:$1"
}

udp=303930390009000041		# from and to port 12345: "A"

# ---- before anybody is named ----

says_nothing()
{
	local before

	before=$(dropped "$2")
	payload 2000 "$3"
	check "$1 is dropped" wait_for 10 eval '[ "$(dropped '"$2"')" -gt '"$before"' ]'
}
says_nothing 'a byte' malformed 45
says_nothing 'half a header' malformed "$(packet4 10.9.0.1 '' | head -c 38)"
says_nothing 'a packet that is longer than it is' malformed "$(packet4 10.9.0.1 $udp 17 30)"
says_nothing 'one that is shorter than its header' malformed "$(packet4 10.9.0.1 $udp 17 19)"
says_nothing 'a header that is longer than its packet' malformed "$(packet4 10.9.0.1 $udp 17 29 4f)"
says_nothing 'a header that is too short' malformed "$(packet4 10.9.0.1 $udp 17 29 44)"
says_nothing 'another version' malformed "$(packet4 10.9.0.1 "$udp$udp$udp" 17 47 55)"
says_nothing 'a longer one, IPv6' malformed "$(packet6 fd09::1 $udp 17 10)"
says_nothing 'half of one, IPv6' malformed "$(packet6 fd09::1 '' | head -c 78)"
says_nothing 'somebody else' inner-source "$(packet4 10.9.0.3 $udp)"
says_nothing 'somebody else, IPv6' inner-source "$(packet6 fd09::3 $udp)"
for who in 0.0.0.0 127.0.0.1 169.254.1.1 224.0.0.1 255.255.255.255; do
	says_nothing "$who" inner-source "$(packet4 $who $udp)"
done
for who in :: ::1 fe80::1 ff02::1 ::ffff:10.9.0.1; do
	says_nothing "$who" inner-source "$(packet6 $who $udp)"
done
check 'no flow was made of it' no_flows $server server
check 'nothing has come out' [ "$(seen)" -eq 0 ]

# ---- when somebody is ----

says_it()
{
	local before

	before=$(seen)
	payload 2000 "$2"
	check "$1 comes out" wait_for 10 eval '[ "$(seen)" -eq '$((before + 1))' ]'
}
says_it 'a packet' "$(packet4 10.9.0.1 $udp)"
check 'of a flow' [ "$(tun_flows $server server ESTAB)" -eq 1 ]
says_it 'a packet of IPv6' "$(packet6 fd09::1 $udp)"
says_it 'one with something behind it' "$(packet4 10.9.0.1 $udp 17 29)ffffffff"
says_it 'one without contents' "$(packet4 10.9.0.1 '')"
says_it 'a packet in a packet in a packet' \
	"$(packet4 10.9.0.1 "$(packet4 10.9.0.3 "$(packet4 127.0.0.1 $udp)" 4)" 4)"
says_it 'of no protocol, and to somebody' "$(packet4 10.9.0.1 00 59)"
# what comes out must not be taken for segments: the host is a router by now
says_it 'a packet to where segments go' "$(packet4 10.9.0.1 $udp 17 29 45 192.168.202.2)"
says_it '... over IPv6' "$(packet6 fd09::1 $udp 17 9 fcca::2)"
says_it '... and another one' "$(packet4 10.9.0.1 $udp)"
check '... does not go there' [ "$(counter "$S" seen nested)" -eq 0 ]
before=$(seen)
for who in 10.9.0.3 10.9.0.2 127.0.0.1 0.0.0.0 224.0.0.1; do
	says_nothing "a packet of $who" inner-source "$(packet4 $who $udp)"
done
says_nothing 'one that lies' malformed "$(packet4 10.9.0.1 $udp 17 99)"
says_nothing 'one that lies, IPv6' malformed "$(packet6 fd09::1 $udp 17 65535)"
hello=$(packet4 10.9.0.1 '' 59)
payload 2000 "${hello:0:32}${hello:24:8}"	# which says who it is to itself
says_nothing 'and after who says who he is, a byte' malformed 00
check 'none of it has come out' [ "$(seen)" -eq "$before" ]
says_it 'a packet still' "$(packet4 10.9.0.1 $udp)"

# ---- noise ----

head -c 400000 /dev/urandom > "$tmp/noise"
c socat -u -b 700 "FILE:$tmp/noise" UDP:127.0.0.1:1234,bind=127.0.0.1:2000
perl -e 'open(my $f, "<", $ARGV[0]); my $p = pack("H*", $ARGV[1]); srand(1);
	for (1..2000) { my $q = $p; substr($q, int(rand(length $q)), 1) = chr(rand(256))
		for 1..1 + rand(3); print substr($q . "\0" x 60, 0, 60); }' "$tmp/noise" \
	"$(packet4 10.9.0.1 $udp)" > "$tmp/mutants"
c socat -u -b 60 "FILE:$tmp/mutants" UDP:127.0.0.1:1234,bind=127.0.0.1:2000
says_it 'a packet after much noise' "$(packet4 10.9.0.1 $udp)"

ends_well 'the client' $client
ends_well 'the server' $server
check 'the sanitizers are silent' eval '! grep -E "ERROR|runtime error" "$tmp/server"'
finish
