#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ftcphosts: what tables say, what they may not say, and servers that lie, hang, send
# too much, or somebody on the way.  A program that keeps a list of peers stands for
# ftcpctl.  Needs no module.

. "$(dirname "$0")/../lib.sh"

start
program=$repo/tools/ftcphosts/ftcphosts
[ -x "$program" ] || skip_all 'no ftcphosts: libcurl or json-c is not there'
if make -s -C "$repo/tools/ftcphosts" SANITIZE=1 > "$tmp/cc" 2>&1; then
	program=$repo/build/ftcphosts-sanitize/ftcphosts
else
	diag "no sanitizers: $(tail -n 1 "$tmp/cc")"
fi
namespace "$C" || bail_out 'no namespaces'
ip -n "$C" link set lo up
ip -n "$C" addr add 192.0.2.1/24 dev lo
ip -n "$C" addr add 2001:db8::1/64 dev lo nodad

# ---- ftcpctl ----

mkdir "$tmp/bin"
cat > "$tmp/bin/ftcpctl" <<'EOT'
#!/usr/bin/python3
import json, os, shlex, signal, sys

here = os.environ['tmp'] + '/'
args = sys.argv[1:]
open(here + 'calls', 'a').write(' '.join(args) + '\n')
if os.path.exists(here + 'hang'):
    signal.pause()
peers = json.load(open(here + 'peers'))
if args[:2] == ['show', 'tunnels']:
    if os.path.exists(here + 'no-tunnel'):
        sys.exit('ftcpctl: no tunnel named "lan"')
    print('[{"tunnel":"lan","mode":"%s"}\n]' % open(here + 'mode').read().strip())
elif args[:2] == ['show', 'peers']:
    assert args[2:] == ['tunnel', 'lan', 'dev', 'ftcp0', '--json'], args
    print(json.dumps(list(peers.values())))
elif args == ['-force', '-batch', '-']:
    status = 0
    owners = { a: p for p in peers.values() for a in p['allowed-ips'] }
    for line in sys.stdin:
        open(here + 'commands', 'a').write(line)
        words = shlex.split(line)
        assert words[1] == 'peer' and words[3:7] == ['tunnel', 'lan', 'dev', 'ftcp0'], line
        name, given = words[2], dict(zip(words[7::2], words[8::2]))
        if name == 'refused':
            print('ftcpctl: refused', file=sys.stderr)
            status = 1
        elif words[0] == 'del':
            for a in peers.pop(name)['allowed-ips']:
                del owners[a]
        else:
            assert words[0] == 'set', line
            p = peers.setdefault(name, { 'peer': name, 'endpoint': 'none', 'allowed-ips': [] })
            if 'endpoint' in given:
                p.pop('endpoint-name', None)
                p['endpoint'] = given['endpoint']
                if given['endpoint'].startswith('v'):
                    p['endpoint'], p['endpoint-name'] = '198.51.100.9:1', given['endpoint']
            if 'allowed-ips' in given:
                moved = given['allowed-ips'].split(',')
                for a in moved:
                    if a in owners:
                        owners[a]['allowed-ips'].remove(a)
                    owners[a] = p
                for a in set(p['allowed-ips']) - set(moved):
                    del owners[a]
                p['allowed-ips'] = moved[::-1]
            if 'persistent' in given:
                p['persistent'] = given['persistent']
    json.dump(peers, open(here + 'peers.new', 'w'))
    os.rename(here + 'peers.new', here + 'peers')
    sys.exit(status)
else:
    sys.exit('ftcpctl: what?')
EOT
chmod +x "$tmp/bin/ftcpctl"
export tmp
echo '{}' > "$tmp/peers"
echo ip > "$tmp/mode"

# Names, and no name server
echo 'hosts: files' > "$tmp/nsswitch.conf"
printf '%s\n' '192.0.2.1 vme.test' '127.0.1.1 debian.test' '198.51.100.9 vps1.example.org' \
	'2001:db8::7 vps2.example.org' > "$tmp/hosts"
