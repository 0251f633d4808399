/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/whisper_page.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/processors.h"

/* What programs were built with. */
_Static_assert(sizeof(struct hull_cpu_page) == 88, "the layout is a contract");
_Static_assert(offsetof(struct hull_cpu_page, sequence) == 24, "the layout is a contract");
_Static_assert(offsetof(struct hull_cpu_page, updated_ns) == 32, "the layout is a contract");
_Static_assert(offsetof(struct hull_cpu_page, entitled_ppm) == 80, "the layout is a contract");
_Static_assert(sizeof(struct hull_cpu_record) == 16, "the layout is a contract");

#define RECORDS_OFFSET 128 /* a cache line's multiple, with room for more members */

void whisper_page_open(struct whisper_page *page, int fd)
{
	unsigned int cpus = processors_numbers();
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	size_t length = RECORDS_OFFSET + cpus * sizeof(struct hull_cpu_record);

	page->fd = fd;
	page->bytes = (length + size - 1) / size * size;
	page->header = memory_allocate_zero(page->bytes);
	page->records = (void *)((char *)page->header + RECORDS_OFFSET);
	*page->header = (struct hull_cpu_page){
		.magic = HULL_CPU_MAGIC,
		.version = HULL_CPU_VERSION,
		.length = (uint32_t)length,
		.cpus = cpus,
		.cpus_offset = RECORDS_OFFSET,
		.record_bytes = sizeof(struct hull_cpu_record),
		.generation = 1,
	};
}

int whisper_page_make(int fd)
{
	struct whisper_page page;
	ssize_t n;

	whisper_page_open(&page, fd);
	n = pwrite(fd, page.header, page.bytes, 0);
	free(page.header);
	if (n < 0)
		return -errno;
	return (size_t)n == page.bytes ? 0 : -ENOSPC;
}

static void page_write(const struct whisper_page *page, size_t offset, size_t bytes)
{
	ssize_t n = pwrite(page->fd, (const char *)page->header + offset, bytes, (off_t)offset);

	/* The state folder may be full: then the readers see an old time. */
	(void)n;
}

/* The lock that write(2) takes on the file orders the three for readers on every machine. */
void whisper_page_publish(struct whisper_page *page)
{
	const size_t at = offsetof(struct hull_cpu_page, sequence);

	page->header->sequence++;
	page_write(page, at, sizeof(page->header->sequence));
	page_write(page, 0, page->header->length);
	page->header->sequence++;
	page_write(page, at, sizeof(page->header->sequence));
}
