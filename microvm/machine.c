/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "microvm/sandbox.h"

/* Old ports that Linux asks before it believes that there is nothing behind them. */
#define PORT_CMOS_DATA	   0x71
#define PORT_SERIAL_DATA   0x3f8
#define PORT_SERIAL_STATUS 0x3fd
/* Of a clock that is not just being updated. */
#define CMOS_REGISTER_A 0x26
/* The transmitter is empty. */
#define SERIAL_READY 0x60

/* ---- ports and memory that are no RAM ----------------------------------------------------------- */

void machine_port_read(struct machine *machine, uint16_t port, void *bytes, unsigned int length)
{
	/* Nobody there: also the answer that ends the search for a keyboard controller at once. */
	memset(bytes, 0xff, length);
	if (port == PORT_CMOS_DATA) {
		*(uint8_t *)bytes = CMOS_REGISTER_A;
	} else if (port == PORT_SERIAL_STATUS) {
		*(uint8_t *)bytes = SERIAL_READY;
	} else if (port >= PCI_PORT_FIRST && port <= PCI_PORT_LAST) {
		(void)pthread_mutex_lock(&machine->loop.lock);
		pci_port_read(&machine->bus, port, bytes, length);
		(void)pthread_mutex_unlock(&machine->loop.lock);
	}
}

void machine_port_write(
	struct machine *machine, uint16_t port, const void *bytes, unsigned int length)
{
	if (port == PORT_SERIAL_DATA) {
		/* Only with earlyprintk=serial: for kernels that end before their console begins. */
		(void)pthread_mutex_lock(&machine->loop.lock);
		transcript_add(&machine->transcript, bytes, 1);
		(void)pthread_mutex_unlock(&machine->loop.lock);
	} else if (port >= PCI_PORT_FIRST && port <= PCI_PORT_LAST) {
		(void)pthread_mutex_lock(&machine->loop.lock);
		pci_port_write(&machine->bus, port, bytes, length);
		(void)pthread_mutex_unlock(&machine->loop.lock);
	}
}

void machine_memory_read(
	struct machine *machine, uint64_t address, void *bytes, unsigned int length)
{
	(void)pthread_mutex_lock(&machine->loop.lock);
	pci_memory_read(&machine->bus, address, bytes, length);
	(void)pthread_mutex_unlock(&machine->loop.lock);
}

void machine_memory_write(
	struct machine *machine, uint64_t address, const void *bytes, unsigned int length)
{
	(void)pthread_mutex_lock(&machine->loop.lock);
	pci_memory_write(&machine->bus, address, bytes, length);
	(void)pthread_mutex_unlock(&machine->loop.lock);
}

/* ---- its end ------------------------------------------------------------------------------------- */

void machine_end(struct machine *machine, enum machine_end end, const char *text)
{
	(void)pthread_mutex_lock(&machine->end_lock);
	if (machine->end == MACHINE_RUNS) {
		machine->end = end;
		(void)snprintf(
			machine->end_text, sizeof(machine->end_text), "%s", text ? text : "");
		(void)eventfd_write(machine->end_source.fd, 1);
	}
	(void)pthread_mutex_unlock(&machine->end_lock);
}

static void machine_ended(void *context, uint32_t events)
{
	struct machine *machine = context;

	(void)events;
	machine->loop.ended = true;
}

/* ---- its parts ------------------------------------------------------------------------------------ */

static int machine_attach(struct machine *machine, struct virtio_device *device)
{
	struct virtio_pci *transport = &machine->transports[machine->transport_count];
	int r = virtio_pci_attach(
		transport, device, &machine->kvm, &machine->interrupts, &machine->bus);

	if (r < 0)
		return error_errno(r, "cannot make the device %s", device->type->name);
	machine->transport_count++;
	return 0;
}

static int machine_add_disks(struct machine *machine, const struct machine_plan *plan)
{
	for (unsigned int i = 0; i < plan->disk_count; i++) {
		char serial[BLK_SERIAL_BYTES];
		int r;

		(void)snprintf(serial, sizeof(serial), "disk%u", i);
		r = blk_init(&machine->disks[i], &machine->loop, &machine->memory,
			plan->disks[i].fd, plan->disks[i].read_only, serial);
		if (r < 0)
			return error_errno(r, "disk %u", i);
		r = machine_attach(machine, &machine->disks[i].device);
		if (r < 0)
			return r;
	}
	return 0;
}

