/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_MESSAGE_H
#define HULL_BASE_MESSAGE_H

/*
 * Messages between hull and the process that becomes a container: one packet
 * each on a SOCK_SEQPACKET pair, with at most one descriptor beside it.
 */
#include <stdint.h>

#include "base/error.h"

enum message_type {
	MESSAGE_END,	 /* the other side closed the socket: the child executed its program */
	MESSAGE_GO,	 /* to the child: go on */
	MESSAGE_RELEASE, /* to the child: become the program; may be sent long before it is READY */
	MESSAGE_TERMINAL, /* descriptor: the master of the container's terminal */
	MESSAGE_HOOKS,	  /* the namespaces exist, the runtime's hooks may run */
	MESSAGE_LISTENER, /* descriptor: that of a seccomp filter; answered with GO */
	MESSAGE_READY,	  /* all is set up, the child waits for start */
	MESSAGE_ERROR,	  /* value: the errno, negative; text: what failed */
	MESSAGE_TYPES,
};

struct message {
	uint32_t type;
	int32_t value;
	char text[ERROR_TEXT_BYTES];
};

/* 0 or a negative errno without a message. A FD of -1 sends none. */
int message_send(int socket_fd, enum message_type type, int value, const char *text, int fd);

/*
 * Wait for the next message; MESSAGE_END when there is none any more. A
 * descriptor that came along is stored in *FD (close-on-exec) when FD is not
 * NULL, else closed. A malformed message is -EPROTO.
 */
int message_receive(int socket_fd, struct message *message, int *fd);

/* The same without waiting: -EAGAIN when nothing has come yet. */
int message_receive_now(int socket_fd, struct message *message);

/* Send one byte and FD over a stream socket, as console sockets expect it. */
int message_send_fd(int socket_fd, int fd, const void *bytes, unsigned int length);

#endif
