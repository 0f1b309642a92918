#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever cannot be is refused, with a message that says why: status 2 when the
# command line is wrong, 1 when something is missing or taken.

. "$(dirname "$0")/lib.sh"

tun_start
topology

# wrong NAME TEXT ARGUMENTS...: refused with 2
wrong()
{
	local name=$1 text=$2 output status

	shift 2
	output=$(c "$ftcptun" "$@" 2>&1 < /dev/null)
	status=$?
	if [ $status -eq 2 ] && grep -Fq -e "$text" <<< "$output"; then
		ok "$name"
	else
		not_ok "$name" "$* (status $status, not \"$text\"): $output"
	fi
}

client=(client --local 127.0.0.1:1234 --remote "$S4:4567")
wrong 'no verb' 'say client, server, ip or print-rules'
wrong 'an unknown verb' 'neither client, server, ip nor print-rules' serve
wrong 'no role to print rules for' 'say client, server or ip' print-rules
wrong 'clean-rules takes nothing' 'unexpected argument' clean-rules client
wrong 'no --local' '--local <IP:PORT> is required' client --remote h:1
wrong 'no --local, server' '--local <PORT> is required' server --remote h:1
wrong 'no --local, print-rules' '--local <PORT> is required' print-rules server
wrong 'no --remote' '--remote <HOST:PORT> is required' client --local 127.0.0.1:1
for local in 127.0.0.1 127.0.0.1:0 127.0.0.1:65536 :1 ::1:1 '[::1]' '[127.0.0.1:1' name:1 127.0.0.1:x 1.2.3:4; do
	wrong "--local $local" 'not of the form' client --local "$local" --remote h:1
done
for remote in host host: :1 host:0 host:70000 '[::1:1' ::1:1 host:1x; do
	wrong "--remote $remote" 'not of the form' client --local 127.0.0.1:1 --remote "$remote"
done
for port in 0 65536 x '' 127.0.0.1:1 -1; do
	wrong "server --local '$port'" 'not a port number' server "--local=$port" --remote h:1
done
wrong 'a bad --tun' 'not a name' "${client[@]}" --tun 'a b'
wrong 'a long --tun' 'not a name' "${client[@]}" --tun sixteen-letters-
wrong 'a bad --tun-peer' 'not an IPv4 address' "${client[@]}" --tun-peer fcc8::2
wrong 'a bad --tun-local' 'not an IPv4 address' "${client[@]}" --tun-local 1.2.3
wrong 'a bad --tun-peer6' 'not an IPv6 address' "${client[@]}" --tun-peer6 1.2.3.4
wrong 'a bad --tun-local6' 'not an IPv6 address' "${client[@]}" --tun-local6 ::
wrong 'equal ends' 'same address' "${client[@]}" --tun-peer 192.168.200.1
wrong 'a bad --threads' 'not a number from 1 to 64' "${client[@]}" --threads 0
wrong 'a bad --mtu' 'not a number' "${client[@]}" --mtu 1000
wrong 'a bad --idle' 'not a number' "${client[@]}" --idle 0
wrong 'a bad --keepalive' 'not a number' "${client[@]}" --keepalive -1
for keepalive in 5: 5:x 5:0.001 5:0.1234 5:.5 5:3601 5:1: 5:1:101 5:1:1:1 x:1; do
	wrong "--keepalive $keepalive" "--keepalive" "${client[@]}" --keepalive $keepalive
done
wrong '--idle off' 'not a number' "${client[@]}" --idle off
wrong 'a bad --max-age' 'not a number from 0 to 2678400' "${client[@]}" --max-age 9999999
for bytes in x -1 1x 1KK K 99999999T '' '5 ' ' 5' '5K ' offK; do
	wrong "--max-bytes '$bytes'" 'not a number of bytes' "${client[@]}" --max-bytes "$bytes"
done
wrong 'a bad --max-flows' 'not a number' "${client[@]}" --max-flows 1x
for number in 0 1048577 1x ''; do
	wrong "--max-flows-per-source '$number'" 'not a number from 1 to 1048576' \
		"${client[@]}" --max-flows-per-source "$number"
done
wrong '--unreachable of a client' 'for servers' "${client[@]}" --unreachable close
for mark in 0 x -1 0x 010 0x100000000 4294967296 '' '1 ' 0xg; do
	wrong "--fwmark '$mark'" 'not a mark' "${client[@]}" --fwmark "$mark"
done
for value in '' clos close, reset 1; do
	wrong "--unreachable '$value'" 'neither close nor ignore' \
		server --local 4567 --remote h:1 --unreachable "$value"
done
for value in '' unse unset, set1 SET 0; do
	wrong "--df '$value'" 'neither set nor unset' "${client[@]}" --df "$value"
done
for value in '' nativ native, udp2raw AUTO 0; do
	wrong "--wire '$value'" 'neither auto, native nor phantun' "${client[@]}" --wire "$value"
done
wrong '--wire of a server' 'for clients' server --local 4567 --remote h:1 --wire native
wrong 'a bad --queue' 'not a number' "${client[@]}" --queue 99999999999999999999
for value in '' 0 off 65535 63K 2G 1T 64KB -1; do
	wrong "--queue-bytes '$value'" 'from 64K to 1G' "${client[@]}" --queue-bytes "$value"