wrap=(unshare --mount sh -c 'for file in hosts nsswitch.conf; do
		mount --bind "'"$tmp"'/$file" /etc/$file || exit
	done
	exec "$@"' sh)

# hosts WORD...: in $tmp/out, and $tmp/err; what commands it gave in $tmp/commands
run_hosts=("${wrap[@]}" env PATH="$tmp/bin:$PATH" ASAN_OPTIONS=detect_leaks=1
	"$program" tunnel lan dev ftcp0)
hosts()
{
	: > "$tmp/commands"
	: > "$tmp/calls"
	c "${run_hosts[@]}" "$@" > "$tmp/out" 2> "$tmp/err"
}

shows() { jq -r 'map("\(.peer) \(."endpoint-name" // .endpoint) \(."allowed-ips" | sort |
	join(","))\(if .persistent == "on" then " persistent" else "" end)") | .[]' \
	"$tmp/peers" | LC_ALL=C sort; }

# has_peers PEER...: these, and no others
has_peers()
{
	local expected

	expected=$([ $# -eq 0 ] || printf '%s\n' "$@" | LC_ALL=C sort)
	[ "$(shows)" = "$expected" ] || { shows; return 1; }
}

# gives FILE PEER...: it is taken, and these are the peers
gives()
{
	hosts "$1" || { cat "$tmp/err"; return 1; }
	shift
	[ ! -s "$tmp/err" ] && has_peers "$@" || { cat "$tmp/err"; return 1; }
}

# refuses TEXT WORD...: status 1, one line that has the text, and nothing changes
refuses()
{
	local text=$1 status

	shift
	hosts "$@"
	status=$?
	[ "$status" -eq 1 ] && [ "$(wc -l < "$tmp/err")" -eq 1 ] &&
		grep -q '^ftcphosts: ' "$tmp/err" && grep -Eq "$text" "$tmp/err" &&
		[ ! -s "$tmp/calls" ] && [ ! -s "$tmp/out" ] ||
		{ echo "status $status"; head -c 2000 "$tmp/err"; cat "$tmp/calls"; return 1; }
}

# table TEXT: is in $tmp/table
table() { printf '%s' "$1" > "$tmp/table"; }

# ---- tables ----

table '{ "nodes": {
	"192.168.100.1": { "host": "vps1.example.org" },
	"192.168.100.2": { "host": "198.51.100.2", "port": 4567, "weight": 3 },
	"192.168.100.3": { "host": "2001:DB8:0::3", "port": null } } }'
check "udptun's format" gives "$tmp/table" \
	'192.168.100.1 vps1.example.org:7777 192.168.100.1/32' \
	'192.168.100.2 198.51.100.2:4567 192.168.100.2/32' \
	'192.168.100.3 [2001:db8::3]:7777 192.168.100.3/32'
check '... all at once' [ "$(grep -c batch "$tmp/calls")" = 1 ]
check 'it says what it did' grep -qx \
	'tunnel lan dev ftcp0: peers: 3 added, 0 changed, 0 deleted' "$tmp/out"
nothing_to_do() { hosts "$@" && [ ! -s "$tmp/out" ] && [ "$(grep -vc ^show "$tmp/calls")" = 0 ]; }
check 'the same again: ftcpctl is told nothing' nothing_to_do "$tmp/table"

table '{ "nodes": {
	"192.168.100.1": { "host": "vps1.example.org" },
	"192.168.100.2": { "host": "198.51.100.2", "port": 4568 },
	"0.0.0.0": { "host": "198.51.100.4" } } }'
check 'one changes, one goes, one comes: the wildcard' gives "$tmp/table" \
	'192.168.100.1 vps1.example.org:7777 192.168.100.1/32' \
	'192.168.100.2 198.51.100.2:4568 192.168.100.2/32' \
	'0.0.0.0 198.51.100.4:7777 0.0.0.0/0'
told() { diff "$tmp/commands" - <<< "$1"; }
check '... and nothing else is touched' told \
"set peer 0.0.0.0 tunnel lan dev ftcp0 endpoint 198.51.100.4:7777 allowed-ips 0.0.0.0/0
set peer 192.168.100.2 tunnel lan dev ftcp0 endpoint 198.51.100.2:4568
del peer 192.168.100.3 tunnel lan dev ftcp0"

table '{ "nodes": {
	"192.168.111.6": { "host": "198.51.100.2" },
	"192.168.111.5": { "host": "198.51.100.4" },
	"192.168.111.2": { "host": "198.51.100.4", "port": 7777 } } }'
check 'several addresses at one host are one peer' gives "$tmp/table" \
	'192.168.111.6 198.51.100.2:7777 192.168.111.6/32' \
	'192.168.111.2 198.51.100.4:7777 192.168.111.2/32,192.168.111.5/32'

