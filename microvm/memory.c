/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/memory.h"

static int memory_add(struct memory *memory, uint64_t address, size_t bytes)
{
	char *host = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host == MAP_FAILED)
		return error_errno(errno, "%zu MiB of memory for the guest", bytes >> 20);
	/* Not in a core dump of the monitor; the guest's memory is the guest's. */
	(void)madvise(host, bytes, MADV_DONTDUMP);
	memory->slots[memory->count++] = (struct memory_slot){ address, bytes, host, NULL };
	return 0;
}

int memory_make(struct memory *memory, size_t bytes)
{
	size_t low = bytes < MEMORY_GAP_BEGIN ? bytes : MEMORY_GAP_BEGIN;
	int r;

	memory->count = 0;
	r = memory_add(memory, 0, low);
	if (r >= 0 && bytes > low)
		r = memory_add(memory, MEMORY_GAP_END, bytes - low);
	return r;
}

void memory_free(struct memory *memory)
{
	memory_track_dirty(memory, false);
	for (unsigned int i = 0; i < memory->count; i++)
		(void)munmap(memory->slots[i].host, memory->slots[i].bytes);
	memory->count = 0;
}

unsigned int memory_mib(const struct memory *memory)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < memory->count; i++)
		bytes += memory->slots[i].bytes;
	return (unsigned int)(bytes >> 20);
}

int memory_attach(const struct memory *memory, const struct kvm *kvm)
{
	for (unsigned int i = 0; i < memory->count; i++) {
		const struct memory_slot *slot = &memory->slots[i];
		int r = kvm_map(kvm, i, slot->address, slot->host, slot->bytes);

		if (r < 0)
			return error_errno(r, "cannot give the guest its memory");
	}
	return 0;
}

void *memory_at(const struct memory *memory, uint64_t address, uint64_t bytes)
{
	for (unsigned int i = 0; i < memory->count; i++) {
		const struct memory_slot *slot = &memory->slots[i];

		/* No sum that could overflow. */
		if (address >= slot->address && bytes <= slot->bytes &&
			address - slot->address <= slot->bytes - bytes)
			return slot->host + (address - slot->address);
	}
	return NULL;
}

void memory_mark_dirty(struct memory *memory, const void *host, size_t bytes)
{
	for (unsigned int i = 0; i < memory->count; i++) {
		struct memory_slot *slot = &memory->slots[i];
		uintptr_t offset = (uintptr_t)host - (uintptr_t)slot->host;

		if (!slot->dirty || !bytes || offset >= slot->bytes)
			continue;
		for (size_t page = offset / MEMORY_PAGE; page <= (offset + bytes - 1) / MEMORY_PAGE;
			page++)
			(void)__atomic_fetch_or(
				&slot->dirty[page / 64], 1ull << page % 64, __ATOMIC_RELAXED);
		return;
	}
}

void memory_discard(struct memory *memory, char *host, size_t bytes)
{
	size_t head = -(uintptr_t)host % MEMORY_PAGE;

	if (bytes < head + MEMORY_PAGE)
		return;
	bytes = (bytes - head) / MEMORY_PAGE * MEMORY_PAGE;
	(void)madvise(host + head, bytes, MADV_DONTNEED);
	memory_mark_dirty(memory, host + head, bytes);
}

void memory_track_dirty(struct memory *memory, bool track)
{
	for (unsigned int i = 0; i < memory->count; i++) {
		struct memory_slot *slot = &memory->slots[i];

		free(slot->dirty);
		slot->dirty =
			track ? memory_allocate_zero((slot->bytes / MEMORY_PAGE + 63) / 64 * 8)
			      : NULL;
	}
}

bool memory_take_dirty(struct memory *memory, uint64_t address)
{
	for (unsigned int i = 0; i < memory->count; i++) {
		struct memory_slot *slot = &memory->slots[i];
		uint64_t page = (address - slot->address) / MEMORY_PAGE, bit = 1ull << page % 64;

		if (slot->dirty && address >= slot->address && page < slot->bytes / MEMORY_PAGE)
			return __atomic_fetch_and(&slot->dirty[page / 64], ~bit, __ATOMIC_RELAXED) &
			       bit;
	}
	return false;
}
