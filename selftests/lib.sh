# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests have in common: results as KTAP, and this network, made of
# three namespaces:
#
#     client $C                 router $R                  server $S
#   +-------------+         +----------------+          +-------------+
#   |         eth0|---------|c0            s0|----------|eth0         |
#   +-------------+         +----------------+          +-------------+
#     10.1.0.2/24    10.1.0.1             10.2.0.1         10.2.0.2/24
#     fd01::2/64     fd01::1               fd02::1         fd02::2/64
#     ($C4, $C6)                                           ($S4, $S6)
#
# The router drops all UDP and tracks connections; the hosts track them as well.
# There are no other rules and no other settings on the hosts.
#
# A test script:
#
#	. "$(dirname "$0")/../lib.sh"
#	start					# as root, programs there, ...
#	module_load
#	topology [stateful] [nat] [allow-udp]
#	check 'name of what must be so' COMMAND...
#	check_fails 'name of what must not' COMMAND...
#	module_memory_back
#	finish
#
# Each is run in a shell of its own, leaves nothing, and exits with 0 (passed),
# 1 (failed) or 4 (skipped).

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
repo=$(dirname "$selftests")
. "$selftests/host.sh"
PATH=$repo/tools/ftcpctl:$selftests/tools:$PATH
# In an emulated machine a static one starts much faster.
if [ -n "${FTCP_VM:-}" ] &&
   [ "$repo/build/static/ftcpctl" -nt "$repo/tools/ftcpctl/ftcpctl" ]; then
	PATH=$repo/build/static:$PATH
fi

readonly C=c-$$ R=r-$$ S=s-$$
readonly C4=10.1.0.2 S4=10.2.0.2 C6=fd01::2 S6=fd02::2
readonly RC4=10.1.0.1 RS4=10.2.0.1 RC6=fd01::1 RS6=fd02::1

tests=0 failures=0 skips=0 finished= owns_module=
pids=() namespaces=()

# ---- Results ----------------------------------------------------------------

start()
{
	echo "TAP version 13"
	[ "$(id -u)" -eq 0 ] || skip_all "only root can do this"
	for program in udptool tcpraw inns ftcpsee ftcpctl; do
		command -v "$program" > /dev/null ||
			bail_out "no $program: make -C selftests; make tools"
	done
	tmp=$(mktemp -d "/tmp/ftcp.XXXXXX") || exit 1
	exec {poll_fd}<> <(:)
	dmesg_mark="ftcp: ${0##*/} $$"
	echo "$dmesg_mark" > /dev/kmsg
}

diag()
{
	echo "# ${*//$'\n'/$'\n# '}"
}

ok()
{
	tests=$((tests + 1))
	echo "ok $tests $1"
}

# not_ok NAME [OUTPUT]
not_ok()
{
	tests=$((tests + 1))
	failures=$((failures + 1))
	[ -z "${2:-}" ] || diag "$2"
	echo "not ok $tests $1"
}

# skip NAME REASON
skip()
{
	tests=$((tests + 1))
	skips=$((skips + 1))
	echo "ok $tests $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	finished=1
	exit 4
}

bail_out()
{
	echo "Bail out! $1"
	finished=1
	exit 1
}

# check NAME COMMAND...: passes if the command succeeds; else shows its output
check()
{
	local name=$1 output

	shift
	if output=$("$@" 2>&1 < /dev/null); then
		ok "$name"
	else
		not_ok "$name" "$* (status $?): $output"
		return 1
	fi
}

# check_fails NAME COMMAND...: passes if it fails, but not by a signal
check_fails()
{
	local name=$1 output status

	shift
	output=$("$@" 2>&1 < /dev/null)
	status=$?
	if [ "$status" -ne 0 ] && [ "$status" -lt 124 ]; then
		ok "$name"
	else
		not_ok "$name" "$* (status $status): $output"
		return 1
	fi
}

# has_line TEXT PATTERN: grep -Eqi, without a process
has_line()
{
	local line found=1

	shopt -s nocasematch
	while IFS= read -r line; do
		[[ $line =~ $2 ]] && found=0 && break
	done <<< "$1"
	shopt -u nocasematch
	return $found
}

