#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever is wrong with a request is said, and nothing is changed by it: first
# as a user of ftcpctl sees it, then what only a program of one's own can send.

. "$(dirname "$0")/../lib.sh"

start
module_load
namespace "$C" || bail_out 'no namespaces'
ip -n "$C" link set lo up
ip -n "$C" link add ftcp0 type faketcp
ip -n "$C" link add ftcp1 type faketcp
ip -n "$C" link add veth0 type veth peer name veth1
for dev in ftcp0 ftcp1 veth0 veth1; do
	ip -n "$C" link set "$dev" up
done
ip -n "$C" addr add 192.0.2.1/24 dev veth0
ip -n "$C" addr add 2001:db8::1/64 dev veth0 nodad

on=(dev ftcp0)
check 'a tunnel of mode listen' c ftcpctl add tunnel client "${on[@]}" \
	listen 127.0.0.1:1000 remote 192.0.2.9:1
check 'a tunnel of mode forward' c ftcpctl add tunnel server "${on[@]}" \
	port 2000 forward 127.0.0.1:2001
check 'a tunnel of mode routed' c ftcpctl add tunnel router "${on[@]}" \
	routed port 3000
check 'a peer' c ftcpctl set peer one tunnel router "${on[@]}" \
	endpoint same allowed-ips 10.0.0.0/8,2001:db8:1::/48

state()
{
	c ftcpctl show tunnels --json
	c ftcpctl show peers --json
	c ftcpctl show flows --json
	c ip -o link show type faketcp
	c ss -Htulan
}
before=$(state)
check 'they are there' test "$(grep -o -e '"one"' -e 'UNCONN.*:1000' <<< "$before" | wc -l)" -ge 2

unchanged()
{
	diff <(echo "$before") <(state)
}

# usage NAME TEXT COMMAND...: ftcpctl itself finds the words wrong
usage()
{
	local name=$1 text=$2 output status

	shift 2
	output=$(c "$@" 2>&1)
	status=$?
	if [ $status -eq 2 ] && grep -qi -e "$text" <<< "$output"; then
		ok "$name"
	else
		not_ok "$name" "$* (status $status, not \"$text\"): $output"
	fi
}

add=(c ftcpctl add tunnel)
client=(listen 127.0.0.1:1001 remote 192.0.2.9:1)
peer=(c ftcpctl set peer)

# ---- ftcpctl ----------------------------------------------------------------

check_refused 'no such link' 'no link named "ftcp9"' \
	c ftcpctl set tunnel x dev ftcp9 idle 5
several='dev is missing, and there are several links of type faketcp: ftcp0, ftcp1$'
check_refused 'no link named, of several' "$several" "${add[@]}" x "${client[@]}"
check_refused '... for a peer' "$several" "${peer[@]}" a tunnel router endpoint same
check_refused '... for rules' "$several" c ftcpctl del rules tunnel router
check_refused 'a link that was made goes with a tunnel that is refused' 'TCP port 2000 is in use' \
	"${add[@]}" x dev ftcp9 port 2000 forward 127.0.0.1:1
usage 'a link of an impossible name' 'not the name of a link' \
	ftcpctl add tunnel x dev a-name-that-is-long "${client[@]}"
check_refused '... or one that the kernel refuses' 'dev: "a/b": ' \
	"${add[@]}" x dev a/b "${client[@]}"
check_refused 'a link of another type' 'not of type faketcp' \
	"${add[@]}" x dev veth0 "${client[@]}"
check_refused 'a name that exists' 'of this name exists' \
	"${add[@]}" server "${on[@]}" "${client[@]}"
check_refused 'unknown tunnel: del' 'no such tunnel' \
	c ftcpctl del tunnel x "${on[@]}"
check_refused 'unknown tunnel: set' 'no such tunnel' \
	c ftcpctl set tunnel x "${on[@]}" idle 5
check_refused 'unknown tunnel: a peer' 'no such tunnel' \
	"${peer[@]}" a tunnel x "${on[@]}" endpoint same
check_refused 'a tunnel of the other link' 'no such tunnel' \
	c ftcpctl del tunnel server dev ftcp1
check_refused 'unknown peer' 'no such peer' \
	c ftcpctl del peer a tunnel router "${on[@]}"
check_refused 'unknown flow' 'no such flow' \
	c ftcpctl del flow local 192.0.2.1:1 remote 192.0.2.2:2 "${on[@]}"
