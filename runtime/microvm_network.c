/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/netlink.h"
#include "base/process.h"
#include "ns/network_tap.h"
#include "runtime/microvm_monitor.h"

/* In the state folder: the inode of the namespace and the indexes of what is joined in it. */
#define RECORD_NAME  "network"
#define RECORD_BYTES 4096

int setns(int fd, int flags);

/* ---- being in another one --------------------------------------------------------------------------- */

struct visit {
	int back_fd, socket_fd; /* hull's own namespace, and netlink in the other */
};

static int visit_begin(struct visit *visit, int namespace_fd)
{
	*visit = (struct visit){ .back_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
		.socket_fd = -EBADF };
	if (visit->back_fd < 0)
		return error_errno(errno, "/proc/self/ns/net");
	if (setns(namespace_fd, CLONE_NEWNET) < 0) {
		int r = error_errno(errno, "cannot enter the container's network namespace");

		file_close(&visit->back_fd);
		return r;
	}
	visit->socket_fd = netlink_open();
	return visit->socket_fd < 0 ? error_errno(visit->socket_fd, "cannot open a netlink socket")
				    : 0;
}

static void visit_end(struct visit *visit)
{
	if (visit->back_fd >= 0 && setns(visit->back_fd, CLONE_NEWNET) < 0)
		(void)error_errno(errno, "cannot leave the container's network namespace");
	file_close(&visit->back_fd);
	file_close(&visit->socket_fd);
}

#define _cleanup_visit_ __attribute__((cleanup(visit_end)))

/* ---- the monitor's namespace ---------------------------------------------------------------------- */

