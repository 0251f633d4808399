/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_LOOP_H
#define HULL_MICROVM_LOOP_H

/*
 * The monitor's first thread: it waits for descriptors (doorbells of queues,
 * files, sockets) and calls whoever waits for them, one at a time and with the
 * lock of the devices held.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct loop_source {
	int fd;
	void (*ready)(void *context, uint32_t events);
	void *context;
	uint32_t events; /* EPOLLIN, EPOLLOUT; 0: not waited for */
};

struct loop {
	int fd;
	bool ended;
	pthread_mutex_t lock; /* of all devices: held by a vCPU that accesses one, and by `ready` */
};

int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/*
 * Wait for EVENTS (EPOLLIN, EPOLLOUT, or 0 for none) of the source, which stays
 * the caller's and must live on. A regular file is always ready and cannot be
 * waited for: -EPERM.
 */
int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events);

/* Until `ended` is set by one of those called; 0 or a negative errno. */
int loop_run(struct loop *loop);

#endif
