/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/network_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/netlink.h"

/* What of an address's flags was set by somebody; the others are the kernel's own. */
#define FLAGS_KEPT                                                                                 \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
		IFA_F_MCAUTOJOIN)

struct mover {
	int host, inside; /* netlink sockets in both namespaces */
	int target_fd;
};

struct device {
	const char *name, *new_name;
	int index;
	struct buffer *addresses; /* a request to add each of them, still without its device */
	size_t address_count;
};

static int device_failed(const struct device *device, int error, const char *what, const char *why)
{
	if (*why)
		return error_set(error, "config.json: linux.netDevices[\"%s\"]: %s: %s",
			device->name, what, why);
	return error_errno(error, "config.json: linux.netDevices[\"%s\"]: %s", device->name, what);
}

static void link_take_index(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	*(int *)context = link->ifi_index;
}

/* The index of an interface, or a negative errno: -ENODEV when there is none. */
static int link_find(int socket_fd, const char *name)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	_cleanup_buffer_ struct buffer request = { 0 };
	int index = -ENODEV, r;

	netlink_begin(&request, RTM_GETLINK, 0, &header, sizeof(header));
	netlink_add_text(&request, IFLA_IFNAME, name);
	r = netlink_ask(socket_fd, &request, link_take_index, &index, NULL);
	return r < 0 ? r : index;
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

static int device_read_addresses(const struct mover *mover, struct device *device)
{
	const struct ifaddrmsg header = { .ifa_index = (unsigned int)device->index };
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	r = netlink_ask(mover->host, &request, address_take, device, why);
	return r < 0 ? device_failed(device, r, "its addresses cannot be read", why) : 0;
}

static int device_check(const struct mover *mover, struct device *device)
{
	int r = device->index = link_find(mover->host, device->name);

	if (r == -ENODEV)
		return error_set(ENODEV,
			"config.json: linux.netDevices[\"%s\"]: the host has no such network "
			"device",
			device->name);
	if (r < 0)
		return device_failed(device, r, "cannot be looked up", "");
	r = link_find(mover->inside, device->new_name);
	if (r >= 0)
		return error_set(EEXIST,
			"config.json: linux.netDevices[\"%s\"]: the container's network "
			"namespace has a device %s already",
			device->name, device->new_name);
	return r == -ENODEV ? 0 : device_failed(device, r, "cannot be looked up", "");
}

/* Move and rename are one request: nobody sees the device under its old name there. */
static int device_move(const struct mover *mover, struct device *device)
{
	const struct ifinfomsg header = { .ifi_index = device->index };
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add_number(&request, IFLA_NET_NS_FD, (uint32_t)mover->target_fd);
	netlink_add_text(&request, IFLA_IFNAME, device->new_name);
	r = netlink_ask(mover->host, &request, NULL, NULL, why);
	if (r == -EPERM)
		return error_set(EPERM,
			"config.json: linux.netDevices[\"%s\"]: only the host's root can move "
			"network devices",
			device->name);
	if (r < 0)
		return device_failed(device, r, "cannot be moved", why);
	r = device->index = link_find(mover->inside, device->new_name);
	return r < 0 ? device_failed(device, r, "cannot be found after the move", "") : 0;
}

static int device_set_up(const struct mover *mover, const struct device *device)
{
	const struct ifinfomsg header = {
		.ifi_index = device->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	r = netlink_ask(mover->inside, &request, NULL, NULL, why);
	return r < 0 ? device_failed(device, r, "cannot be set up", why) : 0;
}

static int device_add_addresses(const struct mover *mover, const struct device *device)
{
	for (size_t i = 0; i < device->address_count; i++) {
		struct buffer *request = &device->addresses[i];
		struct ifaddrmsg *header = NLMSG_DATA(request->data);
		char why[128];
		int r;

		header->ifa_index = (unsigned int)device->index;
		r = netlink_ask(mover->inside, request, NULL, NULL, why);
		if (r < 0)
			return device_failed(device, r, "an address cannot be added", why);
	}
	return 0;
}

static int device_bring(const struct mover *mover, struct device *device)
{
	int r = device_read_addresses(mover, device);

	if (r >= 0)
		r = device_move(mover, device);
	if (r >= 0)
		r = device_add_addresses(mover, device);
	if (r >= 0)
		r = device_set_up(mover, device);
	for (size_t i = 0; i < device->address_count; i++)
		buffer_free(&device->addresses[i]);
	free(device->addresses);
	return r;
}

/* A socket belongs to the namespace that it was made in, for as long as it lives. */
static int mover_open_inside(struct mover *mover, int own_fd)
{
	int r;

	if (setns(mover->target_fd, CLONE_NEWNET) < 0)
		return error_errno(
			errno, "config.json: linux.netDevices: cannot enter the namespace");
	r = mover->inside = netlink_open();
	if (setns(own_fd, CLONE_NEWNET) < 0)
		return error_errno(errno, "cannot return to the host's network namespace");
	return r < 0 ? error_errno(r, "cannot open a netlink socket") : 0;
}

static int mover_open(struct mover *mover)
{
	_cleanup_close_ int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct stat own, target;

	if (own_fd < 0 || fstat(own_fd, &own) < 0 || fstat(mover->target_fd, &target) < 0)
		return error_errno(errno, "/proc/self/ns/net");
	if (own.st_dev == target.st_dev && own.st_ino == target.st_ino)
		return error_set(EINVAL, "config.json: linux.netDevices: the container's network "
					 "namespace is the host's");
	mover->host = netlink_open();
	if (mover->host < 0)
		return error_errno(mover->host, "cannot open a netlink socket");
	return mover_open_inside(mover, own_fd);
}

static int mover_run(const struct mover *mover, struct device *devices, size_t count)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = device_check(mover, &devices[i]);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = device_bring(mover, &devices[i]);
	return r;
}

int network_devices_move(const struct config *config, int target_fd)
{
	struct mover mover = { .host = -EBADF, .inside = -EBADF, .target_fd = target_fd };
	const size_t count = config->linux->net_devices.count;
	_cleanup_free_ struct device *devices = memory_allocate_zero(count * sizeof(*devices));
	int r;

	for (size_t i = 0; i < count; i++) {
		const struct config_net_device *wanted = &config->linux->net_devices.items[i];

		devices[i].name = wanted->key;
		devices[i].new_name = wanted->name ? wanted->name : wanted->key;
	}
	r = mover_open(&mover);
	if (r >= 0)
		r = mover_run(&mover, devices, count);
	file_close(&mover.host);
	file_close(&mover.inside);
	return r;
}
