# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# What is on the wire: captures.

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

# labels FILE: how many directions of TCP connections over IPv6 have one flow label in
# all their segments, and how many have none
labels()
{
	captured "$1" -v | sed -n 's/.*IP6 (\([^)]*\) .*) \([^ ]* > [^ ]*\): Flags.*/\2 \1/p' | awk '
	{ label = match($0, /flowlabel 0x[0-9a-f]+/) ? substr($0, RSTART, RLENGTH) : "none" }
	($1 $3) in had && had[$1 $3] != label { print "two labels:", $0; exit }
	{ had[$1 $3] = label }
	END { for (k in had) if (had[k] == "none") without++; else with++
	      print with + 0, without + 0 }'
}
