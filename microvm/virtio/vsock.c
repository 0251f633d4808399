/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between guest and host: packets from and to the guest. */
#include "microvm/virtio/vsock.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUE_EVENT, QUEUES };

#define HOST_CID 2
/* Packets in a row, before other devices have their turn. */
#define PACKETS_AT_ONCE 64
#define HEADER		sizeof(struct virtio_vsock_hdr)

static struct vsock *vsock_of(struct virtio_device *device)
{
	return (struct vsock *)((char *)device - offsetof(struct vsock, device));
}

uint32_t vsock_credit(const struct vsock_connection *connection)
{
	uint32_t flying = connection->sent - connection->guest_taken;

	return flying < connection->guest_room ? connection->guest_room - flying : 0;
}

/* ---- to the guest --------------------------------------------------------------------------------- */

/* The packet that a buffer of the guest begins with; LENGTH bytes of data are behind it already. */
static void push(struct vsock *vsock, const struct virtio_chain *chain,
	struct virtio_vsock_hdr *header, size_t length)
{
	header->src_cid = HOST_CID;
	header->dst_cid = VSOCK_GUEST_CID;
	header->type = VIRTIO_VSOCK_TYPE_STREAM;
	header->len = (uint32_t)length;
	header->buf_alloc = VSOCK_BUFFER;
	(void)virtio_chain_write(chain, 0, header, HEADER);
	virtio_device_push(&vsock->device, QUEUE_RECEIVE, chain, HEADER + length);
}

static void push_of(struct vsock_connection *connection, const struct virtio_chain *chain,
	uint16_t operation, uint32_t flags, size_t length)
{
	struct virtio_vsock_hdr header = {
		.src_port = connection->host_port,
		.dst_port = connection->guest_port,
		.op = operation,
		.flags = flags,
		.fwd_cnt = connection->taken,
	};

	connection->told_taken = connection->taken;
	connection->sent += (uint32_t)length;
	push(connection->vsock, chain, &header, length);
}

static void push_told(struct vsock_connection *connection, const struct virtio_chain *chain)
{
	static const struct {
		unsigned int bit;
		uint16_t operation;
		uint32_t flags;
	} rows[] = {
		{ VSOCK_TELL_REQUEST, VIRTIO_VSOCK_OP_REQUEST, 0 },
		{ VSOCK_TELL_RESPONSE, VIRTIO_VSOCK_OP_RESPONSE, 0 },
		{ VSOCK_TELL_CREDIT, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0 },
		{ VSOCK_TELL_END, VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(connection->tell & rows[i].bit))
			continue;
		connection->tell &= ~rows[i].bit;
		push_of(connection, chain, rows[i].operation, rows[i].flags, 0);
		return;
	}
}

/* What the socket has, straight into the guest's buffer; false when it has nothing now. */
static bool push_data(struct vsock_connection *connection, const struct virtio_chain *chain)
{
	struct iovec pieces[VIRTQUEUE_SIZE];
	uint64_t room = chain->writable_bytes - HEADER;
	unsigned int count;
	ssize_t got;

	if (room > vsock_credit(connection))
		room = vsock_credit(connection);
	count = virtio_chain_slice(chain, true, HEADER, room, pieces);
	got = readv(connection->source.fd, pieces, (int)count);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0) {
		push_of(connection, chain, VIRTIO_VSOCK_OP_RW, 0, (size_t)got);
		return true;
	}
	/* It has ended, in whatever way. */
	connection->host_ended = true;
	connection->tell |= VSOCK_TELL_END;
	push_told(connection, chain);
	return true;
}

static bool may_have_data(const struct vsock_connection *connection)
{
	return connection->state == VSOCK_OPEN && !connection->host_ended &&
	       connection->guest_reads && vsock_credit(connection);
}

/* Of this connection, if there is something to say; true when the buffer is used. */
static bool serve(struct vsock_connection *connection, const struct virtio_chain *chain)
{
	if (connection->state != VSOCK_FREE && connection->tell) {
		push_told(connection, chain);
		return true;
	}
	return may_have_data(connection) && push_data(connection, chain);
}

