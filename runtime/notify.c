/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/state_mount.h"

#define SOCKET	      "notify.sock"
#define MESSAGE_BYTES 8192

/* What a service says about its own life; MAINPID, FDSTORE, BARRIER and others are not. */
static const char *const passed_on[] = { "READY=", "RELOADING=", "MONOTONIC_USEC=", "STOPPING=",
	"STATUS=", "ERRNO=", "BUSERROR=", "WATCHDOG=", "WATCHDOG_USEC=", "EXTEND_TIMEOUT_USEC=",
	NULL };

static const char *notify_caller(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	/* systemd's other addresses (vsock:) are for virtual machines. */
	return path && (*path == '/' || *path == '@') && path[1] ? path : NULL;
}

static void notify_set_variable(struct config *config)
{
	struct string_list *env = &config->process->env;
	const char **items = arena_allocate(&config->arena, (env->count + 2) * sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "NOTIFY_SOCKET=", 14) != 0)
			items[count++] = env->items[i];
	items[count++] = "NOTIFY_SOCKET=" NOTIFY_FOLDER "/" SOCKET;
	*env = (struct string_list){ items, count };
}

int notify_prepare(struct container *container, struct config *config)
{
	int r;

	if (!notify_caller())
		return 0;
	if (!config_namespace(config, NAMESPACE_MOUNT)) {
		log_warning("NOTIFY_SOCKET: is not passed on without a mount namespace");
		return 0;
	}
	if (mkdirat(container->folder_fd, "notify", 0755) < 0 ||
		fchmodat(container->folder_fd, "notify", 0755, 0) < 0)
		return error_errno(errno, "cannot make the folder of the notify socket");
	r = state_mount_add(container, config, "notify", NOTIFY_FOLDER);
	if (r < 0)
		return r;
	notify_set_variable(config);
	return 0;
}

int notify_listen(struct container *container)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -EBADF;

	if (!notify_caller() ||
		faccessat(container->folder_fd, "notify", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(errno, "socket");
	/* Short, however long the path of the state folder is. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
		"/proc/self/fd/%d/notify/" SOCKET, container->folder_fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		fchmodat(container->folder_fd, "notify/" SOCKET, 0666, 0) < 0)
		return error_errno(errno, "cannot make the notify socket");
	container->notify_fd = TAKE_FD(fd);
	return 0;
}

static void notify_send(const struct buffer *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = notify_caller();
	size_t length = path ? strlen(path) : 0;
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !length || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	/* An abstract name is as long as it is, without an end. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	if (sendto(fd, text->data, text->length, MSG_NOSIGNAL, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*path == '/'))) <
		0)
		log_warning("NOTIFY_SOCKET: cannot send to %s: %s", path, error_words(errno));
}

static bool notify_is_passed_on(const char *line)
{
	for (const char *const *name = passed_on; *name; name++)
		if (!strncmp(line, *name, strlen(*name)))
			return true;
	return false;
}

/* Take one message, if there is one; what of it goes on is added to TEXT. */
static bool notify_receive(int fd, struct buffer *text, bool *ready)
{
	char message[MESSAGE_BYTES + 1], *rest = message;
	/* Without room for them the kernel closes descriptors that came along. */
	ssize_t n = recv(fd, message, MESSAGE_BYTES, MSG_DONTWAIT);

	if (n < 0)
		return false;
	message[n] = '\0';
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		if (!notify_is_passed_on(line))
			continue;
		*ready |= !strcmp(line, "READY=1");
		buffer_format(text, "%s\n", line);
	}
	return true;
}

/* All that waits; PID, if any, is told when the service is ready. True when it was. */
static bool notify_pass_all(int fd, int64_t pid)
{
	bool ready = false;

	/* Whoever floods it must not keep us from all else. */
	for (int n = 0; n < 64; n++) {
		_cleanup_buffer_ struct buffer text = { 0 };
		bool says_ready = false;

		if (!notify_receive(fd, &text, &says_ready))
			break;
		ready |= says_ready;
		if (says_ready && pid)
			buffer_format(&text, "MAINPID=%lld\n", (long long)pid);
		if (text.length)
			notify_send(&text);
	}
	return ready;
}

void notify_pass_on(int fd)
{
	if (fd >= 0)
		(void)notify_pass_all(fd, 0);
}

void notify_wait_ready(struct container *container, int pidfd)
{
	struct pollfd ends[] = { { .fd = container->notify_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN } };

	if (container->notify_fd < 0)
		return;
	/* It may take its time; others may look at it, stop or delete it meanwhile. */
	container_unlock(container);
	while (poll(ends, ARRAY_SIZE(ends), -1) >= 0 || errno == EINTR)
		if (notify_pass_all(container->notify_fd, container->record.pid) || ends[1].revents)
			return;
}
