#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What holds the metrics of ftcpctl to the format, and its JSON to the schema, notices
# what is wrong; and the schema is that of the specification.

. "$(dirname "$0")/../lib.sh"

start
checker=$repo/selftests/lib/openmetrics.py

# says TEXT METRICS [DASHBOARD]: the checker refuses them, and says TEXT
says()
{
	local text=$1 metrics=$2

	shift 2
	printf '%s' "$metrics" | "$checker" "$@" > "$tmp/out" 2>&1
	[ $? -eq 1 ] && grep -qF -e "$text" "$tmp/out" || { cat "$tmp/out"; return 1; }
}
head='# TYPE faketcp_x counter
'
sample='faketcp_x_total{dev="a",tunnel="b\"\\\n"} 5
'
end='# EOF
'
check 'sound metrics' eval 'printf %s "$head$sample$end" | "$checker"'
check 'nothing at all' eval 'printf %s "$end" | "$checker"'
check 'no end' says 'no # EOF' "$head$sample"
check 'something behind the end' says 'no # EOF' "$head$sample$end$sample"
check 'an empty line' says 'no sample' "$head
$sample$end"
check 'no type' says 'no TYPE' "# HELP faketcp_x x
$sample$end"
check 'a counter without _total' says faketcp_x "${head}faketcp_x 5
$end"
check 'a sample twice' says twice "$head$sample$sample$end"
check 'a label twice' says 'dev twice' "${head}faketcp_x_total{dev=\"a\",dev=\"a\"} 5
$end"
check 'a label that is not escaped' says labels "${head}faketcp_x_total{dev=\"a\"b\"} 5
$end"
check 'a comma too many' says comma "${head}faketcp_x_total{dev=\"a\",} 5
$end"
check 'a family in two parts' says 'not together' "$head${sample}# TYPE faketcp_y gauge
faketcp_y 5
$head$end"
check 'a unit that the name has not' says UNIT "$head# UNIT faketcp_x bytes
$sample$end"
check 'no UTF-8' says Unicode $'# HELP faketcp_x \xff\n'"$end"
for expr in 'rate(faketcp_x[1m])' 'faketcp_x_total{nobody="a"}' 'sum by (peer) (faketcp_x_total)'; do
	jq -n --arg expr "$expr" '{ panels: [{ targets: [{ expr: $expr }] }] }' > "$tmp/board"
	check "a dashboard with $expr" says 'no such' "$head$sample$end" "$tmp/board"
done
jq -n '{ panels: [{ targets: [{ expr: "faketcp_x_total{dev=~\"$dev\"}" }] }] }' > "$tmp/board"
check 'a sound one' eval 'printf %s "$head$sample$end" | "$checker" "$tmp/board"'

if ! /usr/bin/python3 -c 'import jsonschema, yaml' 2> /dev/null; then
	skip 'the schema' 'no python3-jsonschema, python3-yaml'
	finish
fi
check 'the schema is what the specification generates' \
	"$repo/Documentation/netlink/schema.py" --check
# strange TEXT CHANGE: a peer with a change is refused, and TEXT said
peer='[{ "link": "l", "ifindex": 1, "tunnel": "t", "peer": "p", "endpoint": "none",
	"wire": "auto", "flows": 0, "allowed-ips": ["::/0"], "from": [] }]'
strange()
{
	jq "$2" <<< "$peer" | "$repo/selftests/lib/schema.py" peer > "$tmp/out" 2>&1
	[ $? -eq 1 ] && grep -qF -e "$1" "$tmp/out" || { cat "$tmp/out"; return 1; }
}
check 'a sound peer' eval '"$repo/selftests/lib/schema.py" peer <<< "$peer"'
check 'a member too many' strange "'frob' was unexpected" '.[0].frob = 1'
check 'a member too few' strange "'wire' is a required" 'del(.[0].wire)'
check 'a value that there is not' strange "'udp' is not one of" '.[0].wire = "udp"'
check 'a number that is text' strange "'0' is not of type" '.[0].flows = "0"'
check 'no peer at all' strange nothing '[]'
finish
