#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files of links: what is in them, what is wrong with them, and what would be done
# where there is nothing yet.  Needs no module.

. "$(dirname "$0")/../lib.sh"

start
file=$tmp/l0.conf

# dry EXPECTED LINE...: the commands that make what the lines say
dry()
{
	local expected=$1 output

	shift
	printf '%s\n' "$@" > "$file"
	output=$(unshare -n ftcpctl apply "$file" --dry-run 2>&1)
	[ $? -eq 0 ] && [ "$output" = "$expected" ] || { echo "$output"; return 1; }
}
# wrong TEXT LINE...: what is said of the lines, and of which
wrong()
{
	local text=$1 output status

	shift
	printf '%s\n' "$@" > "$file"
	output=$(unshare -n ftcpctl apply "$file" --dry-run 2>&1)
	status=$?
	[ "$status" -eq 2 ] && [ "$output" = "ftcpctl: $file:$text" ] ||
		{ echo "$status: $output"; return 1; }
}

check 'nothing' dry '' '# a comment' ''
check 'a server' dry 'ftcpctl add tunnel t dev l0 port 1 forward 127.0.0.1:2' \
	'tunnel t port 1 forward 127.0.0.1:2'
check 'quotes, and a line of two' dry \
	'ftcpctl add tunnel t dev l0 listen 127.0.0.1:2 idle 5 remote [::1]:3' \
	"tunnel 't' listen \"127.0.0.1:2\" \\" '  remote [::1]:3 idle 5 # or so'
check 'values in one way of writing' dry \
	'ftcpctl add tunnel t dev l0 routed keepalive 30:0.5 max-bytes 1024 fwmark 0x10 coalesce 5' \
	'tunnel t routed max-bytes 1K fwmark 16 coalesce 5us keepalive 30'
check 'defaults that are said' dry 'ftcpctl add tunnel t dev l0 routed idle 180' \
	'tunnel t routed idle 180'
check 'tunnels before their peers' dry \
	'ftcpctl add tunnel t dev l0 ip
ftcpctl set peer p tunnel t dev l0 allowed-ips 10.0.0.0/8' \
	'peer p tunnel t allowed-ips 10.9.9.9/8' 'tunnel t ip'
check 'rules, and the mark that they need' dry \
	'ftcpctl add tunnel t dev l0 routed fwmark 0x20000000
ip -4 route add default dev l0 table 7 proto 102
ip -4 rule add pref 6000 fwmark 0/0x20000000 ipproto udp dport 5 lookup 7 protocol 102' \
	'tunnel t routed' 'rules tunnel t dport 5 table 7 -4'
for kind in client server routed router hub spoke; do
	check "example $kind" eval 'unshare -n ftcpctl example "$kind" > "$file" &&
		grep -q "^#" "$file" && ! grep -q ".\{91\}" "$file" &&
		unshare -n ftcpctl apply "$file" --dry-run | grep -q "^ftcpctl add tunnel"'
done

check 'a word that is none' wrong '3: "x": expected tunnel, peer or rules' '' '#' 'x y'
check 'a word of a tunnel' wrong \
	'1: "x": unknown word (see ftcpctl add tunnel --help)' 'tunnel t x'
check 'a form that lacks something' wrong '1: remote is missing' \
	'tunnel t listen 127.0.0.1:1'
check 'a value' wrong '2: idle: "x": expected seconds' '' 'tunnel t routed idle x'
check 'a link' wrong '1: dev: the name of the file says it' 'tunnel t routed dev l0'
check 'a dry run' wrong '2: --dry-run: not in a file' 'tunnel t routed port 1' \
	'rules tunnel t --dry-run'
check 'a tunnel twice' wrong '2: tunnel "t": said twice' 'tunnel t routed' 'tunnel t ip'
check 'a peer twice' wrong '3: peer "p": said twice' 'tunnel t ip' 'peer p tunnel t' \
	'peer p tunnel t'
check 'a peer of no tunnel' wrong '2: no tunnel named "u" in this file' 'tunnel t ip' \
	'peer p tunnel u'
check 'rules of no tunnel' wrong '1: no tunnel named "u" in this file' 'rules tunnel u'
check 'a quote' wrong '2: a quote is not closed' '' 'tunnel "t'
check 'what is behind two peers' eval 'wrong \
	"3: allowed-ips: 10.0.0.0/8 of tunnel \"t\": behind two peers" "tunnel t ip" \
	"peer p tunnel t allowed-ips 10.0.0.0/8" "peer q tunnel t allowed-ips 10.1.1.1/8" ||
	wrong "2: allowed-ips: 10.0.0.0/8 of tunnel \"t\": behind two peers" "tunnel t ip" \
	"peer p tunnel t allowed-ips 10.0.0.0/8" "peer q tunnel t allowed-ips 10.1.1.1/8"'

