# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# What the rules and the connection tracking of the namespaces have seen.

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
