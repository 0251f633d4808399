/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_CONSOLE_H
#define HULL_MICROVM_VIRTIO_CONSOLE_H

/*
 * The console device with several ports (virtio 1.2, 5.3): port 0 is the kernel's
 * console, port 1 is named "hull" and carries the session with hull-guest.
 * Stock kernels have its driver built in, so it works before any module is loaded.
 */
#include "microvm/virtio/device.h"

enum { CONSOLE_PORT_KERNEL, CONSOLE_PORT_SESSION, CONSOLE_PORTS };
#define CONSOLE_MESSAGES 16

struct console_port {
	/* The guest wrote these bytes. */
	void (*received)(void *context, const void *bytes, size_t length);
	/* The guest takes bytes (again); may be NULL. */
	void (*writable)(void *context);
	void *context;
	bool guest_open; /* somebody in the guest has the port open */
};

struct console {
	struct virtio_device device;
	struct console_port ports[CONSOLE_PORTS];
	/* What waits until the guest has given a buffer for it. */
	struct console_message {
		uint32_t port;
		uint16_t event, value;
	} messages[CONSOLE_MESSAGES];
	unsigned int message_count;
	char chunk[4096];
};

void console_init(struct console *console, struct loop *loop, struct memory *memory);

/* Bytes to the guest; how many it took. The rest when `writable` is called. */
size_t console_send(struct console *console, unsigned int port, const void *bytes, size_t length);

#endif
