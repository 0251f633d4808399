/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_NETLINK_H
#define HULL_BASE_NETLINK_H

/*
 * A client of the kernel's routing netlink (netlink(7), rtnetlink(7)): requests
 * are put together in a buffer, sent, and answered before the call returns.
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A socket in the network namespace that the caller is in; or a negative errno, no message. */
int netlink_open(void);

/* Begin a request in an empty buffer: its type, NLM_F_* and the header that the type has. */
void netlink_begin(struct buffer *request, uint16_t type, uint16_t flags, const void *header,
	size_t header_bytes);
void netlink_add(struct buffer *request, uint16_t type, const void *value, size_t bytes);
void netlink_add_number(struct buffer *request, uint16_t type, uint32_t value);
void netlink_add_text(struct buffer *request, uint16_t type, const char *text);

/* What is added between the two is inside of an attribute of that type. */
size_t netlink_nest(struct buffer *request, uint16_t type);
void netlink_nest_end(struct buffer *request, size_t nest);

/*
 * Send the request and wait until it is done; ANSWER (may be NULL) is called for
 * each message that comes back. 0, or the kernel's negative errno; *WHY, when not
 * NULL, gets the kernel's own words or "" (netlink extended acknowledgements).
 */
typedef void (*netlink_answer)(void *context, const struct nlmsghdr *message);
int netlink_ask(
	int fd, struct buffer *request, netlink_answer answer, void *context, char why[128]);

/* Attributes behind a header of so many bytes: INTO[type], up to MOST; NULL where there is none. */
void netlink_attributes(const struct nlmsghdr *message, size_t header_bytes,
	const struct rtattr **into, size_t most);

#endif
