// SPDX-License-Identifier: GPL-2.0
/* What --help prints. */
#include <stdio.h>

#include "options.h"

static const char help_verbs[] =
	"UDP carried as fake TCP, in userspace over a TUN device\n"
	"\n"
	"Usage: ftcptun client [OPTIONS] --local <IP:PORT> --remote <HOST:PORT>\n"
	"       ftcptun server [OPTIONS] --local <PORT> --remote <HOST:PORT>\n"
	"       ftcptun ip [OPTIONS] {--remote <HOST:PORT>|--local <PORT>|\n"
	"                             --exec <COMMAND>|--stdio}\n"
	"       ftcptun print-rules {client|server|ip} [OPTIONS]\n"
	"       ftcptun clean-rules\n"
	"       ftcptun {client|server|ip} --help\n";

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

static const char help_usage_ip[] =
	"Usage: ftcptun ip [OPTIONS] --remote <HOST:PORT>\n"
	"       ftcptun ip [OPTIONS] --local <PORT>\n"
	"       ftcptun ip [OPTIONS] --exec <COMMAND>\n"
	"       ftcptun ip [OPTIONS] --stdio\n"
	"\n"
	"Carries whole IP packets: what is routed into a device of its own comes out of\n"
	"that of the far end.\n"
	"\n"
	"Options:\n"
	"  -l, --local <PORT>           accept far ends on this TCP port\n"
	"  -r, --remote <HOST:PORT>     connect to this far end: address or name\n";

static const char help_print_rules[] =
	"Usage: ftcptun print-rules client [OPTIONS]\n"
	"       ftcptun print-rules server [OPTIONS] --local <PORT>\n"
	"       ftcptun print-rules ip [OPTIONS] [--local <PORT>]\n"
	"\n"
	"Prints what --auto-rules sets up, to do it by hand, for an ftcptun with the\n"
	"same options.  These matter, the others may be there:\n"
	"  -l, --local <PORT>           server, ip: TCP port that is connected to\n"
	"      --tun <NAME>             TUN device [default: any tunX]\n"
	"      --dev <NAME>             ip: device of whole packets [default: any ftcpX]\n"
	"      --tun-peer <IP>          ftcptun's own IPv4 address [default:\n"
	"                               192.168.200.2, or 192.168.201.2 for a server,\n"
	"                               192.168.202.2 for ip]\n"
	"      --tun-peer6 <IP>         ftcptun's own IPv6 address [default:\n"
	"                               fcc8::2, or fcc9::2 for a server, fcca::2 for ip]\n"
	"  -4, --ipv4-only              no IPv6 on the TCP side\n"
	"      --fwmark <MARK>          mark of the segments, for rules of routing\n";

static const char help_clean_rules[] =
	"Usage: ftcptun clean-rules\n"
	"\n"
	"Takes away what an ftcptun with --auto-rules has left that was killed or has\n"
	"crashed; not what belongs to one that runs.\n";

/** help_print() - what may stand on the command line; NULL: which verbs */
void help_print(const struct options *o)
{
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
	fputs(o->ip		     ? help_usage_ip :
	      o->role == ROLE_CLIENT ? help_usage_client :
				       help_usage_server,
	      stdout);
	options_print(o);
	puts("\nSIGUSR1 prints the flows; SIGTERM, SIGINT and SIGHUP close them and end.");
}
