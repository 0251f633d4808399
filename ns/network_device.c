/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/network_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/netlink.h"

/* What of an address's flags was set by somebody; the others are the kernel's own. */
#define FLAGS_KEPT                                                                                 \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
		IFA_F_MCAUTOJOIN)

struct side {
	int socket_fd, namespace_fd; /* netlink in that namespace, and itself */
};

struct device {
	char name[IFNAMSIZ], new_name[IFNAMSIZ];
	int index;
	bool was_up;
	struct buffer *addresses; /* a request to add each of them, still without its device */
	size_t address_count;
};

struct network_move {
	struct side host, inside;
	struct device *devices;
	size_t count, moved;
};

static int device_failed(const struct device *device, int error, const char *what, const char *why)
{
	if (*why)
		return error_set(error, "config.json: linux.netDevices[\"%s\"]: %s: %s",
			device->name, what, why);
	return error_errno(error, "config.json: linux.netDevices[\"%s\"]: %s", device->name, what);
}

static void link_take(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	*(struct ifinfomsg *)context = *link;
}

/* The index of an interface, or a negative errno: -ENODEV when there is none. */
static int link_find(int socket_fd, const char *name, bool *is_up)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct ifinfomsg found = { .ifi_index = -ENODEV };
	_cleanup_buffer_ struct buffer request = { 0 };
	int r;

	netlink_begin(&request, RTM_GETLINK, 0, &header, sizeof(header));
	netlink_add_text(&request, IFLA_IFNAME, name);
	r = netlink_ask(socket_fd, &request, link_take, &found, NULL);
	if (is_up)
		*is_up = found.ifi_flags & IFF_UP;
	return r < 0 ? r : found.ifi_index;
}

static bool address_is_kept(
	const struct device *device, const struct ifaddrmsg *address, uint32_t flags)
{
	return (int)address->ifa_index == device->index && flags & IFA_F_PERMANENT &&
	       address->ifa_scope == RT_SCOPE_UNIVERSE;
}