check 'nothing changed' unchanged
check_refused 'a TCP port of another tunnel' 'TCP port 2000 is in use' \
	"${add[@]}" x dev ftcp1 port 2000 forward 127.0.0.1:1
check_refused '... also on one address of it' 'TCP port 2000 is in use' \
	"${add[@]}" x dev ftcp1 port 2000 forward 127.0.0.1:1 local 192.0.2.1
check_refused '... also in mode routed' 'TCP port 2000 is in use' \
	"${add[@]}" x dev ftcp1 routed port 2000
check 'a router accepts for a host behind it' \
	"${add[@]}" behind dev ftcp1 routed port 2004 local 198.51.100.1
check_refused 'two for the same one' 'TCP port 2004 is in use' \
	"${add[@]}" x "${on[@]}" routed port 2004 local 198.51.100.1
check_refused '... on the same link' 'TCP port 2004 is in use' \
	"${add[@]}" x dev ftcp1 routed port 2004 local 198.51.100.1
check_refused '... one of them for all hosts' 'TCP port 2004 is in use' \
	"${add[@]}" x "${on[@]}" routed port 2004
check_refused '... the other one first' 'TCP port 3000 is in use' \
	"${add[@]}" x dev ftcp1 routed port 3000 local 198.51.100.1
check 'by IPv6 it is another port' \
	"${add[@]}" behind6 dev ftcp1 routed port 2004 local 2001:db8:2::1
check_refused '... of which the same holds' 'TCP port 2004 is in use' \
	"${add[@]}" x "${on[@]}" routed port 2004 local 2001:db8:2::1
check 'for another host' \
	"${add[@]}" other "${on[@]}" routed port 2004 local 198.51.100.2
for name in behind behind6; do
	check "$name goes" c ftcpctl del tunnel $name dev ftcp1
done
check 'the port is free again' c ftcpctl del tunnel other "${on[@]}"
check '... for all hosts' "${add[@]}" x "${on[@]}" routed port 2004
check '... and goes' c ftcpctl del tunnel x "${on[@]}"
check 'nothing changed' unchanged
check_refused 'a UDP port of another tunnel' 'UDP port 1000 is in use' \
	"${add[@]}" x dev ftcp1 listen 127.0.0.1:1000 remote 192.0.2.9:1
check_refused '... also on every address' 'UDP port 1000 is in use' \
	"${add[@]}" x dev ftcp1 listen '[::]:1000' remote 192.0.2.9:1
check_refused 'an address of nobody, for TCP' 'not one of this host' \
	"${add[@]}" x "${on[@]}" port 2002 forward 127.0.0.1:1 local 198.51.100.1
check_refused 'an address of nobody, for UDP' 'not one of this host' \
	"${add[@]}" x "${on[@]}" listen 198.51.100.1:1001 remote 192.0.2.9:1
check_refused 'a multicast address to listen on' 'not one of a single host' \
	"${add[@]}" x "${on[@]}" listen 224.0.0.1:1001 remote 192.0.2.9:1
check_refused 'a broadcast address to dial' 'not one of a single host' \
	"${add[@]}" x "${on[@]}" listen 127.0.0.1:1001 remote 255.255.255.255:1
check_refused 'IPv6 multicast' 'not one of a single host' \
	"${add[@]}" x "${on[@]}" port 2002 forward '[ff02::1]:1'
check_refused 'a mapped address' 'use IPv4' \
	"${add[@]}" x "${on[@]}" listen '[::ffff:127.0.0.1]:1001' remote 192.0.2.9:1
check_refused 'no address to dial' 'the address is missing' \
	"${add[@]}" x "${on[@]}" listen 127.0.0.1:1001 remote 0.0.0.0:1
check 'nothing changed' unchanged
for limit in 'idle 0' 'idle 2678401' 'keepalive 86401' 'max-flows 0' \
	'max-flows 1048577' 'queue 0' 'queue 1025' 'max-flows-per-source 0' \
	'max-flows-per-source 1048577' 'queue-bytes 65535' \
	'queue-bytes 1073741825' 'coalesce 1001' 'coalesce 4294967295us'; do
	# shellcheck disable=SC2086
	check_refused "$limit" '2678400|86400|1048576|1024|1073741824|1000\)' \
		"${add[@]}" x "${on[@]}" "${client[@]}" $limit
	# shellcheck disable=SC2086
	check_refused "set $limit" '2678400|86400|1048576|1024|1073741824|1000\)' \
		c ftcpctl set tunnel client "${on[@]}" $limit
