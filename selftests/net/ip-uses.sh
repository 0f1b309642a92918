#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What whole packets are carried for: a hub with many spokes, all traffic of a host and
# of a LAN by a gateway with NAT, but for what is excepted, over one tunnel or two;
# IPsec and WireGuard over it.
#
#	LAN host $L --- client $C --- router $R --- gateway $S --- world $W

. "$(dirname "$0")/../lib.sh"

readonly L=l-$$ W=w-$$
readonly L4=192.168.5.2 L6=fd05::2 W4=203.0.113.2 W6=2001:db8:1::2
readonly spokes=200
start
module_load
topology stateful
add_link "$C"
add_link "$S"

l() { in_ns "$L" "$@"; }
w() { in_ns "$W" "$@"; }
t() { echo "tunnel t dev ${1:-ftcp0}"; }

# ---- all traffic by a gateway ----

# behind NAMESPACE OTHER DEVICE PREFIX4 PREFIX6: another host, whose router it is
behind()
{
	namespace "$2" &&
		ip link add "$3" netns "$1" type veth peer name eth0 netns "$2" || return
	ip -n "$1" -batch - <<-EOT
	addr add $4.1/24 dev $3
	addr add $5::1/64 dev $3 nodad
	link set $3 up
	EOT
	ip -n "$2" -batch - <<-EOT
	addr add $4.2/24 dev eth0
	addr add $5::2/64 dev eth0 nodad
	link set lo up
	link set eth0 up
	route add default via $4.1
	route add default via $5::1 dev eth0
	EOT
	in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# The world knows the gateway only.
gateway()
{
	behind "$S" "$W" w0 203.0.113 2001:db8:1 &&
		behind "$C" "$L" l0 192.168.5 fd05 &&
		w ip route del default && w ip -6 route del default &&
		s ftcpctl add $(t) ip port 4567 &&
		s ftcpctl set peer client $(t) \
			allowed-ips 10.9.0.2/32,fd09::2/128,192.168.5.0/24,fd05::/64 &&
		s ip addr add 10.9.0.1/24 dev ftcp0 &&
		s ip addr add fd09::1/64 dev ftcp0 nodad &&
		s ip route add 192.168.5.0/24 dev ftcp0 &&
		s ip route add fd05::/64 dev ftcp0 &&
		s nft -f - <<-EOT
		table inet gateway {
			chain nat {
				type nat hook postrouting priority 100;
				oifname w0 masquerade
			}
		}
		EOT
}

# as in Documentation/configuration.md
intercept()
{
	c ftcpctl add $(t) ip fwmark 2 &&
		c ftcpctl set peer gateway $(t) endpoint "$S4:4567" \
			allowed-ips 0.0.0.0/0,::/0 persistent on &&
		c ip addr add 10.9.0.2/24 dev ftcp0 &&
		c ip addr add fd09::2/64 dev ftcp0 nodad &&
		c ftcpctl add rules $(t) fwmark 1 table 100
}

marks()
{
	c nft -f - <<-EOT
	table inet intercept {
		chain choose {
			meta mark 2 return
			fib daddr type { local, broadcast, multicast } return
			udp dport 53 return
			udp sport 53 return
			meta l4proto { tcp, udp } meta mark set 1
		}
		chain lan {
			type filter hook prerouting priority -150;
			iifname l0 jump choose
		}
		chain own {
			type route hook output priority -150;
			jump choose
		}
		chain nat {
			type nat hook postrouting priority 100;
			oifname ftcp0 ip saddr != { 10.9.0.2, 192.168.5.0/24 } masquerade
			oifname ftcp0 ip6 saddr != { fd09::2, fd05::/64 } masquerade
		}
	}
	EOT
}

readonly tcp_server='
import socket, sys, threading
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 80)); s.listen(16)
print("ready", flush=True)
def serve(c, who):
    with c:
        c.sendall((who[0].removeprefix("::ffff:") + "\n").encode())
        c.sendall(open(sys.argv[1], "rb").read())
while True:
    threading.Thread(target=serve, args=s.accept(), daemon=True).start()'

