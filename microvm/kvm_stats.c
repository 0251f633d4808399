/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/kvm_stats.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "base/memory.h"

#define MOST_COUNTERS 256
#define MOST_NAME     256

/* "exits", "io_exits", "halt_exits" and so on, and what else says what a guest costs. */
static bool is_wanted(const char *name)
{
	static const char *const others[] = { "hypercalls", "irq_injections", "preemption_reported",
		"insn_emulation", "pf_taken", "tlb_flush" };
	size_t length = strlen(name);

	if (length >= 5 && !strcmp(name + length - 5, "exits"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(name, others[i]))
			return true;
	return false;
}

/* The monitor's filter has preadv(2), which disks need. */
static bool read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
	const struct iovec part = { bytes, length };

	return preadv(fd, &part, 1, (off_t)offset) == (ssize_t)length;
}

void kvm_stats_open(struct kvm_stats *stats, int vcpu_fd)
{
	struct kvm_stats_header header;

	stats->count = 0;
	stats->fd = ioctl(vcpu_fd, KVM_GET_STATS_FD, NULL);
	if (stats->fd < 0 || !read_at(stats->fd, &header, sizeof(header), 0) ||
		header.name_size > MOST_NAME)
		return;
	for (uint32_t i = 0; i < header.num_desc && i < MOST_COUNTERS; i++) {
		struct {
			struct kvm_stats_desc head;
			char name[MOST_NAME + 1];
		} found = { 0 };
		size_t bytes = sizeof(found.head) + header.name_size;

		if (stats->count == KVM_STATS_MOST ||
			!read_at(stats->fd, &found, bytes, header.desc_offset + i * bytes))
			return;
		if ((found.head.flags & KVM_STATS_TYPE_MASK) != KVM_STATS_TYPE_CUMULATIVE ||
			found.head.size != 1 || !is_wanted(found.name) ||
			strlen(found.name) >= KVM_STATS_NAME_BYTES)
			continue;
		stats->items[stats->count].offset = header.data_offset + found.head.offset;
		(void)snprintf(
			stats->items[stats->count].name, KVM_STATS_NAME_BYTES, "%.31s", found.name);
		stats->count++;
	}
}

void kvm_stats_read(const struct kvm_stats *stats, uint64_t *values)
{
	for (unsigned int i = 0; i < stats->count; i++)
		if (!read_at(stats->fd, &values[i], sizeof(values[i]), stats->items[i].offset))
			values[i] = 0;
}
