#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# NAT rules and forwarding settings: --auto-rules sets them up and takes them
# away, after a crash as well; print-rules says what to do by hand.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful

forwards() { [ "$(setting "$1" net/ipv4/ip_forward)" = 1 ]; }
forwards6() { [ "$(setting "$1" net/ipv6/conf/all/forwarding)" = 1 ]; }
has_table() { in_ns "$1" nft list tables | grep -q "ftcptun_$2"; }
not() { ! "$@"; }

# unchanged WHEN NAMESPACE: nothing of ftcptun's is there
unchanged()
{
	check "$1: no table" not has_table "$2" ''
	check "$1: does not forward IPv4" not forwards "$2"
	check "$1: does not forward IPv6" not forwards6 "$2"
	check "$1: router advertisements count" \
		[ "$(setting "$2" net/ipv6/conf/eth0/accept_ra)" = 1 ]
}

server echo "$S" echo --bind 127.0.0.1:5555
unchanged 'before' "$C"
unchanged 'before, server' "$S"
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --restore
server=$!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
check 'it works' send --to 127.0.0.1:1234 --count 10
check 'the client has a table' has_table "$C" tun0
check 'the client forwards' forwards "$C"
check 'the client forwards IPv6' forwards6 "$C"
check 'router advertisements still count' \
	[ "$(setting "$C" net/ipv6/conf/eth0/accept_ra)" = 2 ]
ends_well 'the client' $client
unchanged 'after the client' "$C"

# ---- interfaces that hear routers, of any name and number ----

# advertise NAMESPACE DEVICE: a router's advertisement
advertise()
{
	in_ns "$1" python3 - "$2" <<-EOT
	import socket, sys
	s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
	s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
	s.sendto(bytes([134, 0, 0, 0, 64, 0, 7, 8] + 8 * [0]),
	         ('ff02::1', 0, 0, socket.if_nametoindex(sys.argv[1])))
	EOT
}
# by_router: there is a default route by its advertisement
by_router() { ip -n "$C" -6 route show default proto ra | grep -q 'dev eth0\.10'; }
heard() { advertise "$R" vlan10 && by_router; }
# those_that_hear VALUE: how many interfaces have that accept_ra
those_that_hear()
{
	in_ns "$C" grep -lx "$1" -r /proc/sys/net/ipv6/conf --include accept_ra | grep -c many
}

ip -n "$R" link add vlan10 type veth peer name eth0.10 netns "$C"
ip -n "$R" link set vlan10 up
ip -n "$C" link set eth0.10 up
for i in {1..70}; do
	echo "link add many$i type veth peer name other.many$i"
done | ip -n "$C" -batch -
check 'a default route by advertisement' wait_for 10 heard
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
check 'with many interfaces, IPv4 is forwarded' forwards "$C"
check '... and IPv6' forwards6 "$C"
check '... and all of them go on to hear routers' [ "$(those_that_hear 2)" = 140 ]
check 'a VLAN keeps its default route' by_router
check '... and takes part in advertisements' advertise "$R" vlan10
check '... which change nothing' by_router
check '... the device of its own does not' \
	[ "$(setting "$C" net/ipv6/conf/tun0/accept_ra)" = 1 ]
ends_well 'the client' $client
unchanged 'after the client' "$C"
check 'after the client: as all of them were' [ "$(those_that_hear 1)" = 140 ]
for i in {1..70}; do
	echo "link del many$i"
done | ip -n "$C" -batch -
ip -n "$C" link del eth0.10

# ---- a crash ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" \
	--auto-rules --restore --tun first
client=$!
check 'a flow' send --to 127.0.0.1:1234
port=$(report $client client | sed -n 's/^ESTAB *\([0-9]*\) .*/\1/p')
crash $client
r nft -f - <<-EOT
	table inet leak {
		counter leaked { }
		counter came { }
		chain in {
			type filter hook prerouting priority -300;
			ip daddr 192.168.200.2 counter name leaked
		}
		chain out {
			type filter hook postrouting priority 300;
			ip daddr $C4 tcp dport $port counter name came
		}
	}
EOT
r tcpraw send --from "$S4:4567" --to "$C4:$port" --flags A --random-seq --count 400 > /dev/null
came() { [ "$(counter "$R" leak came)" -ge 400 ]; }
check 'after a crash, what still comes' wait_for 5 came
check 'is not sent to where the default route leads' \
	[ "$(counter "$R" leak leaked)" -eq 0 ]
