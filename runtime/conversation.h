/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CONVERSATION_H
#define HULL_RUNTIME_CONVERSATION_H

/* The runtime's side of the conversation that ns/container_init.h describes. */
#include "ns/plan.h"
#include "runtime/isolation.h"

struct conversation {
	int runtime_fd, child_fd;
	int proc_fd;
	struct container *container;
	const struct process_request *request;
	struct process_handle *handle;
	/* Called when the process is READY, before it may go on; may be NULL. */
	int (*on_ready)(struct conversation *talk);
};

int conversation_open(struct conversation *talk, struct container *container,
	const struct process_request *request, struct process_handle *handle,
	int (*on_ready)(struct conversation *talk));

/*
 * Talk until the process waits for `start`, or, without that, until its program
 * runs. The process's error becomes ours.
 */
int conversation_run(struct conversation *talk, const struct container_plan *plan);
void conversation_close(struct conversation *talk);

#define _cleanup_conversation_ __attribute__((cleanup(conversation_close)))
#define CONVERSATION_NONE                                                                          \
	{                                                                                          \
		.runtime_fd = -EBADF, .child_fd = -EBADF                                           \
	}

#endif
