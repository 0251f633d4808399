/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/network_view.h"

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/netlink.h"

/* ---- interfaces ------------------------------------------------------------------------------------- */

static void interface_take(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *parts[IFLA_MAX + 1];
	struct network_view *view = context;
	struct network_interface *interface;

	netlink_attributes(message, sizeof(*link), parts, IFLA_MAX);
	if (link->ifi_flags & IFF_LOOPBACK || !(link->ifi_flags & IFF_UP) ||
		link->ifi_type != ARPHRD_ETHER || parts[IFLA_MASTER] || !parts[IFLA_IFNAME] ||
		!parts[IFLA_MTU] || !parts[IFLA_ADDRESS] || RTA_PAYLOAD(parts[IFLA_ADDRESS]) != 6)
		return;
	view->interfaces =
		memory_resize(view->interfaces, (view->count + 1) * sizeof(*view->interfaces));
	interface = &view->interfaces[view->count++];
	*interface = (struct network_interface){ .index = link->ifi_index };
	memcpy(interface->mac, RTA_DATA(parts[IFLA_ADDRESS]), sizeof(interface->mac));
	memcpy(&interface->mtu, RTA_DATA(parts[IFLA_MTU]), sizeof(interface->mtu));
	(void)stpncpy(interface->name, RTA_DATA(parts[IFLA_IFNAME]), IFNAMSIZ - 1);
}

static struct network_interface *interface_of(const struct network_view *view, uint32_t index)
{
	for (size_t i = 0; i < view->count; i++)
		if ((uint32_t)view->interfaces[i].index == index)
			return &view->interfaces[i];
	return NULL;
}

/* ---- what is asked again ------------------------------------------------------------------------------ */

static void copy_parts(struct buffer *request, const struct rtattr *const *parts,
	const uint16_t *kept, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parts[kept[i]])
			netlink_add(request, kept[i], RTA_DATA(parts[kept[i]]),
				RTA_PAYLOAD(parts[kept[i]]));
}

/* A whole request goes behind the others. */
static void append(struct buffer *requests, struct buffer *request)
{
	((struct nlmsghdr *)request->data)->nlmsg_len = (uint32_t)request->length;
	buffer_bytes(requests, request->data, request->length);
}

static void address_take(void *context, const struct nlmsghdr *message)
{
	static const uint16_t kept[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };
	_cleanup_buffer_ struct buffer request = { 0 };
	const struct rtattr *parts[IFA_MAX + 1];
	struct network_interface *interface;
	struct ifaddrmsg header;
	uint32_t flags;

	memcpy(&header, NLMSG_DATA(message), sizeof(header));
	interface = interface_of(context, header.ifa_index);
	netlink_attributes(message, sizeof(header), parts, IFA_MAX);
	flags = header.ifa_flags;
	if (parts[IFA_FLAGS])
		memcpy(&flags, RTA_DATA(parts[IFA_FLAGS]), sizeof(flags));
	/* Each kernel makes its link-local addresses itself. */
	if (!interface || !(flags & IFA_F_PERMANENT) ||
		(header.ifa_family == AF_INET6 && header.ifa_scope == RT_SCOPE_LINK))
		return;
	/* That nobody else has the address was found out here. */
	flags &= IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE;
	if (header.ifa_family == AF_INET6)
		flags |= IFA_F_NODAD;
	header.ifa_flags = 0;
	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	netlink_add_number(&request, IFA_FLAGS, flags);
	copy_parts(&request, parts, kept, ARRAY_SIZE(kept));
	append(&interface->addresses, &request);
}

struct routes {
	const struct network_view *view;
	struct buffer direct, by_gateway;
};

static bool route_is_kept(
	const struct routes *routes, const struct rtmsg *route, const struct rtattr *const *parts)
{
	uint32_t index = 0;

	if (parts[RTA_OIF])
		memcpy(&index, RTA_DATA(parts[RTA_OIF]), sizeof(index));
	/* Of the kernel are those that come with an address or a router's advertisement. */
	return route->rtm_table == RT_TABLE_MAIN && route->rtm_protocol != RTPROT_KERNEL &&
	       route->rtm_protocol != RTPROT_RA && route->rtm_protocol != RTPROT_REDIRECT &&
	       !(route->rtm_flags & RTM_F_CLONED) &&
	       (!parts[RTA_OIF] || interface_of(routes->view, index));
}

static void route_take(void *context, const struct nlmsghdr *message)
{
	static const uint16_t kept[] = { RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_VIA,
		RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH, RTA_PREF };
	_cleanup_buffer_ struct buffer request = { 0 };
	const struct rtattr *parts[RTA_MAX + 1];
	struct routes *routes = context;
	struct rtmsg header;

	memcpy(&header, NLMSG_DATA(message), sizeof(header));
	netlink_attributes(message, sizeof(header), parts, RTA_MAX);
	if (!route_is_kept(routes, &header, parts))
		return;
	header.rtm_flags &= RTNH_F_ONLINK;
	netlink_begin(
		&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	copy_parts(&request, parts, kept, ARRAY_SIZE(kept));
	append(parts[RTA_GATEWAY] || parts[RTA_VIA] || parts[RTA_MULTIPATH] ? &routes->by_gateway
									    : &routes->direct,
		&request);
}

/* ---- reading it ----------------------------------------------------------------------------------- */

static int dump(int socket_fd, uint16_t type, const void *header, size_t bytes, netlink_answer take,
	void *context)
{
	_cleanup_buffer_ struct buffer request = { 0 };
	int r;

	netlink_begin(&request, type, NLM_F_DUMP, header, bytes);
	r = netlink_ask(socket_fd, &request, take, context, NULL);
	return r < 0 ? error_errno(r, "cannot read the container's network") : 0;
}

static int read_routes(int socket_fd, struct network_view *view)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	struct routes routes = { .view = view };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(families); i++) {
		const struct rtmsg header = { .rtm_family = families[i] };

		r = dump(socket_fd, RTM_GETROUTE, &header, sizeof(header), route_take, &routes);
	}
	buffer_bytes(&view->routes, routes.direct.data, routes.direct.length);
	buffer_bytes(&view->routes, routes.by_gateway.data, routes.by_gateway.length);
	buffer_free(&routes.direct);
	buffer_free(&routes.by_gateway);
	return r;
}

int network_view_read(int socket_fd, struct network_view *view)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	const struct ifaddrmsg address = { .ifa_family = AF_UNSPEC };
	int r;

	*view = (struct network_view){ 0 };
	r = dump(socket_fd, RTM_GETLINK, &link, sizeof(link), interface_take, view);
	if (r >= 0 && view->count)
		r = dump(socket_fd, RTM_GETADDR, &address, sizeof(address), address_take, view);
	return r < 0 || !view->count ? r : read_routes(socket_fd, view);
}

void network_view_free(struct network_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		buffer_free(&view->interfaces[i].addresses);
	free(view->interfaces);
	buffer_free(&view->routes);
}
