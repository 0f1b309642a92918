// SPDX-License-Identifier: GPL-2.0
/* What --help prints. */
#include <stdio.h>

#include "../../module/core/policy.h"
#include "options.h"

static const char help_verbs[] =
	"UDP carried as fake TCP, in userspace over a TUN device\n"
	"\n"
	"Usage: ftcptun client [OPTIONS] --local <IP:PORT> --remote <HOST:PORT>\n"
	"       ftcptun server [OPTIONS] --local <PORT> --remote <HOST:PORT>\n"
	"       ftcptun print-rules {client|server} [OPTIONS]\n"
	"       ftcptun clean-rules\n"
	"       ftcptun {client|server} --help\n";

static const char help_usage_client[] =
	"Usage: ftcptun client [OPTIONS] --local <IP:PORT> --remote <HOST:PORT>\n"
	"\n"
	"Options:\n"
	"  -l, --local <IP:PORT>        where UDP is listened for; [IPv6]:PORT\n"
	"  -r, --remote <HOST:PORT>     server to connect to: address or name\n";

static const char help_usage_server[] =
	"Usage: ftcptun server [OPTIONS] --local <PORT> --remote <HOST:PORT>\n"
	"\n"
	"Options:\n"
	"  -l, --local <PORT>           TCP port on which clients are accepted\n"
	"  -r, --remote <HOST:PORT>     UDP service to forward to: address or name\n";

static const char help_print_rules[] =
	"Usage: ftcptun print-rules client [OPTIONS]\n"
	"       ftcptun print-rules server [OPTIONS] --local <PORT>\n"
	"\n"
	"Prints what --auto-rules sets up, to do it by hand, for an ftcptun with the\n"
	"same options.  These matter, the others may be there:\n"
	"  -l, --local <PORT>           server: TCP port on which clients are accepted\n"
	"      --tun <NAME>             TUN device [default: any tunX]\n"
	"      --tun-peer <IP>          ftcptun's own IPv4 address [default:\n"
	"                               192.168.200.2, or 192.168.201.2 for a server]\n"
	"      --tun-peer6 <IP>         ftcptun's own IPv6 address [default:\n"
	"                               fcc8::2, or fcc9::2 for a server]\n"
	"  -4, --ipv4-only              no IPv6 on the TCP side\n"
	"      --fwmark <MARK>          mark of the segments, for rules of routing\n";

static const char help_clean_rules[] =
	"Usage: ftcptun clean-rules\n"
	"\n"
	"Takes away what an ftcptun with --auto-rules has left that was killed or has\n"
	"crashed; not what belongs to one that runs.\n";

static const char help_options[] =
	"      --tun <NAME>             TUN device [default: next free tunX]\n"
	"      --tun-local <IP>         the host's IPv4 address on it [default: 192.168.%u.1]\n"
	"      --tun-peer <IP>          ftcptun's own IPv4 address [default: 192.168.%u.2]\n"
	"  -4, --ipv4-only              no IPv6 on the TCP side\n"
	"      --tun-local6 <IP>        the host's IPv6 address on it [default: %s::1]\n"
	"      --tun-peer6 <IP>         ftcptun's own IPv6 address [default: %s::2]\n"
	"      --handshake-packet <PATH> contents of a file to send as first datagram\n"
	"  -h, --help                   print this\n"
	"  -V, --version                print the version\n"
	"\n"
	"Options that Phantun does not have:\n"
	"      --auto-rules             set up NAT, and take it away at the end; turn\n"
	"                               forwarding on\n"
	"      --restore                turn forwarding off again at the end, if it was\n"
	"      --fwmark <MARK>          with --auto-rules: mark the segments, so that rules of\n"
	"                               routing tell them from what they carry\n"
	"      --user <NAME>            whom to run as when all is set up [default: ftcptun,\n"
	"                               if there is such a user, else nobody]\n"
	"      --threads <N>            threads and device queues [default: one per CPU]\n"
	"      --mtu <BYTES>            MTU of the device [default: 1500]\n"
	"      --idle <SECONDS>         end flows without traffic after [default: 180]\n"
	"      --keepalive <TIME[:INTERVAL[:PROBES]]>\n"
	"                               seconds of silence after which the far end is\n"
	"                               probed, off: never; seconds between probes; how many\n"
	"                               in vain are enough [default: 25:0.5:%u]\n"
	"      --max-age <SECONDS>      replace flows after [default: off]\n"
	"      --max-bytes <N[K|M|G|T]> replace flows after so much payload [default: off]\n"
	"      --max-flows <N>          most flows at a time [default: 65536]\n"
	"      --max-flows-per-source <N> most flows of one source address [default: 4096]\n"
	"%s"
	"      --queue <N>              datagrams that wait while a flow connects [default: 64]\n"
	"      --queue-bytes <N[K|M|G]> memory of all datagrams that wait [default: 64M]\n"
	"      --df <set|unset>         unset: let IPv4 fragment segments that are too large\n"
	"                               for the path [default: set]\n"
	"      --no-tun-offload         no super-segments on the device\n"
	"      --no-udp-offload         no UDP_SEGMENT and UDP_GRO\n"
	"  -v, --verbose                tell about every flow\n"
	"\n"
	"SIGUSR1 prints the flows; SIGTERM, SIGINT and SIGHUP close them and end.\n";

static const char help_wire[] =
	"      --wire <auto|native|phantun> how connections look; phantun when the far end\n"
	"                               is Phantun's server [default: auto]\n";

static const char help_unreachable[] =
	"      --unreachable <close|ignore>\n"
	"                               end flows whose datagrams the UDP service refuses,\n"
	"                               or do not [default: close]\n";

/**
 * help_print() - what may stand on the command line
 * @o: the verb, and that; NULL: which verbs there are
 */
void help_print(const struct options *o)
{
	const char *net6;
	unsigned int net;

	if (!o) {
		fputs(help_verbs, stdout);
		return;
	}
	if (o->clean_rules) {
		fputs(help_clean_rules, stdout);
		return;
	}
	if (o->print_rules) {
		fputs(help_print_rules, stdout);
		return;
	}
	fputs(o->role == ROLE_CLIENT ? help_usage_client : help_usage_server,
	      stdout);
	net = o->role == ROLE_CLIENT ? 200 : 201;
	net6 = o->role == ROLE_CLIENT ? "fcc8" : "fcc9";
	printf(help_options, net, net, net6, net6,
	       o->role == ROLE_CLIENT ? FTCP_PROBES : FTCP_PROBES_PATIENT,
	       o->role == ROLE_CLIENT ? help_wire : help_unreachable);
}
