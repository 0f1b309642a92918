# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The rows of the measurements: ways for UDP from a client to a server, each in
# a pair of namespaces of its own, so that none pays for the rules of another.
#
#	namespace c-ROW  eth0 ---- veth ---- eth0  namespace s-ROW
#	          10.9.0.1                   10.9.0.2
#
#	plain		UDP as it is
#	routed		faketcp, same addresses and ports
#	proxy		faketcp, an address on loopback at both ends
#	ip		faketcp, whole packets
#	wg		WireGuard
#	wg-routed	WireGuard through faketcp, same addresses and ports
#	wg-proxy	WireGuard through faketcp, addresses on loopback
#	ROW.TIME	one of those of faketcp with its own coalesce, like proxy.50us
#	fou, vxlan	the kernel's own tunnels in UDP, for comparison
#	ftcptun		the TUN mode, like proxy
#	NAME=SETUP	another program: SETUP is a command that is run with $C and
#			$S (the namespaces), $FROM and $TO (10.9.0.1 and .2) in its
#			environment, makes a way from UDP to $ADDRESS:$PORT in $C to
#			UDP port $TARGET (5555) of $TO or of 127.0.0.1 in $S, and
#			returns when it is there; if the way begins elsewhere, SETUP
#			prints ADDRESS:PORT as its last line ($TO:$TARGET if it
#			keeps addresses)
#	wg-NAME=SETUP	WireGuard through it; $TARGET is WireGuard's port
#
# Sourced by kernel.sh and insn.sh, after ../lib.sh.

blast=$repo/build/bench/udpblast
ftcptun=$repo/tools/ftcptun/ftcptun
readonly many_flows=(max-flows-per-source 20000)	# here all are of one
readonly FROM=10.9.0.1 TO=10.9.0.2 PORT=5555
declare -A row_address row_port
blast_options=()

in_c() { in_ns "c-$1" "${@:2}"; }
in_s() { in_ns "s-$1" "${@:2}"; }

# row_offloads ROW on|off: of the veth pair
row_offloads()
{
	in_c "$1" ethtool -K eth0 tso "$2" gso "$2" tx-udp-segmentation "$2" > /dev/null
	in_s "$1" ethtool -K eth0 tso "$2" gso "$2" tx-udp-segmentation "$2" > /dev/null
}

pair()
{
	namespace "c-$1" && namespace "s-$1" &&
		ip link add eth0 netns "c-$1" type veth peer name eth0 netns "s-$1" &&
		ip -n "c-$1" addr add $FROM/24 dev eth0 &&
		ip -n "s-$1" addr add $TO/24 dev eth0 || return
	local ns
	for ns in "c-$1" "s-$1"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
	done
}

row_links()
{
	local ns

	for ns in "c-$1" "s-$1"; do
		ip -n "$ns" link add ftcp0 type faketcp && ip -n "$ns" link set ftcp0 up || return
	done
}

# row_routed ROW PORT
row_routed()
{
	row_links "$1" || return
	in_c "$1" ftcpctl add tunnel t dev ftcp0 routed "${many_flows[@]}" &&
		in_s "$1" ftcpctl add tunnel t dev ftcp0 routed port "$2" "${many_flows[@]}" &&
		in_c "$1" ftcpctl set peer any tunnel t dev ftcp0 endpoint same \
			allowed-ips 0.0.0.0/0 &&
		in_s "$1" ftcpctl set peer any tunnel t dev ftcp0 endpoint same \
			allowed-ips 0.0.0.0/0 &&
		row_rules "$1" add dport "$2" sport "$2"
}

row_ip()
{
	row_links "$1" &&
		in_s "$1" ftcpctl add tunnel t dev ftcp0 ip port 4567 &&
		in_c "$1" ftcpctl add tunnel t dev ftcp0 ip &&
		in_s "$1" ftcpctl set peer c tunnel t dev ftcp0 allowed-ips 192.168.77.1/32 &&
		in_c "$1" ftcpctl set peer s tunnel t dev ftcp0 endpoint $TO:4567 \
			allowed-ips 192.168.77.2/32 &&
		ip -n "c-$1" addr add 192.168.77.1/24 dev ftcp0 &&
		ip -n "s-$1" addr add 192.168.77.2/24 dev ftcp0
}

