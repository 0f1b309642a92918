/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. */
#ifndef FTCPTUN_OPTIONS_H
#define FTCPTUN_OPTIONS_H

#include <net/if.h>
#include <stdbool.h>

#include "addr.h"
#include "peers.h"

#define THREADS_MAX 64
#define ADDRESSES_MAX 16
#define HANDSHAKE_PACKET_MAX 65495 /* one IPv4 packet */

/**
 * enum role - which end of a connection this is
 * @ROLE_CLIENT: listens for UDP and dials
 * @ROLE_SERVER: is dialled and forwards to a UDP service
 */
enum role {
	ROLE_CLIENT,
	ROLE_SERVER,
};

/**
 * enum wire - how connections that a client opens look, in the order of help
 * @WIRE_AUTO: as native, and what was refused as phantun
 * @WIRE_NATIVE: as Linux's own
 * @WIRE_PHANTUN: as Phantun's server wants them
 */
enum wire {
	WIRE_AUTO,
	WIRE_NATIVE,
	WIRE_PHANTUN,
};

/**
 * struct inner_address - an address of the inner device
 * @addr: the address
 * @len: how many bits of it are those of its network
 */
struct inner_address {
	struct addr addr;
	u32 len;
};

/**
 * struct options - what the command line says: each option by its name (its help in
 *	options.c says what it does), 0 for "off", and
 * @ip: carry whole IP packets; who says @remote_host dials, who says @port accepts
 * @print_rules: print the rules for this command line, and do nothing else
 * @clean_rules: take away what crashed runs have left, and do nothing else
 * @local: client: where UDP is listened for
 * @port: server: the TCP port that clients dial
 * @stdio: ip, and neither: over standard input and output
 * @exec: ip, and neither: over those of this command
 * @passt: with one of these: passt takes the place of the inner device
 * @remote_host: the host in @remote
 * @remote_port: its port
 * @outer: name of an option that a channel has no use for, or NULL
 * @tun: empty: the next that is free
 * @dev: the same, of the inner device, and
 * @address: its addresses, @addresses of them
 * @handshake_packet: contents of the file, or NULL
 * @user: NULL: the usual one
 * @interval: ms between the first probes, and
 * @probes: how many in vain are enough; 0: what befits the role
 * @ignore_unreachable: "ignore", and not "close"
 * @fragment: "unset" is what "df" is
 */
struct options {
	enum role role;
	bool ip;
	bool print_rules;
	bool clean_rules;
	struct endpoint local;
	u16 port;
	const char *remote;
	bool stdio;
	const char *exec;
	const char *outer;
	bool passt;
	char remote_host[256];
	int remote_port;
	char tun[IF_NAMESIZE];
	struct addr tun_local;
	struct addr tun_peer;
	struct addr tun_local6;
	struct addr tun_peer6;
	bool ipv4_only;
	char dev[IF_NAMESIZE];
	struct inner_address address[ADDRESSES_MAX];
	u32 addresses;
	bool persistent;
	struct peers peers;
	u8 *handshake_packet;
	u32 handshake_packet_len;
	bool auto_rules;
	bool restore;
	const char *user;
	u32 fwmark;
	u32 threads;
	u32 mtu;
	u32 idle;
	u32 keepalive;
	u32 interval;
	u32 probes;
	u32 max_age;
	u64 max_bytes;
	u32 max_flows;
	u32 max_per_source;
	bool ignore_unreachable;
	enum wire wire;
	u32 queue;
	u64 queue_bytes;
	bool fragment;
	bool tun_offload;
	bool udp_offload;
	bool json;
};

void usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
void options_check(struct options *o);
void options_defaults(struct options *o);
void options_parse(struct options *o, int argc, char **argv);
void options_print(const struct options *o);
void options_free(struct options *o);
void help_print(const struct options *o);

#endif /* FTCPTUN_OPTIONS_H */
