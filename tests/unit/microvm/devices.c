/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices behind their PCI function, as a driver drives them: through configuration space and
 * a BAR, with rings in the guest's memory; without KVM.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "microvm/virtio/blk.h"
#include "microvm/virtio/pci.h"
#include "tests/unit/test.h"

#define COMMON	    0x0000u
#define NOTIFY	    0x3000u
#define MSIX	    0x4000u
#define DESCRIPTORS 0x1000ul
#define AVAILABLE   0x2000ul
#define USED	    0x3000ul
#define DATA	    0x8000ul

static struct memory memory;
static struct loop loop;
static struct kvm kvm = { .fd = -1, .vm_fd = -1 };
static struct interrupts interrupts = { .kvm = &kvm };
static struct pci_bus bus;
static struct blk disk;
static struct virtio_pci transport;
static uint32_t base;

static uint32_t config_read(unsigned int slot, unsigned int offset)
{
	uint32_t address = 0x80000000u | slot << 11 | offset, value = 0;

	pci_port_write(&bus, 0xcf8, &address, 4);
	pci_port_read(&bus, 0xcfc, &value, 4);
	return value;
}

static void config_write(unsigned int slot, unsigned int offset, uint32_t value)
{
	uint32_t address = 0x80000000u | slot << 11 | offset;

	pci_port_write(&bus, 0xcf8, &address, 4);
	pci_port_write(&bus, 0xcfc, &value, 4);
}

static uint32_t get(uint32_t offset, unsigned int length)
{
	uint32_t value = 0;

	pci_memory_read(&bus, base + offset, &value, length);
	return value;
}

static void set(uint32_t offset, uint32_t value, unsigned int length)
{
	pci_memory_write(&bus, base + offset, &value, length);
}

static void test_config_space(void)
{
	CHECK(config_read(0, 0) == 0x0d578086, "slot 0 is the host bridge");
	CHECK(config_read(1, 0) == 0x10421af4, "slot 1 is a virtio disk");
	CHECK(config_read(2, 0) == 0xffffffff, "slot 2 is empty");
	config_write(1, 0, 0);
	CHECK(config_read(1, 0) == 0x10421af4, "an id cannot be written");
	config_write(1, PCI_BASE_ADDRESS_0, 0xffffffff);
	CHECK(config_read(1, PCI_BASE_ADDRESS_0) == 0xffff8000, "the BAR tells its size");
	config_write(1, PCI_BASE_ADDRESS_0, 0xc0010000);
	CHECK(pci_bar_address(&transport.pci, 0) == 0, "it decodes nothing yet");
	config_write(1, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	base = 0xc0010000;
	CHECK(pci_bar_address(&transport.pci, 0) == base, "it is where it was put");
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_NUMQ, 2) == 1, "and answers there");
	pci_memory_read(&bus, base + 0x7ffe, &(uint32_t){ 0 }, 4);
	CHECK(get(0x9000, 4) == 0xffffffff, "nothing is behind it");
}

static void negotiate(void)
{
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 0, 1);
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 3, 1);
	set(COMMON + VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	set(COMMON + VIRTIO_PCI_COMMON_GF, 1, 4);
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 11, 1);
}

static void enable_queue(uint32_t descriptors)
{
	set(COMMON + VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	set(COMMON + VIRTIO_PCI_COMMON_Q_SIZE, 8, 2);
	set(COMMON + VIRTIO_PCI_COMMON_Q_DESCLO, descriptors, 4);
	set(COMMON + VIRTIO_PCI_COMMON_Q_AVAILLO, AVAILABLE, 4);
	set(COMMON + VIRTIO_PCI_COMMON_Q_USEDLO, USED, 4);
	set(COMMON + VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
}

static void test_negotiation(void)
{
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 0, 1);
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 11, 1);
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_STATUS, 1) == 3,
		"a driver without VERSION_1 is refused");
	negotiate();
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_STATUS, 1) == 11, "one with it is not");
	enable_queue(0xfffff000);
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET,
		"a queue that is no memory needs a reset");
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_Q_ENABLE, 2) == 0, "and is not enabled");
	set(COMMON + VIRTIO_PCI_COMMON_Q_MSIX, 0, 2);
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_Q_MSIX, 2) == 0, "a vector that is there");
	set(COMMON + VIRTIO_PCI_COMMON_Q_MSIX, 77, 2);
	CHECK(get(COMMON + VIRTIO_PCI_COMMON_Q_MSIX, 2) == 0xffff, "and one that is not");
}

