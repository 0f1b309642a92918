#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Traffic for a long time, while everything that can happen to it happens: losses,
# reordering and corruption, flows ended at either end and in the middle, tunnels
# added and deleted, addresses, links and options changed, forged segments.
#
# No datagram may arrive twice, in another conversation, or altered; the kernel
# has nothing to say; memory is where it was.
#
#   SOAK_SECONDS=1800   how long
#   SOAK_SEED=N         what happens, and in which order
#   SOAK_SCALE=1        how many times as many datagrams

. "$(dirname "$0")/../lib.sh"

start
seconds=${SOAK_SECONDS:-1800}
scale=${SOAK_SCALE:-1}
RANDOM=${SOAK_SEED:-$$}
diag "seed ${SOAK_SEED:-$$}, $seconds s"
modprobe sch_netem || skip_all "no netem"
module_load
topology nat
ip -n "$C" addr add 10.1.0.3/24 dev eth0

check 'proxy' proxy keepalive 5
check 'proxy over IPv6' eval \
	's ftcpctl add tunnel u dev ftcp0 port 4568 forward "[::1]:5555" max-age 20 &&
	c ftcpctl add tunnel u dev ftcp0 listen "[::1]:1234" remote "[$S6]:4568" max-bytes 2M'
server echo "$S" echo --bind 127.0.0.1:5555 --bind '[::1]:5555' --gro

# ---- traffic ----------------------------------------------------------------

# sender NAME ARGUMENTS...: one conversation after the other until the end
sender()
{
	local name=$1 n=0

	shift
	while [ ! -e "$tmp/end" ]; do
		n=$((n + 1))
		c udptool send --stream $((sender_number * 100000 + n * 16)) --lossy \
			--timeout 60 "$@" < /dev/null
	done > "$tmp/$name" 2>&1
}

senders=()
sender_number=0
start_sender()
{
	sender_number=$((sender_number + 1))
	sender "$@" &
	senders+=($!)
}
start_sender one --to 127.0.0.1:1234 --count 400 --rate 40 --window 200 --size 1200
start_sender many --to 127.0.0.1:1234 --count 20 --sockets 10 --rate 50 --window 100 --size 300
start_sender six --to '[::1]:1234' --count 300 --rate 30 --window 200 --size 1000
start_sender gso --to 127.0.0.1:1234 --count 200 --gso 20000 --size 1300 --window 60 --rate 50
# These are 170 a second; what there is more of comes in large packets.
if [ "$scale" -gt 1 ]; then
	more=$((170 * (scale - 1) / 2))
	bulk=(--count $((5 * more)) --rate $more --window $((more / 20 + 100))
		--gso 50000 --size 1200 --gro)
	start_sender bulk --to 127.0.0.1:1234 "${bulk[@]}"
	start_sender bulk6 --to '[::1]:1234' "${bulk[@]}"
fi

# ---- what happens -----------------------------------------------------------

# pick WORD...: one of them
pick() { shift $((RANDOM % $#)); echo "$1"; }

# end_flow NAMESPACE: one of its flows, by ftcpctl
end_flow()
{
	local words

	words=$(flows "$1" '.[] | "\(.tunnel) \(.local) \(.remote)"' | shuf -n 1 --random-source=<(yes $RANDOM))
	[ -n "$words" ] || return 0
	# shellcheck disable=SC2086
	set -- "$1" $words
	in_ns "$1" ftcpctl del flow local "$3" remote "$4" dev ftcp0
}

forge()
{
	local from to flags

	read -r from to <<< "$(flows "$C" '.[] | select(.tunnel == "t") | "\(.local) \(.remote)"' | head -n 1)"
	[ -n "$to" ] || return 0
	flags=$(pick R RA S SA FA PA FSRPA)
	r tcpraw send --from "$from" --to "$to" --flags "$flags" --random-seq \
		--ack 1 --size 100 --count 300
	r tcpraw send --from "$to" --to "$from" --flags "$flags" --random-seq \
		--ack 1 --size 100 --count 300
}

netem()
{
	local dev

	# "replace" would keep what is not named
	for dev in c0 s0; do
		r tc qdisc del dev $dev root 2> /dev/null
		r tc qdisc add dev $dev root netem limit 10000 "$@"
	done
}

event()
{
	case $1 in
	end-client)	end_flow "$C" ;;
	end-server)	end_flow "$S" ;;
	forget)		r conntrack -F ;;
	netem)		netem delay 10ms 5ms loss 3% reorder 20% corrupt 2% ;;
	calm)		netem delay 0ms ;;
	outage)		netem loss 100%; pause $((RANDOM % 5000)); netem delay 0ms ;;
	tunnel)		c ftcpctl del tunnel t dev ftcp0
			c ftcpctl add tunnel t dev ftcp0 listen 127.0.0.1:1234 \
				remote "$S4:4567" keepalive 5 ;;
	server)		s ftcpctl del tunnel u dev ftcp0
			s ftcpctl add tunnel u dev ftcp0 port 4568 forward '[::1]:5555' ;;
	other)		c ftcpctl add tunnel x dev ftcp0 listen 127.0.0.1:99 remote "$S4:4567" &&
			c udptool send --to 127.0.0.1:99 --sockets 5 --oneway &&
			c ftcpctl del tunnel x dev ftcp0 ;;
	options)	c ftcpctl set tunnel t dev ftcp0 idle $((5 + RANDOM % 100)) \
				queue $((1 + RANDOM % 64)) keepalive $((1 + RANDOM % 9)) ;;
	address)	ip -n "$C" route replace default via "$RC4" \
				src "$(pick "$C4" 10.1.0.3)" ;;
	link)		ip -n "$C" link set eth0 down
			ip -n "$C" link set eth0 up
			ip -n "$C" addr replace "$C6/64" dev eth0 nodad
			ip -n "$C" route replace default via "$RC4"
			ip -n "$C" route replace default via "$RC6" dev eth0 ;;
	updown)		ip -n "$S" link set ftcp0 down; ip -n "$S" link set ftcp0 up ;;
	forge)		forge ;;
	flood)		r tcpraw send --from 10.1.0.77 --to "$S4:4567" --flags S \
				--random-seq --count 2000 ;;
	mtu)		ip -n "$R" link set s0 mtu "$(pick 1300 1400 1500)" ;;
	show)		c ftcpctl show; c ftcpctl show flows; s ftcpctl show --json ;;
	namespace)	ip netns add soak-$$ &&
			ip -n soak-$$ link add ftcp0 type faketcp &&
			ip netns exec soak-$$ ip link set lo up &&
			ip netns exec soak-$$ ftcpctl add tunnel t dev ftcp0 \
				listen 127.0.0.1:1 remote 127.0.0.1:2
			ip netns del soak-$$ ;;
	esac >> "$tmp/events" 2>&1
}
readonly events=(end-client end-client end-server end-server forget netem calm calm
	outage tunnel server other options address address link updown forge forge
	flood mtu show namespace)

