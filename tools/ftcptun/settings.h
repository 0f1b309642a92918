/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of the host, below /proc/sys. */
#ifndef FTCPTUN_SETTINGS_H
#define FTCPTUN_SETTINGS_H

#include <stdbool.h>

#define IPV4_FORWARD "net/ipv4/ip_forward"
#define IPV6_FORWARD "net/ipv6/conf/all/forwarding"

/**
 * struct setting - one that is changed
 * @next: the one to be changed after it
 * @name: its path below /proc/sys
 * @old: its old value
 * @value: the new one
 */
struct setting {
	struct setting *next;
	char *name;
	char old[16];
	const char *value;
};

bool setting_is_off(const char *name);
bool setting_is_ours(const char *name);
int setting_write(const char *name, const char *value);

struct setting *settings_plan(bool v6, const char *tun);
void settings_apply(const struct setting *list);
void settings_free(struct setting *list);

#endif /* FTCPTUN_SETTINGS_H */
