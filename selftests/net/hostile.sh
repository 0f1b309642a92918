#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# WireGuard through a tunnel, past a router that does what routers, NATs and
# firewalls on the way do to TCP.  After each of it the conversation is alive, in
# the WireGuard session that it had before, and has not been without an answer for
# more than 3 s while there was a way.
#
# hostile-tun.sh runs this with ftcptun instead of the module at both ends.

readonly with=${1:-module}
. "$(dirname "$0")/../tun/lib.sh"

case $with in
module)
	start
	module_load
	up() { proxy; }
	down() { proxy_gone; }
	established() { flows_are "$1" "$2" established; }
	dialling() { [ "$(flows "$C" '[.[] | select(.state == "syn-sent")] | length')" -gt 0 ]; }
	# what fits, behind headers of 40 bytes
	mtu_found() { [ "$(flows "$C" '.[]."max-payload"')" = 1260 ]; }
	;;
ftcptun)
	[ -c /dev/net/tun ] || modprobe tun
	tun_start
	up()
	{
		run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules
		server=$!
		run client "$C" client --local 127.0.0.1:1234 --remote "$S4:4567" --auto-rules
		client=$!
	}
	down() { terminate "$client" && terminate "$server"; }
	established()
	{
		if [ "$1" = "$C" ]; then
			[ "$(tun_flows "$client" client ESTAB)" = "$2" ]
		else
			[ "$(tun_flows "$server" server ESTAB)" = "$2" ]
		fi
	}
	dialling() { [ "$(tun_flows "$client" client SYN-SENT)" -gt 0 ]; }
	mtu_found()
	{
		[ "$(report "$client" client | awk '$1 == "ESTAB" { print $NF }')" = 1300 ]
	}
	;;
esac
modprobe wireguard || skip_all "no WireGuard"
modprobe sch_netem || skip_all "no netem"
topology

umask 077
for ns in "$C" "$S"; do
	wg genkey > "$tmp/$ns.key"
	wg pubkey < "$tmp/$ns.key" > "$tmp/$ns.pub"
done

# wireguard NAMESPACE PEER NUMBER PORT [ENDPOINT]
wireguard()
{
	ip -n "$1" link add wg0 type wireguard &&
		ip -n "$1" addr add "192.168.77.$3/24" dev wg0 &&
		in_ns "$1" wg set wg0 private-key "$tmp/$1.key" \
			listen-port "$4" peer "$(cat "$tmp/$2.pub")" \
			allowed-ips 192.168.77.0/24 ${5:+endpoint "$5"} &&
		ip -n "$1" link set wg0 up
}

# begin NAME: tunnels, WireGuard through them, and a ping that goes on
begin()
{
	if up; then
		ok "$1: tunnels"
	else
		not_ok "$1: tunnels"
	fi
	check "$1: WireGuard" eval 'wireguard "$S" "$C" 2 5555 &&
		wireguard "$C" "$S" 1 51820 127.0.0.1:1234'
	background ping "$C" ping -D -O -n -i 0.1 192.168.77.2
	ping=$!
	trouble=0 over=0	# there is no way from $trouble to $over
	check "$1: it works" wait_for 20 answered 10
	session=$(session)
}

now() { echo "${EPOCHREALTIME/,/.}"; }
ms_without_way() { awk "BEGIN { printf \"%d\", ($over - $trouble) * 1000 }"; }

session() { c wg show wg0 latest-handshakes | cut -f 2; }

# answered NUMBER: so many pings have been answered
answered()
{
	[ "$(grep -c 'bytes from' "$tmp/ping")" -ge "$1" ]
}

# alive NAME: it goes on, and in the same session
alive()
{
	local before

	before=$(grep -c 'bytes from' "$tmp/ping")
	check "$1: the conversation goes on" wait_for 20 answered $((before + 10))
	check "$1: in the same WireGuard session" [ "$(session)" = "$session" ]
	check "$1: and settles on one flow" wait_for 30 established "$C" 1
}

