# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# Waiting for a state; programs in namespaces, which end with the test.

pids=()

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
