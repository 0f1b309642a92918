#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `ftcpctl doctor' names what is wrong, and what it says to do mends it.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology stateful
mkdir -p "$tmp/bin"

# doctor NAMESPACE [HOST:PORT]: what it says is in $tmp/said
doctor()
{
	local ns=$1

	shift
	in_ns "$ns" env PATH="$tmp/bin:$PATH" ftcpctl doctor "$@" > "$tmp/said" 2>&1
}
# Nothing is wrong, and it says so by its exit status, too
healthy()
{
	doctor "$@" && ! grep '^!!' "$tmp/said" || { cat "$tmp/said"; return 1; }
}
# said CHECK WORDS: of the faults of that check, lines put together
said()
{
	awk -v check="$1" '
		/^(ok|--|!!) / { on = $1 == "!!" && substr($0, 4, length(check)) == check }
		on { sub(/^ +/, " "); line = line $0 }
		END { print line }' "$tmp/said" | grep -q "^!!.*$2" ||
		{ cat "$tmp/said"; return 1; }
}
# names CHECK WORDS NAMESPACE [HOST:PORT]: it is wrong, and named
names()
{
	doctor "${@:3}"
	[ $? -eq 1 ] && said "$1" "$2" || { cat "$tmp/said"; return 1; }
}
# mend_of CHECK: the command that it prints behind the first fault there
mend_of()
{
	awk -v check="$1" '
		/^(ok|--|!!) / { on = $1 == "!!" && substr($0, 4, length(check)) == check; cmd = 0 }
		on && /^   mend: / { cmd = 1 }
		on && cmd { sub(/^   mend: /, ""); more = sub(/ \\$/, ""); line = line " " $0
			if (!more) { print line; exit } }' "$tmp/said"
}
# mends CHECK NAMESPACE: do what it said
mends()
{
	local command

	command=$(mend_of "$1")
	echo "$command"
	[ -n "$command" ] && in_ns "$2" env PATH="$tmp/bin:$PATH" sh -c "$command"
}
# broken NAME CHECK WORDS NAMESPACE: named, mended by what it says, and well again
broken()
{
	check "$1: named" names "$2" "$3" "$4"
	check "... what it says mends it" mends "$2" "$4"
	# what dialled in vain gives up by then
	check '... and all is well' eventually 20 healthy "$4"
}
narrow()
{
	[ "$(awk '{ print length }' "$tmp/said" | sort -n | tail -1)" -le 80 ] ||
		{ cat "$tmp/said"; return 1; }
}

# ---- As it should be ----

proxy
server echo "$S" echo --bind 127.0.0.1:5555
echo_pid=$!
talk() { c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count 3; }
check 'it works' talk
check 'a server is healthy' healthy "$S"
check '... in 80 columns' narrow
check 'a client is healthy' healthy "$C"
check '... in 80 columns' narrow
check '... and its far end is native' grep -q 'answers like faketcp' "$tmp/said"
check '... where UDP is blocked is told' eval 'tr -s " \n" " " < "$tmp/said" |
	grep -q "from behind $RC4: it is blocked"'
check 'in JSON, too' eval 'c ftcpctl doctor --json |
	jq -e "all(.[]; .state != \"fault\" and has(\"check\") and has(\"text\"))"'
check 'a far end by its name' healthy "$C" "$S4:4567"
check '... of IPv6' healthy "$C" "[$S6]:4567"

r nft delete chain inet router no-udp
check 'where UDP passes, that is told' eval 'healthy "$C" && grep -q "UDP reaches $S4:4567 as well" "$tmp/said"'

# Something that listens on a TCP port, as programs do
real()
{
	background real "$S" iperf3 --server --port "$1"
	real_pid=$!
	wait_for 10 eval 's ss -Hlt sport = ":$1" | grep -q LISTEN'
}

# ---- The server ----

ip -n "$S" link set ftcp0 down
broken 'a link that is down' link 'ftcp0 is down' "$S"

