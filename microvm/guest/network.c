/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/netlink.h"
#include "microvm/guest/setup.h"
#include "microvm/session.h"

#define FILE_BYTES (1u << 20)
/* For the driver to make an interface of what the bus has. */
#define FIND_TRIES 500

struct wanted {
	const uint8_t *mac;
	int index;
};

static void link_match(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *parts[IFLA_MAX + 1];
	struct wanted *wanted = context;

	netlink_attributes(message, sizeof(*link), parts, IFLA_MAX);
	if (parts[IFLA_ADDRESS] && RTA_PAYLOAD(parts[IFLA_ADDRESS]) == 6 &&
		!memcmp(RTA_DATA(parts[IFLA_ADDRESS]), wanted->mac, 6))
		wanted->index = link->ifi_index;
}

/* The interface of the card that the monitor has just put into the bus; its index here. */
static int find_card(int socket_fd, const uint8_t *mac)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct wanted wanted = { mac, 0 };

	setup_modules("/network");
	(void)file_write_at(AT_FDCWD, "/sys/bus/pci/rescan", "1");
	for (int i = 0; i < FIND_TRIES; i++) {
		_cleanup_buffer_ struct buffer request = { 0 };
		int r;

		netlink_begin(&request, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
		r = netlink_ask(socket_fd, &request, link_match, &wanted, NULL);
		if (r < 0)
			return error_errno(r, "the guest's network interfaces");
		if (wanted.index)
			return wanted.index;
		(void)usleep(10000);
	}
	return error_set(ENODEV, "the guest's kernel has no driver for network cards (virtio_net)");
}

static int change(int socket_fd, struct buffer *request, const char *name, const char *what)
{
	char why[128];
	int r = netlink_ask(socket_fd, request, NULL, NULL, why);

	if (r < 0 && *why)
		return error_set(r, "%s in the guest: %s: %s", name, what, why);
	return r < 0 ? error_errno(r, "%s in the guest: %s", name, what) : 0;
}

/* Name, index and place in one step: the container never sees it otherwise. */
static int move_card(const struct session_interface *interface, pid_t container)
{
	_cleanup_buffer_ struct buffer request = { 0 };
	_cleanup_close_ int socket_fd = netlink_open();
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	int r = socket_fd;

	if (r < 0)
		return error_errno(r, "cannot open a netlink socket in the guest");
	r = header.ifi_index = find_card(socket_fd, interface->mac);
	if (r < 0)
		return r;
	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add_number(&request, IFLA_NET_NS_PID, (uint32_t)container);
	netlink_add_number(&request, IFLA_NEW_IFINDEX, interface->index);
	netlink_add_text(&request, IFLA_IFNAME, interface->name);
	return change(socket_fd, &request, interface->name, "it cannot be moved");
}

static int set_up_card(int socket_fd, const struct session_interface *interface)
{
	const struct ifinfomsg header = {
		.ifi_index = (int)interface->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	_cleanup_buffer_ struct buffer request = { 0 };

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add_number(&request, IFLA_MTU, interface->mtu);
	return change(socket_fd, &request, interface->name, "it cannot be set up");
}

/* The addresses and routes, as they were asked of the host's kernel. */
static int add_all(int socket_fd, const char *name, const char *bytes, size_t length)
{
	int r = 0;

	while (r >= 0 && length >= sizeof(struct nlmsghdr)) {
		_cleanup_buffer_ struct buffer request = { 0 };
		struct nlmsghdr message;

		memcpy(&message, bytes, sizeof(message));
		if (message.nlmsg_len < sizeof(message) || message.nlmsg_len > length)
			return error_set(EPROTO, "the network file is damaged");
		buffer_bytes(&request, bytes, message.nlmsg_len);
		r = change(socket_fd, &request, name,
			message.nlmsg_type == RTM_NEWADDR ? "an address cannot be added"
							  : "a route cannot be added");
		bytes += message.nlmsg_len;
		length -= message.nlmsg_len;
	}
	return r;
}

static int enter_network(pid_t container)
{
	_cleanup_close_ int fd = -EBADF;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", container);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return error_errno(errno, "the container's network namespace");
	return 0;
}

int network_give(const char *path, pid_t container)
{
	_cleanup_buffer_ struct buffer file = { 0 };
	_cleanup_close_ int socket_fd = -EBADF;
	struct session_interface interface;
	int r = file_read_at(AT_FDCWD, path, &file, FILE_BYTES);

	if (r < 0 || file.length < sizeof(interface) || container <= 0)
		return error_set(EPROTO, "there is no container to give a network to");
	memcpy(&interface, file.data, sizeof(interface));
	interface.name[sizeof(interface.name) - 1] = '\0';
	if (interface.index)
		r = move_card(&interface, container);
	if (r >= 0)
		r = enter_network(container);
	if (r < 0)
		return r;
	socket_fd = netlink_open();
	if (socket_fd < 0)
		return error_errno(socket_fd, "cannot open a netlink socket in the guest");
	if (interface.index)
		r = set_up_card(socket_fd, &interface);
	return r < 0 ? r
		     : add_all(socket_fd, interface.index ? interface.name : "the network",
			       file.data + sizeof(interface), file.length - sizeof(interface));
}
