/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile guest: any accesses to configuration space and BARs, any rings in memory. Each
 * step is eight bytes: what, where (three bytes), a value (four).
 */
#include "microvm/virtio/blk.h"
#include "microvm/virtio/console.h"
#include "microvm/virtio/pci.h"
#include "microvm/virtio/rng.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define BYTES (1ul << 18)
#define STEPS 512

struct guest {
	struct memory memory;
	struct loop loop;
	struct kvm kvm;
	struct interrupts interrupts;
	struct pci_bus bus;
	struct console console;
	struct virtio_device rng;
	struct blk disk;
	struct virtio_pci transports[3];
};

static void guest_make(struct guest *guest)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	struct virtio_device *devices[] = { &guest->console.device, &guest->rng,
		&guest->disk.device };

	guest->kvm = KVM_NONE;
	guest->interrupts.kvm = &guest->kvm;
	FUZZ_NEED(fd >= 0 && ftruncate(fd, 1 << 16) == 0);
	FUZZ_NEED(memory_make(&guest->memory, BYTES) == 0 && loop_open(&guest->loop) == 0);
	pci_bus_init(&guest->bus);
	console_init(&guest->console, &guest->loop, &guest->memory);
	rng_init(&guest->rng, &guest->loop, &guest->memory);
	FUZZ_NEED(blk_init(&guest->disk, &guest->loop, &guest->memory, fd, false, "disk") == 0);
	for (int i = 0; i < 3; i++)
		FUZZ_NEED(virtio_pci_attach(&guest->transports[i], devices[i], &guest->kvm,
				  &guest->interrupts, &guest->bus) == 0);
}

static void guest_free(struct guest *guest)
{
	for (int i = 0; i < 3; i++)
		virtio_pci_close(&guest->transports[i]);
	interrupts_close(&guest->interrupts);
	(void)close(guest->disk.fd);
	loop_close(&guest->loop);
	memory_free(&guest->memory);
}

static void guest_step(struct guest *guest, const uint8_t *step)
{
	uint32_t where = step[1] | (uint32_t)step[2] << 8 | (uint32_t)step[3] << 16, value;
	unsigned int length = 1u << (step[0] >> 4 & 3), device = where % 3;
	uint64_t wide;
	char *host;

	memcpy(&value, step + 4, sizeof(value));
	wide = value | (uint64_t)value << 32;
	switch (step[0] & 7) {
	case 0:
		pci_port_write(&guest->bus, 0xcf8, &value, 4);
		break;
	case 1:
		pci_port_write(&guest->bus, (uint16_t)(0xcfc + where % 4), &wide, length & 7);
		break;
	case 2:
		pci_port_read(&guest->bus, (uint16_t)(0xcfc + where % 4), &wide, length & 7);
		break;
	case 3:
		pci_memory_write(&guest->bus, PCI_WINDOW_ADDRESS + where, &wide, length);
		break;
	case 4:
		pci_memory_read(&guest->bus, PCI_WINDOW_ADDRESS + where, &wide, length);
		break;
	case 5:
		host = memory_at(&guest->memory, where % BYTES, sizeof(value));
		if (host)
			memcpy(host, &value, sizeof(value));
		break;
	default:
		device = where % 3;
		if (guest->transports[device].device->status & 4)
			guest->transports[device].device->type->notified(
				guest->transports[device].device,
				value % guest->transports[device].device->queue_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct guest guest;

	memset(&guest, 0, sizeof(guest));
	guest_make(&guest);
	for (size_t i = 0; i + 8 <= length && i < 8ul * STEPS; i += 8)
		guest_step(&guest, bytes + i);
	guest_free(&guest);
	return 0;
}