check 'a crash leaves the table' has_table "$C" first
check 'and the setting' forwards "$C"
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --tun other.2
client=$!
check 'the next start says so' grep -q 'crash has left: ftcptun_first' "$tmp/client"
unchanged 'after the next start' "$C"
ends_well 'the client' $client

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore --tun same
crash $!
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore --tun same
client=$!
check 'it works after a crash' send --to 127.0.0.1:1234 --count 10
ends_well 'the client' $client
unchanged 'after all' "$C"

# another program takes the name of the device before the next start
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore --tun taken
crash $!
check 'another device of that name' c ip tuntap add taken mode tun
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore --tun own
client=$!
check 'what the crash left is taken away' not has_table "$C" taken
check '... it works' send --to 127.0.0.1:1234 --count 10
ends_well 'the client' $client
unchanged '... after the client' "$C"
c ip link del taken

# ---- two at once: the last one turns off the light ----

run one "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" \
	--auto-rules --restore --tun one
one=$!
run two "$C" client --local 127.0.0.1:1235 --remote "$S4:4567" --auto-rules --restore \
	--tun two-2 --tun-local 192.168.210.1 --tun-peer 192.168.210.2 \
	--tun-local6 fcca::1 --tun-peer6 fcca::2
two=$!
check 'the first works' send --to 127.0.0.1:1234
check 'the second works' send --to 127.0.0.1:1235
ends_well 'the first' $one
check 'the second still forwards' forwards "$C"
check 'and works' send --to 127.0.0.1:1235
ends_well 'the second' $two
unchanged 'after both' "$C"
ends_well 'the server' $server
unchanged 'after the server' "$S"

# ---- without --restore: forwarding stays on, for those who rely on it ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
client=$!
ends_well 'without --restore: the client' $client
check '... its table is gone' not has_table "$C" ''
check '... IPv4 is still forwarded' forwards "$C"
check '... and IPv6' forwards6 "$C"
check '... and router advertisements still count' \
	[ "$(setting "$C" net/ipv6/conf/eth0/accept_ra)" = 2 ]
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
ends_well '... what was on before is not turned off: the client' $!
check '... by --restore' forwards "$C"
c sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
	net.ipv6.conf.eth0.accept_ra=1

# ---- the firewall is loaded anew meanwhile ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
c nft flush ruleset
ends_well 'flush ruleset: the client' $client
unchanged '... after it' "$C"
check '... it says so' grep -q 'somebody has deleted the nftables table ftcptun_tun0' \
	"$tmp/client"
c nft -f - <<< "$conntrack_rules"

# ---- clean-rules ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
check 'clean-rules while it runs' c "$ftcptun" clean-rules
check '... leaves it alone' has_table "$C" tun0
crash $client
gone() { not c ip link show tun0; }
check 'its device goes' wait_for 5 gone
check 'clean-rules after a crash' c "$ftcptun" clean-rules
unchanged '... after it' "$C"
check 'clean-rules when there is nothing' c "$ftcptun" clean-rules

# What anybody who rules over the namespace can leave there: a table like a crash's
# that tells of other settings, or of other values.
leftover()
{
	c nft -f - <<-EOT
		table inet ftcptun_gone {
			chain was_99_net/ipv4/ip_default_ttl { }
			chain was_99_net/ipv6/conf/eth0/hop_limit { }
			chain was_/99_net/ipv4/ip_default_ttl { }
			chain was_$1_net/ipv6/conf/eth0/accept_ra { }
		}
	EOT
}
others_unchanged()
{
	check "$1: the table is taken away" not has_table "$C" gone
	check '... a setting that is not ours stays as it is' \
		[ "$(setting "$C" net/ipv4/ip_default_ttl)" = 64 ]
	check '... and one beside ours' [ "$(setting "$C" net/ipv6/conf/eth0/hop_limit)" = 64 ]
}
leftover 2
check 'clean-rules, of what is not by ftcptun' c "$ftcptun" clean-rules
others_unchanged 'by clean-rules'
check '... what may be ours is put back' \
	[ "$(setting "$C" net/ipv6/conf/eth0/accept_ra)" = 2 ]
c sysctl -qw net.ipv6.conf.eth0.accept_ra=1
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules --restore
client=$!
leftover 1
check '... while another one runs' c "$ftcptun" clean-rules
check '... which does not take on others' eval \
	'! c nft list table inet ftcptun_tun0 | grep "was_.*99"'