table '{ "version": 1, "peers": [
	{ "name": "hub", "allowed-ips": ["10.9.0.0/24", "fd09::/64", "0.0.0.0/0"],
	  "endpoint": "[2001:db8:0::9]:4567", "persistent": true, "note": "x" },
	{ "name": "spoke-2.b:c_d", "allowed-ips": ["10.9.0.77/25", "fd09::2"] },
	{ "name": "named", "allowed-ips": ["10.9.2.1"], "endpoint": "vps1.example.org:1",
	  "persistent": false } ] }'
ours=('hub [2001:db8::9]:4567 0.0.0.0/0,10.9.0.0/24,fd09::/64 persistent'
	'spoke-2.b:c_d none 10.9.0.0/25,fd09::2/128'
	'named vps1.example.org:1 10.9.2.1/32')
check 'our own format' gives "$tmp/table" "${ours[@]}"
check '... the same again' nothing_to_do "$tmp/table"
cp "$tmp/table" "$tmp/ours"

table '{ "peers": [
	{ "name": "hub", "allowed-ips": ["fd09::/64", "0.0.0.0/0", "10.9.2.1"],
	  "endpoint": "[2001:db8::9]:4567" },
	{ "name": "spoke-2.b:c_d", "allowed-ips": ["10.9.0.0/25"] },
	{ "name": "named", "allowed-ips": ["10.9.0.0/24"], "endpoint": "vps1.example.org:1"} ] }'
check 'ranges move' gives "$tmp/table" \
	'hub [2001:db8::9]:4567 0.0.0.0/0,10.9.2.1/32,fd09::/64' \
	'spoke-2.b:c_d none 10.9.0.0/25' 'named vps1.example.org:1 10.9.0.0/24'
check '... and only what differs is said' told \
"set peer hub tunnel lan dev ftcp0 allowed-ips 0.0.0.0/0,10.9.2.1/32,fd09::/64 persistent off
set peer named tunnel lan dev ftcp0 allowed-ips 10.9.0.0/24
set peer spoke-2.b:c_d tunnel lan dev ftcp0 allowed-ips 10.9.0.0/25"
before=$(cat "$tmp/peers")
check 'a dry run' hosts --dry-run "$tmp/ours"
check '... prints the commands' [ "$(grep -c '^set peer .* tunnel lan dev ftcp0 ' "$tmp/out")" = 3 ]
check '... and gives none' [ "$before" = "$(cat "$tmp/peers")" ]

# ---- this host, and names ----

table '{ "nodes": {
	"192.168.100.1": { "host": "192.0.2.1" },
	"192.168.100.2": { "host": "2001:db8::1" },
	"192.168.100.3": { "host": "vme.test" },
	"192.168.100.4": { "host": "debian.test" },
	"192.0.2.1": { "host": "203.0.113.1" },
	"192.168.100.5": { "host": "198.51.100.5" } } }'
check 'this host is left out: by address, by name, by what is behind it' \
	gives "$tmp/table" '192.168.100.5 198.51.100.5:7777 192.168.100.5/32'
table '{ "nodes": { "192.168.100.5": { "host": "192.0.2.1" } } }'
check '... and is no peer any more where it was one' gives "$tmp/table"
table '{ "peers": [
	{ "name": "a", "allowed-ips": ["10.9.0.1"], "endpoint": "no.such.name:1" },
	{ "name": "b", "allowed-ips": ["10.9.0.2"], "endpoint": "vps2.example.org:1" } ] }'
check_fails 'a name that nobody knows' hosts "$tmp/table"
check '... is named' grep -q '^ftcphosts: "no.such.name": ' "$tmp/err"
check '... and does not stop the others' has_peers 'b vps2.example.org:1 10.9.0.2/32'
table '{ "peers": [
	{ "name": "b", "allowed-ips": ["10.9.0.2"], "endpoint": "no.such.name:1" } ] }'
check_fails 'a peer whose new name nobody knows' hosts "$tmp/table"
check '... stays' has_peers 'b vps2.example.org:1 10.9.0.2/32'

# ---- ftcpctl and the tunnel ----

table '{ "peers": [ { "name": "refused", "allowed-ips": ["10.9.0.3"] },
	{ "name": "taken", "allowed-ips": ["10.9.0.4"] } ] }'
check_fails 'ftcpctl refuses a command' hosts "$tmp/table"
check '... it says so itself, and the others are done' eval \
	'[ "$(cat "$tmp/err")" = "ftcpctl: refused" ] && has_peers "taken none 10.9.0.4/32"'
