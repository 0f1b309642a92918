/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes of the netlink family, and what each is on the command line, in
 * the help, in JSON and for people.  All of that is one table in attr.c; an option
 * of tunnels is one more entry in it.
 */
#ifndef FTCPCTL_ATTR_H
#define FTCPCTL_ATTR_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/faketcp.h>

#include "address.h"

struct word;

/* Objects, as bits */
#define OF_TUNNEL 1
#define OF_PEER 2
#define OF_FLOW 4

/* Room for a value in words; the text of a string stays where it is */
#define VALUE_STRLEN ADDRESS_STRLEN

/**
 * struct object - A tunnel, a peer or a flow, as the kernel reports it.
 * @msg: The message.
 * @tb: Its attributes by type; of those that may be repeated, one.
 */
struct object {
	struct nlmsghdr *msg;
	struct nlattr *tb[FTCP_A_MAX + 1];
};

bool object_parse(struct object *o, struct nlmsghdr *msg);
uint64_t object_number(const struct object *o, int type);
const char *object_text(const struct object *o, int type);
bool object_address(const struct object *o, int type, union address *out);
uint64_t object_counter(const struct object *o, int nest, int type);
const char *object_format(const struct object *o, int type, char *buf);
bool same_text(const struct object *a, const struct object *b, int type);
struct nlattr *next_range(const struct object *o, struct nlattr *last,
			  struct prefix *out);
bool continues(const struct object *o, const struct object *next);
void object_json(const struct object *o, unsigned int of);
void print_option_values(const struct object *o);
void print_counters(const struct object *o, int type, const char *title);

const char *attr_word(int type);
struct nla_policy *attr_policy(void);
int attr_put(struct nl_msg *msg, int type, const char *text);
void put_address(struct nl_msg *msg, int type, const union address *a);

size_t option_words(struct word *words);
int put_options(struct nl_msg *msg, const char *const *given);
void print_values(int type);
void print_option_help(void);
void print_option_summary(FILE *f);

#endif /* FTCPCTL_ATTR_H */
