# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# How a test begins and ends, and its results, as KTAP.

tests=0 failures=0 skips=0 finished=

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