echo listen > "$tmp/mode"
check_fails 'a tunnel whose peers are its own' hosts "$tmp/ours"
check '... that is said' grep -q 'neither ip nor routed$' "$tmp/err"
check '... and they stay' has_peers 'taken none 10.9.0.4/32'
echo routed > "$tmp/mode"
: > "$tmp/no-tunnel"
check_fails 'no such tunnel' hosts "$tmp/ours"
check '... says ftcpctl' [ "$(cat "$tmp/err")" = 'ftcpctl: no tunnel named "lan"' ]
rm "$tmp/no-tunnel"
no_ftcpctl() { c env PATH=/usr/bin:/bin "$program" tunnel lan dev ftcp0 "$tmp/ours" 2>&1; }
[ -n "$(PATH=/usr/bin:/bin type -P ftcpctl)" ] ||
	check_fails 'no ftcpctl' no_ftcpctl
cat > "$tmp/peers" <<'EOT'
{ "a'\"#\\b": { "peer": "a'\"#\\b", "endpoint": "none", "allowed-ips": [] },
  "#'": { "peer": "#'", "endpoint": "same", "allowed-ips": [], "from-kind": "list" } }
EOT
# which shlex reads as ftcpctl does, but for a backslash
sed -i 's/\\\\b/b/g' "$tmp/peers"
check 'peers of strange names, which others made, go' gives "$tmp/ours" "${ours[@]}"

# ---- tables that are none ----

# bad TEXT TABLE: is refused, with that text
bad()
{
	table "$2"
	check "${3:-$2}: $1" refuses "$1" "$tmp/table"
}
peer() { printf '{ "peers": [ { "name": "a", "allowed-ips": ["10.0.0.1"]%s } ] }' "$1"; }
bad 'it is empty' ''
bad 'neither peers nor nodes' '{}'
bad 'neither peers nor nodes' '[]'
bad 'not JSON' 'null'
bad 'the table is empty' '{ "nodes": {} }'
bad 'the table is empty' '{ "peers": [] }'
bad 'nodes: expected an object' '{ "nodes": [] }'
bad 'peers: expected an array' '{ "peers": {}, "nodes": {} }'
bad 'name: expected' '{ "peers": [ null ] }'
bad 'not JSON: it ends too early' '{ "nodes": { "192.168.100.1": { "host": "198.51.100.2" }'
bad 'not JSON' '<html>It works!</html>'
bad 'not JSON' '{ "nodes": { "192.168.100.1": { "host": "198.51.100.2" }, } }'
bad 'not JSON' '{ "peers": [ { "name": "a", "allowed-ips": ["10.0.0.1"] } ] } x'
bad 'not JSON' "$(printf '{ "peers": [ { "name": "\xff", "allowed-ips": ["10.0.0.1"] } ] }')" \
	'what is not UTF-8'
printf '{ "peers": [ { "name": "a", "allowed-ips": ["10.0.0.1"] } ] }\0x' > "$tmp/table"
check 'a zero, and something behind it' refuses 'not JSON' "$tmp/table"
for name in 'a;reboot' 'a\ndel peer b' '..' '../a' 'a b' '-4' '--help' '#a' "'a" '\"a' 'a\\\\' \
	'a\u0000' '$(reboot)' 'a\u001b[2J' 'ä' '' abcdefghijklmnopqrstuvwxyz0123456; do
	bad 'name: expected' "{ \"peers\": [ { \"name\": \"$name\", \"allowed-ips\": [\"10.0.0.1\"] } ] }"
	check '... on one line of plain text' eval '! LC_ALL=C grep -q "[^ -~]" "$tmp/err"'
done
for list in '"10.0.0.1"' '[]' '["10.0.0.1", 3]' '["10.0.0.1/33"]' '["10.0.0.1/"]' '["fd00::/129"]' \
	'["10.0.0.1,10.0.0.2"]' '["10.0.0.1\\nfrob"]' '["10.0.0"]' '["fe80::1%lo"]' '["none"]' '[""]' \
	'[["10.0.0.1"]]' 'null' '["10.0.0.1/-1"]' '["10.0.0.1/8 from none"]'; do
	bad 'allowed-ips: expected' "{ \"peers\": [ { \"name\": \"a\", \"allowed-ips\": $list } ] }"
done
for endpoint in '1' '""' '"none"' '"same"' '"198.51.100.2"' '"198.51.100.2:0"' '"198.51.100.2:65536"' \
	'"2001:db8::1:1"' '"[198.51.100.2]:1"' '"[fe80::1%lo]:1"' '"a b:1"' '"a\nb:1"' '"-4:1"' \
	'"1.2.3:1"' '"[vps]:1"' '"a;b:1"' '"a:1 from none"' 'null' '"$(reboot):1"'; do
	bad 'endpoint: expected' "$(peer ", \"endpoint\": $endpoint")"
