/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_MONITOR_H
#define HULL_RUNTIME_MICROVM_MONITOR_H

/* hull-vmm as seen from here: starting one, and asking it for something (microvm/request.h). */
#include "microvm/request.h"
#include "runtime/microvm_bundle.h"

/* What a monitor gets behind its stdio, from MONITOR_FIRST_FD on. */
enum { MONITOR_CONTROL, MONITOR_CLIENT, MONITOR_VSOCK, MONITOR_SOCKETS };
#define MONITOR_FIRST_FD 3

/* Its sockets in the container's state folder: a descriptor or -errno with a message. */
#define MONITOR_SOCKET_NAME "vm.sock"
#define MONITOR_VSOCK_NAME  "vsock.sock" /* a stream, to the guest's ports */
int monitor_listen(const struct container *container, const char *name);
int monitor_connect(const struct container *container);

/* The words of a hull-vmm for BUNDLE. */
char **monitor_words(
	struct arena *arena, const struct microvm_bundle *bundle, const struct config *config);

/* In the process that becomes the monitor. Returns only when there is no hull-vmm. */
void monitor_execute(char **words);

/* FDS: NULL, or REQUEST_FDS descriptors, of which none counts from the first -1 on. 0 or a negative errno with a message. */
int monitor_ask(int socket_fd, enum request_type type, void *body, size_t bytes, bool terminal,
	const int *fds);

/*
 * The answer, which is added to TEXT (or NULL); of an error the guest's message is ours.
 * Gives up when the monitor (PIDFD, or -1) ends without one, or after a minute.
 */
int monitor_answer(int socket_fd, int pidfd, struct buffer *text);

/*
 * Hand on the signals that come, all of which are blocked, and the sizes of the terminal
 * (or -1), until what was begun ends; its exit code, or that of
 * SIGKILL when the whole machine is gone.
 */
int monitor_end(int socket_fd, int terminal_fd);

/*
 * A terminal between hull's caller and the guest's own: bytes pass as they are. The
 * master goes to HANDLE or to the console socket of REQUEST; returns the other end.
 */
int monitor_terminal(const struct process_request *request, struct process_handle *handle);

#endif
