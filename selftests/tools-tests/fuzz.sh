#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever the words are, ftcpctl ends with 0, 1 or 2 and one line, never with a
# signal, and never reads beyond what it was given.  FUZZ_RUNS says how often.

. "$(dirname "$0")/../lib.sh"

start
runs=${FUZZ_RUNS:-500}
RANDOM=${FUZZ_SEED:-$(date +%N | sed 's/^0*//')}
diag "seed $RANDOM"

# With the sanitizers, if the compiler has them
cd "$repo/tools/ftcpctl" || exit
# shellcheck disable=SC2046
if ! ${CC:-cc} -std=gnu11 -g -O1 -D_GNU_SOURCE -fsanitize=address,undefined \
     -fno-sanitize-recover=all -I../../module/uapi -o "$tmp/ftcpctl" ./*.c ../common/*.c \
     $(pkg-config --cflags --libs libnl-genl-3.0) 2> "$tmp/cc"; then
	diag "no sanitizers: $(tail -n 1 "$tmp/cc")"
	cp ftcpctl "$tmp/"
fi

words=(add set del show monitor resolve tunnel peer flow rules tunnels peers flows dev
       listen remote port forward local routed wire native phantun idle keepalive
       off fwmark max-flows max-flows-per-source queue queue-bytes coalesce 50us df set unset unreachable close ignore endpoint same none allowed-ips from sport dport table
       pref local-only --json --dry-run --help -4 -6 -n -batch -force help lo l t p 0 1 65535 65536
       4294967295 4294967296 -1 0x10 127.0.0.1 127.0.0.1:1 '[::1]:1' '[::1' ']:1'
       ::1 : , / 10.0.0.0/8 ::/0 10.0.0.0/8,::/0 ,, 1.2.3.4/ /24 '' ' ' '%s%n' '"'
       '[fe80::1%lo]:1' '[fe80::1%nosuch]:1' $'\n' $'\xff\xfe' '[]:1' a:b:c
       abcdefghijklmnopqrstuvwxyz012345)
# Long ones: the buffers are smaller
words+=("$(printf 'a%.0s' {1..300})" "$(printf 'a%.0s' {1..300}):1"
	"[$(printf '1:%.0s' {1..300})]:1" "$(printf '1.2.3.4/8,%.0s' {1..500})::/0"
	"$(printf '9%.0s' {1..5000})")

# Beginnings that make sense reach further
starts=('-force -batch' --complete '--complete add tunnel t' 'add tunnel t dev lo' 'set tunnel t dev lo' 'del tunnel t' 'show'
	'set peer p tunnel t dev lo' 'del peer p' 'add rules tunnel t dev lo'
	'del rules tunnel t dev lo --dry-run' 'show' 'del flow' ''
	'add tunnel t dev lo listen 127.0.0.1:1 remote'
	'add tunnel t dev lo port 1 forward' 'set peer p tunnel t dev lo endpoint'
	'set peer p tunnel t dev lo allowed-ips' 'set peer p tunnel t dev lo from'
	'add rules tunnel t dev lo --dry-run sport 5')

# In a namespace without links there is nothing to spoil and nobody to ask.
one_run()
{
	local start=${starts[RANDOM % ${#starts[@]}]} n=$((RANDOM % 6)) i
	local args=()

	# shellcheck disable=SC2206
	args=($start)
	for ((i = 0; i < n; i++)); do
		args+=("${words[RANDOM % ${#words[@]}]}")
	done
	unshare -n timeout 10 "$tmp/ftcpctl" "${args[@]}" > "$tmp/out" 2> "$tmp/err" < /dev/null
	status=$?
	[ "$status" -eq 0 ] && return
	[ "$status" -le 2 ] && head -n 1 "$tmp/err" | grep -aq '^ftcpctl: \|^Usage' &&
		! grep -aq 'runtime error\|AddressSanitizer' "$tmp/err" && return
	printf '%q ' "${args[@]}"
	echo
	echo "status $status"
	tail -n 30 "$tmp/err"
	return 1
}

fuzz()
{
	local i

	for ((i = 0; i < runs; i++)); do
		one_run || return
	done
}
export ASAN_OPTIONS=detect_leaks=0
if [ -e /sys/module/faketcp ]; then
	skip "$runs random commands" 'the module is loaded'
else
	check "$runs random commands" fuzz
fi
finish