done
bad 'persistent: expected' "$(peer ', "endpoint": "198.51.100.2:1", "persistent": 1')"
bad 'persistent: needs' "$(peer ', "persistent": true')"
for node in '"192.168.1.0/24": { "host": "198.51.100.2" }' '"fd00::1": { "host": "198.51.100.2" }' \
	'"192.168.1": { "host": "198.51.100.2" }' '"a\nb": { "host": "198.51.100.2" }' '"": {}'; do
	bad 'expected an IPv4 address' "{ \"nodes\": { $node } }"
done
for node in '{}' '{ "host": 1 }' '{ "host": "" }' '{ "host": "a b" }' '{ "host": "a\nb" }' 'null' \
	'{ "host": "198.51.100.2:1" }' '{ "host": "-4" }' '{ "host": "a;b" }' '[]' '{ "host": null }'; do
	bad 'host: expected' "{ \"nodes\": { \"192.168.1.1\": $node } }"
done
for port in '"7777"' 0 65536 -1 1.5 true 99999999999999999999; do
	bad 'port: expected' "{ \"nodes\": { \"192.168.1.1\": { \"host\": \"198.51.100.2\", \"port\": $port } } }"
done
bad 'a: is there twice' '{ "peers": [ { "name": "a", "allowed-ips": ["10.0.0.1"] },
	{ "name": "a", "allowed-ips": ["10.0.0.2"] } ] }' 'a name twice'
bad '10.0.0.0/8: is there twice' '{ "peers": [ { "name": "a", "allowed-ips": ["10.0.0.1/8"] },
	{ "name": "b", "allowed-ips": ["10.0.0.2/8"] } ] }' 'a range twice'
bad 'nesting too deep' "{ \"nodes\": $(printf '[%.0s' {1..1000})" 'deep nesting'
bad 'too many entries' "[$(printf '[],%.0s' {1..70000})]" 'very many brackets'
head -c 5000000 /dev/zero > "$tmp/table"
check 'too large' refuses 'it is too large' "$tmp/table"
check 'no such file' refuses 'No such file' "$tmp/none"
check 'a directory' refuses 'Is a directory' "$tmp"
check 'after all that the peers are as they were' has_peers "${ours[@]}"
many()
{
	python3 -c '
import json
print(json.dumps({ "peers": [{ "name": f"p{i}", "allowed-ips": [f"10.{i >> 8}.{i & 255}.1"],
    "endpoint": f"[2001:db8::{i + 2:x}]:1" } for i in range(10000)] }))' > "$tmp/table"
	hosts "$tmp/table" && grep -q '10000 added, 0 changed, 3 deleted' "$tmp/out" &&
		nothing_to_do "$tmp/table"
}
check 'ten thousand peers' many
check '... and few again' gives "$tmp/ours" "${ours[@]}"

# ---- usage ----

misused()
{
	hosts "${@:2}"
	[ $? -eq 2 ] && [ "$(wc -l < "$tmp/err")" -eq 1 ] && grep -Fq -e "$1" "$tmp/err" &&
		[ ! -s "$tmp/calls" ] || { cat "$tmp/err"; return 1; }
}
check 'no table' misused 'FILE or URL is missing'
check 'two' misused '"b": unknown word' a b
check 'an option that there is not' misused '"--frob": unknown word' --frob a
check 'an option without its value' misused '"--ca-file": unknown word' a --ca-file
check 'no time at all' misused '--every: "0"' --every 0 a
check 'too much of it' misused '--timeout: "86401"' --timeout 86401 a
for url in ftp://127.0.0.1/x file:///etc/passwd gopher://127.0.0.1/; do
	check "$url" misused 'expected a file, https://' "$url"
done
check 'no link' sh -c "'$program' tunnel lan x 2>&1 | grep -x 'ftcphosts: dev is missing (see ftcphosts --help)'"
check '--help' sh -c "'$program' --help | grep -q '^  --every '"
check '--version' sh -c "'$program' --version | grep -qx 'ftcphosts [0-9.]*'"

# ---- servers ----

cat > "$tmp/server.py" <<'EOT'
import hashlib, http.server, os, ssl, sys, threading