# check_refused NAME TEXT COMMAND...: fails with 1, and says TEXT (a pattern)
check_refused()
{
	local name=$1 text=$2 output status

	shift 2
	output=$("$@" 2>&1 < /dev/null)
	status=$?
	if [ "$status" -eq 1 ] && has_line "$output" "$text"; then
		ok "$name"
	else
		not_ok "$name" "$* (status $status, not \"$text\"): $output"
		return 1
	fi
}

# For the end of a script; what is left without it counts as a failure.
finish()
{
	stop_all
	dmesg_clean
	finished=1
	diag "$SECONDS s"
	echo "1..$tests"
	[ "$failures" -eq 0 ] || exit 1
	[ "$skips" -lt "$tests" ] || exit 4
	exit 0
}

on_exit()
{
	local status=$?

	[ -n "$finished" ] || {
		not_ok "${0##*/} ended early, with status $status"
		status=1
	}
	stop_all
	for ns in "${namespaces[@]}"; do
		ip netns del "$ns" 2>/dev/null
	done
	if [ -n "$owns_module" ] && [ -e /sys/module/faketcp ]; then
		# Namespaces are taken down after their deletion returns.
		wait_for 10 rmmod faketcp
	fi
	rm -rf "${tmp:-/tmp/ftcp.none}"
	exit "$status"
}
trap on_exit EXIT
trap 'exit 130' HUP INT TERM

# ---- Waiting, processes -----------------------------------------------------

# pause MILLISECONDS, without a process
pause()
{
	local seconds

	printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -r -t "$seconds" -u "$poll_fd"
	return 0
}

# wait_for SECONDS CONDITION...: until the command succeeds.  A slow machine, like
# an emulated one with a debug kernel, says in $PATIENCE how many times as long.
wait_for()
{
	local end=$((SECONDS + $1 * ${PATIENCE:-1} + 1))

	# It waits itself.
	[ "$2" = flows_are ] && local flows_wait=$(($1 * ${PATIENCE:-1}))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		pause 50
	done
}

# eventually SECONDS CONDITION...: the same, and show what it last said if it fails
eventually()
{
	wait_for "$@" && return
	shift
	"$@"
}

# file_has FILE TEXT: grep -qF, without a process
file_has()
{
	local text

	read -r -d '' text < "$1"
	[[ $text == *"$2"* ]]
}

# In a namespace.
c() { inns "$C" "$@"; }
r() { inns "$R" "$@"; }
s() { inns "$S" "$@"; }

# in_ns NAMESPACE COMMAND...
in_ns()
{
	inns "$@"
}

# background LOG NAMESPACE COMMAND...: its process is $!, and ends with the test
background()
{
	local log=$1 ns=$2

	shift 2
	# or what an earlier one of that name said would be taken for its own
	: > "$tmp/$log"
	inns "$ns" "$@" > "$tmp/$log" 2>&1 < /dev/null &
	pids+=($!)
}

