/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CONVERSATION_H
#define HULL_RUNTIME_CONVERSATION_H

/* The runtime's side of the conversation that ns/container_init.h describes. */
#include "ns/plan.h"
#include "runtime/isolation.h"

struct conversation {
	int runtime_fd, child_fd;
	struct container *container;
	const struct process_request *request;
	struct process_handle *handle;
	const struct config_hooks *hooks;
	/* Makes the process known, before it is released; may be NULL. */
	int (*record)(struct conversation *talk);
};

int conversation_open(struct conversation *talk, struct container *container,
	const struct process_request *request, struct process_handle *handle,
	int (*record)(struct conversation *talk));

/*
 * Talk until the process waits for `start`, or, without that, until its program
 * runs. The process's error becomes ours.
 */
int conversation_run(struct conversation *talk, const struct container_plan *plan);
void conversation_close(struct conversation *talk);

#define _cleanup_conversation_ __attribute__((cleanup(conversation_close)))
#define CONVERSATION_NONE      { .runtime_fd = -EBADF, .child_fd = -EBADF }

#endif