here = os.environ['tmp'] + '/'

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def note(self, text):
        open(here + 'requests', 'a').write(text + '\n')

    def answer(self, status, body, **headers):
        self.send_response(status)
        headers.setdefault('Content_Length', str(len(body)))
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def table(self):
        text = open(here + 'served', 'rb').read()
        etag = '"%s"' % hashlib.sha1(text).hexdigest()
        if self.headers.get('If-None-Match') == etag:
            self.answer(304, b'', ETag=etag)
        else:
            self.answer(200, text, ETag=etag)

    def redirect(self, to):
        self.answer(302, b'moved', Location=to)

    def endless(self, length):
        self.close_connection = True
        sent = 0
        self.send_response(200)
        if length:
            self.send_header('Content-Length', str(length))
        self.end_headers()
        try:
            while not length or sent < length:
                sent += self.wfile.write(b' ' * 65536)
        except OSError:
            pass
        self.note('sent %d MB' % (sent >> 20))

    def do_GET(self):
        path = self.path
        self.note('%s %s' % (path, self.headers.get('If-None-Match', '-')))
        text = open(here + 'served', 'rb').read()
        if path == '/table':
            self.table()
        elif path == '/once':
            self.redirect('/table')
        elif path.startswith('/hops/'):
            n = int(path[6:])
            self.redirect('/hops/%d' % (n - 1) if n > 1 else '/table')
        elif path == '/circle':
            self.redirect('/circle')
        elif path == '/to-file':
            self.redirect('file://' + here + 'served')
        elif path == '/to-http':
            self.redirect('http://127.0.0.1:8080/table')
        elif path == '/to-https':
            self.redirect('https://127.0.0.1:8443/table')
        elif path == '/nowhere':
            self.answer(302, text)
        elif path == '/long':
            self.answer(200, text, Content_Length=str(len(text) + 1000))
            self.close_connection = True
        elif path == '/short':
            self.answer(200, text, Content_Length=str(len(text) - 5))
            self.close_connection = True
        elif path == '/negative':
            self.answer(200, text, Content_Length='-1')
        elif path == '/hang':
            self.rfile.read(1)
        elif path == '/drip':
            self.send_response(200)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.write(b' ')
            self.rfile.read(1)
        elif path == '/gigabyte':
            self.endless(1 << 30)
        elif path == '/endless':
            self.endless(0)
        elif path == '/garbage':
            self.answer(200, os.urandom(10000))
        elif path == '/no-http':
            self.wfile.write(os.urandom(10000))
            self.close_connection = True
        elif path == '/nothing':
            self.answer(200, b'')
        elif path == '/busy':
            self.answer(503, text, Retry_After='3600')
        elif path == '/304':
            self.answer(304, b'')
        elif path == '/headers':
            self.answer(200, text, ETag='"' + 'x' * 10000 + '"')
        elif path == '/blank':
            self.answer(200, text, ETag='"a b"')
        elif path == '/gzip':
            self.answer(200, b'\x1f\x8b' + text, Content_Encoding='gzip')
        elif path.startswith('/status/'):
            self.answer(int(path[8:]), text, Retry_After='1')
        else:
            self.answer(404, text)

def serve(port, cert):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
    server.daemon_threads = True
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(here + cert + '.pem', here + cert + '.key')
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()

serve(8080, None)
serve(8443, 'good')
serve(8444, 'self')
serve(8445, 'other')
serve(8446, 'old')
print('ready', flush=True)
EOT

certificates()
{
	cd "$tmp" || return
	new=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
	"${new[@]}" -x509 -days 2 -subj '/CN=a test' -keyout ca.key -out ca.pem || return
	"${new[@]}" -x509 -days 2 -subj '/CN=127.0.0.1' -addext subjectAltName=IP:127.0.0.1 \
		-keyout self.key -out self.pem || return
	for name in good other old; do
		"${new[@]}" -subj "/CN=$name" -keyout $name.key -out $name.csr || return
	done
	echo 'subjectAltName=IP:127.0.0.1' > good.ext
	echo 'subjectAltName=IP:127.0.0.2,DNS:example.org' > other.ext
	cp good.ext old.ext
	for name in good other old; do
		days=1
		[ $name != old ] || days=-1
		openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days $days \
			-extfile $name.ext -out $name.pem || return
	done
}
if ! certificates > "$tmp/openssl" 2>&1; then
	tail -n 3 "$tmp/openssl"
	not_ok 'certificates'
fi
cd "$repo" || exit
cp "$tmp/ours" "$tmp/served"
background server "$C" python3 "$tmp/server.py"
check 'a server' wait_for 20 file_has "$tmp/server" ready

url=https://127.0.0.1:8443
ca=(--ca-file "$tmp/ca.pem")
echo '{}' > "$tmp/peers"