done
check 'nothing changed' unchanged
check_refused 'a number out of range, and which' \
	'idle: 2678401: out of range \(1 to 2678400\)$' \
	c ftcpctl set tunnel client "${on[@]}" idle 2678401
check_refused '... of 0' 'max-flows: 0: out of range \(1 to 1048576\)$' \
	"${add[@]}" x "${on[@]}" "${client[@]}" max-flows 0
check_refused '... of microseconds' 'coalesce: 1001: out of range \(0 to 1000\)$' \
	c ftcpctl set tunnel server "${on[@]}" coalesce 1001us
check_refused 'a second peer of mode listen' 'has one peer' \
	"${peer[@]}" a tunnel client "${on[@]}" endpoint 192.0.2.9:2
check_refused 'mode listen dials an address' 'needs an address' \
	"${peer[@]}" remote tunnel client "${on[@]}" endpoint same
check_refused '... and not nobody' 'needs an address' \
	"${peer[@]}" remote tunnel client "${on[@]}" endpoint none
check_refused 'mode forward dials nobody' 'dials nobody' \
	"${peer[@]}" any tunnel server "${on[@]}" endpoint 192.0.2.9:2
check_refused '... and not the same' 'dials nobody' \
	"${peer[@]}" any tunnel server "${on[@]}" endpoint same
for ranges in none 192.0.2.0/24; do
	check_refused "mode forward: allowed-ips $ranges" 'say with from who may connect' \
		"${peer[@]}" any tunnel server "${on[@]}" allowed-ips $ranges
	check_refused "mode listen: from $ranges" 'nobody connects to a tunnel that listens' \
		"${peer[@]}" remote tunnel client "${on[@]}" from $ranges
done
check_refused 'mode forward: from allowed-ips' 'takes a list of addresses, or none' \
	"${peer[@]}" any tunnel server "${on[@]}" from allowed-ips
check_refused 'unreachable of mode listen' 'no meaning in mode listen' \
	c ftcpctl set tunnel client "${on[@]}" unreachable close
check_fails 'moving a link whose tunnels have ports' \
	ip -n "$C" link set ftcp0 netns 1

check 'nothing changed' unchanged
usage 'a name too long' 'longer than' \
	"${add[@]:1}" "$(printf '%032d' 0)" "${on[@]}" "${client[@]}"
usage 'a name with a space' 'printable' \
	"${add[@]:1}" 'a b' "${on[@]}" "${client[@]}"
usage 'a name with a slash' 'slash' \
	"${add[@]:1}" a/b "${on[@]}" "${client[@]}"
usage 'an empty name' 'empty' "${add[@]:1}" '' "${on[@]}" "${client[@]}"
usage 'port 0 to accept' 'port' \
	"${add[@]:1}" x "${on[@]}" port 0 forward 127.0.0.1:1
usage 'port 65536' 'port' "${add[@]:1}" x "${on[@]}" port 65536 forward 127.0.0.1:1
usage 'port 0 to listen on' 'port' \
	"${add[@]:1}" x "${on[@]}" listen 127.0.0.1:0 remote 192.0.2.9:1
usage 'port 0 to dial' 'port' \
	"${add[@]:1}" x "${on[@]}" listen 127.0.0.1:1001 remote 192.0.2.9:0
usage 'no mode' 'missing' "${add[@]:1}" x "${on[@]}"
usage 'two modes' 'combined' "${add[@]:1}" x "${on[@]}" routed "${client[@]}"
usage 'listen without remote' 'remote' \
	"${add[@]:1}" x "${on[@]}" listen 127.0.0.1:1001
usage 'forward without port' 'port' "${add[@]:1}" x "${on[@]}" forward 127.0.0.1:1
usage 'another wire' 'wire' "${add[@]:1}" x "${on[@]}" "${client[@]}" wire udp
usage 'another df' 'set or unset' "${add[@]:1}" x "${on[@]}" "${client[@]}" df 0
usage 'a unit that is not known' 'microseconds' \
	"${add[@]:1}" x "${on[@]}" "${client[@]}" coalesce 1ms
usage 'changing what is fixed' 'port' \
	ftcpctl set tunnel server "${on[@]}" port 2002