s nft -f - <<-EOT
table inet fw {
	chain input {
		type filter hook input priority 0; policy drop;
		iifname lo accept
		ct state vmap { established : accept, related : accept, invalid : drop }
		tcp dport { 22, 80-90 } accept
		meta l4proto { icmp, ipv6-icmp } accept
		jump more
	}
	chain more {
		tcp dport 4000-4566 accept
		udp dport 4567 accept
	}
}
EOT
broken 'a firewall' filter 'TCP port 4567 are dropped by input of table inet fw' "$S"
s nft flush chain inet fw more
s nft add rule inet fw more ip saddr "$C4" tcp dport 4000-4567 accept
check 'one that lets in the client only is none' healthy "$S"
s nft delete table inet fw

s iptables -A INPUT -i lo -j ACCEPT
s iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
s iptables -A INPUT -p tcp --dport 22 -j ACCEPT
s iptables -P INPUT DROP
broken 'one of iptables' filter 'TCP port 4567 are dropped by INPUT of table ip filter' "$S"
check '... with a command of iptables' eval '[[ "$(s iptables -S INPUT)" = *--dport?4567* ]]'
s nft delete table ip filter

# what ufw and firewalld make, as far as it is of interest
s iptables-restore <<-EOT
*filter
:INPUT DROP
:ufw-before-input -
:ufw-not-local -
:ufw-user-input -
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
EOT
check 'ufw: named' names filter 'TCP port 4567 are dropped by INPUT' "$S"
check '... with its command' eval '[ "$(mend_of filter)" = " ufw allow 4567/tcp" ]'
s iptables -A ufw-user-input -p tcp -m tcp --dport 4567 -j ACCEPT
check '... all is well after what that does' healthy "$S"
s nft delete table ip filter
s nft -f - <<-EOT
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority 10; policy accept;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ct state invalid drop
		jump filter_INPUT_ZONES
		reject with icmpx admin-prohibited
	}
	chain filter_INPUT_ZONES {
		iifname "eth0" goto filter_IN_public
		goto filter_IN_public
	}
	chain filter_IN_public {
		jump filter_IN_public_allow
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}
	chain filter_IN_public_allow {
		tcp dport 22 ct state { new, untracked } accept
		ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
	}
}
EOT
check 'firewalld: named' names filter 'TCP port 4567 are dropped by filter_INPUT of table inet firewalld' "$S"
check '... with its command' eval '[[ "$(mend_of filter)" = *firewall-cmd*--add-port=4567/tcp* ]]'
s nft add rule inet firewalld filter_IN_public_allow tcp dport 4567 ct state '{ new, untracked }' accept
check '... all is well after what that does' healthy "$S"
s nft delete table inet firewalld

s ftcpctl set peer any tunnel t from none
broken 'nobody may connect' tunnel 'nobody may connect to t' "$S"

s nft -f - <<-EOT
table ip phantun {
	chain pre {
		type nat hook prerouting priority -100;
		tcp dport 4567 dnat to 192.168.201.2
	}
}
EOT
check 'what Phantun needed: named' names filter 'pre of table ip phantun takes TCP port 4567 elsewhere' "$S"
s nft delete table ip phantun
check '... all is well without' healthy "$S"

stop "$echo_pid"
check 'no service: named' names tunnel 'nobody listens at UDP 127.0.0.1:5555' "$S"
server echo "$S" echo --bind 127.0.0.1:5555
check '... all is well with it' healthy "$S"

check 'it works again' talk
s ftcpctl set tunnel t max-flows 1
broken 'as many flows as there may be' tunnel 't has as many flows as it may, 1' "$S"

count=$(($(s cat /proc/sys/net/netfilter/nf_conntrack_count) - 1))
max=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
echo "$count" > /proc/sys/net/netfilter/nf_conntrack_max
check 'connection tracking is full: named' names conntrack 'connection tracking is full' "$S"
# it is the host's, so the namespace may not
check '... what it says is the limit' eval '[[ "$(mend_of conntrack)" = *nf_conntrack_max=* ]]'
echo "$max" > /proc/sys/net/netfilter/nf_conntrack_max
check '... all is well' healthy "$S"

