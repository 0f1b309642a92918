#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# With and without super-segments on the device, and with and without
# UDP_SEGMENT and UDP_GRO: a kernel or a path may lack any of them.

. "$(dirname "$0")/lib.sh"

tun_start
topology stateful
server echo "$S" echo --bind 127.0.0.1:5555

# try NAME REMOTE CLIENT-OPTIONS SERVER-OPTIONS
try()
{
	local name=$1 remote=$2 server client

	# shellcheck disable=SC2086
	{
	run server "$S" server --local 4567 --remote 127.0.0.1:5555 --auto-rules --queue 1024 $4
	server=$!
	run client "$C" client --local 127.0.0.1:1234 --remote "$remote" --auto-rules --queue 1024 $3
	client=$!
	}
	check "$name: single datagrams" send --to 127.0.0.1:1234 --size 999 --count 2000 --window 60
	check "$name: super-packets" send --to 127.0.0.1:1234 --size 999 --gso 30000 --gro \
		--count 2000 --window 60
	check "$name: small ones" send --to 127.0.0.1:1234 --size 20 --gso 400 --gro \
		--count 2000 --window 60
	terminate $client
	terminate $server
}

for remote in "$S4:4567" "[$S6]:4567"; do
	for client in '' --no-tun-offload --no-udp-offload '--no-tun-offload --no-udp-offload'; do
		for server in '' '--no-tun-offload --no-udp-offload'; do
			try "$remote [$client] [$server]" "$remote" "$client" "$server"
		done
	done
done
try 'one thread' "$S4:4567" '--threads 1 --no-tun-offload' '--threads 1'

# A path that has no segmentation offload, and one that does not merge
r ethtool -K s0 tso off gso off tx off > /dev/null
s ethtool -K eth0 gro on tso off gso off tx off > /dev/null 2>&1
try 'cards without offloads' "$S4:4567" '' ''
try 'cards without offloads, IPv6' "[$S6]:4567" '' ''
assert_no_invalid
assert_no_udp
finish