int machine_add_net(struct machine *machine, int tap_fd, const uint8_t *mac, uint16_t mtu)
{
	struct net *net = &machine->nets[machine->net_count];
	int r;

	if (machine->net_count == MACHINE_NETS) {
		(void)close(tap_fd);
		return error_set(
			ENOSPC, "a microVM has no more than %d network interfaces", MACHINE_NETS);
	}
	net_init(net, &machine->loop, &machine->memory, tap_fd, mac, mtu);
	r = machine_attach(machine, &net->device);
	if (r >= 0)
		machine->net_count++;
	else
		file_close(&net->tap.fd);
	return r;
}

static int machine_add_devices(struct machine *machine, const struct machine_plan *plan)
{
	int r;

	pci_bus_init(&machine->bus);
	machine->interrupts.kvm = &machine->kvm;
	machine->transcript.fd = plan->console_fd;
	console_init(&machine->console, &machine->loop, &machine->memory);
	machine->console.ports[CONSOLE_PORT_KERNEL].received = transcript_add;
	machine->console.ports[CONSOLE_PORT_KERNEL].context = &machine->transcript;
	rng_init(&machine->rng, &machine->loop, &machine->memory);
	balloon_init(&machine->balloon, &machine->loop, &machine->memory);
	r = machine_attach(machine, &machine->console.device);
	if (r >= 0)
		r = machine_attach(machine, &machine->rng);
	if (r >= 0)
		r = machine_attach(machine, &machine->balloon.device);
	if (r >= 0 && plan->fs_fd >= 0) {
		r = virtio_fs_init(&machine->fs, &machine->loop, &machine->memory, plan->fs_fd);
		if (r >= 0)
			r = machine_attach(machine, &machine->fs.device);
	}
	if (r >= 0 && plan->vsock) {
		vsock_init(&machine->vsock, &machine->loop, &machine->memory, plan->vsock_fd,
			vsock_dial_root, NULL);
		r = machine_attach(machine, &machine->vsock.device);
	}
	return r < 0 ? r : machine_add_disks(machine, plan);
}

static int machine_add_vcpus(struct machine *machine, const struct machine_plan *plan)
{
	for (unsigned int i = 0; i < plan->vcpus; i++) {
		int r = vcpu_make(&machine->vcpus[i], machine, i, plan->vcpus);

		machine->vcpu_count = i + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

int machine_make(struct machine *machine, const struct machine_plan *plan)
{
	struct boot boot = plan->boot;
	int r;

	memset(machine, 0, sizeof(*machine));
	(void)pthread_mutex_init(&machine->end_lock, NULL);
	r = kvm_open(&machine->kvm);
	if (r >= 0)
		r = loop_open(&machine->loop);
	if (r < 0)
		return r;
	machine->end_source = (struct loop_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.ready = machine_ended,
		.context = machine };
	if (machine->end_source.fd < 0)
		return error_errno(errno, "eventfd");
	r = loop_watch(&machine->loop, &machine->end_source, EPOLLIN);
	if (r >= 0)
		r = memory_make(&machine->memory, plan->memory_bytes);
	boot.vcpus = plan->vcpus;
	if (r >= 0)
		r = boot_load(&boot, &machine->memory);
	if (r >= 0)
		r = memory_attach(&machine->memory, &machine->kvm);
	if (r >= 0)
		r = machine_add_devices(machine, plan);
	if (r >= 0)
		r = machine_add_vcpus(machine, plan);
	if (r >= 0)
		r = vcpu_enter(&machine->vcpus[0], boot.entry, boot.ebx, boot.esi);
	return r;
}

int machine_run(struct machine *machine)
{
	int r;

	for (unsigned int i = 0; i < machine->vcpu_count; i++) {
		r = vcpu_start(&machine->vcpus[i]);

		if (r < 0)
			return r;
	}
	r = sandbox_filter(machine->vsock.dial ? SANDBOX_DIALLING_LOOP : SANDBOX_LOOP);
	return r < 0 ? r : loop_run(&machine->loop);
}

void machine_close(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->vcpu_count; i++)
		vcpu_close(&machine->vcpus[i]);
	for (unsigned int i = 0; i < machine->transport_count; i++)
		virtio_pci_close(&machine->transports[i]);
	interrupts_close(&machine->interrupts);
	memory_free(&machine->memory);
	file_close(&machine->end_source.fd);
	loop_close(&machine->loop);
	kvm_close(&machine->kvm);
}