s ftcpctl add tunnel local port 4600 local "$S4" forward 127.0.0.1:5555
ip -n "$S" addr del "$S4/24" dev eth0
check 'an address that is gone: named' names tunnel "local: its address $S4 is none of this host" "$S"
ip -n "$S" addr add "$S4/24" dev eth0
ip -n "$S" route add default via "$RS4"
s ftcpctl del tunnel local
check '... all is well' healthy "$S"

ip -n "$S" link add ftcp1 type faketcp
ip -n "$S" link set ftcp1 up
check 'a link without tunnels: named' names link 'ftcp1 has no tunnel' "$S"
ip -n "$S" link del ftcp1

# ---- Its file ----

# with_files COMMAND...: where there is a file of a link that is not there
with_files()
{
	s unshare --mount sh -c 'mount -t tmpfs none /etc/faketcp 2> /dev/null || {
			mount -t tmpfs none /mnt && mkdir -p /mnt/upper /mnt/work &&
			mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work none /etc &&
			mkdir -p /etc/faketcp; } || exit 9
		echo "tunnel x port 4700 forward 127.0.0.1:5555" > /etc/faketcp/ftcp5.conf
		exec "$@"' - "$@"
}
real 4700
if with_files true; then
	with_files ftcpctl doctor > "$tmp/said"
	check 'a port that is taken: named' said files 'TCP port 4700.* is in use by another program'
	check 'a link that is not there: named' said files 'ftcp5.conf is there, and its link is not'
	check '... what it says makes it' eval '[ "$(mend_of files)" = " ftcpctl apply ftcp5" ]'
else
	skip 'a port that is taken' 'no place for files in /etc'
fi

# ---- The far end ----

check 'a program on the port: named' names 'far end' "own TCP" "$C" "$S4:4700"
check 'nobody on the port: named' names 'far end' "$S4:4701 refuses" "$C" "$S4:4701"
s nft -f - <<-EOT
table inet fw {
	chain input {
		type filter hook input priority 0;
		tcp dport 4567 tcp flags & (syn | ack) == syn tcp sequence != 0 reject with tcp reset
	}
}
EOT
check 'Phantun is known' healthy "$C" "$S4:4567"
check '... by its name' grep -q "$S4:4567 is Phantun" "$tmp/said"
check '... over IPv6' eval 'healthy "$C" "[$S6]:4567" && grep -q "is Phantun" "$tmp/said"'
c ftcpctl set tunnel t wire native
broken 'wire native towards it' 'far end' 'is Phantun, and the tunnel has wire native' "$C"
s nft delete table inet fw
ip -n "$S" link set ftcp0 down
check 'a silent far end: named' names 'far end' "$S4:4567 does not answer" "$C"
ip -n "$S" link set ftcp0 up
ip -n "$C" route del default via "$RC6"
check 'no IPv6: named' names way 'this host needs an IPv6 address' "$C" "[$S6]:4567"
ip -n "$C" route add default via "$RC6" dev eth0

# ---- The client ----

c nft -f - <<-EOT
table inet fw {
	chain input {
		type filter hook input priority 0; policy drop;
		iifname lo accept
		meta l4proto { icmp, ipv6-icmp } accept
	}
}
EOT
broken 'answers that are dropped' filter 'answers from TCP port 4567 are dropped' "$C"
c nft -f - <<-EOT
flush ruleset
table inet fw {
	chain output {
		type filter hook output priority 0; policy drop;
		oifname lo accept
		meta l4proto { udp, icmp, ipv6-icmp } accept
	}
}
EOT
broken 'connections that are dropped' filter 'connections to TCP port 4567 are dropped by output' "$C"
c nft flush ruleset

