/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_MACHINE_H
#define HULL_MICROVM_MACHINE_H

/* One virtual machine, put together from its parts; `struct machine_plan` says from which. */
#include "microvm/boot.h"
#include "microvm/interrupt.h"
#include "microvm/loop.h"
#include "microvm/memory.h"
#include "microvm/pci.h"
#include "microvm/transcript.h"
#include "microvm/vcpu.h"
#include "microvm/virtio/balloon.h"
#include "microvm/virtio/blk.h"
#include "microvm/virtio/console.h"
#include "microvm/virtio/fs.h"
#include "microvm/virtio/net.h"
#include "microvm/virtio/pci.h"
#include "microvm/virtio/rng.h"
#include "microvm/virtio/vsock.h"

#define MACHINE_DISKS	8
#define MACHINE_NETS	8
#define MACHINE_DEVICES (5 + MACHINE_DISKS + MACHINE_NETS)

struct machine_plan {
	struct boot boot;
	size_t memory_bytes;
	unsigned int vcpus;
	struct {
		int fd;
		bool read_only;
	} disks[MACHINE_DISKS];
	unsigned int disk_count;
	bool vsock;	/* there is a socket device; the folder of its sockets becomes the root */
	int vsock_fd;	/* where the host connects to it; -1: nowhere */
	int fs_fd;	/* the socket of fs_start; -1: no shares */
	int console_fd; /* where the guest kernel's console is written to as well; -1: nowhere */
};

enum machine_end {
	MACHINE_RUNS,
	MACHINE_ENDED,	/* the guest restarted or switched itself off */
	MACHINE_BROKEN, /* the guest cannot go on: `end_text` says why */
	MACHINE_DONE,	/* the monitor has what it wanted */
};

struct machine {
	struct kvm kvm;
	struct memory memory;
	struct interrupts interrupts;
	struct pci_bus bus;
	struct loop loop;
	struct vcpu vcpus[VCPUS_MOST];
	unsigned int vcpu_count;

	struct console console;
	struct virtio_device rng;
	struct balloon balloon;
	struct virtio_fs fs;
	struct vsock vsock;
	struct blk disks[MACHINE_DISKS];
	struct net nets[MACHINE_NETS];
	unsigned int net_count;
	struct virtio_pci transports[MACHINE_DEVICES];
	unsigned int transport_count;
	struct transcript transcript; /* of the kernel's console */

	enum machine_end end; /* with the lock below held */
	char end_text[128];
	pthread_mutex_t end_lock;
	struct loop_source end_source;
};

/* Takes the plan's descriptors of disks. 0 or a negative errno with a message. */
int machine_make(struct machine *machine, const struct machine_plan *plan);

/*
 * A network card more, at any time; the guest finds it when it looks at the bus again. Takes the
 * tap's descriptor. 0 or a negative errno with a message.
 */
int machine_add_net(struct machine *machine, int tap_fd, const uint8_t *mac, uint16_t mtu);

/* Start the vCPUs and serve the devices until machine_end. */
int machine_run(struct machine *machine);
void machine_close(struct machine *machine);

/* From any thread; the first reason counts. */
void machine_end(struct machine *machine, enum machine_end end, const char *text);

/* What a vCPU accesses outside of its memory. */
void machine_port_read(struct machine *machine, uint16_t port, void *bytes, unsigned int length);
void machine_port_write(
	struct machine *machine, uint16_t port, const void *bytes, unsigned int length);
void machine_memory_read(
	struct machine *machine, uint64_t address, void *bytes, unsigned int length);
void machine_memory_write(
	struct machine *machine, uint64_t address, const void *bytes, unsigned int length);

#endif