# asked: how often the server was
asked() { wc -l < "$tmp/requests"; }
: > "$tmp/requests"

gives_url()
{
	hosts "$@" && [ ! -s "$tmp/err" ] && has_peers "${ours[@]}" || { cat "$tmp/err"; return 1; }
}
# each from nothing
for words in "$url/table ${ca[*]}" "$url/once ${ca[*]}" "$url/hops/10 ${ca[*]}" \
	'http://127.0.0.1:8080/table' "http://127.0.0.1:8080/to-https ${ca[*]}" \
	"$url/headers ${ca[*]}" "$url/blank ${ca[*]}"; do
	echo '{}' > "$tmp/peers"
	# shellcheck disable=SC2086
	check "a table from ${words%% *}" gives_url $words
done
check 'the same again: ftcpctl is told nothing' nothing_to_do "$url/table" "${ca[@]}"
echo '{}' > "$tmp/peers"
printf '%s\n' '{ "nodes": {} }' > "$tmp/served"
check 'an empty table' refuses "$url/table: the table is empty" "$url/table" "${ca[@]}"
printf '%s\n' '{ "peers": [' > "$tmp/served"
check 'half a table' refuses 'ends too early' "$url/table" "${ca[@]}"
cp "$tmp/ours" "$tmp/served"

# refused_by PATH TEXT: and nothing is changed
refused_by() { check "$url$1: $2" refuses "$2" "$url$1" "${ca[@]}"; }
refused_by /circle 'redirects'
refused_by /hops/11 'redirects'
refused_by /to-file 'file.* (not supported|disabled)'
refused_by /to-http 'http.* (not supported|disabled)'
refused_by /nowhere 'the server says 302'
refused_by /long 'remaining|missing'
refused_by /short 'not JSON: it ends too early'
refused_by /negative 'https://'
refused_by /garbage 'not JSON'
refused_by /no-http 'https://'
refused_by /nothing 'it is empty'
refused_by /304 'the server says 304'
refused_by /gzip 'not JSON'
for status in 201 204 206 401 403 404 429 500 503; do
	refused_by /status/$status "the server says $status"
done
# with_password PATH: whose message has no password
with_password()
{
	refuses "^ftcphosts: https://127.0.0.1:8443$1: " \
		"https://user:se@cret@127.0.0.1:8443$1" "${ca[@]}"
}
check 'a password is not printed: nothing there' with_password /nothing
check '... an error' with_password /status/404
check '... a table that is none' with_password /garbage
check '... nor where there is no such protocol' eval \
	'misused "ftp://127.0.0.1/x: expected" ftp://user:secret@127.0.0.1/x'
for path in hang drip; do
	check "/$path" refuses '(timed out|Timeout)' "$url/$path" "${ca[@]}" --timeout 1
done
: > "$tmp/requests"
for path in gigabyte endless; do
	check "/$path" refuses 'larger than 4194304' "$url/$path" "${ca[@]}"
done
check '... is not listened to for long' wait_for 10 eval \
	'[ "$(grep -c "^sent" "$tmp/requests")" = 2 ]'
check_fails '... nor for much' grep -E 'sent [0-9]{3,} MB' "$tmp/requests"
check 'the system does not know the certificate' refuses 'certificate' "$url/table"
check 'a certificate that nobody has signed' refuses 'certificate' \
	https://127.0.0.1:8444/table "${ca[@]}"
check 'one for others' refuses 'certificate|subject name' https://127.0.0.1:8445/table "${ca[@]}"
check 'one that has expired' refuses 'expired' https://127.0.0.1:8446/table "${ca[@]}"
check 'plain HTTP where it should be https' refuses 'https://' https://127.0.0.1:8080/table "${ca[@]}"
check 'nobody there' refuses '[Cc]onnect' https://127.0.0.1:8447/table "${ca[@]}"
check 'no such name' refuses '[Rr]esolve' https://no.such.name/table "${ca[@]}"
check 'no such certificates' refuses 'certificate|trust anchors' "$url/table" --ca-file "$tmp/none"
check 'after all that there are no peers' has_peers

# ---- again and again ----