# fetch NAMESPACE ADDRESS: from the TCP server; says what it was told, and the hash
fetch()
{
	in_ns "$1" timeout 60 bash -c 'exec 3<> "/dev/tcp/$1/80" && read -r who <&3 && echo "$who" && sha256sum <&3' \
		fetch "$2"
}
# fetches NAMESPACE ADDRESS AS: everything came, and it was that address that asked
fetches()
{
	local said

	said=$(fetch "$1" "$2") && [ "$said" = "$3
$(sha256sum < "$tmp/file")" ] || { echo "$said"; return 1; }
}
connects() { in_ns "$1" timeout 5 bash -c ': < "/dev/tcp/$1/$2"' connects "$2" "$3" 2>&1; }
# unheard NAMESPACE ADDRESS: who sends there is told that nobody listens
unheard()
{
	in_ns "$1" python3 -c '
import socket, sys
to = socket.getaddrinfo(sys.argv[1], 9, type=socket.SOCK_DGRAM)[0]
s = socket.socket(to[0], socket.SOCK_DGRAM)
s.settimeout(10)
s.connect(to[4])
s.send(b"x")
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit("not refused")' "$2"
}
refused() { connects "$@" | grep -i 'refused'; }

check 'a gateway with NAT' gateway
check 'a client all of whose traffic goes there' intercept
check '... as its rules say' marks
check 'it is dialled without a packet' wait_for 10 flows_are "$S" 1 established
head -c 3000000 /dev/urandom > "$tmp/file"
background world "$W" python3 -c "$tcp_server" "$tmp/file"
wait_for 10 file_has "$tmp/world" ready
server world-udp "$W" echo --bind 0.0.0.0:5555 --bind "[::]:5555"
check 'TCP of the client, IPv4' fetches "$C" $W4 203.0.113.1
check 'TCP of the client, IPv6' fetches "$C" $W6 2001:db8:1::1
check 'TCP of the LAN, IPv4' fetches "$L" $W4 203.0.113.1
check 'TCP of the LAN, IPv6' fetches "$L" $W6 2001:db8:1::1
for ns in "$C" "$L"; do
	check "UDP of ${ns%-*}, IPv4" in_ns "$ns" udptool send --to $W4:5555 --count 3
	check "UDP of ${ns%-*}, IPv6" in_ns "$ns" udptool send --to "[$W6]:5555" --count 3
	check "a closed TCP port, of ${ns%-*}" refused "$ns" $W4 81
	check "a closed TCP port, of ${ns%-*}, IPv6" refused "$ns" $W6 81
done
check 'a closed UDP port, by ICMP' unheard "$L" $W4
check 'a closed UDP port, by ICMPv6' unheard "$L" $W6
check 'what is for hosts here stays here' c ping -q -c 1 -W 2 "$L4"
# passed_by COMMAND...: of what it sends nothing goes through the tunnel
passed_by()
{
	local before

	before=$(carried)
	"$@"
	[ "$(carried)" = "$before" ] || { echo "$before before, now $(carried)"; return 1; }
}
carried() { c ftcpctl show flows --json | jq '[.[].stats["tx-packets"]] | add'; }
say() { in_ns "$1" bash -c "echo x > /dev/udp/$2/$3"; }
check 'DNS is excepted' passed_by say "$C" $W4 53
check '... of the LAN too' passed_by say "$L" $W4 53
check 'multicast is excepted' passed_by say "$C" 224.0.0.251 5353
check 'what is for the LAN is excepted' passed_by say "$C" $L4 5000
check 'the tunnel itself is excepted' flows_are "$C" 1 established
check "the gateway's timeouts of UDP are 30 and 120 s" eval \
	'[ "$(s sysctl -n net.netfilter.nf_conntrack_udp_timeout{,_stream} | xargs)" = "30 120" ]'

# ---- load over two tunnels ----

second_tunnel()
{
	add_link "$C" ftcp1 && add_link "$S" ftcp1 &&
		s ftcpctl add $(t ftcp1) ip port 4568 &&
		s ftcpctl set peer client $(t ftcp1) allowed-ips 10.8.0.2/32 &&
		s ip addr add 10.8.0.1/24 dev ftcp1 &&
		c ftcpctl add $(t ftcp1) ip fwmark 2 &&
		c ftcpctl set peer gateway $(t ftcp1) endpoint "$S4:4568" \
			allowed-ips 0.0.0.0/0 persistent on &&
		c ip addr add 10.8.0.2/24 dev ftcp1 &&
		c nft add rule inet intercept nat oifname ftcp1 ip saddr != 10.8.0.2 masquerade &&
		c sysctl -qw net.ipv4.fib_multipath_hash_policy=1 &&
		c ip route replace default table 100 nexthop dev ftcp0 nexthop dev ftcp1
}
# both_carry: many conversations of the LAN, and each of the tunnels has had some
both_carry()
{
	local k first second

	first=$(carried_by ftcp0) second=$(carried_by ftcp1)
	for ((k = 0; k < 16; k++)); do
		l udptool send --to $W4:5555 --count 1 || return
	done
	[ "$(carried_by ftcp0)" -gt "$first" ] && [ "$(carried_by ftcp1)" -gt "$second" ]
}
carried_by()
{
	c ftcpctl show flows dev "$1" --json | jq '[.[].stats["tx-packets"]] | add'
}
if c test -e /proc/sys/net/ipv4/fib_multipath_hash_policy; then
	check 'a second tunnel, on a link of its own' second_tunnel
	check '... is established' wait_for 10 flows_are "$C" 2 established
	check 'conversations go by either' both_carry
else
	skip 'conversations go by either of two tunnels' 'no routes with several ways here'
fi

# ---- IPsec and WireGuard over it ----

# states NAMESPACE OWN OTHER: of ESP in transport mode, between these
states()
{
	local key=0x0102030405060708090a0b0c0d0e0f1011121314

	in_ns "$1" ip -batch - <<-EOT
	xfrm state add src $2 dst $3 proto esp spi 0x100 mode transport aead rfc4106(gcm(aes)) $key 128
	xfrm state add src $3 dst $2 proto esp spi 0x100 mode transport aead rfc4106(gcm(aes)) $key 128
	xfrm policy add src $2 dst $3 dir out tmpl src $2 dst $3 proto esp mode transport
	xfrm policy add src $3 dst $2 dir in tmpl src $3 dst $2 proto esp mode transport
	EOT
}
if modprobe -a esp4 xfrm_user 2> /dev/null; then
	check 'IPsec in transport mode' eval \
		'states "$C" 10.9.0.2 10.9.0.1 && states "$S" 10.9.0.1 10.9.0.2'
	check '... ping' c ping -q -c 3 -i 0.2 -W 5 10.9.0.1
	check '... large packets' c ping -q -c 3 -i 0.2 -s 4000 -W 5 10.9.0.1
	check '... and it was IPsec' eval '[ "$(s ip -s xfrm state | grep -c "bytes), *0(packets")" -lt 2 ]'
	c ip xfrm policy flush; s ip xfrm policy flush
	c ip xfrm state flush; s ip xfrm state flush
else
	skip 'IPsec in transport mode' 'no IPsec here'
fi
wireguard()
{
	local ns

	for ns in "$C" "$S"; do
		wg genkey > "$tmp/key-$ns" && ip -n "$ns" link add wg0 type wireguard || return
	done
	c wg set wg0 private-key "$tmp/key-$C" peer "$(wg pubkey < "$tmp/key-$S")" \
		endpoint 10.9.0.1:51820 allowed-ips 10.7.0.0/24 &&
		s wg set wg0 private-key "$tmp/key-$S" listen-port 51820 \
			peer "$(wg pubkey < "$tmp/key-$C")" allowed-ips 10.7.0.0/24 &&
		c ip addr add 10.7.0.2/24 dev wg0 && s ip addr add 10.7.0.1/24 dev wg0 &&
		c ip link set wg0 mtu 1360 up && s ip link set wg0 mtu 1360 up &&
		wait_for 10 c ping -q -c 1 -W 1 10.7.0.1
}
if modprobe wireguard 2> /dev/null && command -v wg > /dev/null; then
	check 'WireGuard' wireguard
	check '... large packets' c ping -q -c 3 -i 0.2 -s 3000 -W 5 10.7.0.1
else
	skip 'WireGuard' 'no WireGuard here'
fi
assert_no_udp
assert_no_invalid

# ---- a hub with many spokes ----

# Each spoke is a link in one namespace, with a port of its own to the hub.
hub()
{
	local k

	add_link "$S" hub && s ftcpctl add $(t hub) ip port 4569 &&
		s ip addr add 10.6.255.1/16 dev hub || return
	for ((k = 1; k <= spokes; k++)); do
		echo "set peer spoke$k tunnel t dev hub allowed-ips 10.6.0.$k/32"
	done | s ftcpctl -batch -
}
spokes()
{
	local k

	for ((k = 1; k <= spokes; k++)); do
		echo "link add spoke$k type faketcp"
		echo "link set spoke$k addrgenmode none up"
		echo "addr add 10.6.0.$k/32 dev spoke$k"
	done | c ip -batch - || return
	for ((k = 1; k <= spokes; k++)); do
		echo "add tunnel t dev spoke$k ip"
		echo "set peer hub tunnel t dev spoke$k endpoint $S4:4569" \
			"allowed-ips 10.6.255.1/32 persistent on"
	done | c ftcpctl -batch -
}
# The hub reaches each of them, by its own connection, though none has sent it anything.
all_answer()
{
	seq -f 10.6.0.%g $spokes > "$tmp/spokes"
	in_ns "$S" xargs -a "$tmp/spokes" -P 8 -n 1 ping -q -c 1 -W 10 > "$tmp/pings"
}
hub_has() { [ "$(s ftcpctl show peers dev hub --json | jq '[.[] | select(.flows == 1)] | length')" = $spokes ]; }
check "a hub of $spokes peers" hub
check "$spokes spokes" spokes
check 'all have dialled and said who they are' wait_for 60 hub_has
for ((k = 1; k <= spokes; k++)); do
	echo "rule add from 10.6.0.$k lookup $((1000 + k))"
	echo "route add default dev spoke$k table $((1000 + k))"
done | c ip -batch -
check 'the hub reaches each' all_answer
module_memory_back
finish