check 'nothing changed' unchanged

# ---- other programs' ports --------------------------------------------------

# A TCP and a UDP port of somebody else.
background others "$C" perl -MSocket -e '
	socket(my $t, PF_INET, SOCK_STREAM, 0) or die;
	socket(my $u, PF_INET, SOCK_DGRAM, 0) or die;
	setsockopt($_, SOL_SOCKET, SO_REUSEADDR, 1) or die for $t, $u;
	bind($t, sockaddr_in(4000, INADDR_ANY)) && listen($t, 1) or die;
	bind($u, sockaddr_in(4001, INADDR_LOOPBACK)) or die;
	$| = 1; print "ready\n"; sleep'
others=$!
check 'another program has ports' wait_for 10 grep ready "$tmp/others"
before=$(state)
check_refused 'a TCP port of another program' 'TCP port 4000 is in use' \
	"${add[@]}" x "${on[@]}" port 4000 forward 127.0.0.1:1
check_refused 'a UDP port of another program' 'UDP port 4001 is in use' \
	"${add[@]}" x "${on[@]}" listen 127.0.0.1:4001 remote 192.0.2.9:1
check 'nothing changed' unchanged
stop "$others"
before=$(state)

# ---- what ftcpctl would not send --------------------------------------------

# Commands and attributes of include/uapi/linux/faketcp.h.
new=(c nlraw faketcp 1) set=(c nlraw faketcp 2) del=(c nlraw faketcp 3)
peer_set=(c nlraw faketcp 5) peer_del=(c nlraw faketcp 6)
flow_del=(c nlraw faketcp 8)
dev=2:s=ftcp0 name=3:s=x
routed=4:u32=0 listen=4:u32=1 forward=4:u32=2

check_refused 'raw: no link' 'ifindex or ifname is required' "${new[@]}" "$name" "$routed"
check_refused 'raw: link 0' '.' "${new[@]}" 1:u32=0 "$name" "$routed"
check_refused 'raw: link 999' 'no such link' "${new[@]}" 1:u32=999 "$name" "$routed"
check_refused 'raw: no name' 'name of the tunnel is required' "${new[@]}" "$dev" "$routed"
check_refused 'raw: empty name' 'printable' "${new[@]}" "$dev" 3:s= "$routed"
check_refused 'raw: blank in the name' 'printable' "${new[@]}" "$dev" '3:s=a b' "$routed"
check_refused 'raw: slash in the name' 'printable' "${new[@]}" "$dev" 3:s=a/b "$routed"
check_refused 'raw: control character' 'printable' "${new[@]}" "$dev" 3:x=610a00 "$routed"
check_refused 'raw: byte above 127' 'printable' "${new[@]}" "$dev" 3:x=61ff00 "$routed"
check_refused 'raw: name not terminated' '.' "${new[@]}" "$dev" 3:x=6161 "$routed"
check_refused 'raw: name of 32 bytes' '.' \
	"${new[@]}" "$dev" "3:s=$(printf '%032d' 0)" "$routed"
check_refused 'raw: no mode' 'the mode is required' "${new[@]}" "$dev" "$name"
check_refused 'raw: mode 4' '.' "${new[@]}" "$dev" "$name" 4:u32=4
check_refused 'raw: mode of one byte' '.' "${new[@]}" "$dev" "$name" 4:u8=0
check_refused 'raw: port 0' '.' "${new[@]}" "$dev" "$name" "$routed" 5:u16=0
check_refused 'raw: wire 3' '.' "${new[@]}" "$dev" "$name" "$routed" 9:u32=3
check_refused 'raw: df 2' '.' "${new[@]}" "$dev" "$name" "$routed" 30:u32=2
check_refused 'raw: coalesce 1001' '.' "${new[@]}" "$dev" "$name" "$routed" 40:u32=1001
check_refused 'raw: coalesce of one byte' '.' \
	"${new[@]}" "$dev" "$name" "$routed" 40:u8=1
check_refused 'raw: an attribute of answers' '.' \
	"${new[@]}" "$dev" "$name" "$routed" 23:u32=1
check_refused 'raw: an unknown attribute' '.' \
	"${new[@]}" "$dev" "$name" "$routed" 99:u32=1
check 'nothing changed' unchanged
check_refused 'raw: listen without listen' 'listen is required in mode listen' \
	"${new[@]}" "$dev" "$name" "$listen" 16:a=192.0.2.9:1
