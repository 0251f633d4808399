/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/migration_link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/quantity.h"
#include "runtime/landing.h"
#include "runtime/unix_socket.h"

#define UNIX		"unix:"
#define SSH		"ssh://"
#define REMOTE		"hull receive"
#define END_PATIENCE	5000
#define DEFAULT_TIMEOUT 60
#define TIMEOUT_MOST	86400
#define MILLISECONDS	1000

static const char *behind(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) != 0 ? NULL : text + length;
}

static int set_options(struct migration_link *link, const struct migration_options *options)
{
	unsigned int timeout = options->timeout ? options->timeout : DEFAULT_TIMEOUT;
	int64_t bandwidth = 0;

	if (timeout > TIMEOUT_MOST)
		return error_set(EINVAL, "--timeout: must be at most %d seconds", TIMEOUT_MOST);
	if (options->bandwidth &&
		(quantity_bytes(options->bandwidth, &bandwidth) < 0 || !bandwidth))
		return error_set(EINVAL, "--bandwidth: must be bytes per second, got \"%s\"",
			options->bandwidth);
	link->transport.silence = (int)timeout * MILLISECONDS;
	link->transport.bandwidth = (uint64_t)bandwidth;
	return 0;
}

/* ---- a directory ----------------------------------------------------------------------------- */

static int open_folder(struct migration_link *link, const char *path)
{
	link->folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return link->folder_fd < 0 ? error_errno(errno, "%s", path) : 0;
}

static int store(struct migration_link *link, const char *path)
{
	struct stat st;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "%s: cannot be made", path);
	r = open_folder(link, path);
	if (r < 0)
		return r;
	if (fstatat(link->folder_fd, STORED_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(EEXIST, "%s: a container is stored there already", path);
	(void)unlinkat(link->folder_fd, STORED_PART, 0);
	link->transport.one_way = true;
	link->transport.out_fd = openat(link->folder_fd, STORED_PART,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return link->transport.out_fd < 0 ? error_errno(errno, "%s/" STORED_PART, path) : 0;
}

int migration_link_commit(const struct migration_link *link)
{
	if (fsync(link->transport.out_fd) < 0 ||
		renameat(link->folder_fd, STORED_PART, link->folder_fd, STORED_FILE) < 0)
		return error_errno(errno, "cannot store the container");
	/* From here on it is there. */
	(void)fsync(link->folder_fd);
	return 0;
}

int migration_link_open_stored(struct migration_link *link, const char *folder)
{
	struct stat st;
	int r = open_folder(link, folder);

	if (r < 0)
		return r;
	link->transport.one_way = true;
	link->transport.in_fd = openat(
		link->folder_fd, STORED_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (link->transport.in_fd < 0 || fstat(link->transport.in_fd, &st) < 0)
		return error_errno(errno, "%s/" STORED_FILE, folder);
	return S_ISREG(st.st_mode) ? 0
				   : error_set(EINVAL, "%s/" STORED_FILE ": is no file", folder);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* One line: a word that begins with a dash is no option, and the other side's shell reads the rest. */
static __attribute__((noreturn)) void become_ssh(const char *target, const char *remote, int fd)
{
	int r = dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ? errno : 0;

	if (!r) {
		/* A terminal's interrupt is for hull alone. */
		(void)setsid();
		signal_reset_all();
		(void)execlp("ssh", "ssh", "-T", "--", target, remote, (char *)NULL);
		r = errno;
	}
	log_error("%s", error_text(error_set(r, "ssh: %s",
				r == ENOENT ? "there is no such program" : error_words(r))));
	_exit(1);
}

static int connect_ssh(struct migration_link *link, const char *target, const char *remote)
{
	_cleanup_close_ int other_fd = -EBADF;
	int pair[2];

	if (!behind(target, SSH)[0])
		return error_set(EINVAL, "TARGET: must be ssh://HOST, got \"%s\"", target);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	link->transport.in_fd = link->transport.out_fd = pair[0];
	other_fd = pair[1];
	link->ssh = process_clone(0, -1, &link->ssh_fd);
	if (link->ssh == 0)
		become_ssh(target, remote ? remote : REMOTE, other_fd);
	return link->ssh < 0 ? error_errno(link->ssh, "cannot make a process for ssh") : 0;
}

static void end_ssh(struct migration_link *link)
{
	if (link->ssh <= 0)
		return;
	/* It ends with its connection. */
	if (!process_wait_fd(link->ssh_fd, END_PATIENCE))
		(void)process_signal(link->ssh_fd, SIGKILL);
	(void)process_wait(link->ssh);
	file_close(&link->ssh_fd);
	link->ssh = 0;
}

int migration_link_connect(
	struct migration_link *link, const char *target, const struct migration_options *options)
{
	const char *path = behind(target, UNIX);
	int r = set_options(link, options);

	if (r < 0)
		return r;
	if (behind(target, SSH))
		return connect_ssh(link, target, options->remote);
	if (!path)
		return store(link, target);
	link->transport.in_fd = link->transport.out_fd = unix_socket_connect("TARGET", path);
	return link->transport.in_fd < 0 ? link->transport.in_fd : 0;
}

int migration_listen(const char *where)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -EBADF;
	const char *path = behind(where, UNIX);
	mode_t mask;
	int r;

	if (!path)
		return error_set(EINVAL, "--listen: must be unix:PATH, got \"%s\"", where);
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return error_set(ENAMETOOLONG, "--listen %s: a path of a wrong length", where);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(errno, "--listen %s", where);
	/* Of a listener that has ended; whoever still listens there answers. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == ECONNREFUSED)
		(void)unlink(path);
	file_close(&fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (r < 0 || listen(fd, SOMAXCONN) < 0)
		return error_errno(errno, "--listen %s", where);
	return TAKE_FD(fd);
}

int migration_link_accept(
	struct migration_link *link, int fd, const struct migration_options *options)
{
	link->transport.in_fd = link->transport.out_fd = fd;
	return set_options(link, options);
}

void migration_link_close(struct migration_link *link)
{
	bool stores = link->transport.one_way && link->transport.out_fd >= 0;

	transport_close(&link->transport);
	end_ssh(link);
	if (stores)
		(void)unlinkat(link->folder_fd, STORED_PART, 0);
	file_close(&link->folder_fd);
}
