/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_CRIU_H
#define HULL_CHECKPOINT_CRIU_H

/*
 * CRIU as a child of ours: `criu swrk`, which serves one connection. Everything that
 * knows how it is started and talked to is here; its messages are criu_message.h.
 * Functions return 0 or a negative errno with a message.
 */
#include <sys/types.h>

#include "checkpoint/criu_message.h"

/* The oldest one whose answers hull knows: it can leave the network alone. */
#define CRIU_VERSION_LEAST 31900

struct criu {
	int socket_fd, error_fd; /* ERROR_FD: what the child says before it executes */
	int pidfd;
	pid_t pid;
	unsigned int version; /* 40101: 4.1.1 */
};

#define CRIU_NONE { .socket_fd = -EBADF, .error_fd = -EBADF, .pidfd = -EBADF }

struct criu_start {
	const char *program; /* NULL: "criu" in PATH */
	int cgroup_fd;	     /* a v2 group that it starts in; -1: ours */
	/* In the child, before it executes; 0 or an error with a message. May be NULL. */
	int (*prepare)(void *context);
	void *context;
	const struct criu_pairs *inherited; /* descriptors that it gets under their numbers */
};

/* Make the process. */
int criu_start(struct criu *criu, const struct criu_start *start);

/* Wait until it answers, and check its version. */
int criu_meet(struct criu *criu);

/* Whether it can track memory on this kernel (pre-dumps), and restore it lazily. */
int criu_features(struct criu *criu, bool *track_memory, bool *lazy_pages);

/*
 * What happens meanwhile: SCRIPT is "pre-dump", "post-restore", …; PID the first process that
 * is restored, or 0; FD a descriptor that came along, closed afterwards, or -1.
 */
typedef int criu_notify(void *context, const char *script, pid_t pid, int fd);

/*
 * One request until its end. A notification that returns an error ends it: then its message counts.
 * Else the message is the cause from CRIU's log, and names the log below WORK_PATH
 * (NULL: it is not kept).
 */
int criu_request(struct criu *criu, enum criu_request type, const struct criu_options *options,
	const char *work_path, criu_notify *notify, void *context, pid_t *restored);

/* Close the connection and wait for its end; killed when it does not end by itself. */
void criu_end(struct criu *criu);

#define _cleanup_criu_ __attribute__((cleanup(criu_end)))

#endif
