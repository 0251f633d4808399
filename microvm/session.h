/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_SESSION_H
#define HULL_MICROVM_SESSION_H

/*
 * What the monitor and hull-guest say to each other over a console port: frames,
 * a head and a body. Bytes of stdio flow only as far as the other side has given
 * credit for, so a reader that sleeps holds up its own stream and nothing else.
 *
 *   monitor                                guest
 *                                ← HELLO   version
 *   FILE path, bytes →                     config.json, process.json
 *   CREATE, START, EXEC, CALL, NETWORK, CPUS →
 *                               ← ANSWER   exit code, text
 *   INPUT, INPUT_END, RESIZE, SIGNAL →
 *                       ← OUTPUT, ERRORS
 *   CREDIT →                   ← CREDIT
 *                               ← EXITED   exit code
 */
#include <stdint.h>

#define SESSION_VERSION	  3
#define SESSION_BODY	  16384u /* bytes of a body at most */
#define SESSION_CREDIT	  65536u /* of each stream in the beginning */
#define SESSION_PROCESSES 64	 /* numbers of processes and calls: 0 is the container */

enum session_type {
	SESSION_HELLO = 1, /* uint32_t version */
	SESSION_FILE,	   /* path, NUL, bytes: a new file */
	SESSION_FILE_MORE, /* path, NUL, bytes: at its end */
	SESSION_CREATE,	   /* struct session_terminal: the container from /run/bundle */
	SESSION_START,
	SESSION_EXEC,	/* struct session_terminal: /run/bundle/process-NUMBER */
	SESSION_CALL,	/* arguments of hull, each with a NUL behind it */
	SESSION_ANSWER, /* int32_t exit code, what was printed */
	SESSION_INPUT,
	SESSION_INPUT_END,
	SESSION_OUTPUT,
	SESSION_ERRORS,
	SESSION_CREDITS, /* uint32_t stream, uint32_t bytes more */
	SESSION_NETWORK, /* what /run/bundle/network-NUMBER says; an ANSWER follows */
	SESSION_RESIZE,	 /* struct session_terminal */
	SESSION_EXITED,	 /* int32_t exit code, as a shell has it */
	SESSION_CPUS, /* uint32_t: so many processors are online, as far as there are; an ANSWER */
	SESSION_SIGNAL, /* int32_t number, to a process that EXEC has begun */
	SESSION_TYPES,
};

enum { STREAM_INPUT, STREAM_OUTPUT, STREAM_ERRORS, STREAMS };

struct session_frame {
	uint32_t bytes; /* of the body */
	uint16_t type, process;
};

struct session_terminal {
	uint16_t wanted, rows, columns, reserved;
};

struct session_credits {
	uint32_t stream, bytes;
};

/*
 * The head of a network file: an interface of the container that the guest finds by its
 * hardware address, or none (INDEX 0). Requests of rtnetlink follow, one behind the other, as the
 * guest's kernel shall get them in the container's namespace: they name interfaces by the index.
 */
struct session_interface {
	uint32_t index, mtu;
	char name[16];
	uint8_t mac[6], reserved[2];
};

/* Puts frames together out of bytes as they come. */
struct session_reader {
	uint32_t have;
	struct session_frame frame;
	char body[SESSION_BODY];
};

/*
 * Take some of LENGTH bytes; returns how many, with *COMPLETE when the frame and
 * its body are whole; the next call begins anew. -EPROTO: no frame of this protocol.
 */
int session_read(struct session_reader *reader, const void *bytes, uint32_t length, int *complete);

#endif