done
wrong 'an unknown option' 'no such option' "${client[@]}" --frobnicate
wrong 'an unknown short one among others' '-x: no such option' client -vx
wrong 'it and not what is before it' '-x: no such option' client --auto-rules -xv
wrong 'one with a value that it does not take' '--verbose=1: takes no value' \
	"${client[@]}" --verbose=1
wrong 'an abbreviation of several' '--max: ambiguous: --max-age, --max-bytes,' \
	"${client[@]}" --max 3
wrong 'an abbreviation of several, with a value' '--tun-p=x: ambiguous: --tun-peer, --tun-peer6' \
	"${client[@]}" --tun-p=x
wrong 'a value is missing' 'value is missing' client --local
wrong 'one argument too many' 'unexpected argument' "${client[@]}" more

refused() { check_refused "$1" "$2" c ${wrap:+"${wrap[@]}"} timeout 10 "$ftcptun" "${@:3}"; }

wrap=(env FTCP_RESOLVE_RETRIES=0)
refused 'a name that does not resolve' 'cannot resolve no-such-host.invalid' \
	client --local 127.0.0.1:1234 --remote no-such-host.invalid:4567
wrap=()
refused 'an IPv6 address and -4' 'is IPv6, and --ipv4-only' \
	client --local 127.0.0.1:1234 --remote "[$S6]:4567" -4
refused 'no handshake packet' 'handshake-packet.*No such file' \
	"${client[@]}" --handshake-packet "$tmp/none"
: > "$tmp/empty"
refused 'an empty handshake packet' 'the file is empty' \
	"${client[@]}" --handshake-packet "$tmp/empty"
head -c 1461 /dev/zero > "$tmp/large"
refused 'a large handshake packet' 'do not fit' \
	"${client[@]}" --handshake-packet "$tmp/large"

background listener "$C" udptool echo --bind 127.0.0.1:1234
wait_for 10 grep -q ready "$tmp/listener"
refused 'a port that is taken' 'cannot listen on 127.0.0.1:1234: Address already in use' \
	"${client[@]}"
stop $!
refused 'an address of somebody else' 'cannot listen on 192.0.2.1:1234: Cannot assign' \
	client --local 192.0.2.1:1234 --remote "$S4:4567"
# One TCP port, two servers; a program that comes later; one that was there before
run reserving "$C" server --local 4567 --remote 127.0.0.1:5555
reserving=$!
refused 'a TCP port that another server has' 'TCP port 4567 is in use' \
	server --local 4567 --remote 127.0.0.1:5556 --tun-local 192.168.202.1 \
	--tun-peer 192.168.202.2 --tun-local6 fcca::1 --tun-peer6 fcca::2
cat > "$tmp/serve" <<'END'
import socket, sys, time
s = socket.socket(getattr(socket, sys.argv[2]), socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 4567))
s.listen()
print("ready", flush=True)
time.sleep(60)
END
for address in '127.0.0.1 AF_INET' '0.0.0.0 AF_INET' ':: AF_INET6'; do
	# shellcheck disable=SC2086
	check_refused "a service that is started later: ${address% *}" 'Address already in use' \
		c python3 "$tmp/serve" $address
done
ends_well 'the server' $reserving
background service "$C" python3 "$tmp/serve" 0.0.0.0 AF_INET
service=$!
check 'a service has the port' wait_for 10 grep -q ready "$tmp/service"
refused 'a TCP port that a service has' 'TCP port 4567 is in use' \
	server --local 4567 --remote 127.0.0.1:5556
stop $service

# Addresses in a network that the host is in
ip -n "$C" link add lan type veth peer name lan-end
ip -n "$C" addr add 192.168.200.77/24 dev lan
ip -n "$C" addr add fcc8::77/64 dev lan nodad
ip -n "$C" link set lan up
ip -n "$C" link set lan-end up
refused "a network of the host's" '192.168.200.1 is in the network of lan' "${client[@]}"
refused "a network of the host's, IPv6" 'fcc8::1 is in the network of lan' \
	"${client[@]}" --tun-local 192.168.203.1 --tun-peer 192.168.203.2
check 'it has not been touched' eval \
	'[ "$(c ip -4 -o addr show to 192.168.200.0/24 | wc -l)" = 1 ]'
ip -n "$C" link del lan

run first "$C" "${client[@]}"
first=$!
refused 'a port that another ftcptun has' 'cannot listen on 127.0.0.1:1234: Address already in use' \
	"${client[@]}" --tun-peer 192.168.200.3
refused 'a device that another ftcptun has' 'cannot create tun0: a device of that name exists' \
	client --local 127.0.0.1:1235 --remote "$S4:4567" --tun tun0
refused 'the addresses of another ftcptun' \
	'192.168.200.2 belongs to tun0 already: give each ftcptun its own --tun-local,' \
	client --local 127.0.0.1:1235 --remote "$S4:4567"
