#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/guides.md, word for word: its files are applied, its commands run, and
# what they set up carries traffic.

. "$(dirname "$0")/../lib.sh"
. "$repo/selftests/lib/guides.sh"

readonly K=k-$$ web=10.2.0.10
start
module_load
topology
guides "$tmp/guides"

# What the documents call the server, and what the commands look for
here() { sed "s/203\.0\.113\.9/$S4/; s/203\.0\.113\.10/$web/; s,/etc/faketcp/,$tmp/$S/," "$@"; }
# ns WHO: which host that is
ns()
{
	case $1 in
	client) echo "$C" ;;
	*) echo "$S" ;;
	esac
}
# has WHO SECTION: the file that it has there
has()
{
	local n diff

	n=$(ns "$1")
	mkdir -p "$tmp/$n"
	here "$tmp/guides/$2/$1-file-"* > "$tmp/$n/ftcp0.conf"
	ip netns exec "$n" ftcpctl apply "$tmp/$n/ftcp0.conf" &&
		diff=$(ip netns exec "$n" ftcpctl apply "$tmp/$n/ftcp0.conf" --dry-run) &&
		[ -z "$diff" ] || { echo "$diff"; return 1; }
}
# runs WHO SECTION: the commands that it has there
runs()
{
	local file

	for file in "$tmp/guides/$2/$1-run-"*; do
		here "$file" > "$tmp/run"
		ip netns exec "$(ns "$1")" sh -e "$tmp/run" || return
	done
}
# both SECTION: server and client are set up
both() { has server "$1" && has client "$1"; }
# ends: where the client sends to, and where the server's program is; routed: both the same
ends()
{
	target=$(sed -n 's/.* forward \([^ ]*\).*/\1/p' "$tmp/$S/ftcp0.conf")
	to=$(sed -n 's/.* listen \([^ ]*\).*/\1/p' "$tmp/$C/ftcp0.conf")
	target=${target:-$S4:51820} to=${to:-$S4:51820}
	from=${to%:*}
	[ "$from" != "$S4" ] || from=0.0.0.0
}
# carries: from the client to the program at the server
carries()
{
	c udptool send --to "$to" --from "$from:7000" --count 3 &&
		flows_wait=10 flows_are "$C" 1 established
}
# section NAME [COMMAND...]: set up, and after the command it carries traffic
section()
{
	check "$1" both "$1"
	[ $# -eq 1 ] || check '... a firewall is told' "${@:2}"
	ends
	server echo "$S" echo --bind "$target"
	check '... carries traffic' carries
	stop "${pids[-1]}"
	c ftcpctl del link ftcp0
	s ftcpctl del link ftcp0
}

# where a container is, on the server, and its gateway, on the client
for n in "$S" "$C"; do
	ip -n "$n" link add docker0 type dummy
	ip -n "$n" link set docker0 up
done
ip -n "$S" addr add 172.30.0.2/24 dev docker0
ip -n "$C" addr add 172.30.0.1/24 dev docker0
ip -n "$S" addr add "$web/16" dev eth0
for name in phantun udp2raw hysteria openvpn a-game-server docker port-443; do
	section "$name"
done

# A host with a firewall
s nft -f - <<-EOT
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop
		iif lo accept
		ct state established,related accept
		meta l4proto icmpv6 accept
	}
}
EOT
section mimic runs server mimic
s nft delete table inet filter

check 'ipsec' both ipsec
check '... addresses' eval 'runs server ipsec && runs client ipsec'
check '... carries packets' eval 'wait_for 10 c ping -q -c 1 -W 1 10.9.0.1'
c ftcpctl del link ftcp0
s ftcpctl del link ftcp0

# A container, as far as docker tells of it
namespace "$K"
ip -n "$K" link set lo up
background container "$K" sleep 1000
mkdir "$tmp/bin"
cat > "$tmp/bin/docker" <<-EOT
#!/bin/sh
[ "\$*" = "inspect -f {{.State.Pid}} NAME" ] && ip netns pids $K | head -1
EOT
chmod +x "$tmp/bin/docker"
here "$tmp/guides/docker/server-file-"* > "$tmp/$S/ftcp0.conf"
has_container() { [ -n "$(ip netns pids "$K")" ]; }
check 'a container' wait_for 10 has_container
check '... gets its link from the host' env PATH="$tmp/bin:$PATH" sh -e -c \
	"$(here "$tmp/guides/docker/container-run-"*)"
check '... is where it is' ip -n "$K" link show ftcp0
check_fails '... and nowhere else' ip link show ftcp0

# A web server on another address of the port
background http "$S" /usr/bin/python3 -u -c 'import socket, sys, time
s = socket.socket()
s.bind((sys.argv[1], 443))
s.listen()
print("ready")
time.sleep(1000)' "$S4"
check 'a web server' wait_for 60 file_has "$tmp/http" ready
check_refused '... has the port' 'TCP port 443 is in use' has server port-443
check '... on its address only' has beside port-443
finish
