#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who traces sees each event of flows and each drop, by the kernel's own tracing and by
# bpftrace, as Documentation/troubleshooting.md says.

. "$(dirname "$0")/../lib.sh"

start
module_load
topology
readonly trace=/sys/kernel/tracing
if ! mountpoint -q $trace && ! mount -t tracefs none $trace 2> /dev/null; then
	skip 'tracepoints' 'this kernel has no tracefs'
	finish
	exit
fi

# seen EVENT PATTERN: it happened since the trace was emptied
seen() { grep -Eq "$1: $2" $trace/trace; }
# seen_all EVENT PATTERN: and all of these look like this
seen_all() { seen "$@" && ! grep " $1: " $trace/trace | grep -Evq "$1: $2"; }
# empty: a datagram that the tunnel refuses
empty() { c udptool send --to 127.0.0.1:1234 --size 0 --oneway --lossy; }
conversation()
{
	c udptool send --to 127.0.0.1:1234 --from 127.0.0.1:7000 --count "$1" --size 1000 \
		--window 1
}

check 'tunnels' proxy keepalive off max-bytes 100K
server echo "$S" echo --bind 127.0.0.1:5555
check 'nobody traces: datagrams' conversation 5
check 'nothing is told' eval '! grep -q ftcp_ $trace/trace'
check 'links are deleted' proxy_gone

echo > $trace/trace
echo 1 > $trace/events/faketcp/enable
echo 1 > $trace/events/skb/kfree_skb/enable
check 'tunnels' proxy keepalive off max-bytes 100K
check 'more than max-bytes' conversation 100
readonly local='ifname=ftcp0 tunnel=t local=\[::ffff:' number='[1-9][0-9]*'
readonly dialled="${local}$C4\]:$number remote=\[::ffff:$S4\]:4567"
readonly accepted="${local}$S4\]:4567 remote=\[::ffff:$C4\]:$number"
check 'dialled' seen_all ftcp_dial "$dialled"
check 'established, at the client' seen ftcp_establish "$dialled"
check '... and at the server' seen ftcp_establish "$accepted"
check 'replaced' wait_for 10 seen_all ftcp_replace "$dialled old_lport=$number"
check 'the old one ends' wait_for 30 seen ftcp_end "$dialled reason=replaced"
check 'IPv4 and IPv6 look alike' seen_all ftcp_end "$local.*reason=[a-z]+"

check 'an empty datagram' empty
readonly drop="ifname=ftcp0 tunnel=t reason=protocol skbaddr=[^ ]+ len=28"
check 'is dropped' seen ftcp_drop "$drop"
skb=$(sed -n 's/.* ftcp_drop: .*reason=protocol skbaddr=\([^ ]*\) .*/\1/p' $trace/trace | head -n 1)
check '... and the kernel says why' seen kfree_skb "skbaddr=$skb .*reason: UNHANDLED_PROTO"
check 'the tunnel is deleted' c ftcpctl del tunnel t dev ftcp0
check '... its flow ends' wait_for 10 seen ftcp_end "$dialled reason=closed"
echo 0 > $trace/events/skb/kfree_skb/enable
echo 0 > $trace/events/faketcp/enable
echo > $trace/trace

# ---- bpftrace: every line of the document, at once ----

document=$repo/Documentation/troubleshooting.md
readonly line="^    bpftrace -e '\(tracepoint:faketcp.*\)'\$"
if ! command -v bpftrace > /dev/null; then
	skip 'bpftrace' 'it is not installed'
elif [ ! -e /proc/sys/kernel/unprivileged_bpf_disabled ]; then
	skip 'bpftrace' 'this kernel has no BPF'
else
	check 'the document has some' eval '[ "$(grep -c "$line" "$document")" -ge 3 ]'
	program=$(sed -n "s/$line/\\1/p" "$document")
	check 'there is no event that the document does not name' eval '
		[ -z "$(cd $trace/events/faketcp && for e in ftcp_*; do
			grep -qF "$e" "$document" || echo "$e"; done)" ]'
	background bpf "$C" bpftrace -e "$program"
	bpf=$!
	# Compiling takes as long as it takes; then they are attached one by one.
	said() { grep -Eq "$1" "$tmp/bpf"; }
	flow_again()
	{
		ip -n "$C" link del ftcp0
		add_link "$C" && c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
			remote "$S4:4567" keepalive off max-bytes 100K && conversation 100
	}
	told() { said "$1" || { flow_again; said "$1"; }; }
	# the link stays: what replaces a flow comes a moment after
	told_later() { said "$1" || { conversation 100; said "$1"; }; }
	check 'it tells of a dial' wait_for 120 told "^dial t ::ffff:$S4:4567\$"
	check '... of a connection' wait_for 60 told "^establish t ::ffff:$S4:4567\$"
	check '... of another in its place' wait_for 60 told_later "^replace t $number -> $number\$"
	check '... of an end' wait_for 60 told_later '^end t ::ffff:.*: (replaced|closed)$'
	check '... and of a drop' wait_for 30 eval 'empty; said "^drop t protocol\$"'
	# or the module would be in use
	kill $bpf
	wait $bpf
fi
module_memory_back
finish