/* One request of TYPE at SECTOR for LENGTH bytes; its status. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t length, bool to_guest)
{
	struct vring_desc *descriptors = memory_at(&memory, DESCRIPTORS, 48);
	struct vring_avail *available = memory_at(&memory, AVAILABLE, 32);
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	uint8_t *status = memory_at(&memory, DATA + 0x4000, 1);

	memcpy(memory_at(&memory, DATA, 16), &header, sizeof(header));
	descriptors[0] = (struct vring_desc){ DATA, 16, VRING_DESC_F_NEXT, length ? 1 : 2 };
	descriptors[1] = (struct vring_desc){ DATA + 0x1000, length,
		VRING_DESC_F_NEXT | (to_guest ? VRING_DESC_F_WRITE : 0), 2 };
	descriptors[2] = (struct vring_desc){ DATA + 0x4000, 1, VRING_DESC_F_WRITE, 0 };
	*status = 0x55;
	available->ring[available->idx % 8] = 0;
	available->idx++;
	disk.device.type->notified(&disk.device, 0);
	return *status;
}

static void test_disk(void)
{
	char *data = memory_at(&memory, DATA + 0x1000, 512), found[512];

	memset(memory_at(&memory, AVAILABLE, 32), 0, 32);
	negotiate();
	enable_queue(DESCRIPTORS);
	set(COMMON + VIRTIO_PCI_COMMON_STATUS, 15, 1);
	memset(data, 'a', 512);
	CHECK(request(VIRTIO_BLK_T_OUT, 3, 512, false) == 0, "a sector is written");
	CHECK(pread(disk.fd, found, 512, 3 * 512) == 512 && !memcmp(found, data, 512),
		"and is in the file");
	memset(data, 0, 512);
	CHECK(request(VIRTIO_BLK_T_IN, 3, 512, true) == 0 && !memcmp(found, data, 512),
		"and is read again");
	CHECK(request(VIRTIO_BLK_T_IN, 16, 512, true) == 1, "refused: beyond the end");
	CHECK(request(VIRTIO_BLK_T_IN, UINT64_MAX / 512, 512, true) == 1,
		"refused: an offset that overflows");
	CHECK(request(VIRTIO_BLK_T_IN, 0, 100, true) == 1, "refused: a part of a sector");
	CHECK(request(VIRTIO_BLK_T_OUT, 0, 512, true) == 1, "refused: a write of nothing");
	CHECK(request(VIRTIO_BLK_T_FLUSH, 0, 0, true) == 0, "a flush");
	CHECK(request(99, 0, 0, true) == 2, "what nobody knows is not supported");
	disk.read_only = true;
	CHECK(request(VIRTIO_BLK_T_OUT, 3, 512, false) == 1,
		"refused: a write to a read-only disk");
}

static void test_masked_interrupt(void)
{
	const unsigned int vector = 0;

	/* MSI-X is off: whatever is raised waits. */
	msix_raise(&transport.msix, &transport.pci, vector);
	CHECK(get(0x5000, 4) == 1, "an interrupt of a masked vector is pending");
	set(MSIX, 0xfee00000, 4);
	set(MSIX + 12, 0, 4);
	config_write(1, transport.msix.capability, (uint32_t)PCI_MSIX_FLAGS_ENABLE << 16);
	CHECK(get(0x5000, 4) == 0, "and is delivered when it is unmasked");
}

int main(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	NEED(fd >= 0 && ftruncate(fd, 16 * 512) == 0);
	NEED(memory_make(&memory, 1 << 20) == 0 && loop_open(&loop) == 0);
	pci_bus_init(&bus);
	NEED(blk_init(&disk, &loop, &memory, fd, false, "disk") == 0);
	NEED(virtio_pci_attach(&transport, &disk.device, &kvm, &interrupts, &bus) == 0);
	test_config_space();
	test_negotiation();
	test_disk();
	test_masked_interrupt();
	virtio_pci_close(&transport);
	interrupts_close(&interrupts);
	loop_close(&loop);
	memory_free(&memory);
	return test_end();
}