refused 'its IPv6 addresses' 'fcc8::2 belongs to tun0 already' \
	client --local 127.0.0.1:1235 --remote "$S4:4567" --tun-peer 192.168.202.2
run second "$C" client --local 127.0.0.1:1235 --remote "$S4:4567" --tun-peer 192.168.202.2 -4
check 'other addresses are no mistake' [ $? -eq 0 ]
terminate $!
terminate $first
refused 'a device of another kind' 'cannot create eth0: a device of that name exists' \
	"${client[@]}" --tun eth0

wrap=(setpriv --bounding-set -net_admin --inh-caps -net_admin)
refused 'without CAP_NET_ADMIN' 'CAP_NET_ADMIN is missing' "${client[@]}"
wrap=(unshare -m sh -c 'mount -t tmpfs none /dev/net && exec "$@"' sh)
refused 'without /dev/net/tun' '/dev/net/tun: No such file.*modprobe tun' "${client[@]}"
wrap=(unshare -m sh -c 'mount --bind -o ro /proc/sys /proc/sys &&
	mount -o remount,ro,bind /proc/sys && exec "$@"' sh)
refused 'settings that cannot be changed' 'cannot set net/ipv4/ip_forward' \
	"${client[@]}" --auto-rules
wrap=()
check 'which leaves no table' eval '! c nft list tables | grep ftcptun_'

for value in 0 off; do
	check "what can be turned off: $value" "$ftcptun" print-rules client \
		--keepalive $value --max-age $value --max-bytes $value
done

check 'help is no error' "$ftcptun" --help
check 'nor of a verb' "$ftcptun" client --help
check 'nor the version' "$ftcptun" server -V
check '--unreachable is for servers' eval '"$ftcptun" server --help | grep -q -e --unreachable &&
	! "$ftcptun" client --help | grep -q -e --unreachable'
ip=(ip --local 4567)
wrong 'ip without ends' 'say --local <PORT>, --remote <HOST:PORT>, --exec' ip
wrong 'ip with both ends' 'say --local <PORT>, --remote <HOST:PORT>, --exec' \
	"${ip[@]}" --remote 192.0.2.1:1
wrong 'a peer without ranges' 'not of the form NAME=' "${ip[@]}" --peer a
wrong 'a peer without a name' 'not a name for another peer' "${ip[@]}" --peer =10.0.0.1
wrong 'a peer of the same name' 'not a name for another peer' \
	"${ip[@]}" --peer a=10.0.0.1 --peer a=10.0.0.2
wrong 'a range of another peer' 'belongs to another peer' \
	"${ip[@]}" --peer a=10.0.0.0/8 --peer b=10.1.0.0/8
wrong 'a range that is none' 'not ranges of the form' "${ip[@]}" --allowed-ips 10.0.0.0/33
wrong 'an empty range' 'not ranges of the form' "${ip[@]}" --allowed-ips 10.0.0.1,
wrong 'both kinds of peers' 'there are peers with names' \
	"${ip[@]}" --peer a=::1 --allowed-ips ::2
wrong '... in the other order' 'there is a peer without a name' \
	"${ip[@]}" --allowed-ips ::2 --peer a=::1
wrong 'a peer of who dials' '--peer is for who accepts' \
	ip --remote 192.0.2.1:1 --peer a=10.0.0.1
wrong 'a port and a channel' 'say --local <PORT>, --remote <HOST:PORT>, --exec' \
	"${ip[@]}" --stdio
for option in --auto-rules '--fwmark 1' '--tun t' -4 '--queue 3' '--df unset' '--keepalive off'; do
	# shellcheck disable=SC2086
	wrong "a channel, and $option" 'is not for --stdio and --exec' ip --stdio $option
done
wrong 'passt in place of fake TCP' '--passt goes with --stdio or --exec' \
	"${ip[@]}" --passt
wrong 'passt and a device' '--passt goes with --stdio or --exec, not with --dev' \
	ip --stdio --passt --address 10.0.0.1
wrong 'persistent without a far end' '--persistent is for who says --remote' \
	"${ip[@]}" --persistent
wrong 'an address that is none' 'not of the form ADDRESS' "${ip[@]}" --address 10.0.0
wrong 'threads of ip' '--threads is not for ip' "${ip[@]}" --threads 2
wrong 'a peer of a client' '--peer is for ip' "${client[@]}" --peer a=10.0.0.1
check '--wire is for clients' eval '"$ftcptun" client --help | grep -q -e --wire &&
	! "$ftcptun" server --help | grep -q -e --wire'
check 'and clean-rules' eval '"$ftcptun" clean-rules --help | grep -q "Takes away"'
for role in '' server client; do
	check "print-rules $role says which options matter" eval \
		'"$ftcptun" print-rules $role --help | grep -q "These matter"'
done
ln -s "$ftcptun" "$tmp/phantun_client"
ln -s "$ftcptun" "$tmp/phantun_server"
check 'a name that ends in client is the verb' \
	grep -q 'ftcptun client' <("$tmp/phantun_client" --help)
check 'so is server' grep -q 'ftcptun server' <("$tmp/phantun_server" --help)
finish