# What is in use: not what KASAN keeps of what was freed, which is up to a 32nd of
# the memory and goes when a cache is shrunk.
kernel_memory()
{
	local shrink

	echo 3 > /proc/sys/vm/drop_caches
	for shrink in /sys/kernel/slab/*/shrink; do
		echo 1 > "$shrink"
	done
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# memory_by_use: NAME KB, of everything that has a name
memory_by_use()
{
	awk '/kB$/ { print $1, $2 }' /proc/meminfo
	awk 'NR > 2 { print $1, $3 * $4 / 1024 }' /proc/slabinfo
	ls /proc | grep -c '^[0-9]' | sed 's/^/processes /'
}

# more_used BEFORE: what there is most more of, for who wants to know where it went
more_used()
{
	memory_by_use | awk -v before="$1" '
		BEGIN { while ((getline line < before) > 0) { split(line, f); had[f[1]] = f[2] } }
		{ printf "%d %s %d -> %d\n", $2 - had[$1], $1, had[$1], $2 }' |
		sort -rn | head -n 16
}

happened=0 memory=0
while [ "$SECONDS" -lt "$seconds" ]; do
	word=$(pick "${events[@]}")
	echo "$SECONDS s: $word" >> "$tmp/events"
	event "$word"
	happened=$((happened + 1))
	pause $((RANDOM % 1500))
	if [ $((happened % 100)) -eq 0 ]; then
		diag "$SECONDS s: $happened events, $(kernel_memory) kB, $(flows "$C" length) flows"
	fi
	# everything has happened once or twice
	if [ "$memory" -eq 0 ] && [ "$SECONDS" -ge $((seconds / 4)) ]; then
		memory=$(kernel_memory)
		memory_by_use > "$tmp/memory"
	fi
done

event calm
event mtu
ip -n "$R" link set s0 mtu 1500
ip -n "$C" route replace default via "$RC4"
touch "$tmp/end"
diag "$happened events"
[ -z "${SOAK_VERBOSE:-}" ] || diag "$(cat "$tmp/events")"
for pid in "${senders[@]}"; do
	wait "$pid"
done

# ---- what came of it --------------------------------------------------------

sum()
{
	cat "$tmp"/{one,many,six,gso,bulk,bulk6} 2> /dev/null |
		grep -o "$1=[0-9]*" | awk -F = '{ n += $2 } END { print n + 0 }'
}
for word in sent received duplicates reordered corrupted; do
	diag "$word: $(sum $word)"
done
check 'most was answered' [ $((2 * $(sum received))) -gt "$(sum sent)" ]
check 'nothing came twice' [ "$(sum duplicates)" = 0 ]
check 'nothing was altered, or came to another conversation' [ "$(sum corrupted)" = 0 ]
check 'the conversation still works' c udptool send --to 127.0.0.1:1234 --count 10
flat()
{
	local now

	for ns in "$C" "$R" "$S"; do
		in_ns "$ns" conntrack -F 2> /dev/null
	done
	now=$(kernel_memory)
	echo "$memory kB after a quarter of the time, $now kB now"
	diag "$memory kB after a quarter of the time, $now kB now"
	[ "$now" -lt $((memory + 8192)) ]
}
diag "$(flat)"
check 'memory is flat' eventually 60 flat || diag "$(more_used "$tmp/memory")"
check 'deleted' proxy_gone
module_memory_back
finish
