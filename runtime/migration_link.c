/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/migration_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/quantity.h"
#include "runtime/landing.h"
#include "runtime/unix_socket.h"

#define UNIX		"unix:"
#define TCP		"tcp:"
#define SSH		"ssh://"
#define REMOTE		"hull receive"
#define DEFAULT_KEYS	"/etc/hull/tls"
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

/* "HOST:PORT" or "[ADDRESS]:PORT", in two; false when it is neither. */
static bool split_address(const char *text, char host[NI_MAXHOST], char port[NI_MAXSERV])
{
	const char *colon = strrchr(text, ':'), *end = colon;

	if (!colon || colon == text || !colon[1] || strlen(colon + 1) >= NI_MAXSERV)
		return false;
	if (*text == '[' && end[-1] == ']') {
		text++;
		end--;
	}
	if (end <= text || end - text >= NI_MAXHOST)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	(void)strcpy(port, colon + 1);
	return true;
}

static const char *keys_of(const struct migration_options *options)
{
	return options->tls ? options->tls : DEFAULT_KEYS;
}

static int connect_tcp(
	struct migration_link *link, const char *address, const struct migration_options *options)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (!split_address(address, host, port))
		return error_set(
			EINVAL, "TARGET: must be tcp:HOST:PORT, got \"" TCP "%s\"", address);
	return carrier_connect(&link->carrier, host, port, keys_of(options));
}

static int connect_ssh(
	struct migration_link *link, const char *target, const struct migration_options *options)
{
	if (!behind(target, SSH)[0])
		return error_set(EINVAL, "TARGET: must be ssh://HOST, got \"%s\"", target);
	return carrier_ssh(&link->carrier, target, options->remote ? options->remote : REMOTE);
}

int migration_link_connect(
	struct migration_link *link, const char *target, const struct migration_options *options)
{
	const char *path = behind(target, UNIX);
	int r = set_options(link, options);

	if (r < 0)
		return r;
	if (path)
		r = unix_socket_connect("TARGET", path);
	else if (behind(target, TCP))
		r = connect_tcp(link, behind(target, TCP), options);
	else if (behind(target, SSH))
		r = connect_ssh(link, target, options);
	else
		return store(link, target);
	link->transport.in_fd = link->transport.out_fd = r;
	return r < 0 ? r : 0;
}

/* ---- who listens ----------------------------------------------------------------------------- */

static int listen_unix(const char *where, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -EBADF;
	mode_t mask;
	int r;

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

/* An address of this machine, in numbers: what is to be listened at is no question for others. */
static int listen_tcp(const char *where, const char *text)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const int on = 1;
	_cleanup_close_ int fd = -EBADF;
	bool is_v4 = false;
	long number;
	char *end;
	int r;

	if (!split_address(text, host, port) ||
		(!(is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1) &&
			inet_pton(AF_INET6, host, &v6.sin6_addr) != 1))
		return error_set(EINVAL, "--listen: must be tcp:ADDRESS:PORT, got \"%s\"", where);
	number = strtol(port, &end, 10);
	if (*end || number < 1 || number > UINT16_MAX)
		return error_set(EINVAL, "--listen %s: the port must be 1 to 65535", where);
	v4.sin_port = v6.sin6_port = htons((uint16_t)number);
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	r = is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		  : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (r < 0 || listen(fd, SOMAXCONN) < 0)
		return error_errno(errno, "--listen %s", where);
	return TAKE_FD(fd);
}

int migration_listen(const char *where)
{
	if (behind(where, UNIX))
		return listen_unix(where, behind(where, UNIX));
	if (behind(where, TCP))
		return listen_tcp(where, behind(where, TCP));
	return error_set(
		EINVAL, "--listen: must be unix:PATH or tcp:ADDRESS:PORT, got \"%s\"", where);
}

int migration_link_accept(struct migration_link *link, int fd, const char *where,
	const struct migration_options *options)
{
	_cleanup_close_ int call_fd = fd;
	int r = set_options(link, options);

	if (r < 0)
		return r;
	r = where && behind(where, TCP) ? carrier_accept(&link->carrier, call_fd, keys_of(options))
					: TAKE_FD(call_fd);
	link->transport.in_fd = link->transport.out_fd = r;
	return r < 0 ? r : 0;
}

void migration_link_close(struct migration_link *link)
{
	bool stores = link->transport.one_way && link->transport.out_fd >= 0;

	transport_close(&link->transport);
	carrier_end(&link->carrier);
	if (stores)
		(void)unlinkat(link->folder_fd, STORED_PART, 0);
	file_close(&link->folder_fd);
}
