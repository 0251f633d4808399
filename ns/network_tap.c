/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/network_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/netlink.h"

#define INGRESS_HANDLE TC_H_MAKE(TC_H_INGRESS, 0)

static int failed(const char *name, int error, const char *what, const char *why)
{
	if (*why)
		return error_set(error, "%s: %s: %s", name, what, why);
	return error_errno(error, "%s: %s", name, what);
}

/* ---- the tap -------------------------------------------------------------------------------------- */

static int open_tap(char *name)
{
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	const int header = NETWORK_TAP_HEADER;

	if (fd < 0)
		return error_errno(errno, "a microVM's network needs /dev/net/tun (modprobe tun)");
	(void)stpcpy(request.ifr_name, "hull%d");
	if (ioctl(fd, TUNSETIFF, &request) < 0 || ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
		return error_errno(errno, "cannot make a tap");
	memcpy(name, request.ifr_name, IFNAMSIZ);
	return TAKE_FD(fd);
}

/* The guest alone speaks through it: this kernel announces nothing there. */
static void keep_silent(int socket_fd, int index)
{
	const struct ifinfomsg header = { .ifi_index = index };
	_cleanup_buffer_ struct buffer request = { 0 };
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	size_t families, family;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	families = netlink_nest(&request, IFLA_AF_SPEC);
	family = netlink_nest(&request, AF_INET6);
	netlink_add(&request, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	netlink_nest_end(&request, family);
	netlink_nest_end(&request, families);
	/* Without IPv6 there is nothing to announce. */
	(void)netlink_ask(socket_fd, &request, NULL, NULL, NULL);
}

static int set_up(int socket_fd, int index, const char *name, uint32_t mtu)
{
	const struct ifinfomsg header = {
		.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add_number(&request, IFLA_MTU, mtu);
	r = netlink_ask(socket_fd, &request, NULL, NULL, why);
	return r < 0 ? failed(name, r, "the tap cannot be set up", why) : 0;
}

/* ---- the redirection ------------------------------------------------------------------------------- */

static int add_ingress(int socket_fd, int index, const char *name)
{
	const struct tcmsg header = {
		.tcm_ifindex = index, .tcm_handle = INGRESS_HANDLE, .tcm_parent = TC_H_INGRESS
	};
	_cleanup_buffer_ struct buffer request = { 0 };
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	netlink_add_text(&request, TCA_KIND, "ingress");
	r = netlink_ask(socket_fd, &request, NULL, NULL, why);
	if (r == -EEXIST)
		return error_set(
			EBUSY, "%s: has an ingress qdisc already (is it another microVM's?)", name);
	return r < 0 ? failed(name, r, "cannot get an ingress qdisc", why) : 0;
}

static void add_redirection(struct buffer *request, int to)
{
	const struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to
	};
	size_t action = netlink_nest(request, 1), options;

	netlink_add_text(request, TCA_ACT_KIND, "mirred");
	options = netlink_nest(request, TCA_ACT_OPTIONS);
	netlink_add(request, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	netlink_nest_end(request, options);
	netlink_nest_end(request, action);
}

/* u32 with one key that compares no bit: every kernel that has classifiers has it. */
static int redirect(int socket_fd, int from, int to, const char *name)
{
	const struct tcmsg header = { .tcm_ifindex = from,
		.tcm_parent = INGRESS_HANDLE,
		.tcm_info = TC_H_MAKE(1u << 16, __builtin_bswap16(ETH_P_ALL)) };
	struct {
		struct tc_u32_sel selector;
		struct tc_u32_key key;
	} any = { .selector = { .flags = TC_U32_TERMINAL, .nkeys = 1 } };
	_cleanup_buffer_ struct buffer request = { 0 };
	size_t options, actions;
	char why[128];
	int r;

	netlink_begin(&request, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	netlink_add_text(&request, TCA_KIND, "u32");
	options = netlink_nest(&request, TCA_OPTIONS);
	netlink_add(&request, TCA_U32_SEL, &any, sizeof(any));
	actions = netlink_nest(&request, TCA_U32_ACT);
	add_redirection(&request, to);
	netlink_nest_end(&request, actions);
	netlink_nest_end(&request, options);
	r = netlink_ask(socket_fd, &request, NULL, NULL, why);
	return r < 0 ? failed(name, r, "cannot be joined to a tap", why) : 0;
}

static int join(int socket_fd, const struct network_interface *interface, int tap, const char *name)
{
	int r = add_ingress(socket_fd, interface->index, interface->name);

	if (r < 0)
		return r;
	r = add_ingress(socket_fd, tap, name);
	if (r >= 0)
		r = redirect(socket_fd, tap, interface->index, name);
	if (r >= 0)
		r = redirect(socket_fd, interface->index, tap, interface->name);
	if (r < 0)
		network_tap_leave(socket_fd, interface->index);
	return r;
}

int network_tap_join(int socket_fd, const struct network_interface *interface)
{
	char name[IFNAMSIZ];
	_cleanup_close_ int fd = open_tap(name);
	int index, r = fd;

	if (r < 0)
		return r;
	index = (int)if_nametoindex(name);
	if (!index)
		return error_errno(errno, "%s", name);
	keep_silent(socket_fd, index);
	r = set_up(socket_fd, index, name, interface->mtu);
	if (r >= 0)
		r = join(socket_fd, interface, index, name);
	return r < 0 ? r : TAKE_FD(fd);
}

void network_tap_leave(int socket_fd, int index)
{
	const struct tcmsg header = {
		.tcm_ifindex = index, .tcm_handle = INGRESS_HANDLE, .tcm_parent = TC_H_INGRESS
	};
	_cleanup_buffer_ struct buffer request = { 0 };

	netlink_begin(&request, RTM_DELQDISC, 0, &header, sizeof(header));
	(void)netlink_ask(socket_fd, &request, NULL, NULL, NULL);
}
