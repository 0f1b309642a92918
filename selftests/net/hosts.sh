#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Three hosts keep their peers equal to a table that a web server has, as udptun's do:
# who is not in it is not reached, and whoever joins later is; what else changes in it
# does not disturb those that talk.  The table moves, and its server redirects.
#
#	client .1 ---- router, web server ---- server .2
#	                       |
#	                     third .3

. "$(dirname "$0")/../lib.sh"

readonly X=x-$$ X4=10.3.0.2

start
[ -n "$(type -P ftcphosts)" ] || skip_all 'no ftcphosts: libcurl or json-c is not there'
module_load
topology
namespace "$X" || bail_out 'no namespaces'
ip link add eth0 netns "$X" type veth peer name x0 netns "$R" || bail_out 'no veth links'
ip -n "$R" addr add 10.3.0.1/24 dev x0
ip -n "$R" link set x0 up
ip -n "$X" -batch - <<EOT
link set lo up
addr add $X4/24 dev eth0
link set eth0 up
route add default via 10.3.0.1
EOT
x() { inns "$X" "$@"; }

mkdir "$tmp/www"
cat > "$tmp/web.py" <<'EOT'
import http.server, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path != '/hosts.json':
            return super().do_GET()
        self.send_response(302)
        self.send_header('Location', '/real-hosts.json')
        self.send_header('Content-Length', '0')
        self.end_headers()

server = http.server.ThreadingHTTPServer(('', 8000),
    lambda *args: Handler(*args, directory=sys.argv[1]))
print('ready', flush=True)
server.serve_forever()
EOT
# table NODE...: is what the server has
table()
{
	printf '%s\n' "$@" | jq -R 'split(" ") | { key: .[0], value: { host: .[1] } }' |
		jq -s '{ nodes: from_entries }' > "$tmp/www/new" &&
		mv "$tmp/www/new" "$tmp/www/real-hosts.json"
}
nodes=("192.168.111.1 $C4" "192.168.111.2 $S4")
table "${nodes[@]}"
background web "$R" python3 "$tmp/web.py" "$tmp/www"
check 'a web server' wait_for 20 file_has "$tmp/web" ready

# The address is that of the link, the rest is the same on all three
n=0
for ns in "$C" "$S" "$X"; do
	n=$((n + 1))
	gateway=$(ip -n "$ns" -j route show default | jq -r '.[0].gateway')
	check "host $n" eval 'add_link "$ns" &&
		ip -n "$ns" addr add 192.168.111.$n/24 dev ftcp0 &&
		in_ns "$ns" ftcpctl add tunnel lan dev ftcp0 ip port 7777'
	background "hosts$n" "$ns" ftcphosts tunnel lan dev ftcp0 --every 1 \
		"http://$gateway:8000/hosts.json"
done

# peers NAMESPACE NAME...: are these
peers()
{
	local got

	got=$(in_ns "$1" ftcpctl show peers --json | jq -r 'map(.peer) | sort | join(" ")')
	[ "$got" = "${*:2}" ] || { echo "$got"; return 1; }
}
reaches() { in_ns "$1" ping -q -c 1 -W 1 "192.168.111.$2"; }
check 'the first has the second as a peer, and not itself' eventually 20 peers "$C" 192.168.111.2
check 'the second has the first' eventually 20 peers "$S" 192.168.111.1
check 'the third, who is not in the table, has both' \
	eventually 20 peers "$X" 192.168.111.1 192.168.111.2
check 'they reach each other' eventually 10 reaches "$S" 1
check_fails '... but do not hear who is not in the table' reaches "$X" 2
check '... which is counted' eval '[ "$(drops "$S" inner-source)" -gt 0 ]'

# While the two talk
flow() { flows "$C" '.[] | select(.peer == "192.168.111.2") | .local'; }
before=$(flow)
background ping "$C" ping -i 0.05 -q 192.168.111.2
pinging=$!
table "${nodes[@]}" "192.168.111.3 $X4"
check 'the third joins' eventually 20 peers "$S" 192.168.111.1 192.168.111.3
check '... and reaches the second' eventually 10 reaches "$X" 2
check '... and is reached by the first' eventually 10 reaches "$C" 3
table "${nodes[@]}" "192.168.111.3 $X4" "192.168.111.4 $X4"
check 'another address behind the third' eventually 20 eval \
	'c ftcpctl show peers | grep -qF 192.168.111.3/32,192.168.111.4/32'
echo '{ "nodes": ' > "$tmp/www/real-hosts.json"
check 'half a table' wait_for 20 file_has "$tmp/hosts1" 'it ends too early'
check '... changes nothing' peers "$C" 192.168.111.2 192.168.111.3
table "${nodes[@]}"
check 'the third leaves' eventually 30 peers "$S" 192.168.111.1
check_fails '... and does not reach anybody' reaches "$X" 2
kill -INT $pinging
wait $pinging
check 'the other two have not noticed' grep -q ', 0% packet loss' "$tmp/ping"
check '... and have the same connection' [ "$(flow)" = "$before" ]

# The second moves to where the third was
table "192.168.111.1 $C4" "192.168.111.3 $S4" "192.168.111.2 $X4"
ip -n "$S" addr flush dev ftcp0
ip -n "$X" addr flush dev ftcp0
ip -n "$S" addr add 192.168.111.3/24 dev ftcp0
ip -n "$X" addr add 192.168.111.2/24 dev ftcp0
check 'two change places' eventually 20 eval '
	c ftcpctl show peers --json | jq -e "map(select(.peer == \"192.168.111.2\" and
		.endpoint == \"$X4:7777\")) | length == 1"'
check '... and are reached' eventually 20 reaches "$C" 2
check '... both' eventually 20 reaches "$C" 3
for ns in "$C" "$S" "$X"; do
	ip -n "$ns" link del ftcp0
done
module_memory_back
finish