# stop PID: end a process of background(), and return its status
stop()
{
	# tcpdump would not look at what it has not seen.
	[ -z "${captures[${1:-none}]:-}" ] || wait_for 10 has_seen_all "$1"
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

stop_all()
{
	local pid

	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	pids=()
}

# server LOG NAMESPACE echo|sink ARGUMENTS...: returns when it listens
server()
{
	local log=$1 ns=$2

	shift 2
	background "$log" "$ns" udptool "$@"
	wait_for 10 file_has "$tmp/$log" ready
}

# app LOG NAMESPACE HOST PORT FROM [talk]: an application that sends one datagram, or
# goes on sending, from a connected socket, and another one for each signal USR1,
# until it hears an error.  It says what it heard.
app()
{
	local log=$1 ns=$2

	shift 2
	[ -e "$tmp/app.pl" ] || cat > "$tmp/app.pl" <<-'EOT'
	use Socket qw(:DEFAULT getaddrinfo);
	use Errno;
	my ($host, $port, $from, $talk) = @ARGV;
	my ($e, $to) = getaddrinfo($host, $port, { socktype => SOCK_DGRAM });
	my ($f, $me) = getaddrinfo(undef, $from, { family => $to->{family},
		socktype => SOCK_DGRAM, flags => AI_PASSIVE });
	socket(my $s, $to->{family}, SOCK_DGRAM, 0) or die;
	setsockopt($s, 0, 11, pack("i", 1)) or die "$!";	# IP_RECVERR
	bind($s, $me->{addr}) && connect($s, $to->{addr}) or die "$!";
	$| = 1;
	$SIG{USR1} = sub { $poked = 1 };
	send($s, "ping", 0) or die "$!";
	for (;;) {
		my $ready = "";
		vec($ready, fileno($s), 1) = 1;
		if (select($ready, undef, undef, 0.2) > 0) {
			defined recv($s, my $data, 100, 0) or last;
			print "heard\n";
		} elsif ($talk || $poked) {
			$poked = 0;
			send($s, "ping", 0) or last;
		}
	}
	for my $name (qw(ECONNREFUSED EHOSTUNREACH)) {
		print "$name\n" if $!{$name};
	}
	print "end\n";
	EOT
	background "$log" "$ns" perl "$tmp/app.pl" "$@"
}

# says LOG LINE [NUMBER]: an application has said so, so many times
says()
{
	local count

	count=$(grep -cx "$2" "$tmp/$1")
	[ "$count" -gt 0 ] && [ "$count" = "${3:-$count}" ] ||
		{ cat "$tmp/$1"; return 1; }
}

# field NAME TEXT: the value in udptool's or tcpraw's "NAME=VALUE ..."
field()
{
	[[ " $2" =~ [[:space:]]$1=([^[:space:]]*) ]] && echo "${BASH_REMATCH[1]}"
}

# ---- The network ------------------------------------------------------------

namespace()
{
	ip netns add "$1" && namespaces+=("$1")
}

# A chain that sees every packet makes a namespace track connections.
readonly conntrack_rules='
table inet watch {
	counter seen-invalid { }
	chain in {
		type filter hook prerouting priority -150;
		ct state invalid counter name seen-invalid
	}
	chain out {
		type filter hook output priority -150;
		ct state invalid counter name seen-invalid
	}
}'

readonly stateful_rules='
	chain forward {
		type filter hook forward priority 10; policy drop;
		ct state established,related accept
		iifname c0 tcp flags & (fin|syn|rst|ack) == syn ct state new accept
		iifname c0 meta l4proto != tcp accept
	}'

readonly nat_rules='
	chain nat {
		type nat hook postrouting priority 100;
		oifname s0 masquerade
	}'

# router_rules [stateful] [nat] [allow-udp]
router_rules()
{
	local word more= verdict=drop

	for word in "$@"; do
		case $word in
		stateful)	more+=$stateful_rules ;;
		nat)		more+=$nat_rules ;;
		allow-udp)	verdict=accept ;;
		*)		bail_out "topology: $word?" ;;
		esac
	done
	echo "$conntrack_rules
	table inet router {
		counter seen-udp { }
		chain no-udp {
			type filter hook forward priority 0;
			meta l4proto udp counter name seen-udp $verdict
		}
		$more
	}"
}

# Of the current namespace.  What loose tracking would accept is INVALID.
readonly conntrack_settings='
	cd /proc/sys/net/netfilter &&
	echo 0 > nf_conntrack_tcp_loose &&
	echo 1 > nf_conntrack_checksum'
readonly router_settings='
	cd /proc/sys/net &&
	echo 1 > ipv4/ip_forward &&
	echo 1 > ipv6/conf/all/forwarding'

# topology [stateful] [nat] [allow-udp]
topology()
{
	local ns

	for ns in "$C" "$R" "$S"; do
		namespace "$ns" || bail_out "no namespaces"
	done
	ip -batch - <<-EOT || bail_out "no veth links"
	link add eth0 netns $C type veth peer name c0 netns $R
	link add eth0 netns $S type veth peer name s0 netns $R
	EOT
	# The settings are there when the rules have made conntrack start.
	{
		c nft -f - <<< "$conntrack_rules" && c sh -c "$conntrack_settings" &&
		s nft -f - <<< "$conntrack_rules" && s sh -c "$conntrack_settings" &&
		r nft -f - <<< "$(router_rules "$@")" &&
		r sh -c "$conntrack_settings; $router_settings"
	} || bail_out "no conntrack"
	ip -n "$R" -batch - <<-EOT
	link set lo up
	addr add $RC4/24 dev c0
	addr add $RC6/64 dev c0 nodad
	addr add $RS4/24 dev s0
	addr add $RS6/64 dev s0 nodad
	link set c0 up
	link set s0 up
	EOT
	ip -n "$C" -batch - <<-EOT
	link set lo up
	addr add $C4/24 dev eth0
	addr add $C6/64 dev eth0 nodad
	link set eth0 up
	route add default via $RC4
	route add default via $RC6 dev eth0
	EOT
	ip -n "$S" -batch - <<-EOT
	link set lo up
	addr add $S4/24 dev eth0
	addr add $S6/64 dev eth0 nodad
	link set eth0 up
	route add default via $RS4
	route add default via $RS6 dev eth0
	EOT
	wait_for 10 c ping -q -c 1 -W 1 "$S4" &&
		wait_for 10 c ping -q -c 1 -W 1 "$S6" ||
		bail_out "no way from client to server"
}