/* One packet of any connection: the one that was served last is the last to be asked. */
static bool serve_any(struct vsock *vsock, const struct virtio_chain *chain)
{
	if (vsock->reset_count) {
		const struct vsock_reset *reset = &vsock->resets[--vsock->reset_count];
		struct virtio_vsock_hdr header = { .src_port = reset->host_port,
			.dst_port = reset->guest_port,
			.op = VIRTIO_VSOCK_OP_RST };

		push(vsock, chain, &header, 0);
		return true;
	}
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++) {
		vsock->turn = (vsock->turn + 1) % VSOCK_CONNECTIONS;
		if (serve(&vsock->connections[vsock->turn], chain))
			return true;
	}
	return false;
}

void vsock_flush(struct vsock *vsock)
{
	struct virtio_chain chain;
	int packets = 0;

	vsock->starved = false;
	while (packets < PACKETS_AT_ONCE) {
		if (!virtio_device_pop(&vsock->device, QUEUE_RECEIVE, &chain)) {
			vsock->starved = true;
			break;
		}
		/* Not even room for a header: such a driver is none. */
		if (chain.writable_bytes <= HEADER) {
			virtio_device_fail(&vsock->device);
			vsock->starved = true;
			break;
		}
		if (!serve_any(vsock, &chain)) {
			virtqueue_unpop(&vsock->device.queues[QUEUE_RECEIVE]);
			break;
		}
		packets++;
	}
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++)
		if (vsock->connections[i].state != VSOCK_FREE)
			vsock_connection_watch(&vsock->connections[i]);
	if (packets == PACKETS_AT_ONCE)
		virtio_device_again(&vsock->device, QUEUE_RECEIVE);
}

/* ---- from the guest ------------------------------------------------------------------------------- */

/* Who asks faster than it takes answers loses some. */
static void refuse(struct vsock *vsock, uint32_t host_port, uint32_t guest_port)
{
	if (vsock->reset_count < VSOCK_RESETS)
		vsock->resets[vsock->reset_count++] = (struct vsock_reset){ host_port, guest_port };
}

void vsock_reset(struct vsock_connection *connection)
{
	if (connection->state == VSOCK_OPEN || connection->state == VSOCK_ASKED)
		refuse(connection->vsock, connection->host_port, connection->guest_port);
	vsock_connection_close(connection);
}

static struct vsock_connection *find(struct vsock *vsock, const struct virtio_vsock_hdr *header)
{
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++) {
		struct vsock_connection *connection = &vsock->connections[i];

		if ((connection->state == VSOCK_OPEN || connection->state == VSOCK_ASKED) &&
			connection->host_port == header->dst_port &&
			connection->guest_port == header->src_port)
			return connection;
	}
	return NULL;
}

static void take_request(struct vsock *vsock, const struct virtio_vsock_hdr *header)
{
	struct vsock_connection *connection = NULL;
	int fd = vsock->dial(vsock->context, header->dst_port);

	if (fd >= 0)
		connection = vsock_connection_new(vsock, fd);
	if (!connection) {
		refuse(vsock, header->dst_port, header->src_port);
		return;
	}
	connection->host_port = header->dst_port;
	connection->guest_port = header->src_port;
	connection->guest_room = header->buf_alloc;
	connection->guest_taken = header->fwd_cnt;
	connection->state = VSOCK_OPEN;
	connection->tell = VSOCK_TELL_RESPONSE;
}

/* The guest has taken a connection from the host, which hears so. */
static void take_response(struct vsock_connection *connection)
{
	if (connection->state != VSOCK_ASKED) {
		vsock_reset(connection);
		return;
	}
	connection->state = VSOCK_OPEN;
	buffer_format(&connection->pending, "OK %u\n", connection->host_port);
	/* What is written is counted; this is none of the guest's bytes. */
	connection->taken = connection->told_taken = (uint32_t)-connection->pending.length;
	vsock_connection_write(connection);
}

static void take_data(struct vsock_connection *connection, const struct virtio_vsock_hdr *header,
	const struct virtio_chain *chain)
{
	struct iovec pieces[VIRTQUEUE_SIZE];
	unsigned int count = virtio_chain_slice(chain, false, HEADER, header->len, pieces);

	if (connection->state != VSOCK_OPEN || !connection->guest_writes ||
		header->len > VSOCK_BUFFER - connection->pending.length) {
		vsock_reset(connection);
		return;
	}
	for (unsigned int i = 0; i < count; i++)
		buffer_bytes(&connection->pending, pieces[i].iov_base, pieces[i].iov_len);
	vsock_connection_write(connection);
}

