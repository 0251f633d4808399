/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/console.h"

#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>

/* Queues: a pair for port 0, a pair for control messages, a pair for each further port. */
enum { CONTROL_RECEIVE = 2, CONTROL_TRANSMIT = 3 };

static unsigned int port_receive_queue(unsigned int port)
{
	return port ? 2 * port + 2 : 0;
}

static struct console *console_of(struct virtio_device *device)
{
	return (struct console *)((char *)device - offsetof(struct console, device));
}

/* ---- control messages ------------------------------------------------------------------------- */

static void console_flush_messages(struct console *console)
{
	struct virtio_chain chain;

	while (console->message_count &&
		virtio_device_pop(&console->device, CONTROL_RECEIVE, &chain)) {
		const struct console_message *message = &console->messages[0];
		struct {
			struct virtio_console_control control;
			char name[4];
		} body = { { message->port, message->event, message->value }, "hull" };
		size_t length = message->event == VIRTIO_CONSOLE_PORT_NAME ? sizeof(body)
									   : sizeof(body.control);

		length = virtio_chain_write(&chain, 0, &body, length);
		virtio_device_push(&console->device, CONTROL_RECEIVE, &chain, length);
		console->message_count--;
		memmove(console->messages, console->messages + 1,
			console->message_count * sizeof(*message));
	}
}

/* A guest that asks more than it takes answers for loses some. */
static void console_tell(struct console *console, uint32_t port, uint16_t event, uint16_t value)
{
	if (console->message_count < CONSOLE_MESSAGES)
		console->messages[console->message_count++] =
			(struct console_message){ port, event, value };
}

static void console_hear(struct console *console, const struct virtio_console_control *control)
{
	struct console_port *port;

	if (control->event == VIRTIO_CONSOLE_DEVICE_READY) {
		for (uint32_t i = 0; control->value && i < CONSOLE_PORTS; i++)
			console_tell(console, i, VIRTIO_CONSOLE_PORT_ADD, 1);
		return;
	}
	if (control->id >= CONSOLE_PORTS)
		return;
	port = &console->ports[control->id];
	if (control->event == VIRTIO_CONSOLE_PORT_OPEN) {
		port->guest_open = control->value;
		if (port->guest_open && port->writable)
			port->writable(port->context);
	} else if (control->event == VIRTIO_CONSOLE_PORT_READY && control->value) {
		if (control->id == CONSOLE_PORT_KERNEL) {
			console_tell(console, control->id, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
		} else {
			console_tell(console, control->id, VIRTIO_CONSOLE_PORT_NAME, 1);
			console_tell(console, control->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
		}
	}
}

static void console_take_messages(struct console *console)
{
	struct virtio_chain chain;

	while (virtio_device_pop(&console->device, CONTROL_TRANSMIT, &chain)) {
		struct virtio_console_control control;

		if (virtio_chain_read(&chain, 0, &control, sizeof(control)) == sizeof(control))
			console_hear(console, &control);
		virtio_device_push(&console->device, CONTROL_TRANSMIT, &chain, 0);
	}
	console_flush_messages(console);
}

/* ---- bytes --------------------------------------------------------------------------------------- */

static void console_take_bytes(struct console *console, unsigned int port)
{
	const struct console_port *to = &console->ports[port];
	unsigned int queue = port_receive_queue(port) + 1;
	struct virtio_chain chain;

	while (virtio_device_pop(&console->device, queue, &chain)) {
		uint64_t offset = 0;
		size_t length;

		/* A copy: what is looked at must not change meanwhile. */
		while ((length = virtio_chain_read(
				&chain, offset, console->chunk, sizeof(console->chunk))) > 0) {
			if (to->received)
				to->received(to->context, console->chunk, length);
			offset += length;
		}
		virtio_device_push(&console->device, queue, &chain, 0);
	}
}

size_t console_send(struct console *console, unsigned int port, const void *bytes, size_t length)
{
	unsigned int queue = port_receive_queue(port);
	struct virtio_chain chain;
	size_t done = 0;

	if (port != CONSOLE_PORT_KERNEL && !console->ports[port].guest_open)
		return 0;
	while (done < length && virtio_device_pop(&console->device, queue, &chain)) {
		size_t written =
			virtio_chain_write(&chain, 0, (const char *)bytes + done, length - done);

		virtio_device_push(&console->device, queue, &chain, written);
		done += written;
	}
	return done;
}

static void console_notified(struct virtio_device *device, unsigned int queue)
{
	struct console *console = console_of(device);
	unsigned int port = queue < 2 ? 0 : queue / 2 - 1;

	if (queue == CONTROL_RECEIVE)
		console_flush_messages(console);
	else if (queue == CONTROL_TRANSMIT)
		console_take_messages(console);
	else if (queue & 1)
		console_take_bytes(console, port);
	else if (console->ports[port].writable)
		console->ports[port].writable(console->ports[port].context);
}

static void console_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct virtio_console_config config = { .max_nr_ports = CONSOLE_PORTS };

	(void)device;
	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)&config + offset, length);
}

static void console_reset(struct virtio_device *device)
{
	struct console *console = console_of(device);

	console->message_count = 0;
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++)
		console->ports[i].guest_open = false;
}

void console_init(struct console *console, struct loop *loop, struct memory *memory)
{
	static const struct virtio_device_type type = {
		.name = "console",
		.id = VIRTIO_ID_CONSOLE,
		.class = 0x078000,
		.queue_count = 2 + 2 * CONSOLE_PORTS,
		.features = 1ull << VIRTIO_CONSOLE_F_MULTIPORT,
		.config_read = console_config_read,
		.notified = console_notified,
		.reset = console_reset,
	};

	memset(console, 0, sizeof(*console));
	virtio_device_init(&console->device, &type, loop, memory);
}
