# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # for the parts, and for the tests
#
# What the tests have in common (each part in a file of lib/), and this network, made of
# three namespaces:
#
#     client $C                 router $R                  server $S
#   +-------------+         +----------------+          +-------------+
#   |         eth0|---------|c0            s0|----------|eth0         |
#   +-------------+         +----------------+          +-------------+
#     10.1.0.2/24    10.1.0.1             10.2.0.1         10.2.0.2/24
#     fd01::2/64     fd01::1               fd02::1         fd02::2/64
#     ($C4, $C6)                                           ($S4, $S6)
#
# The router drops all UDP and tracks connections; the hosts track them as well.
# There are no other rules and no other settings on the hosts.
#
# A test script:
#
#	. "$(dirname "$0")/../lib.sh"
#	start					# as root, programs there, ...
#	module_load
#	topology [stateful] [nat] [allow-udp]
#	check 'name of what must be so' COMMAND...
#	check_fails 'name of what must not' COMMAND...
#	module_memory_back
#	finish
#
# Each is run in a shell of its own, leaves nothing, and exits with 0 (passed),
# 1 (failed) or 4 (skipped).

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
repo=$(dirname "$selftests")
. "$selftests/host.sh"
PATH=$repo/tools/ftcpctl:$repo/tools/ftcphosts:$selftests/tools:$PATH
# In an emulated machine a static one starts much faster.
if [ -n "${FTCP_VM:-}" ] &&
   [ "$repo/build/static/ftcpctl" -nt "$repo/tools/ftcpctl/ftcpctl" ]; then
	PATH=$repo/build/static:$PATH
fi

readonly C=c-$$ R=r-$$ S=s-$$
readonly C4=10.1.0.2 S4=10.2.0.2 C6=fd01::2 S6=fd02::2
readonly RC4=10.1.0.1 RS4=10.2.0.1 RC6=fd01::1 RS6=fd02::1

for part in results processes network traffic firewall wire tunnels module; do
	. "$selftests/lib/$part.sh"
done
unset part