# ---- What is no such file ----

# cut LINE: each beginning of it, in words, is right or refused, and says where
cut()
{
	local words n status
	read -ra words <<< "$1"

	for ((n = 1; n <= ${#words[@]}; n++)); do
		printf 'tunnel t routed port 3\n%s' "${words[*]:0:n}" > "$file"
		unshare -n ftcpctl apply "$file" --dry-run > "$tmp/out" 2> "$tmp/err"
		status=$?
		if [ $status -eq 2 ]; then
			[ ! -s "$tmp/out" ] && [ "$(wc -l < "$tmp/err")" -eq 1 ] &&
				grep -q "^ftcpctl: $file:2: " "$tmp/err"
		else
			[ $status -eq 0 ] && [ ! -s "$tmp/err" ]
		fi || { echo "$status: ${words[*]:0:n}"; cat "$tmp/out" "$tmp/err"; return 1; }
	done
}
check 'a tunnel, cut' cut 'tunnel u listen 127.0.0.1:1 remote 10.0.0.1:2 wire auto idle 5
	keepalive 5:1:2 max-age 5 max-bytes 5 fwmark 5 df set max-flows 5 max-flows-per-source 5
	queue 5 queue-bytes 100000 coalesce 5'
check '... a forwarding one' cut 'tunnel u port 1 local 10.0.0.1 forward 127.0.0.1:1 unreachable close'
check 'a peer' cut 'peer p tunnel t endpoint 10.0.0.1:2 allowed-ips 10.0.0.0/8 from 10.0.0.1
	persistent on wire auto'
check 'rules' cut 'rules tunnel t dport 5 sport 6 table 7 pref 8 local-only'
printf 'tunnel t routed\r\npeer p tunnel t\r\n' > "$file"
check 'lines that end as elsewhere' eval '[ "$(unshare -n ftcpctl apply "$file" --dry-run)" = \
	"ftcpctl add tunnel t dev l0 routed
ftcpctl set peer p tunnel t dev l0" ]'
printf 'tunnel t routed\npeer p tunnel t\0 wire auto\n' > "$file"
check 'a byte that is 0' eval '[ "$(unshare -n ftcpctl apply "$file" --dry-run 2>&1)" = \
	"ftcpctl: $file:2: a byte is 0: not a text file" ]'
mkdir "$tmp/directory.conf"
check_refused 'a directory' "^ftcpctl: apply: \"$tmp/directory.conf\": cannot be read$" \
	unshare -n ftcpctl apply "$tmp/directory.conf" --dry-run
{
	echo 'tunnel t ip'
	for ((i = 0; i < 10000; i++)); do
		echo "peer p$i tunnel t allowed-ips 10.0.$((i / 256)).$((i % 256))/32"
	done
} > "$file"
check '10001 lines' eval '[ "$(unshare -n ftcpctl apply "$file" --dry-run | wc -l)" = 10001 ]'
check 'names with quotes and other things' dry "ftcpctl add tunnel 'it'\"'\"'s' dev l0 ip
ftcpctl set peer 'a;b' tunnel 'it'\"'\"'s' dev l0" "tunnel \"it's\" ip" "peer 'a;b' tunnel \"it's\""
cp "$file" "$tmp/a;b.conf"
check '... a link of such a name' eval 'unshare -n ftcpctl apply "$tmp/a;b.conf" --dry-run |
	grep -qF "dev '"'a;b'"'"'
check 'a path with .. in it' eval 'unshare -n ftcpctl apply "$tmp/directory.conf/../l0.conf" --dry-run |
	grep -q " dev l0$"'
for name in . .. / '' 'a/' ./.conf/; do
	check_fails "\"$name\" is none" unshare -n ftcpctl apply "$name"
done
printf 'tunnel t port 1 forward 127.0.0.1:2\nrules tunnel t dport 5\n' > "$file"
check_refused 'rules of a proxy' "^ftcpctl: $file:2: tunnel \"t\" is not routed" \
	unshare -n ftcpctl apply "$file" --dry-run
check_refused 'no such file' '^ftcpctl: apply: "/etc/faketcp/no-such.conf": No such file' \
	unshare -n ftcpctl apply no-such
check_refused 'no such link' 'no link named "no-such"' unshare -n ftcpctl save no-such
check_refused '... to delete' 'no link named "no-such"' unshare -n ftcpctl del link no-such
check 'not the name of a link' eval 'ftcpctl apply /tmp/a-name-that-is-too-long.conf 2>&1 |
	grep -qF "\"a-name-that-is-too-long\" is not the name of a link"'
check 'an example of what' eval '! ftcpctl example 2> /dev/null && ! ftcpctl example x 2> /dev/null'
finish