check_refused 'raw: listen without endpoint' 'endpoint is required in mode listen' \
	"${new[@]}" "$dev" "$name" "$listen" 7:a=127.0.0.1:1001
check_refused 'raw: listen with port' 'port has no meaning in mode listen' \
	"${new[@]}" "$dev" "$name" "$listen" 7:a=127.0.0.1:1001 16:a=192.0.2.9:1 5:u16=9
check_refused 'raw: listen with target' 'target has no meaning in mode listen' \
	"${new[@]}" "$dev" "$name" "$listen" 7:a=127.0.0.1:1001 16:a=192.0.2.9:1 \
	8:a=127.0.0.1:1
check_refused 'raw: forward without port' 'port is required in mode forward' \
	"${new[@]}" "$dev" "$name" "$forward" 8:a=127.0.0.1:1
check_refused 'raw: forward without target' 'target is required in mode forward' \
	"${new[@]}" "$dev" "$name" "$forward" 5:u16=2002
check_refused 'raw: forward with listen' 'listen has no meaning in mode forward' \
	"${new[@]}" "$dev" "$name" "$forward" 5:u16=2002 8:a=127.0.0.1:1 7:a=127.0.0.1:2
check_refused 'raw: forward with endpoint' 'endpoint has no meaning in mode forward' \
	"${new[@]}" "$dev" "$name" "$forward" 5:u16=2002 8:a=127.0.0.1:1 16:a=192.0.2.9:1
check_refused 'raw: routed with target' 'target has no meaning in mode routed' \
	"${new[@]}" "$dev" "$name" "$routed" 8:a=127.0.0.1:1
check_refused 'raw: local without port' 'local has no meaning without port' \
	"${new[@]}" "$dev" "$name" "$routed" 6:a=192.0.2.1
check_refused 'raw: local with a port of its own' 'without a port' \
	"${new[@]}" "$dev" "$name" "$routed" 5:u16=2002 6:a=192.0.2.1:2
check_refused 'raw: local that is any' 'the address is missing' \
	"${new[@]}" "$dev" "$name" "$routed" 5:u16=2002 6:a=0.0.0.0
check_refused 'raw: listen on port 0' 'the port is missing' \
	"${new[@]}" "$dev" "$name" "$listen" 7:a=127.0.0.1:0 16:a=192.0.2.9:1
check_refused 'raw: an address cut short' 'expected a struct sockaddr' \
	"${new[@]}" "$dev" "$name" "$listen" 7:x=0200 16:a=192.0.2.9:1
check_refused 'raw: IPv6 in the size of IPv4' 'expected a struct sockaddr' \
	"${new[@]}" "$dev" "$name" "$listen" 7:x=0a0004d2000000000000000000000000 \
	16:a=192.0.2.9:1
check_refused 'raw: a unix address' 'expected a struct sockaddr' \
	"${new[@]}" "$dev" "$name" "$listen" 7:x=010004d2000000000000000000000000 \
	16:a=192.0.2.9:1
check_refused 'raw: a link-local address' 'link-local' \
	"${new[@]}" "$dev" "$name" "$listen" '7:a=[fe80::1]:1' 16:a=192.0.2.9:1
check 'nothing changed' unchanged
for fixed in 4:u32=1 5:u16=2002 6:a=192.0.2.1 7:a=127.0.0.1:1 8:a=127.0.0.1:1 \
	16:a=192.0.2.9:1; do
	check_refused "raw: set $fixed" 'cannot be changed while the tunnel lives' \
		"${set[@]}" "$dev" 3:s=server "$fixed"
done
check_refused 'raw: del without a name' 'name of the tunnel is required' "${del[@]}" "$dev"
check 'nothing changed' unchanged
check_refused 'raw: peer without a name' 'name of the peer is required' \
	"${peer_set[@]}" "$dev" 3:s=router
check_refused 'raw: del peer without a name' 'name of the peer is required' \
	"${peer_del[@]}" "$dev" 3:s=router
