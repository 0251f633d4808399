/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NETWORK_VIEW_H
#define HULL_NS_NETWORK_VIEW_H

/*
 * What an engine has put into a network namespace, as it is there and as the requests
 * of rtnetlink that make the same in another kernel where the interfaces have the same
 * indexes. Loopback is not among it, nor what is down or no Ethernet.
 */
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct network_interface {
	int index;
	char name[IFNAMSIZ];
	uint32_t mtu;
	uint8_t mac[6];
	struct buffer addresses; /* a request for each, one behind the other */
};

struct network_view {
	struct network_interface *interfaces;
	size_t count;
	/* Requests too; those to a gateway come last, because it must be reachable by then. */
	struct buffer routes;
};

/* SOCKET_FD: of netlink_open in that namespace. 0 or a negative errno with a message. */
int network_view_read(int socket_fd, struct network_view *view);
void network_view_free(struct network_view *view);

#define _cleanup_network_view_ __attribute__((cleanup(network_view_free)))

#endif