# row_rules ROW add|del [dport PORT sport PORT]
row_rules()
{
	in_c "$1" ftcpctl "$2" rules tunnel t dev ftcp0 "${@:3:2}" > /dev/null &&
		in_s "$1" ftcpctl "$2" rules tunnel t dev ftcp0 "${@:5:2}" > /dev/null
}

# row_forget ROW: so that the next flows are new ones, and the only ones
row_forget()
{
	local ns change

	case $1 in routed*|proxy*) ;; *) return 0 ;; esac
	for change in down up; do
		for ns in "c-$1" "s-$1"; do
			ip -n "$ns" link set ftcp0 $change || return
		done
	done
	case $1 in routed*)
		# The routes went with the link.
		row_rules "$1" del && row_rules "$1" add dport $PORT sport $PORT ;;
	esac
}

# row_proxy ROW PORT: from the client's to the server's loopback
row_proxy()
{
	row_links "$1" &&
		in_s "$1" ftcpctl add tunnel t dev ftcp0 port 4567 forward "127.0.0.1:$2" \
			"${many_flows[@]}" &&
		in_c "$1" ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 remote $TO:4567 \
			"${many_flows[@]}"
}

# row_wireguard ROW ENDPOINT
row_wireguard()
{
	local keys=$tmp/$1

	umask 077
	wg genkey > "$keys.c" && wg genkey > "$keys.s" || return
	ip -n "c-$1" link add wg0 type wireguard &&
		ip -n "s-$1" link add wg0 type wireguard &&
		ip -n "c-$1" addr add 192.168.77.1/24 dev wg0 &&
		ip -n "s-$1" addr add 192.168.77.2/24 dev wg0 &&
		in_c "$1" wg set wg0 private-key "$keys.c" peer "$(wg pubkey < "$keys.s")" \
			allowed-ips 192.168.77.0/24 endpoint "$2" &&
		in_s "$1" wg set wg0 private-key "$keys.s" listen-port 51820 \
			peer "$(wg pubkey < "$keys.c")" allowed-ips 192.168.77.0/24 &&
		ip -n "c-$1" link set wg0 up && ip -n "s-$1" link set wg0 up
}

row_fou()
{
	local ns local remote

	modprobe -a fou ipip || return
	for ns in "c-$1" "s-$1"; do
		local=$FROM remote=$TO
		[ "$ns" = "c-$1" ] || local=$TO remote=$FROM
		in_ns "$ns" ip fou add port 7777 ipproto 4 &&
			ip -n "$ns" link add tun type ipip remote $remote local $local \
				encap fou encap-sport auto encap-dport 7777 &&
			ip -n "$ns" addr add "192.168.77.${local##*.}/24" dev tun &&
			ip -n "$ns" link set tun up || return
	done
}

row_vxlan()
{
	local ns local remote

	modprobe vxlan || return
	for ns in "c-$1" "s-$1"; do
		local=$FROM remote=$TO
		[ "$ns" = "c-$1" ] || local=$TO remote=$FROM
		ip -n "$ns" link add tun type vxlan id 1 remote $remote local $local dstport 4789 &&
			ip -n "$ns" addr add "192.168.77.${local##*.}/24" dev tun &&
			ip -n "$ns" link set tun up || return
	done
}

row_ftcptun()
{
	local ns

	[ -x "$ftcptun" ] && modprobe tun || return
	for ns in "c-$1" "s-$1"; do
		in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1
	done
	"$ftcptun" print-rules client -4 | in_c "$1" nft -f - &&
		"$ftcptun" print-rules server -4 --local 4567 | in_s "$1" nft -f - || return
	background "$1-server" "s-$1" "$ftcptun" server --local 4567 --remote 127.0.0.1:$PORT -4
	wait_for 10 ip -n "s-$1" link show dev tun0 up || return
	background "$1-client" "c-$1" "$ftcptun" client --local 127.0.0.1:1234 --remote $TO:4567 -4
	wait_for 10 listens "c-$1" 1234
}

