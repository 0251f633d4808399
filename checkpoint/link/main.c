/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hull-link: a migration's way through a network, in a process of its own that has no privilege.
 *
 *   hull-link connect FOLDER HOST PORT     to somebody who listens
 *   hull-link accept FOLDER                with somebody who has called: descriptor 3
 *
 * FOLDER has the keys (checkpoint/link/tls.h). Standard input is a socket that speaks for hull. It gets
 * one line, which is empty, when both sides know each other, and from then on all is carried; or
 * the line says why not.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/link/pump.h"

#define NOBODY	65534
#define CALL_FD 3

/* The first address that answers. A socket, or a negative errno with a message. */
static int dial(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int r = getaddrinfo(host, port, &hints, &found), fd = -1;

	if (r != 0)
		return error_set(EHOSTUNREACH, "%s: %s", host, gai_strerror(r));
	r = EHOSTUNREACH;
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			break;
		r = errno;
		file_close(&fd);
	}
	freeaddrinfo(found);
	return fd < 0 ? error_errno(r, "%s port %s", host, port) : fd;
}

/* The keys are read; what speaks with the network need not own anything. */
static int drop_privilege(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return error_errno(errno, "cannot become nobody");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? error_errno(errno, "prctl") : 0;
}

static int begin(struct tls *tls, char **words, int count)
{
	const char *host = NULL;
	int r, fd = CALL_FD;

	if (count == 5 && !strcmp(words[1], "connect"))
		host = words[3];
	else if (count != 3 || strcmp(words[1], "accept") != 0)
		return error_set(EINVAL, "is for hull alone, see hull migrate");
	r = tls_load(tls, words[2]);
	if (r >= 0 && host)
		r = fd = dial(host, words[4]);
	if (r >= 0)
		r = drop_privilege();
	return r < 0 ? r : tls_begin(tls, fd, host);
}

int main(int count, char **words)
{
	_cleanup_tls_ struct tls tls = { 0 };
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = begin(&tls, words, count);
	if (r < 0) {
		const char *why = error_text(r);

		(void)file_write_all(STDIN_FILENO, why, strlen(why));
		return 1;
	}
	if (file_write_all(STDIN_FILENO, "\n", 1) < 0)
		return 1;
	return pump(&tls, STDIN_FILENO) < 0;
}
