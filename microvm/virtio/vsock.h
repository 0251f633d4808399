/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_VSOCK_H
#define HULL_MICROVM_VIRTIO_VSOCK_H

/*
 * The socket device (virtio 1.2, 5.10): streams between ports of the guest and Unix sockets of the
 * host. vsock.c speaks with the guest, vsock_host.c with the sockets.
 */
#include "base/buffer.h"
#include "microvm/virtio/device.h"

#define VSOCK_GUEST_CID	  3
#define VSOCK_CONNECTIONS 64
#define VSOCK_RESETS	  64
/* What is kept of a stream that the host does not read: the credit that the guest has. */
#define VSOCK_BUFFER (64u << 10)

struct vsock;

enum vsock_state {
	VSOCK_FREE,
	VSOCK_GREETED, /* from the host: it has not said yet to which port */
	VSOCK_ASKED,   /* the guest has not answered yet */
	VSOCK_OPEN,
};

/* What the guest has to be told of a connection, as soon as it has room; bits. */
enum {
	VSOCK_TELL_REQUEST = 1,
	VSOCK_TELL_RESPONSE = 2,
	VSOCK_TELL_CREDIT = 4,
	VSOCK_TELL_END = 8, /* nothing more comes from the host */
};

struct vsock_connection {
	struct vsock *vsock;
	struct loop_source source;
	enum vsock_state state;
	uint32_t host_port, guest_port;
	/* Bytes to the guest: sent, and by its word taken and held at most; they count on from 2^32. */
	uint32_t sent, guest_taken, guest_room;
	/* Bytes from the guest: written to the socket, and how many of them the guest knows of. */
	uint32_t taken, told_taken;
	unsigned int tell;
	bool host_ended, guest_reads, guest_writes;
	struct buffer
		pending; /* from the guest, not written yet; or what the host has said so far */
};

struct vsock {
	struct virtio_device device;
	struct loop_source listener; /* fd -1: the host begins none */
	/* A socket for a port that the guest wants, not blocking; or a negative errno. */
	int (*dial)(void *context, uint32_t port);
	void *context;
	uint32_t next_port;
	bool starved; /* the guest has given no buffer for more */
	unsigned int turn;
	struct vsock_connection connections[VSOCK_CONNECTIONS];
	/* Connections that are none: the guest has to hear it. */
	struct vsock_reset {
		uint32_t host_port, guest_port;
	} resets[VSOCK_RESETS];
	unsigned int reset_count;
};

/* LISTENER_FD: a listening socket, or -1; taken. */
void vsock_init(struct vsock *vsock, struct loop *loop, struct memory *memory, int listener_fd,
	int (*dial)(void *context, uint32_t port), void *context);

/* Forget all connections; the guest does not hear of it. */
void vsock_close(struct vsock *vsock);

/* DIAL for a process whose root is the folder of the sockets: the one that the port names. */
int vsock_dial_root(void *context, uint32_t port);

/* ---- vsock.c, for vsock_host.c ---- */

/* Tell the guest what there is to tell. */
void vsock_flush(struct vsock *vsock);
/* The connection is over; the guest hears of it if it knows it. */
void vsock_reset(struct vsock_connection *connection);
/* How many bytes the guest takes now. */
uint32_t vsock_credit(const struct vsock_connection *connection);

/* ---- vsock_host.c, for vsock.c ---- */

void vsock_listen(struct vsock *vsock);
/* A free one with this socket, which is taken; or NULL. */
struct vsock_connection *vsock_connection_new(struct vsock *vsock, int fd);
void vsock_connection_close(struct vsock_connection *connection);
/* Write what is pending, as far as the socket takes it. */
void vsock_connection_write(struct vsock_connection *connection);
/* Wait for what makes sense now. */
void vsock_connection_watch(struct vsock_connection *connection);

#endif
