/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong: the report (doctor.c), this host (doctor_host.c), its packet filter
 * (doctor_filter.c, ruleset.c), links and tunnels (doctor_link.c), the ways to far ends
 * (doctor_way.c, doctor_path.c), WireGuard (doctor_wireguard.c), and far ends (doctor_far.c).
 */
#ifndef FTCPCTL_DOCTOR_H
#define FTCPCTL_DOCTOR_H

#include "netlink.h"

/* Far ends that are looked at; those of a crowd are much alike */
#define FARS 16
/* Those that something is sent to, if none was named */
#define FARS_ASKED 4

/**
 * struct device - A network device.
 * @index: Its number.
 * @name: Its name.
 * @kind: Its type, "" of none.
 * @up: Whether it is.
 * @mtu: Its MTU.
 * @gro: The largest that it merges over IPv6, 0 if it does not say.
 */
struct device {
	unsigned int index;
	char name[IF_NAMESIZE];
	char kind[16];
	bool up;
	uint32_t mtu;
	uint32_t gro;
};

/**
 * struct way - How a packet leaves.
 * @err: 0, or why there is none, as a positive errno.
 * @local: Whether to this host.
 * @dev: By which device, NULL if unknown.
 * @via: The next hop, "" if there is none.
 * @mtu: What it carries.
 */
struct way {
	int err;
	bool local;
	const struct device *dev;
	char via[ADDRESS_STRLEN];
	uint32_t mtu;
};

/**
 * struct far - A far end that this host dials.
 * @to: Where.
 * @tunnel: By which tunnel, NULL by none.
 * @peer: Which of its peers.
 * @mark: That of the segments.
 */
struct far {
	union address to;
	const struct object *tunnel;
	const struct object *peer;
	uint32_t mark;
};

/**
 * struct doctor - What there is.
 * @root: Whether everything can be seen.
 * @module: Whether the module answers.
 * @seen: Whether tunnels could be seen.
 * @devices: All network devices,
 * @n_devices: ... and how many.
 * @tunnels: All tunnels,
 * @peers: ... their peers,
 * @flows: ... and flows.
 * @rules: Rules and routes that ftcpctl has installed.
 * @fars: Whom this host dials,
 * @n_fars: ... and how many.
 * @asked: Whether a far end was named; it is the only one then.
 */
struct doctor {
	bool root;
	bool module;
	bool seen;
	struct device *devices;
	size_t n_devices;
	size_t device_room;
	struct list tunnels;
	struct list peers;
	struct list flows;
	struct list rules;
	struct far fars[FARS];
	size_t n_fars;
	bool asked;
};

/*
 * What a check says: it is well; it does not apply, or should be known; or it is wrong.
 * The command that mends it comes first, NULL or "" if there is none.
 */
void well(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void aside(const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void fault(const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of the tunnel, for messages and commands */
const char *tunnel_name(const struct object *t);
const char *tunnel_dev(const struct object *t);
uint64_t tunnel_mode(const struct object *t);

/* Files of the kernel and output of programs (doctor_host.c) */
bool read_line(const char *path, char *buf, size_t size);
long long read_number(const char *path, long long otherwise);
bool output_of(const char *command, char *buf, size_t size);
bool port_in_use(const char *protocol, const union address *a,
		 unsigned int port, bool listening);

/* Devices and ways (doctor_way.c) */
void devices_read(struct doctor *d);
const struct device *device_of(const struct doctor *d, unsigned int index);
void way_to(const struct doctor *d, const union address *to, uint32_t mark,
	    int protocol, struct way *out);
const struct device *way_out(const struct doctor *d, int family);
const char *detour(const struct doctor *d, const union address *to);
const char *far_name(char *buf, const struct far *f);
void fars_read(struct doctor *d);
unsigned int path_mtu(const struct far *f, unsigned int most);

/* Checks */
void check_module(struct doctor *d);
void check_conntrack(struct doctor *d);
void check_networkd(struct doctor *d);
void check_files(struct doctor *d);
void check_links(struct doctor *d);
void check_tunnels(struct doctor *d);
void check_names(struct doctor *d);
void check_rules(struct doctor *d);
void check_flows(struct doctor *d);
void check_drops(struct doctor *d);
void check_ways(struct doctor *d);
void check_rp_filter(struct doctor *d);
void check_forwarding(struct doctor *d);
void check_mtu(struct doctor *d);
void check_filter(struct doctor *d);
void check_wireguard(struct doctor *d);
void check_far(struct doctor *d);

#endif /* FTCPCTL_DOCTOR_H */