/* What is joined by path. */
static int open_joined(const struct config *config, const struct config_namespace *namespace)
{
	const int index = (int)(namespace - config->linux->namespaces.items);
	_cleanup_close_ int fd = open(namespace->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_errno(errno, "config.json: linux.namespaces[%d].path: %s", index,
			namespace->path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return error_set(EINVAL,
			"config.json: linux.namespaces[%d].path: %s is no network namespace", index,
			namespace->path);
	return TAKE_FD(fd);
}

bool microvm_network_wanted(const struct config *config)
{
	return config_namespace(config, NAMESPACE_NETWORK) != NULL;
}

pid_t microvm_network_clone(const struct config *config, int *pidfd)
{
	const struct config_namespace *namespace = config_namespace(config, NAMESPACE_NETWORK);
	_cleanup_visit_ struct visit visit = { -EBADF, -EBADF };
	_cleanup_close_ int fd = -EBADF;
	pid_t pid;
	int r = 0;

	if (namespace && namespace->path) {
		r = fd = open_joined(config, namespace);
		if (r >= 0)
			r = visit_begin(&visit, fd);
	}
	if (r < 0)
		return r;
	pid = process_clone(namespace && !namespace->path ? CLONE_NEWNET : 0, -1, pidfd);
	/* The child stays where it is. */
	if (pid == 0)
		file_close(&visit.back_fd);
	return pid < 0 ? error_errno(pid, "fork") : pid;
}

/* ---- interfaces for the guest ------------------------------------------------------------------------- */

/* Before anything is changed: what is found here is undone by `delete`. */
static int record(
	const struct container *container, int namespace_fd, const struct network_view *view)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct stat status;
	int r;

	if (fstat(namespace_fd, &status) < 0)
		return error_errno(errno, "/proc/%d/ns/net", (int)container->record.pid);
	buffer_format(&text, "%llu", (unsigned long long)status.st_ino);
	for (size_t i = 0; i < view->count; i++)
		buffer_format(&text, " %d", view->interfaces[i].index);
	r = file_replace_at(container->folder_fd, RECORD_NAME, text.data, text.length, 0600);
	return r < 0 ? error_errno(r, "cannot write the state of the network") : 0;
}

static int give(int socket_fd, const struct session_interface *head, const struct buffer *requests,
	int tap_fd)
{
	_cleanup_buffer_ struct buffer body = { 0 };
	const int fds[REQUEST_FDS] = { tap_fd, -1, -1 };
	int r;

	buffer_bytes(&body, head, sizeof(*head));
	buffer_bytes(&body, requests->data, requests->length);
	r = monitor_ask(socket_fd, REQUEST_NETWORK, body.data, body.length, false, fds);
	return r < 0 ? r : monitor_answer(socket_fd, -1, NULL);
}

static int give_interface(int socket_fd, int netlink_fd, const struct network_interface *interface)
{
	_cleanup_close_ int tap_fd = network_tap_join(netlink_fd, interface);
	struct session_interface head = { .index = (uint32_t)interface->index,
		.mtu = interface->mtu };
	int r;

	if (tap_fd < 0)
		return error_context(tap_fd, "the container's network");
	memcpy(head.name, interface->name, sizeof(head.name));
	memcpy(head.mac, interface->mac, sizeof(head.mac));
	r = give(socket_fd, &head, &interface->addresses, tap_fd);
	if (r < 0)
		network_tap_leave(netlink_fd, interface->index);
	return r;
}

static int give_all(int socket_fd, int netlink_fd, const struct network_view *view)
{
	const struct session_interface routes = { 0 };
	size_t given = 0;
	int r = 0;

	while (r >= 0 && given < view->count) {
		r = give_interface(socket_fd, netlink_fd, &view->interfaces[given]);
		given += r >= 0;
	}
	if (r >= 0 && view->routes.length)
		r = give(socket_fd, &routes, &view->routes, -1);
	while (r < 0 && given)
		network_tap_leave(netlink_fd, view->interfaces[--given].index);
	return r;
}

int microvm_network_join(const struct container *container, int socket_fd)
{
	_cleanup_network_view_ struct network_view view = { 0 };
	_cleanup_visit_ struct visit visit = { -EBADF, -EBADF };
	_cleanup_close_ int namespace_fd = -EBADF;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)container->record.pid);
	namespace_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace_fd < 0)
		return error_errno(errno, "%s", path);
	r = visit_begin(&visit, namespace_fd);
	if (r >= 0)
		r = network_view_read(visit.socket_fd, &view);
	if (r >= 0 && view.count)
		r = record(container, namespace_fd, &view);
	if (r < 0 || !view.count)
		return r;
	r = give_all(socket_fd, visit.socket_fd, &view);
	/* What was in the way is somebody else's, and all of ours is undone. */
	if (r < 0)
		(void)unlinkat(container->folder_fd, RECORD_NAME, 0);
	return r;
}

/* ---- the end ------------------------------------------------------------------------------------------ */

/* The namespace that the bundle names, if it is still the one that was joined. */
static int open_recorded(const struct container *container, unsigned long long inode)
{
	_cleanup_config_ struct config config = { 0 };
	_cleanup_close_ int fd = -EBADF;
	const int r = container_load_config(container, &config);
	const struct config_namespace *namespace =
		r < 0 ? NULL : config_namespace(&config, NAMESPACE_NETWORK);
	struct stat status;

	if (namespace && namespace->path)
		fd = open_joined(&config, namespace);
	return fd >= 0 && fstat(fd, &status) == 0 && status.st_ino == inode ? TAKE_FD(fd) : -ENOENT;
}

void microvm_network_leave(const struct container *container)
{
	_cleanup_visit_ struct visit visit = { -EBADF, -EBADF };
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int namespace_fd = -EBADF;
	unsigned long long inode;
	char *next;

	if (file_read_at(container->folder_fd, RECORD_NAME, &text, RECORD_BYTES) < 0 ||
		!text.length)
		return;
	inode = strtoull(text.data, &next, 10);
	namespace_fd = open_recorded(container, inode);
	if (namespace_fd >= 0 && visit_begin(&visit, namespace_fd) >= 0)
		for (char *at = next; *at == ' '; at = next)
			network_tap_leave(visit.socket_fd, (int)strtol(at, &next, 10));
	/* Gone or another's: then so are the interfaces. */
	error_clear();
	(void)unlinkat(container->folder_fd, RECORD_NAME, 0);
}