# unanswered: the most pings in a row without an answer while there was a way.
# They are 100 ms apart, or more on a machine that is late with everything, as an
# emulated one that others keep busy: there, time would tell of the machine.
unanswered()
{
	awk -F '[][]' -v trouble="$trouble" -v over="$over" '
		/bytes from/ { going = 1; n = 0 }
		/no answer yet/ && going && ($2 < trouble || $2 > over) && ++n > most { most = n }
		END { print most + 0 }' "$tmp/ping"
}

# The longest time without an answer, for whoever reads this: in ms
longest_gap()
{
	awk -F '[][]' '/bytes from/ { if (last && $2 - last > gap) gap = $2 - last; last = $2 }
		END { printf "%d", gap * 1000 }' "$tmp/ping"
}

end()
{
	stop "$ping"
	diag "$1: longest time without an answer: $(longest_gap) ms;" \
		"without a way: $(ms_without_way) ms; pings besides: $(unanswered)"
	check "$1: never 3 s without an answer" [ "$(unanswered)" -lt 30 ]
	check "$1: no answer came twice" eval '! grep -q DUP "$tmp/ping"'
	ip -n "$C" link del wg0
	ip -n "$S" link del wg0
	if down; then
		ok "$1: deleted"
	else
		not_ok "$1: deleted"
	fi
	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2> /dev/null
	done
}

rules() { r nft -f -; }
no_rules() { r nft delete table inet hostile; }

# ---- options are stripped ---------------------------------------------------

strip()
{
	r iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN SYN \
		-j TCPOPTSTRIP --strip-options wscale,sack-permitted &&
		r iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN SYN \
			-j TCPMSS --set-mss 536
}
check 'options stripped: rules' strip
capture wire "$S" eth0 'tcp[tcpflags] & tcp-syn != 0'
tcpdump=$!
begin 'options stripped'
capture_stop wire "$tcpdump"
check 'options stripped: they are' eval \
	'captured wire | grep "\[S\]," | grep "mss 536" | grep -qv "wscale\|sackOK"'
check 'options stripped: full datagrams pass' c ping -q -c 3 -i 0.2 -M 'do' -s 1372 192.168.77.2
check 'options stripped: 2 MB at once' eval \
	'c ping -q -n -f -c 1500 -s 1372 192.168.77.2 | grep -q " [01]% packet loss\| 0\.[0-9]*% packet loss"'
alive 'options stripped'
assert_no_invalid
end 'options stripped'
r iptables -t mangle -F FORWARD

# ---- a SYN proxy, which also rewrites initial sequence numbers --------------

rules <<-EOT
table inet hostile {
	chain p {
		type filter hook prerouting priority raw;
		tcp dport 4567 tcp flags syn / fin,syn,rst,ack notrack
	}
	chain f {
		type filter hook forward priority -20;
		tcp dport 4567 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
		ct state invalid drop
	}
}
EOT
capture wire "$C" eth0 'tcp[tcpflags] & tcp-syn != 0'
tcpdump=$!
capture wire2 "$S" eth0 'tcp[tcpflags] & tcp-syn != 0'
tcpdump2=$!
begin 'SYN proxy'
capture_stop wire "$tcpdump"
capture_stop wire2 "$tcpdump2"
number() { captured "$1" -S | sed -n 's/.*Flags \[S\.\], seq \([0-9]*\).*/\1/p' | head -n 1; }
check 'SYN proxy: it has answered in the name of the server' eval \
	'captured wire | grep -q "Flags \[S\.\].* win 0," && [ "$(number wire)" != "$(number wire2)" ]'
check 'SYN proxy: full datagrams pass' c ping -q -c 3 -i 0.2 -M 'do' -s 1372 192.168.77.2
alive 'SYN proxy'
check 'SYN proxy: nothing is INVALID to the hosts' no_invalid "$C" "$S"
check 'SYN proxy: the first handshake was enough' [ "$(c wg show wg0 transfer | cut -f 2)" -gt 0 ]
end 'SYN proxy'
no_rules

# ---- NAT that forgets, and firewalls that drop, or reset, what they forgot ---

rules <<-EOT
table inet hostile {
	chain f {
		type filter hook forward priority -20;
		ct state invalid drop
		tcp flags & (fin|syn|rst|ack) != syn ct state new drop
	}
	chain nat {
		type nat hook postrouting priority 100;
		oifname s0 masquerade
	}
}
EOT
begin 'NAT'
check 'NAT: it forgets' r conntrack -F
alive 'NAT that forgets'
end 'NAT'

