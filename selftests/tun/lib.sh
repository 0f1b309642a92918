# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of ftcptun have in common, beyond ../lib.sh.  They need no
# module and no virtual machine, only a TUN device and namespaces:
#
#   udptool --UDP--> ftcptun client ==TCP==> router ==TCP==> ftcptun server --UDP--> udptool
#           (in $C)                  (in $R)                 (in $S)

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ftcptun=$repo/tools/ftcptun/ftcptun

# tun_start [sanitize]: instead of start; with the sanitizers if so told
tun_start()
{
	start
	[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
	if [ "${1:-}" = sanitize ]; then
		has_sanitizers || skip_all "the compiler has no sanitizers"
		# Another test may be at it.
		mkdir -p "$repo/build"
		flock "$repo/build" make -s -C "$repo/tools/ftcptun" SANITIZE=1 \
			> "$tmp/make" 2>&1 ||
			bail_out "cannot build with sanitizers: $(tail -1 "$tmp/make")"
		ftcptun=$repo/build/ftcptun-sanitize/ftcptun
	fi
	[ -x "$ftcptun" ] || bail_out "no $ftcptun: make -C tools/ftcptun"
}

has_sanitizers()
{
	echo 'int main(void) { return 0; }' |
		"${CC:-cc}" -fsanitize=address,undefined -x c -o "$tmp/sanitizers" - \
			> /dev/null 2>&1
}

# run LOG NAMESPACE ARGUMENTS...: ftcptun, as process $!; returns when it is
# ready, or with 1 if it does not get ready
run()
{
	local log=$1 ns=$2

	shift 2
	rm -f "$tmp/$log"	# or an earlier run would seem to be ready
	background "$log" "$ns" ${wrap:+"${wrap[@]}"} "$ftcptun" "$@"
	ready "$log"
}

ready()
{
	wait_for 10 grep -Eq ', [0-9]+ threads?$' "$tmp/$1" || {
		diag "$(cat "$tmp/$1")"
		return 1
	}
}

# worker_of PID: the other process of an ftcptun, which carries the packets
worker_of()
{
	pgrep -P "$1" -f "$ftcptun"
}

# has_ended PID: has the process ended?
has_ended()
{
	! kill -0 "$1" 2>/dev/null
}

# terminate PID [SIGNAL]: SIGTERM, and its exit status when it has ended
terminate()
{
	kill "-${2:-TERM}" "$1"
	wait "$1"
}

# crash PID: both processes are killed, and the device is gone with them
crash()
{
	local worker

	worker=$(worker_of "$1")
	kill -KILL "$1"
	wait "$1" 2> /dev/null
	[ -z "$worker" ] || wait_for 10 has_ended "$worker"
}

# ends_well NAME PID [SIGNAL]: a test that it ends on SIGTERM, with status 0
ends_well()
{
	local status

	terminate "$2" "${3:-}"
	status=$?
	check "$1 ends well" [ $status -eq 0 ]
}

# report PID LOG: the table of flows and the counters, new
report()
{
	local before

	before=$(grep -c '^drops:' "$tmp/$2")
	kill -USR1 "$1"
	wait_for 10 eval '[ "$(grep -c ^drops: "$tmp/'"$2"'")" -gt '"$before"' ]' ||
		return
	tac "$tmp/$2" | sed '/^STATE/q' | tac
}

# report_json PID LOG: the same of one that was told --json: the document, new
report_json()
{
	local before

	before=$(grep -c '^{.*}$' "$tmp/$2")
	kill -USR1 "$1"
	wait_for 10 eval '[ "$(grep -c "^{.*}$" "$tmp/'"$2"'")" -gt '"$before"' ]' ||
		return
	grep '^{.*}$' "$tmp/$2" | tail -1
}

# json_is NAME FILTER TEXT FILE: tests that the document in FILE is as its schema has it, and
# that the filter makes this line of it
json_is()
{
	if /usr/bin/python3 -c 'import jsonschema' 2> /dev/null; then
		check "$1: as the schema has it" \
			eval '"$repo/selftests/lib/schema.py" ftcptun < "$tmp/'"$4"'"'
	else
		skip "$1: as the schema has it" 'no python3-jsonschema'
	fi
	check "$1: says what is so" [ "$(jq -c "$2" "$tmp/$4")" = "$3" ]
}

# tun_flows PID LOG [STATE]: how many there are (in that state)
tun_flows()
{
	report "$1" "$2" | grep -Ec "^${3:-[A-Z-]+} +[0-9]+ "
}

no_flows()
{
	[ "$(tun_flows "$1" "$2")" -eq 0 ]
}

# total NAME PID LOG: one of the counters
total()
{
	report "$2" "$3" | sed -n "s/.* $1 \([0-9]*\).*/\1/p" | tail -1
}

# tun_ended PID LOG: how flows ended, "closed 1 reset 2"
tun_ended()
{
	report "$1" "$2" | sed -n 's/^ended: //p' |
		grep -o '[a-z]* [1-9][0-9]*' | xargs
}

# send ARGUMENTS...: datagrams from the client's host
send()
{
	c udptool send --timeout 5 "$@"
}

setting()
{
	in_ns "$1" cat "/proc/sys/$2"
}