check_refused 'raw: a peer of an unsound name' 'printable' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=a/b
check_refused 'raw: kind without endpoint' 'contradict' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 17:u32=1
check_refused 'raw: endpoint of another kind' 'contradict' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 17:u32=2 16:a=192.0.2.9:1
check_refused 'raw: kind 3' '.' "${peer_set[@]}" "$dev" 3:s=router 15:s=p 17:u32=3
check_refused 'raw: a range that is none' '.' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 32786:x=0102
check_refused 'raw: a range without address' 'expected an address' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 32786:x=0500020008000000
check_refused 'raw: an address of 3 bytes' 'expected an address' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 32786:x=070001000a000000
check_refused 'raw: IPv4 prefix 33' 'longer than the address' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 32786:x=080001000a0000000500020021000000
check_refused 'raw: prefix 129' '.' \
	"${peer_set[@]}" "$dev" 3:s=router 15:s=p 32786:x=080001000a0000000500020081000000
check_refused 'raw: flow without ends' 'local and remote are required' \
	"${flow_del[@]}" "$dev"
check_refused 'raw: flow without a port' 'the port is missing' \
	"${flow_del[@]}" "$dev" 6:a=192.0.2.1 20:a=192.0.2.2:1
check_refused 'raw: an unknown command' '.' c nlraw faketcp 77 "$dev"

check 'nothing changed' unchanged

# ---- those who may not ------------------------------------------------------

nobody=(c setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all)
check_refused 'nobody adds a tunnel' 'permitted' \
	"${nobody[@]}" ftcpctl add tunnel x "${on[@]}" "${client[@]}"
check_refused 'nobody deletes one' 'permitted' \
	"${nobody[@]}" ftcpctl del tunnel client "${on[@]}"
check_refused 'nobody looks at the flows' 'permitted' \
	"${nobody[@]}" ftcpctl show flows
check 'nothing changed' unchanged
# A link from this namespace in one that belongs to another user namespace.
background user "$C" unshare --user --map-root-user --net sleep 1000
user=$!
wait_for 10 eval '[ "$(readlink /proc/$user/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
check 'give a link to a user namespace' ip -n "$C" link set ftcp1 netns "$user"
inside=(nsenter --target "$user" --user --net --preserve-credentials)
check_refused 'its user takes no port of ours' "takes CAP_NET_ADMIN in the underlay" \
	"${inside[@]}" ftcpctl add tunnel x dev ftcp1 port 2002 forward 127.0.0.1:1
check '... but may use the link' "${inside[@]}" ftcpctl add tunnel x dev ftcp1 routed
check_refused '... with no other source than ours' "takes CAP_NET_ADMIN in the underlay" \
	"${inside[@]}" ftcpctl set peer p tunnel x dev ftcp1 endpoint same allowed-ips ::/0
check '... to an end of its choice' \
	"${inside[@]}" ftcpctl set peer p tunnel x dev ftcp1 endpoint 192.0.2.9:1 allowed-ips ::/0
check_refused 'nobody hears of flows' 'permitted|refused|CAP' \
	c timeout 5 "${nobody[@]:1}" ftcpctl monitor
stop "$user"

# ---- what is right ----------------------------------------------------------

# coalesce_is TUNNEL NUMBER TEXT: in JSON, and for people
coalesce_is()
{
	[ "$(c ftcpctl show tunnel "$1" --json | jq '.[0].coalesce')" = "$2" ] &&
		c ftcpctl show tunnel "$1" | grep "^  options .*, coalesce $3\$"
}
set_coalesce() { c ftcpctl set tunnel "$1" "${on[@]}" coalesce "$2"; }
for tunnel in client server router; do
	check "$tunnel: coalesce by default" coalesce_is "$tunnel" 1000 '1000 us'
	check "$tunnel: a bare number" eval 'set_coalesce "$tunnel" 1 &&
		coalesce_is "$tunnel" 1 "1 us"'
	check "$tunnel: the most" eval 'set_coalesce "$tunnel" 1000us &&
		coalesce_is "$tunnel" 1000 "1000 us"'
	check "$tunnel: off" eval 'set_coalesce "$tunnel" off &&
		coalesce_is "$tunnel" 0 off'
done
check 'another option leaves it alone' eval \
	'c ftcpctl set tunnel client "${on[@]}" idle 77 && coalesce_is client 0 off'
check 'given when the tunnel is added' eval \
	'"${add[@]}" x "${on[@]}" "${client[@]}" coalesce 50us && coalesce_is x 50 "50 us"'

check 'delete the links' ip -n "$C" link del ftcp0
check 'the link of the user namespace went with it' \
	wait_for 10 eval '[ "$(module_refs)" = 0 ]'
module_memory_back
finish
