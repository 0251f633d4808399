/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_LINK_H
#define HULL_MICROVM_LINK_H

/*
 * The monitor's side of the session with hull-guest: processes in the guest and
 * their stdio out here, and who asks for them. What the guest says is checked here:
 * it can hurt only itself.
 */
#include "base/buffer.h"
#include "microvm/loop.h"
#include "microvm/request.h"
#include "microvm/virtio/console.h"

#define LINK_CLIENTS 64

struct link;

/* A stream between a descriptor out here and a process in the guest. */
struct link_stream {
	struct link *link;
	unsigned int process, stream;
	struct loop_source source;
	bool ended;	       /* nothing more will come */
	bool unwatched;	       /* a file, which is always ready */
	uint32_t credit;       /* of INPUT: bytes that the guest takes */
	struct buffer pending; /* of OUTPUT and ERRORS: not written yet */
};

struct link_process {
	bool used, exited;
	struct link_client *client; /* NULL: nobody asks any more */
	int exit_code;
	struct link_stream streams[STREAMS];
};

struct link_client {
	struct link *link;
	struct loop_source source; /* fd -1: free */
	int process;		   /* that it has begun or calls with; -1: none */
};

struct link {
	struct loop *loop;
	struct console *console;
	struct session_reader reader;
	struct buffer out; /* frames that the guest has not taken yet */
	bool greeted;
	struct link_process processes[SESSION_PROCESSES];
	struct link_client clients[LINK_CLIENTS];
	struct loop_source listener, signals;
	unsigned int patience_seconds;
	struct loop_source patience; /* ready when the guest should have greeted */
	/* The container has ended with this code, or (a text) the guest cannot be talked to. */
	void (*ended)(void *context, int code, const char *text);
	/* An interface of the host is to be the guest's; takes TAP_FD. Negative errno with a message. */
	int (*add_network)(void *context, int tap_fd, const struct session_interface *interface);
	/* A request that the machine itself answers, with a text. Negative errno with a message. */
	int (*ask_machine)(void *context, enum request_type type, const void *body, size_t bytes,
		struct buffer *answer);
	void *context;
};

/*
 * LISTENER_FD and CLIENT_FD: a listening socket and a connected one, or -1.
 * SIGNAL_FD: a signalfd whose signals go to the container, or -1. A guest that does not
 * greet within SECONDS (0: LINK_PATIENCE) has failed.
 */
#define LINK_PATIENCE 150
int link_open(struct link *link, struct loop *loop, struct console *console, int listener_fd,
	int client_fd, int signal_fd, unsigned int seconds);
void link_close(struct link *link);

/* The machine is gone: who still waits for an answer gets TEXT. False: nobody does. */
bool link_abandon(struct link *link, const char *text);

/* A frame to the guest. */
void link_send(struct link *link, enum session_type type, unsigned int process, const void *body,
	size_t bytes);

/* The guest breaks the protocol, or will never say anything again. */
void link_fail(struct link *link, const char *text);

/* ---- link_stream.c ---- */

/* Connect the streams of a process to three descriptors, which are taken. */
void link_streams_open(struct link *link, unsigned int process, const int *fds);
void link_streams_close(struct link_process *process);
void link_stream_output(struct link_stream *stream, const void *bytes, uint32_t length);
void link_stream_credit(struct link_stream *stream, uint32_t bytes);
/* True when all that the process has printed is written. */
bool link_streams_drained(const struct link_process *process);
/* The process has ended; when all is written, the link hears of it. */
void link_process_ended(struct link *link, unsigned int number);
/* The window of the terminal that is the container's stdio has another size. */
void link_resize(struct link *link, unsigned int process, int terminal_fd);

/* ---- link_client.c ---- */

int link_client_add(struct link *link, int fd);
void link_client_reply(struct link_client *client, bool exited, int code, const char *text);
void link_client_close(struct link_client *client);
/* A free number for a process or a call, from 1 on; -1: none. */
int link_number(struct link *link);
/* Arguments of hull, the last NULL; nobody waits for the answer. */
void link_call(struct link *link, const char *const *arguments);

#endif