# ... or what was silent for half a minute: the module's default keepalive is to
# come before that.  WireGuard has none of its own here.
transfers() { c wg show wg0 transfer; s wg show wg0 transfer; }
timeout_established()
{
	r sh -c "echo $1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established"
}
silence()
{
	local name='NAT that times out' flow before since

	begin "$name"
	flow=$(flows "$C" '.[].local')
	stop "$ping"
	pause 500
	before=$(transfers)
	# 10 s after the last answer WireGuard says that it has got it, and no more.
	check "$name: WireGuard has said all" wait_for 20 eval \
		'[ "$(transfers)" != "$before" ]'
	pause 500
	before=$(transfers)
	since=$EPOCHSECONDS
	check "$name: silence" wait_for 60 eval '[ "$EPOCHSECONDS" -ge $((since + 34)) ]'
	check "$name: of WireGuard as well" [ "$(transfers)" = "$before" ]
	check "$name: the server's side is the first to speak" \
		s ping -q -c 1 -W 2 192.168.77.1
	check "$name: on the same flow" [ "$(flows "$C" '.[].local')" = "$flow" ]
	check "$name: in the same WireGuard session" [ "$(session)" = "$session" ]
	end "$name"
}
if [ "$with" = module ]; then
	check 'NAT that times out: in 30 s' timeout_established 30
	silence
	check 'NAT that times out: as before' timeout_established 432000
fi
no_rules

begin 'resets'
trouble=$(now)
rules <<-EOT
table inet hostile {
	chain f {
		type filter hook forward priority -20;
		meta l4proto tcp reject with tcp reset
	}
}
EOT
# Who says nothing hears of no RST, and WireGuard has patience for 15 s.
check 'resets: the flow ends at both ends' wait_for 20 eval \
	'established "$C" 0 && { established "$S" 0 ||
		{ s ping -q -c 1 -W 1 192.168.77.1; false; }; }'
no_rules
over=$(now)
alive 'resets'
end 'resets'

# ---- an outage, a way that is lost ------------------------------------------

begin 'outage'
trouble=$(now)
rules <<-EOT
table inet hostile {
	chain f { type filter hook forward priority -20; policy drop; }
}
EOT
check 'outage: it is noticed' wait_for 20 dialling
no_rules
over=$(now)
alive 'outage'
end 'outage'

# ---- what loses, doubles, reorders and corrupts -----------------------------

begin 'netem'
for dev in c0 s0; do
	r tc qdisc add dev $dev root netem limit 10000 delay 5ms 3ms \
		loss 5% duplicate 5% corrupt 5% reorder 20%
done
# netem doubles answers, so that DUP says nothing here
sleep_until=$(grep -c 'bytes from' "$tmp/ping")
check 'netem: it goes on' wait_for 30 answered $((sleep_until + 50))
for dev in c0 s0; do
	r tc qdisc del dev $dev root
done
alive 'netem'
end 'netem'

# ---- a smaller MTU behind a router that does not say so ---------------------

begin 'MTU'
rules <<-EOT
table inet hostile {
	chain o {
		type filter hook output priority 0;
		icmp type destination-unreachable drop
		icmpv6 type packet-too-big drop
	}
}
EOT
ip -n "$R" link set s0 mtu 1300
check_fails 'MTU: what is too large is lost' c ping -q -c 2 -i 0.2 -W 1 -M 'do' -s 1372 192.168.77.2
check 'MTU: what fits passes' c ping -q -c 3 -i 0.2 -s 1000 192.168.77.2
alive 'black hole'
check_fails 'MTU: it is not known' mtu_found
no_rules
check 'MTU: with ICMP it is found' wait_for 10 eval \
	'c ping -q -c 1 -W 1 -M "do" -s 1372 192.168.77.2; mtu_found'
alive 'MTU'
ip -n "$R" link set s0 mtu 1500
end 'MTU'

[ "$with" = ftcptun ] || module_memory_back
finish
