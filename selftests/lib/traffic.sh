# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the parts know each other
#
# Ends of datagrams: servers, applications, and what they say.

# server LOG NAMESPACE echo|sink ARGUMENTS...: returns when it listens
server()
{
	local log=$1 ns=$2

	shift 2
	background "$log" "$ns" udptool "$@"
	wait_for 10 file_has "$tmp/$log" ready
}

# app LOG NAMESPACE HOST PORT FROM [talk]: an application that sends one datagram, or
# goes on sending, from a connected socket, and another one for each signal USR1,
# until it hears an error.  It says what it heard.
app()
{
	local log=$1 ns=$2

	shift 2
	[ -e "$tmp/app.pl" ] || cat > "$tmp/app.pl" <<-'EOT'
	use Socket qw(:DEFAULT getaddrinfo);
	use Errno;
	my ($host, $port, $from, $talk) = @ARGV;
	my ($e, $to) = getaddrinfo($host, $port, { socktype => SOCK_DGRAM });
	my ($f, $me) = getaddrinfo(undef, $from, { family => $to->{family},
		socktype => SOCK_DGRAM, flags => AI_PASSIVE });
	socket(my $s, $to->{family}, SOCK_DGRAM, 0) or die;
	setsockopt($s, 0, 11, pack("i", 1)) or die "$!";	# IP_RECVERR
	bind($s, $me->{addr}) && connect($s, $to->{addr}) or die "$!";
	$| = 1;
	$SIG{USR1} = sub { $poked = 1 };
	send($s, "ping", 0) or die "$!";
	for (;;) {
		my $ready = "";
		vec($ready, fileno($s), 1) = 1;
		if (select($ready, undef, undef, 0.2) > 0) {
			defined recv($s, my $data, 100, 0) or last;
			print "heard\n";
		} elsif ($talk || $poked) {
			$poked = 0;
			send($s, "ping", 0) or last;
		}
	}
	for my $name (qw(ECONNREFUSED EHOSTUNREACH)) {
		print "$name\n" if $!{$name};
	}
	print "end\n";
	EOT
	background "$log" "$ns" perl "$tmp/app.pl" "$@"
}

# says LOG LINE [NUMBER]: an application has said so, so many times
says()
{
	local count

	count=$(grep -cx "$2" "$tmp/$1")
	[ "$count" -gt 0 ] && [ "$count" = "${3:-$count}" ] ||
		{ cat "$tmp/$1"; return 1; }
}

# field NAME TEXT: the value in udptool's or tcpraw's "NAME=VALUE ..."
field()
{
	[[ " $2" =~ [[:space:]]$1=([^[:space:]]*) ]] && echo "${BASH_REMATCH[1]}"
}

# packet4 SOURCE CONTENTS [PROTOCOL [LENGTH [FIRST [TO]]]]: an IPv4 packet, to 10.9.0.2
# if nothing else is said, in hex
packet4()
{
	perl -e 'use Socket; my ($from, $data, $proto, $len, $first, $to) = @ARGV;
		my $h = pack("CCnnnCCna4a4", hex($first || 45), 0, $len || 20 + length($data) / 2,
			0, 0, 64, $proto || 17, 0, inet_aton($from), inet_aton($to || "10.9.0.2"));
		my $sum = unpack("%32n*", $h); $sum = ($sum & 65535) + ($sum >> 16);
		substr($h, 10, 2) = pack("n", ~($sum + ($sum >> 16)) & 65535);
		print unpack("H*", $h), $data' "$@"
}

# packet6 SOURCE CONTENTS [NEXT HEADER [LENGTH [TO]]]: an IPv6 packet, to fd09::2 if
# nothing else is said, in hex
packet6()
{
	perl -e 'use Socket qw(:all); my ($from, $data, $next, $len, $to) = @ARGV;
		print unpack("H*", pack("NnCCa16a16", 6 << 28, $len // length($data) / 2,
			$next || 17, 64, inet_pton(AF_INET6, $from),
			inet_pton(AF_INET6, $to || "fd09::2"))), $data' "$@"
}

# transfer FROM TO ADDRESS: $tmp/file over TCP, from one namespace to another, where it is
# the same
transfer()
{
	local family=4 to=$3 sink

	[[ $to != *:* ]] || family=6 to=[$to]
	: > "$tmp/got"
	background sink "$2" socat -u "TCP$family-LISTEN:9999,reuseaddr" "OPEN:$tmp/got,trunc"
	sink=$!
	wait_for 10 eval 'in_ns '"$2"' ss -Hltn sport = 9999 | grep -q .' || return
	in_ns "$1" timeout 100 socat -u "FILE:$tmp/file" "TCP$family:$to:9999" || return
	wait "$sink"
	cmp "$tmp/file" "$tmp/got"
}