# row_other ROW SETUP: the way that SETUP makes
row_other()
{
	local at target=$PORT

	case $1 in wg-*) target=51820 ;; esac
	# To a file: what SETUP leaves running would keep a pipe open.
	env "C=c-$1" "S=s-$1" FROM=$FROM TO=$TO ADDRESS=127.0.0.1 PORT=1234 \
		TARGET=$target bash -c "$2" > "$tmp/setup-$1" || return
	at=$(tail -n 1 "$tmp/setup-$1" | grep -E '^[0-9.]+:[0-9]+$') || at=127.0.0.1:1234
	case $1 in
	wg-*)
		row_address[$1]=192.168.77.2
		row_wireguard "$1" "$at" ;;
	*)	row_address[$1]=${at%:*} row_port[$1]=${at#*:} ;;
	esac
}

# row_open ROW[=SETUP]: make the way; false if it cannot be made here
row_open()
{
	row_way "$1" || return
	case $1 in
	*=*)	;;
	*.*)	in_c "$1" ftcpctl set tunnel t dev ftcp0 coalesce "${1#*.}" &&
			in_s "$1" ftcpctl set tunnel t dev ftcp0 coalesce "${1#*.}" ;;
	esac
}

# row_way ROW[=SETUP]: the way itself
row_way()
{
	local row=${1%%=*}

	pair "$row" || return
	row_address[$row]=$TO row_port[$row]=$PORT
	if [ "$row" != "$1" ]; then
		row_other "$row" "${1#*=}"
		return
	fi
	case $row in
	plain)	;;
	routed*) row_routed "$row" $PORT ;;
	proxy*|ftcptun)
		row_address[$row]=127.0.0.1 row_port[$row]=1234
		"row_${row%%[-.]*}" "$row" $PORT ;;
	wg*)
		row_address[$row]=192.168.77.2
		case $row in
		wg)	  row_wireguard "$row" $TO:51820 ;;
		wg-routed*) row_routed "$row" 51820 && row_wireguard "$row" $TO:51820 ;;
		wg-proxy*) row_proxy "$row" 51820 && row_wireguard "$row" 127.0.0.1:1234 ;;
		esac ;;
	fou|vxlan|ip)
		row_address[$row]=192.168.77.2
		"row_$row" "$row" ;;
	*)	return 1 ;;
	esac
}

# row_takes ROW tcp|flows: whether a row carries TCP, and whether it knows conversations
row_takes()
{
	case $2:$1 in
	tcp:wg*|tcp:plain|tcp:fou|tcp:vxlan|tcp:ip) return 0 ;;
	flows:wg*|flows:fou|flows:vxlan|flows:ip) return 1 ;;
	esac
	[ "$2" = flows ]
}

# listens NAMESPACE PORT: does a UDP socket?
listens() { in_ns "$1" ss -Hlun sport = "$2" | grep -q .; }

# row_server ROW [--gro]: the receiver; one at a time
row_server()
{
	[ -z "${server_pid:-}" ] || stop "$server_pid"
	background "server-$1" "s-$1" "$blast" server -b 0.0.0.0 -p $PORT --rcvbuf 8388608 "${@:2}"
	server_pid=$!
	wait_for 10 listens "s-$1" $PORT
}

# row_run ROW COMMAND ARGUMENTS...: udpblast from the client's side
row_run()
{
	in_c "$1" "$blast" "$2" -c "${row_address[$1]}" -p "${row_port[$1]}" "${@:3}" \
		"${blast_options[@]}" --label "$1"
}

# row_flows ROW flowsNxB ARGUMENTS...: B datagrams from each of N conversations in turn
row_flows()
{
	local n=${2#flows} burst=1

	case $n in *x*) burst=${n#*x} ;; esac
	row_run "$1" send --flows "${n%x*}" --batch "$burst" --window 256 "${@:3}"
}
