/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_SERVICE_H
#define HULL_MICROVM_GUEST_SERVICE_H

/*
 * What hull-guest does for the monitor: it runs hull, the same program that makes
 * containers on the host, and is to the container what an engine's shim is there:
 * its processes are reparented to it, and it carries their stdio and exit codes.
 */
#include <sys/types.h>

#include "microvm/guest/stdio.h"

/* A process of the container, or a call of hull. */
struct served {
	enum { SERVED_NONE, SERVED_CALL, SERVED_BEGINS, SERVED_RUNS } state;
	bool starts;  /* a call that starts the container */
	bool started; /* bytes may flow: before, what is printed is hull's own message */
	bool terminal, exited;
	struct session_terminal size;
	pid_t helper, pid; /* hull, and the process that it leaves behind */
	int exit_code;
	int call_fd;	/* what a call prints */
	int console_fd; /* the socket that the terminal comes through */
	struct stdio stdio;
};

struct service {
	int port_fd, signal_fd;
	struct session_reader reader;
	struct buffer out; /* frames on their way to the monitor */
	struct served served[SESSION_PROCESSES];
	/* Who ended before its number was known: seen by waitpid, not yet in a pid file. */
	struct {
		pid_t pid;
		int status;
	} strangers[64];
	unsigned int stranger_count;
};

/* Serve until the monitor is gone; a negative errno. */
int service_run(struct service *service);

/* A frame to the monitor. */
void service_send(struct service *service, enum session_type type, unsigned int process,
	const void *body, size_t bytes);

/* A frame has come. */
void service_take(struct service *service, const struct session_frame *frame, const char *body);

/* Children that ended. */
void service_reap(struct service *service);

/* Move what can be moved; then say what to poll for. */
struct pollfd;
void served_pump(struct service *service, unsigned int number);
unsigned int served_poll(const struct served *served, struct pollfd *polls);

/* A process is over, its output was sent: tell, and forget it. */
void served_finish(struct service *service, unsigned int number);
void served_begun(struct service *service, unsigned int number, int code);

#endif