static void take_shutdown(struct vsock_connection *connection, uint32_t flags)
{
	if (flags & VIRTIO_VSOCK_SHUTDOWN_RCV)
		connection->guest_reads = false;
	if (flags & VIRTIO_VSOCK_SHUTDOWN_SEND)
		connection->guest_writes = false;
	vsock_connection_write(connection);
}

static void take_known(struct vsock_connection *connection, const struct virtio_vsock_hdr *header,
	const struct virtio_chain *chain)
{
	connection->guest_room = header->buf_alloc;
	connection->guest_taken = header->fwd_cnt;
	switch (header->op) {
	case VIRTIO_VSOCK_OP_RESPONSE:
		take_response(connection);
		break;
	case VIRTIO_VSOCK_OP_RW:
		take_data(connection, header, chain);
		break;
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		take_shutdown(connection, header->flags);
		break;
	case VIRTIO_VSOCK_OP_CREDIT_UPDATE:
		break;
	case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
		connection->tell |= VSOCK_TELL_CREDIT;
		break;
	case VIRTIO_VSOCK_OP_RST:
		vsock_connection_close(connection);
		break;
	default:
		vsock_reset(connection);
	}
}

static void take(struct vsock *vsock, const struct virtio_chain *chain)
{
	struct vsock_connection *connection;
	struct virtio_vsock_hdr header;

	/* A copy: what is looked at must not change meanwhile. */
	if (virtio_chain_read(chain, 0, &header, HEADER) != HEADER ||
		header.len > chain->readable_bytes - HEADER) {
		virtio_device_fail(&vsock->device);
		return;
	}
	/* Who it says it is counts for nothing: there is one guest. */
	if (header.dst_cid != HOST_CID || header.src_cid != VSOCK_GUEST_CID)
		return;
	connection = find(vsock, &header);
	if (connection && header.type == VIRTIO_VSOCK_TYPE_STREAM)
		take_known(connection, &header, chain);
	else if (header.op == VIRTIO_VSOCK_OP_REQUEST && header.type == VIRTIO_VSOCK_TYPE_STREAM)
		take_request(vsock, &header);
	else if (header.op != VIRTIO_VSOCK_OP_RST)
		refuse(vsock, header.dst_port, header.src_port);
}

static void vsock_notified(struct virtio_device *device, unsigned int queue)
{
	struct vsock *vsock = vsock_of(device);
	struct virtio_chain chain;
	int packets = 0;

	while (queue == QUEUE_TRANSMIT && packets < PACKETS_AT_ONCE &&
		virtio_device_pop(device, queue, &chain)) {
		take(vsock, &chain);
		virtio_device_push(device, queue, &chain, 0);
		packets++;
	}
	if (packets == PACKETS_AT_ONCE)
		virtio_device_again(device, queue);
	if (queue != QUEUE_EVENT)
		vsock_flush(vsock);
}

/* ---- the device --------------------------------------------------------------------------------------- */

static void vsock_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct virtio_vsock_config config = { .guest_cid = VSOCK_GUEST_CID };

	(void)device;
	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)&config + offset, length);
}

/* Who has connected before there was a driver to tell. */
static void vsock_activated(struct virtio_device *device)
{
	vsock_flush(vsock_of(device));
}

static void forget(struct vsock *vsock)
{
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++)
		vsock_connection_close(&vsock->connections[i]);
	vsock->reset_count = 0;
}

static void vsock_device_reset(struct virtio_device *device)
{
	forget(vsock_of(device));
}

void vsock_close(struct vsock *vsock)
{
	forget(vsock);
	if (vsock->listener.fd >= 0)
		(void)loop_watch(vsock->device.loop, &vsock->listener, 0);
	file_close(&vsock->listener.fd);
}

void vsock_init(struct vsock *vsock, struct loop *loop, struct memory *memory, int listener_fd,
	int (*dial)(void *context, uint32_t port), void *context)
{
	static const struct virtio_device_type type = {
		.name = "vsock",
		.id = VIRTIO_ID_VSOCK,
		.class = 0x078000,
		.queue_count = QUEUES,
		.config_read = vsock_config_read,
		.notified = vsock_notified,
		.activated = vsock_activated,
		.reset = vsock_device_reset,
	};

	memset(vsock, 0, sizeof(*vsock));
	virtio_device_init(&vsock->device, &type, loop, memory);
	vsock->listener.fd = listener_fd;
	vsock->dial = dial;
	vsock->context = context;
	vsock_listen(vsock);
}
