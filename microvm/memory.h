/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_MEMORY_H
#define HULL_MICROVM_MEMORY_H

/*
 * The guest's memory: where its physical addresses lie in the monitor, and which
 * pages devices have written. Addresses and lengths come from the guest, so
 * virtio/queue.c is the only caller of memory_at while the guest runs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "microvm/kvm.h"

#define MEMORY_PAGE 4096ul
/* RAM ends here and goes on at 4 GiB; between lie the devices. */
#define MEMORY_GAP_BEGIN 0xc0000000ul
#define MEMORY_GAP_END	 0x100000000ul

struct memory_slot {
	uint64_t address;
	size_t bytes;
	char *host;
	uint64_t *dirty; /* a bit for each page, while they are tracked; else NULL */
};

struct memory {
	struct memory_slot slots[2];
	unsigned int count;
};

/* BYTES of zeroed memory, a multiple of the page. 0 or a negative errno with a message. */
int memory_make(struct memory *memory, size_t bytes);
void memory_free(struct memory *memory);

/* All of it. */
unsigned int memory_mib(const struct memory *memory);

/* Show it to the guest. */
int memory_attach(const struct memory *memory, const struct kvm *kvm);

/* Where BYTES from ADDRESS on are, or NULL when not all of them are RAM. */
void *memory_at(const struct memory *memory, uint64_t address, uint64_t bytes);

/* Every write of a device into the guest's memory is told here; thread-safe. */
void memory_mark_dirty(struct memory *memory, const void *host, size_t bytes);

/* The whole pages among these bytes go back to the host; the guest has no use for what is in them. */
void memory_discard(struct memory *memory, char *host, size_t bytes);

/* Begin or end to keep what memory_mark_dirty is told. */
void memory_track_dirty(struct memory *memory, bool track);

/* True when a device has written the page at ADDRESS since the last question about it. */
bool memory_take_dirty(struct memory *memory, uint64_t address);

#endif