# as with wg-quick, where everything without the mark goes elsewhere
ip -n "$C" link add dummy0 type dummy
ip -n "$C" link set dummy0 up
c ftcpctl set tunnel t fwmark 7
ip -n "$C" route add default via "$RC4" table 7
ip -n "$C" rule add fwmark 7 lookup 7
ip -n "$C" route replace default dev dummy0
c sysctl -qw net.ipv4.conf.eth0.rp_filter=1
broken 'strict reverse-path filtering' rp_filter "answers from $S4 are dropped" "$C"
c sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
c ftcpctl set tunnel t fwmark off
ip -n "$C" rule del fwmark 7
ip -n "$C" route flush table 7
ip -n "$C" route replace default via "$RC4"

# ---- A way that carries less than anybody says ----

narrow_path
broken 'a black hole' mtu "the way to $S4 carries 1[34][0-9][0-9] bytes, not 1500" "$C"
check '... what WireGuard can have is told' grep -q 'can have an MTU of 13' "$tmp/said"
c ip route del "$S4"
ip -n "$R" link set s0 mtu 1500
ip -n "$S" link set eth0 mtu 1500
r nft delete table inet blackhole

# ---- A name ----

# at ADDRESS COMMAND...: where the name of the server has it
at()
{
	echo 'hosts: files' > "$tmp/nsswitch.conf"
	echo "$1 server.test" > "$tmp/hosts"
	c unshare --mount sh -c 'mount --bind "$0/hosts" /etc/hosts &&
		mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' \
		"$tmp" "${@:2}"
}
c ftcpctl del tunnel t
at "$S4" ftcpctl add tunnel t listen 127.0.0.1:1234 remote server.test:4567
ip -n "$S" addr add 10.2.0.3/24 dev eth0
at 10.2.0.3 ftcpctl doctor > "$tmp/said"
check 'a name that moved: named' said names "server.test is not at $S4 any more"
check '... what it says mends it' at 10.2.0.3 sh -c "$(mend_of names)"
check '... and all is well' at 10.2.0.3 ftcpctl doctor
check_fails 'a name that is gone' at 10.2.0.3 sh -c 'echo > /etc/hosts; ftcpctl doctor > "$0/said"' "$tmp"
check '... is named' said names 'server.test cannot be looked up'
c ip link del ftcp0

# ---- Routed ----

add_link "$C"
c ftcpctl add tunnel t dev ftcp0 routed
check 'nobody behind a tunnel: named' names tunnel 't has no peer with allowed-ips' "$C"
c ftcpctl set peer s tunnel t endpoint same allowed-ips "$S4/32"
broken_rules()
{
	check "$1: named" names rules "$2" "$C"
	check '... what it says mends it' eval 'mend_of rules | sed "s/PORT/4567/" > "$tmp/mend" &&
		in_ns "$C" sh "$tmp/mend"'
	check '... and all is well' healthy "$C"
}
broken_rules 'no rules' 'no rule steers anything into t'
ip -n "$C" link set ftcp0 down
ip -n "$C" link set ftcp0 up
broken_rules 'a link that was down' 'has no route into ftcp0 any more'
c ftcpctl set tunnel t fwmark 0x40
broken_rules 'another mark' 'fwmark 0x40, and the rules steer all without 0x20000000'

cp "$(command -v sleep)" "$tmp/systemd-networkd"
background networkd "$C" "$tmp/systemd-networkd" 1000
networkd=$!
check 'systemd-networkd: named' names networkd 'removes the rules' "$C"
check '... what it says is its setting' eval \
	'[[ "$(mend_of networkd)" = *ManageForeignRoutingPolicyRules=no* ]]'
stop "$networkd"
check '... all is well without' healthy "$C"

ip -n "$C" link set eth0 mtu 1400
broken 'a link with too large an MTU' mtu 'ftcp0 says that 1488 bytes fit' "$C"
ip -n "$C" link set eth0 mtu 1500
c ip route add "$S4/32" dev ftcp0
broken 'a loop' way 'would go into a link themselves, ftcp0: a loop' "$C"
c ip route del "$S4"
ip -n "$C" link del ftcp0
check 'rules of a tunnel that is gone: named' names rules 'its tunnel is gone' "$C"
c ip rule flush protocol 102
c ip -6 rule flush protocol 102