ends_well '... the client' $client
others_unchanged 'after it'
unchanged '... and nothing is left' "$C"
check_refused 'clean-rules without the right to' 'cannot list the tables' \
	c setpriv --bounding-set -all --inh-caps -all "$ftcptun" clean-rules

# ---- a firewall that drops what is forwarded ----

# notices: those that name a chain
notices() { grep -c 'drops what is forwarded' "$tmp/client"; }
# told NAME CHAIN REMEDY: the client's start names both, once
told()
{
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
	client=$!
	check "$1: named, once" [ "$(notices)" = 1 ]
	check '... which chain' grep -qF "ftcptun: $2 drops" "$tmp/client"
	check '... and what to do' grep -qF "nothing passes: $3" "$tmp/client"
}
# remedied: what it says helps
remedied()
{
	check_fails '... nothing passes' send --to 127.0.0.1:1234 --timeout 1
	c bash -c "$(sed -n 's/.*nothing passes: //p' "$tmp/client" |
		sed 's/; the same with ip6tables//')"
	check '... that helps' wait_for 10 send --to 127.0.0.1:1234 --timeout 1
	ends_well '... the client' $client
	silent '... from then on'
}
silent()
{
	run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
	client=$!
	check "$1: no word" [ "$(notices)" = 0 ]
	ends_well '... the client' $client
}
# firewall: a rule set in place of any before
firewall() { c nft flush ruleset; c nft -f -; }

server echo "$S" echo --bind 127.0.0.1:5555
run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --restore
server=$!
firewall <<-EOT
	table inet filter {
		chain passing {
			type filter hook forward priority filter; policy drop;
			iifname "other0" accept
		}
	}
EOT
told 'a policy' 'passing of table inet filter' 'nft insert rule inet filter passing iifname tun0 accept;'
remedied
firewall <<-EOT
	table ip filter {
		chain last {
			type filter hook forward priority filter; policy accept;
			ct state related accept
			counter reject with icmp type admin-prohibited
		}
	}
EOT
told 'a last rule' 'last of table ip filter' 'nft insert rule ip filter last iifname tun0 accept;'
remedied
firewall <<-EOT
	table inet firewalld {
		chain filter_FORWARD {
			type filter hook forward priority filter + 10; policy accept;
			ct status dnat accept
			reject with icmpx admin-prohibited
		}
	}
EOT
told 'firewalld' 'filter_FORWARD of table inet firewalld' \
	'firewall-cmd --zone=trusted --add-interface=tun0'
ends_well '... the client' $client
firewall <<-EOT
	table inet filter {
		chain everything {
			type filter hook forward priority filter; policy drop;
			ct state invalid drop
			counter accept
		}
		chain arriving {
			type filter hook input priority filter; policy drop;
			iifname lo accept
			ct state established accept
		}
	}
	table ip6 filter {
		chain some {
			type filter hook forward priority filter; policy accept;
			ip6 saddr 2001:db8::/32 drop
		}
	}
EOT
silent 'a firewall that lets pass what is forwarded'

# nft(8) names nothing so, but the kernel takes any name: no command is made of it
firewall <<-EOT
	table inet filter {
		chain passing { }
	}
EOT
echo 'add table inet included' > "$tmp/included"
c python3 - "passing;include\"$tmp/included\"" <<-EOT
	import socket, struct, sys
	def attribute(kind, data):
	    data = struct.pack('HH', len(data) + 4, kind) + data
	    return data + bytes(-len(data) % 4)
	def message(kind, subsystem=0, body=b''):
	    body = struct.pack('>BBH', 1, 0, subsystem) + body
	    return struct.pack('IHHII', len(body) + 16, kind, 0x401, 0, 0) + body
	chain = (attribute(1, b'filter\0') + attribute(3, sys.argv[1].encode() + b'\0') +
	         attribute(4, attribute(1, struct.pack('>I', 2)) +
	                      attribute(2, struct.pack('>I', 0))) +
	         attribute(5, struct.pack('>I', 0)) + attribute(7, b'filter\0'))
	s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
	s.send(message(16, 10) + message(10 << 8 | 3, 0, chain) + message(17, 10))
EOT
check 'a chain with a command in its name' eval \
	'c nft list chains | grep -q "passing;include"'