static void address_take(void *context, const struct nlmsghdr *message)
{
	static const uint16_t kept[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };
	struct device *device = context;
	struct ifaddrmsg header;
	const struct rtattr *parts[IFA_MAX + 1];
	struct buffer *request;
	uint32_t flags;

	memcpy(&header, NLMSG_DATA(message), sizeof(header));
	netlink_attributes(message, sizeof(header), parts, IFA_MAX);
	flags = header.ifa_flags;
	if (parts[IFA_FLAGS])
		memcpy(&flags, RTA_DATA(parts[IFA_FLAGS]), sizeof(flags));
	if (!address_is_kept(device, &header, flags))
		return;
	header.ifa_flags = 0;
	device->addresses = memory_resize(
		device->addresses, (device->address_count + 1) * sizeof(*device->addresses));
	request = &device->addresses[device->address_count++];
	*request = (struct buffer){ 0 };
	netlink_begin(request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	netlink_add_number(request, IFA_FLAGS, flags & FLAGS_KEPT);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (parts[kept[i]])
			netlink_add(request, kept[i], RTA_DATA(parts[kept[i]]),
				RTA_PAYLOAD(parts[kept[i]]));
}

static int device_read_addresses(const struct side *from, struct device *device)
{
	const struct ifaddrmsg header = { .ifa_index = (unsigned int)device->index };
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	r = netlink_ask(from->socket_fd, &request, address_take, device, why);
	return r < 0 ? device_failed(device, r, "its addresses cannot be read", why) : 0;
}

/* A name that is free inside: neither there nor to be given to one of those before. */
static bool name_is_free(const struct network_move *move, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (!strcmp(move->devices[i].new_name, name))
			return false;
	return link_find(move->inside.socket_fd, name, NULL) == -ENODEV;
}

/* "eth%d" is for the kernel a template too, but it does not tell which number it has taken. */
static int device_choose_name(struct network_move *move, size_t at)
{
	struct device *device = &move->devices[at];
	const char *template = strstr(device->new_name, "%d");
	char name[IFNAMSIZ];

	if (!template)
		return name_is_free(move, at, device->new_name) ? 0 : -EEXIST;
	for (int number = 0;; number++) {
		int length = snprintf(name, sizeof(name), "%.*s%d%s",
			(int)(template - device->new_name), device->new_name, number, template + 2);

		if (length >= (int)sizeof(name))
			return -EEXIST;
		if (name_is_free(move, at, name))
			break;
	}
	memcpy(device->new_name, name, sizeof(name));
	return 0;
}

static int device_check(struct network_move *move, size_t at)
{
	struct device *device = &move->devices[at];
	int r = device->index = link_find(move->host.socket_fd, device->name, &device->was_up);

	if (r == -ENODEV)
		return error_set(ENODEV,
			"config.json: linux.netDevices[\"%s\"]: the host has no such network "
			"device",
			device->name);
	if (r < 0)
		return device_failed(device, r, "cannot be looked up", "");
	r = device_choose_name(move, at);
	if (r < 0)
		return error_set(-r,
			"config.json: linux.netDevices[\"%s\"]: the container's network "
			"namespace has a device %s already",
			device->name, device->new_name);
	return 0;
}

/* Move and rename are one request: nobody sees the device under its old name there. */
static int device_move(const struct side *from, const struct side *to, struct device *device)
{
	const struct ifinfomsg header = { .ifi_index = device->index };
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add_number(&request, IFLA_NET_NS_FD, (uint32_t)to->namespace_fd);
	netlink_add_text(&request, IFLA_IFNAME, device->new_name);
	r = netlink_ask(from->socket_fd, &request, NULL, NULL, why);
	if (r == -EPERM)
		return error_set(EPERM,
			"config.json: linux.netDevices[\"%s\"]: only the host's root can move "
			"network devices",
			device->name);
	if (r < 0)
		return device_failed(device, r, "cannot be moved", why);
	r = device->index = link_find(to->socket_fd, device->new_name, NULL);
	return r < 0 ? device_failed(device, r, "cannot be found after the move", "") : 0;
}

static int device_set_up(const struct side *side, const struct device *device)
{
	const struct ifinfomsg header = {
		.ifi_index = device->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	r = netlink_ask(side->socket_fd, &request, NULL, NULL, why);
	return r < 0 ? device_failed(device, r, "cannot be set up", why) : 0;
}

static int device_add_addresses(const struct side *side, const struct device *device)
{
	for (size_t i = 0; i < device->address_count; i++) {
		struct buffer *request = &device->addresses[i];
		struct ifaddrmsg *header = NLMSG_DATA(request->data);
		char why[128];
		int r;

		header->ifa_index = (unsigned int)device->index;
		r = netlink_ask(side->socket_fd, request, NULL, NULL, why);
		if (r < 0)
			return device_failed(device, r, "an address cannot be added", why);
	}
	return 0;
}

/* MOVED is set as soon as it is on the other side. */
static int device_bring(const struct side *from, const struct side *to, struct device *device,
	bool up, size_t *moved)
{
	int r = device_read_addresses(from, device);

	if (r >= 0)
		r = device_move(from, to, device);
	if (r >= 0)
		(*moved)++;
	if (r >= 0)
		r = device_add_addresses(to, device);
	if (r >= 0 && up)
		r = device_set_up(to, device);
	for (size_t i = 0; i < device->address_count; i++)
		buffer_free(&device->addresses[i]);
	free(device->addresses);
	device->addresses = NULL;
	device->address_count = 0;
	return r;
}

/* A socket belongs to the namespace that it was made in, for as long as it lives. */
static int move_open_inside(struct network_move *move)
{
	int r;

	if (setns(move->inside.namespace_fd, CLONE_NEWNET) < 0)
		return error_errno(
			errno, "config.json: linux.netDevices: cannot enter the namespace");
	r = move->inside.socket_fd = netlink_open();
	if (setns(move->host.namespace_fd, CLONE_NEWNET) < 0)
		return error_errno(errno, "cannot return to the host's network namespace");
	return r < 0 ? error_errno(r, "cannot open a netlink socket") : 0;
}

static int move_open(struct network_move *move, int target_fd)
{
	struct stat own, target;

	move->host.namespace_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	move->inside.namespace_fd = fcntl(target_fd, F_DUPFD_CLOEXEC, 0);
	if (move->host.namespace_fd < 0 || move->inside.namespace_fd < 0 ||
		fstat(move->host.namespace_fd, &own) < 0 ||
		fstat(move->inside.namespace_fd, &target) < 0)
		return error_errno(errno, "/proc/self/ns/net");
	if (own.st_dev == target.st_dev && own.st_ino == target.st_ino)
		return error_set(EINVAL, "config.json: linux.netDevices: the container's network "
					 "namespace is the host's");
	move->host.socket_fd = netlink_open();
	if (move->host.socket_fd < 0)
		return error_errno(move->host.socket_fd, "cannot open a netlink socket");
	return move_open_inside(move);
}

static int move_run(struct network_move *move)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < move->count; i++)
		r = device_check(move, i);
	for (size_t i = 0; r >= 0 && i < move->count; i++)
		r = device_bring(&move->host, &move->inside, &move->devices[i], true, &move->moved);
	return r;
}

int network_devices_move(const struct config *config, int target_fd, struct network_move **into)
{
	const size_t count = config->linux->net_devices.count;
	struct network_move *move = *into = memory_allocate_zero(sizeof(*move));
	int r;

	move->host = move->inside = (struct side){ -EBADF, -EBADF };
	move->devices = memory_allocate_zero(count * sizeof(*move->devices));
	move->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct config_net_device *wanted = &config->linux->net_devices.items[i];

		/* Longer ones were refused. */
		(void)stpncpy(move->devices[i].name, wanted->key, IFNAMSIZ - 1);
		(void)stpncpy(move->devices[i].new_name, wanted->name ? wanted->name : wanted->key,
			IFNAMSIZ - 1);
	}
	r = move_open(move, target_fd);
	if (r >= 0)
		r = move_run(move);
	if (r < 0)
		network_devices_return(move);
	return r;
}

void network_devices_return(struct network_move *move)
{
	char recorded[ERROR_TEXT_BYTES];

	if (!move || !move->moved)
		return;
	(void)snprintf(recorded, sizeof(recorded), "%s", error_text(-EIO));
	while (move->moved) {
		struct device *device = &move->devices[--move->moved], back = { 0 };
		size_t moved = 0;

		memcpy(back.name, device->new_name, IFNAMSIZ);
		memcpy(back.new_name, device->name, IFNAMSIZ);
		back.index = device->index;
		if (device_bring(&move->inside, &move->host, &back, device->was_up, &moved) < 0)
			log_warning("%s is not as it was on the host: %s", device->name,
				error_text(-EIO));
	}
	(void)error_set(EIO, "%s", recorded);
}

void network_move_free(struct network_move *move)
{
	if (!move)
		return;
	file_close(&move->host.socket_fd);
	file_close(&move->host.namespace_fd);
	file_close(&move->inside.socket_fd);
	file_close(&move->inside.namespace_fd);
	free(move->devices);
	free(move);
}