# narrow_path: the link to the server carries less than the client knows, and the
# router does not tell
narrow_path()
{
	ip -n "$R" link set s0 mtu 1400
	ip -n "$S" link set eth0 mtu 1400
	r nft -f - <<-EOT
	table inet blackhole {
		chain o {
			type filter hook output priority 0;
			icmp type destination-unreachable drop
			icmpv6 type packet-too-big drop
		}
	}
	EOT
}

# Packets that the router could not forward for their size.
too_big_for_router()
{
	r awk '/^Ip:/ && n++ { sum += $19 } $1 == "Ip6InTooBigErrors" { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

# lost COMMAND...: five datagrams end at the router; the test has a function that says
# how many the server has received
lost()
{
	local before had

	before=$(too_big_for_router) had=$(received)
	"$@" --lossy --oneway --count 5 &&
		wait_for 5 eval '[ "$(too_big_for_router)" -ge $((before + 5)) ]' &&
		[ "$(received)" = "$had" ]
}

# counter NAMESPACE TABLE NAME: how many packets a rule has seen
counter()
{
	local text

	text=$(in_ns "$1" nft list counter inet "$2" "$3")
	[[ $text =~ packets\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# expect_tos DSCP ECN [ECN AT THE ENDS]: count, from now on, packets that carry
# these: segments with data at the router, datagrams at the server, which listens
# on port 5555, and at the client, whose applications talk to 1234 and 1236
expect_tos()
{
	local dscp=$1 ecn=$2 ends=${3:-$2} ns

	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" nft delete table inet seen 2> /dev/null
	done
	r nft -f - <<< "$(tos_rules forward 'tcp flags & (syn | fin | rst) == 0 meta length > 80' "$dscp" "$ecn")" &&
	s nft -f - <<< "$(tos_rules input 'udp dport 5555' "$dscp" "$ends")" &&
	c nft -f - <<< "$(tos_rules input 'udp sport { 1234, 1236 }' "$dscp" "$ends")" ||
		bail_out 'no counters'
}

# tos_rules HOOK MATCH DSCP ECN
tos_rules()
{
	local family

	echo "table inet seen {"
	for family in ip ip6; do
		echo "counter seen-$family { }"
	done
	echo "chain c { type filter hook $1 priority 10;"
	for family in ip ip6; do
		echo "$2 $family dscp $3 $family ecn $4 counter name seen-$family"
	done
	echo "}"
	echo "}"
}

# seen_tos NAMESPACE ip|ip6 NUMBER: that many packets of what is expected
seen_tos()
{
	[ "$(counter "$1" seen "seen-$2")" = "$3" ] || {
		in_ns "$1" nft list table inet seen
		return 1
	}
}

# ---- What firewalls have seen -----------------------------------------------

# no_invalid [NAMESPACE...]: did conntrack find each packet valid?
no_invalid()
{
	local ns count status=0

	[ $# -gt 0 ] || set -- "$C" "$R" "$S"
	for ns in "$@"; do
		count=$(counter "$ns" watch seen-invalid)
		[ "$count" = 0 ] && continue
		echo "$ns: ${count:-unknown} packets INVALID"
		status=1
	done
	return $status
}

assert_no_invalid()
{
	check 'nothing is INVALID to conntrack' no_invalid "$@"
}

# no_udp: has the router seen no UDP at all?
no_udp()
{
	local count

	count=$(counter "$R" router seen-udp)
	[ "$count" = 0 ] || {
		echo "${count:-unknown} UDP packets at the router"
		return 1
	}
}

assert_no_udp()
{
	check 'no UDP on the wire' no_udp
}

# ct NAMESPACE [FILTER...]: its conntrack entries, of both families
ct()
{
	local ns=$1

	shift
	in_ns "$ns" conntrack -L -f ipv4 "$@" 2>/dev/null
	in_ns "$ns" conntrack -L -f ipv6 "$@" 2>/dev/null
}

# ct_state NAMESPACE STATE [FILTER...]: there are entries, all are in that state,
# and, if it is ESTABLISHED, ASSURED
ct_state()
{
	local ns=$1 state=$2 entries

	shift 2
	entries=$(ct "$ns" -p tcp "$@")
	echo "$entries"
	[ -n "$entries" ] || return
	! grep -v -w "$state" <<< "$entries" || return
	[ "$state" != ESTABLISHED ] || ! grep -v -F '[ASSURED]' <<< "$entries"
}

# assert_ct_state STATE FILTER...: in all three namespaces
assert_ct_state()
{
	local ns state=$1

	shift
	for ns in "$C" "$R" "$S"; do
		check "conntrack in ${ns%-*}: $state" ct_state "$ns" "$state" "$@"
	done
}

# ---- What is on the wire ----------------------------------------------------

declare -A captures=()	# files by process, and processes by file

# capture FILE NAMESPACE DEVICE [FILTER]: returns when it runs, as process $!; of what
# is larger than 4096 bytes the beginning, or there would be room for 256 packets only
# until tcpdump has its turn
capture()
{
	local file=$1 ns=$2 dev=$3

	shift 3
	background "$file.log" "$ns" tcpdump -Z root -n -U --immediate-mode -s 4096 \
		-B 16384 -i "$dev" -w "$tmp/$file" "$@"
	captures[$!]=$file
	captures[$file]=$!
	wait_for 10 file_has "$tmp/$file.log" 'listening on'
}

# has_seen_all PID: what has come up to now is in the file of that tcpdump: it waits
# for more, or has ended
has_seen_all()
{
	local stat

	read -r stat 2> /dev/null < "/proc/$1/stat" || return 0
	[[ $stat == *') '[SZ]* ]]
}

# capture_stop FILE PID: when all packets up to now are in the file
capture_stop()
{
	stop "$2"
	grep -q '^0 packets dropped by kernel' "$tmp/$1.log" ||
		diag "capture $1 is incomplete: $(grep dropped "$tmp/$1.log")"
}

# captured FILE [TCPDUMP ARGUMENTS...]: print the packets
captured()
{
	local file=$1

	shift
	[ -z "${captures[$file]:-}" ] || wait_for 10 has_seen_all "${captures[$file]}"
	tcpdump -n -r "$tmp/$file" "$@" 2>/dev/null
}

# captured_count FILE [FILTER]
captured_count()
{
	captured "$@" | grep -c '^[0-9]'
}

# ---- Links, tunnels and flows ------------------------------------------------

# add_link NAMESPACE [NAME]: up, and silent until somebody uses it
add_link()
{
	ip -n "$1" link add "${2:-ftcp0}" type faketcp &&
		ip -n "$1" link set "${2:-ftcp0}" addrgenmode none up
}

# proxy [CLIENT'S OPTIONS...]: links and a tunnel on both sides, from 127.0.0.1:1234
# in the client by port 4567 to 127.0.0.1:5555 in the server
proxy()
{
	add_link "$C" && add_link "$S" &&
		s ftcpctl add tunnel t dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
		c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
			remote "$S4:4567" "$@"
}

# proxy_and_routed: links and tunnels on both sides, from 127.0.0.1:1004 and
# [::1]:1006 in the client to 127.0.0.1:5555 in the server, and, routed, between
# their own addresses to and from port 7000
proxy_and_routed()
{
	local ns

	add_link "$C" && add_link "$S" &&
		s ftcpctl add tunnel proxy dev ftcp0 port 4567 forward 127.0.0.1:5555 &&
		c ftcpctl add tunnel proxy4 dev ftcp0 listen 127.0.0.1:1004 \
			remote "$S4:4567" &&
		c ftcpctl add tunnel proxy6 dev ftcp0 listen '[::1]:1006' \
			remote "[$S6]:4567" || return
	for ns in "$C" "$S"; do
		in_ns "$ns" ftcpctl add tunnel routed dev ftcp0 routed port 7000 &&
			in_ns "$ns" ftcpctl set peer any tunnel routed dev ftcp0 \
				endpoint same allowed-ips 0.0.0.0/0,::/0 &&
			in_ns "$ns" ftcpctl add rules tunnel routed dev ftcp0 || return
	done
}

# proxy_gone: delete both sides of proxy
proxy_gone()
{
	ip -n "$C" link del ftcp0 && ip -n "$S" link del ftcp0
}

# tcp_resets NAMESPACE: how many RSTs its own TCP has sent
tcp_resets()
{
	in_ns "$1" awk '/^Tcp:/ && n++ { print $15 }' /proc/net/snmp
}

# module_flows NAMESPACE [FILTER]: an array, the oldest first, or what jq makes of it
module_flows()
{
	in_ns "$1" ftcpctl show flows --json | jq -r "sort_by(-.\"age-ms\") | ${2:-.}"
}
flows() { module_flows "$@"; }

# flows_are NAMESPACE COUNT [STATE]: so many there are (in that state), within the
# time that wait_for says
flows_are()
{
	local found

	found=$(ftcpsee -w "${flows_wait:-0}" -i "$2" "$1" flows ${3:+"$3"}) || {
		echo "$found flows ${3:-}, not $2:"
		in_ns "$1" ftcpctl show flows
		return 1
	}
}

# drops NAMESPACE REASON: of all tunnels there
drops() { ftcpsee "$1" drops "$2"; }

# ended NAMESPACE TUNNEL: how its flows ended, "closed=1 reset=2"
ended() { ftcpsee "$1" ended "$2"; }

# ended_are NAMESPACE TUNNEL HOW: in this way, within a few seconds
ended_are()
{
	local how

	how=$(ftcpsee -w $((5 * ${PATIENCE:-1})) -i "$3" "$1" ended "$2") || {
		echo "$how, not $3"
		return 1
	}
}

# ---- The module -------------------------------------------------------------

module_file()
{
	echo "$repo/build/$(uname -r)/faketcp.ko"
}

module_load()
{
	local module dependency output

	[ -e /sys/module/faketcp ] && bail_out "the module is already loaded"
	module=$(module_file)
	[ -e "$module" ] || bail_out "no $module: make module"
	for dependency in $(modinfo -F depends "$module" | tr , ' '); do
		modprobe "$dependency"
	done
	output=$(insmod "$module" "$@" 2>&1) || bail_out "$output"
	owns_module=1
}

# module_refs [NUMBER]: print how many use it; or: are there so many?
module_refs()
{
	local name refs

	while read -r name _ refs _; do
		[ "$name" = faketcp ] || continue
		echo "$refs"
		[ "$refs" = "${1:-$refs}" ]
		return
	done < /proc/modules
	return 1
}

# Nobody uses it: users go with the work queues that take namespaces down.
module_unused()
{
	wait_for 10 module_refs 0 || {
		echo "faketcp has $(module_refs) users"
		return 1
	}
}

slabs_gone()
{
	if [ -e /proc/slabinfo ] && grep -E '^(faketcp|ftcp)' /proc/slabinfo; then
		return 1
	fi
}

kmemleak_clean()
{
	local report

	echo scan > /sys/kernel/debug/kmemleak
	report=$(cat /sys/kernel/debug/kmemleak)
	[ -z "$report" ] || {
		echo "$report"
		return 1
	}
}

# After everything has been deleted: nothing is left of it.
module_memory_back()
{
	check 'nothing uses the module any more' module_unused
	check 'the module can be removed' rmmod faketcp
	check 'its memory is freed' slabs_gone
	if [ -w /sys/kernel/debug/kmemleak ]; then
		check 'kmemleak finds nothing' kmemleak_clean
	fi
	owns_module=
}

dmesg_clean()
{
	local log

	log=$(dmesg | sed "1,/$dmesg_mark/d" | grep -E -A 40 "$kernel_warnings")
	[ -z "$log" ] || not_ok 'the kernel log has no warning' "$log"
}
