#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPv4 and IPv6 on either side of a tunnel, in all combinations:
#
#   application --UDP--> client =TCP=> server --UDP--> target
#        v4, v6           v4, v6               v4, v6: here, ::1, elsewhere

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
readonly T=t-$$ T4=10.4.0.2 T6=fd04::2

# A target that is neither of the server nor behind the router.
namespace "$T"
ip link add eth0 netns "$T" type veth peer name lan netns "$S"
ip -n "$S" -batch - <<END
addr add 10.4.0.1/24 dev lan
addr add fd04::1/64 dev lan nodad
link set lan up
END
ip -n "$T" -batch - <<END
link set lo up
addr add $T4/24 dev eth0
addr add $T6/64 dev eth0 nodad
link set eth0 up
END
# the client has several addresses on which it may be asked
ip -n "$C" addr add 10.9.0.1/32 dev lo
ip -n "$C" addr add fd09::1/128 dev lo

add_link "$C"
add_link "$S"
server here "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' \
	--bind "$S4:5555" --bind "[$S6]:5555"
server elsewhere "$T" echo --bind "$T4:5555" --bind "[$T6]:5555"

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# ---- Family of the application, of the connection, of the target ----

port=4000
for listen in 127.0.0.1 '[::1]'; do
	for remote in "$S4" "[$S6]"; do
		for target in 127.0.0.1 '[::1]' "$S4" "[$S6]" "$T4" "[$T6]"; do
			port=$((port + 1))
			s ftcpctl add tunnel "t$port" dev ftcp0 port $port \
				forward "$target:5555"
			c ftcpctl add tunnel "t$port" dev ftcp0 \
				listen "$listen:$port" remote "$remote:$port"
			check "$listen over $remote to $target" \
				c udptool send --to "$listen:$port" \
				--size 1199 --count 5
		done
	done
done
check 'the segments are of the family of the endpoint' \
	is "$(flows "$C" '[.[] | select(.local[:1] == "[")] | length')" 12
check 'and the datagrams of the family of the target' \
	is "$(flows "$S" '[.[] | select(."inner-local"[:1] == "[")] | length')" 12

# ---- The address that the application wrote to ----

s ftcpctl add tunnel any dev ftcp0 port 5000 forward 127.0.0.1:5555
check 'listen on all addresses' c ftcpctl add tunnel any dev ftcp0 \
	listen '[::]:1234' remote "$S4:5000"
check 'and on all of IPv4' c ftcpctl add tunnel any4 dev ftcp0 \
	listen 0.0.0.0:1235 remote "[$S6]:5000"
# the sockets are connected, and take answers from no other address
for to in 127.0.0.1:1234 127.0.0.2:1234 10.9.0.1:1234 "$C4:1234" \
	  '[::1]:1234' '[fd09::1]:1234' "[$C6]:1234" \
	  127.0.0.1:1235 10.9.0.1:1235 "$C4:1235"; do
	check "answers from $to" c udptool send --to "$to" --count 3
done
check 'from another host' r udptool send --to "$C4:1234" --count 3
check 'over IPv6 as well' r udptool send --to "[$C6]:1234" --count 3
check_fails 'IPv4 alone does not mean IPv6' \
	c udptool send --to '[::1]:1235' --timeout 2

# ---- A server on one of its addresses ----

ip -n "$S" addr add 10.2.0.9/24 dev eth0
s ftcpctl add tunnel local dev ftcp0 port 5001 forward 127.0.0.1:5555 \
	local 10.2.0.9
c ftcpctl add tunnel local dev ftcp0 listen 127.0.0.1:1236 \
	remote 10.2.0.9:5001
c ftcpctl add tunnel other dev ftcp0 listen 127.0.0.1:1237 \
	remote "$S4:5001"
check 'a server reached at its address' \
	c udptool send --to 127.0.0.1:1236 --count 3
check_fails 'and at no other' \
	c udptool send --to 127.0.0.1:1237 --timeout 2

# ---- Flow labels ----

# Each direction of a connection has one, in all its segments.
# labelled WITH WITHOUT PORT COMMAND...: as that was, so are the labels of port PORT
labelled()
{
	capture label "$R" s0 ip6 and tcp port "$3" && "${@:4}" || return
	capture_stop label "${captures[label]}"
	is "$(labels label)" "$1 $2"
}
check 'a connection has a flow label each way' \
	labelled 2 0 5000 c udptool send --to 127.0.0.1:1235 --count 5
c sysctl -qw net.ipv6.auto_flowlabels=0
check '... not where they are turned off' \
	labelled 1 1 5000 c udptool send --to 127.0.0.1:1235 --count 5
c sysctl -qw net.ipv6.auto_flowlabels=1

packets()
{
	s ftcpctl add tunnel lan dev ftcp0 ip port 5002 &&
		s ftcpctl set peer c tunnel lan dev ftcp0 allowed-ips 10.7.0.2/32,fd07::2/128 &&
		s ip addr add 10.7.0.1/24 dev ftcp0 &&
		s ip addr add fd07::1/64 dev ftcp0 nodad &&
		c ftcpctl add tunnel lan dev ftcp0 ip &&
		c ftcpctl set peer s tunnel lan dev ftcp0 endpoint "[$S6]:5002" \
			allowed-ips 10.7.0.1/32,fd07::1/128 &&
		c ip addr add 10.7.0.2/24 dev ftcp0 &&
		c ip addr add fd07::2/64 dev ftcp0 nodad
}
ping_both() { c ping -q -c 2 -i 0.2 10.7.0.1 && c ping -q -c 2 -i 0.2 fd07::1; }
check 'whole packets' packets
check 'whatever is inside has one label' labelled 2 0 5002 ping_both

assert_ct_state ESTABLISHED --dport 4001
assert_no_invalid
check 'no UDP from client to server' eval \
	'! r conntrack -L -p udp 2>/dev/null | grep -F "$S4"'
assert_no_udp
finish