silent '... it cannot be looked at'
check '... and does nothing' eval '! c nft list tables | grep included'
if command -v iptables ip6tables > /dev/null; then
	c nft flush ruleset
	c iptables -P FORWARD DROP && c ip6tables -P FORWARD DROP
	c iptables -N ufw-user-forward
	told 'ufw' 'FORWARD of table ip filter, FORWARD of table ip6 filter' \
		'ufw route allow in on tun0; ufw route allow out on tun0'
	ends_well '... the client' $client
	c nft flush ruleset
	c iptables -P FORWARD DROP && c ip6tables -P FORWARD DROP
	told 'iptables' 'FORWARD of table ip filter, FORWARD of table ip6 filter' \
		'iptables -I FORWARD -i tun0 -j ACCEPT; iptables -I FORWARD -o tun0 -j ACCEPT; the same with ip6tables'
	c ip6tables -I FORWARD -i tun0 -j ACCEPT
	remedied
	c nft flush ruleset
	c iptables -P FORWARD DROP
	c iptables -N DOCKER-USER && c iptables -A FORWARD -j DOCKER-USER
	"$ftcptun" print-rules client | sed -n 's/^# \(iptables -I\)/\1/p' > "$tmp/own"
	check 'rules of ftcptun in a table' c bash -e "$tmp/own"
	told 'Docker' 'FORWARD of table ip filter' \
		'iptables -I DOCKER-USER -i tun0 -j ACCEPT; iptables -I DOCKER-USER -o tun0 -j ACCEPT'
	remedied
	c iptables -P FORWARD ACCEPT
else
	skip 'firewalls made by iptables' 'not installed'
fi
c nft flush ruleset
c nft -f - <<< "$conntrack_rules"
c sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
	net.ipv6.conf.eth0.accept_ra=1
ends_well 'the server' $server

# ---- without rules ----

run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567"
check 'without rules, it says that nothing is forwarded' grep -q \
	'does not forward IPv4: .* print-rules client' "$tmp/client"
ends_well 'it' $!
# printed ARGUMENTS...: an ftcptun without rules says which command prints them, and
# that command prints the same as one with all the arguments
printed()
{
	local command

	run server "$S" server --local 4567 --remote 127.0.0.1:5555 "$@" || return
	terminate $!
	command=$(sed -n "s/.*does not forward IPv4: .* do what 'ftcptun \(.*\)' says/\1/p" \
		"$tmp/server")
	# shellcheck disable=SC2086
	"$ftcptun" $command > "$tmp/by-hand" &&
		"$ftcptun" print-rules server --local 4567 "$@" | diff - "$tmp/by-hand"
}
check 'and with which command they are printed' printed
check '... for a device of its own' printed --tun own0 -4 --tun-peer 192.168.202.2
check '... and a mark' printed --fwmark 7
check '... and addresses of its own' printed --tun-peer 192.168.202.2 --tun-peer6 fcca::2

# ---- by hand ----

# settings NAMESPACE RULES: what the printed rules say to set
settings()
{
	sed -n 's/^# sysctl -w //p' "$2" | while read -r assignment; do
		in_ns "$1" sysctl -qw "$assignment"
	done
}

"$ftcptun" print-rules client > "$tmp/rules-client"
"$ftcptun" print-rules server --local 4567 > "$tmp/rules-server"
settings "$C" "$tmp/rules-client"
settings "$S" "$tmp/rules-server"
check 'nftables takes the printed rules' c nft -f "$tmp/rules-client"
check 'on the server as well' s nft -f "$tmp/rules-server"
run server "$S" server --local 4567 --remote 127.0.0.1:5555
run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567"
check 'which needs no warning' eval '! grep "does not forward" "$tmp/client"'
check 'and they work' send --to 127.0.0.1:1234 --count 10
c nft delete table inet nat_ftcptun_tun0
s nft delete table inet nat_ftcptun_tun0
if command -v iptables ip6tables > /dev/null; then
	for end in client server; do
		sed -n 's/^# \(ip6\?tables\)/\1/p' "$tmp/rules-$end" > "$tmp/iptables-$end"
	done
	check 'iptables takes the printed rules' c bash -e "$tmp/iptables-client"
	check 'on the server as well' s bash -e "$tmp/iptables-server"
	c conntrack -F 2>/dev/null
	s conntrack -F 2>/dev/null
	check 'and they work' send --to 127.0.0.1:1234 --count 10
else
	skip 'iptables' 'not installed'
fi
assert_no_udp
finish