# ---- Whole packets ----

s ip link del ftcp0
inside "$S" 1 port 4800
s ftcpctl set peer a "${lan[@]}" allowed-ips 10.9.0.2,fd09::2
check 'a hub that does not forward: that is told' eval 'healthy "$S" && grep -q "does not forward" "$tmp/said"'
s ftcpctl set peer b "${lan[@]}" allowed-ips 10.77.0.0/24
broken 'no route to a peer' rules 'no route leads to 10.77.0.0/24, behind peer b' "$S"
s sysctl -qw net.ipv4.ip_forward=1
s iptables -P FORWARD DROP
broken 'what is forwarded is dropped' filter 'forwarded from or to ftcp0 is dropped by FORWARD' "$S"
s nft delete table ip filter
s sysctl -qw net.ipv4.ip_forward=0
s ip link del ftcp0

# ---- WireGuard ----

if command -v wg > /dev/null && modprobe wireguard; then
	add_link "$C"
	c ftcpctl add tunnel wg dev ftcp0 listen 127.0.0.1:1234 remote "$S4:4700"
	stop "$real_pid"
	add_link "$S"
	s ftcpctl add tunnel wg dev ftcp0 port 4700 forward 127.0.0.1:5555
	umask 077
	wg genkey > "$tmp/key"
	ip -n "$C" link add wg0 type wireguard
	c wg set wg0 private-key "$tmp/key" peer "$(wg genkey | wg pubkey)" \
		allowed-ips 0.0.0.0/0 endpoint "$S4:51820"
	ip -n "$C" link set wg0 mtu 1420 up
	broken 'WireGuard by plain UDP' wireguard "sends plain UDP to $S4:51820" "$C"
	ip -n "$C" link set wg0 mtu 1500
	broken 'too large an MTU' wireguard 'wg0 has an MTU of 1500, and 1428 fit' "$C"
	c wg set wg0 fwmark 51820
	ip -n "$C" route add default dev wg0 table 51820
	ip -n "$C" rule add not fwmark 51820 lookup 51820
	ip -n "$C" rule add lookup main suppress_prefixlength 0
	broken 'a tunnel without its mark' wireguard 'into wg0 themselves, a loop' "$C"
	c ip link del wg0
else
	skip 'WireGuard' 'no WireGuard'
fi

# ---- The module ----

printf '%s\n' '#!/bin/sh' 'case "$2" in srcversion) echo 123;; esac' > "$tmp/bin/modinfo"
chmod +x "$tmp/bin/modinfo"
check 'another module is installed: named' names module 'not the one that is installed' "$S"
rm "$tmp/bin/modinfo"
s ip link del ftcp0
c ip link del ftcp0
check 'no link: named' names link 'there is no link of type faketcp' "$S"
module_memory_back
check 'no module: named' names module 'faketcp is not installed for this kernel' "$S"
printf '%s\n' '#!/bin/sh' 'case "$1$2" in -n*) echo /x.ko;; -Fvermagic) echo "$(uname -r) SMP";; esac' \
	> "$tmp/bin/modinfo"
chmod +x "$tmp/bin/modinfo"
check 'one that is not loaded: named' names module 'is installed, and not loaded' "$S"
s unshare --mount sh -c 'mount -t tmpfs none /sys/kernel && mkdir /sys/kernel/security &&
	echo "none [integrity] confidentiality" > /sys/kernel/security/lockdown &&
	PATH=$0/bin:$PATH exec ftcpctl doctor' "$tmp" > "$tmp/said"
check 'one that nobody has signed: named' said module 'is not signed, and this kernel'
printf '%s\n' '#!/bin/sh' 'case "$1$2" in -n*) echo /x.ko;; -Fvermagic) echo 6.1.0 SMP;; esac' \
	> "$tmp/bin/modinfo"
check 'one for another kernel: named' names module 'was built for 6.1.0' "$S"
finish
