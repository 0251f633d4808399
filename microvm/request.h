/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_REQUEST_H
#define HULL_MICROVM_REQUEST_H

/*
 * What runtime/ asks a monitor for: packets over a SOCK_SEQPACKET socket, a head
 * and a body. A request is answered with one packet; one that begins a process is
 * followed by its end. A connection that is closed before ends its process.
 */
#include "microvm/session.h"

/* Bytes: of config.json or process.json. As much as a socket can be made to send at once. */
#define REQUEST_BODY (384u << 10)
/* What the container is called in the guest. */
#define GUEST_CONTAINER "container"
/* The number of standard descriptors that come with an EXEC. */
#define REQUEST_FDS 3

enum request_type {
	REQUEST_CREATE = 1, /* config.json; the process's stdio is the monitor's own */
	REQUEST_START,
	REQUEST_EXEC, /* process.json, with three descriptors */
	REQUEST_CALL, /* arguments of the guest's hull, each with a NUL behind it */
	REQUEST_NETWORK, /* a network file, with the descriptor of the interface's tap if it names one */
	REQUEST_MEMORY,	  /* uint32_t MiB that the guest shall have, or 0: answered by a size */
	REQUEST_CPUS,	  /* uint32_t number of processors that shall be online */
	REQUEST_COUNTERS, /* answered by JSON */
	/* For the process that this connection has begun; neither has an answer. */
	REQUEST_SIGNAL, /* int32_t number */
	REQUEST_RESIZE, /* its terminal has the size of the head */
	REQUEST_TYPES,
};

struct request {
	uint32_t type;
	struct session_terminal terminal;
};

/* The answer to REQUEST_MEMORY, in MiB, for printf and scanf. */
#define REQUEST_SIZE_FORMAT "wanted %u present %u driven %u"

struct reply {
	uint32_t exited; /* 0: the answer, with a text; 1: the process's end */
	int32_t code;
	char text[SESSION_BODY];
};

#endif