# serves LOG WORD...: in the background; it looks again when it gets SIGHUP
serves()
{
	background "$1" "$C" "${run_hosts[@]}" --every "${@:2}"
	# the program itself: inns and the shell become it
	service=$!
}
said() { file_has "$tmp/service" "$1"; }
# asked_again PATH: SIGHUP, and the server has been asked
again()
{
	local before

	before=$(asked)
	kill -HUP "$service"
	wait_for 10 eval "[ \"\$(asked)\" -gt $before ]"
}
last_call() { tail -n 1 "$tmp/calls"; }
: > "$tmp/requests"
: > "$tmp/calls"
serves service 80000 "$url/table" "${ca[@]}"
check 'as a service' wait_for 10 said ': peers: 3 added, 0 changed, 0 deleted'
check '... it has the table' has_peers "${ours[@]}"
: > "$tmp/calls"
check '... and asks whether it has changed' again
check '... by what the server called it' grep -q '^/table "[0-9a-f]*"$' "$tmp/requests"
check '... looks at the peers' wait_for 10 eval '[ "$(last_call)" = "show peers tunnel lan dev ftcp0 --json" ]'
check_fails '... and changes nothing' grep batch "$tmp/calls"
echo '{}' > "$tmp/peers"
check 'somebody has deleted the peers: asked again' again
check '... they are there again' eventually 10 has_peers "${ours[@]}"
table '{ "peers": [ { "name": "new", "allowed-ips": ["10.9.0.1"] } ] }'
cp "$tmp/table" "$tmp/served"
check 'another table' again
check '... is there' eventually 10 has_peers 'new none 10.9.0.1/32'
table '{ "peers": ['
cp "$tmp/table" "$tmp/served"
check 'half a table' again
check '... is not taken' wait_for 10 said 'table: not JSON: it ends too early'
check '... nor anything else' has_peers 'new none 10.9.0.1/32'
: > "$tmp/requests"
check '... nor asked for by its name' again
check '... ' grep -qx '/table -' "$tmp/requests"
cp "$tmp/ours" "$tmp/served"
check 'a whole one' again
check '... is' eventually 10 has_peers "${ours[@]}"
kill "$service"
wait "$service"
check 'it ends when told to' [ $? = 143 ]

# A file; and with no word on how often
printf '%s' '{ "peers": [ { "name": "a", "allowed-ips": ["10.9.0.1"] } ] }' > "$tmp/table"
background service "$C" "${run_hosts[@]}" "$tmp/table" --every
service=$!
check 'a file, as a service' wait_for 10 said ': peers: 1 added, 0 changed, 3 deleted'
sed -i s/10.9.0.1/10.9.0.2/ "$tmp/table"
kill -HUP $service
check '... changes' eventually 10 has_peers 'a none 10.9.0.2/32'
stop $service

# By itself, and after failures too, though more and more slowly
: > "$tmp/requests"
serves service 1 "$url/table" "${ca[@]}"
check 'every second' wait_for 20 eval '[ "$(asked)" -ge 3 ]'
check '... it has the table' eventually 10 has_peers "${ours[@]}"
stop $service
echo '{ "peers": [] }' > "$tmp/served"
: > "$tmp/requests"
serves service 1 "$url/table" "${ca[@]}"
began=$SECONDS
check 'a service that fails goes on' wait_for 30 eval '[ "$(asked)" -ge 4 ]'
check '... more and more slowly' [ $((SECONDS - began)) -ge 5 ]
check '... changes nothing' has_peers "${ours[@]}"
cp "$tmp/ours" "$tmp/served"
echo '{}' > "$tmp/peers"
kill -HUP $service
check '... and is well as soon as it can be' eventually 10 has_peers "${ours[@]}"
stop $service

# ... though a server says that this takes an hour
: > "$tmp/requests"
serves service 1 "$url/busy" "${ca[@]}"
check 'one that is told to wait for long asks again' wait_for 20 eval '[ "$(asked)" -ge 2 ]'
stop $service

# An ftcpctl that does not end
echo '{}' > "$tmp/peers"
: > "$tmp/hang"
: > "$tmp/calls"
serves service 1 "$url/table" "${ca[@]}" --timeout 2
check 'an ftcpctl that hangs is ended' wait_for 20 said 'ftcpctl: killed, after 4 s'
rm "$tmp/hang"
check '... and the next one gives the peers' eventually 20 has_peers "${ours[@]}"
stop $service

# What ftcpctl refuses keeps the rest no longer from changing
table '{ "peers": [ { "name": "refused", "allowed-ips": ["10.9.0.3"] } ] }'
: > "$tmp/requests"
cp "$tmp/table" "$tmp/served"
serves service 1 "$url/table" "${ca[@]}"
check 'one that ftcpctl refuses something looks as often as ever' \
	wait_for 15 eval '[ "$(asked)" -ge 8 ]'
stop $service
finish
