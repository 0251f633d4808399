/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the page of `hull run --whisper` as a program in the container does.
 *
 *	page FILE		one line "name value" for each number
 *	page FILE check N	N readings, each of which has to be of one update
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/hull/cpu.h"

static int fail(const char *what)
{
	fprintf(stderr, "page: %s\n", what);
	return 1;
}

static int print(const struct hull_cpu_page *page)
{
	struct hull_cpu_page now;

	if (hull_cpu_read(page, &now) < 0)
		return fail("never readable");
	printf("length %u\ncpus %u\nsequence %u\n", now.length, now.cpus, now.sequence);
	printf("updated %" PRIu64 "\ninterval %" PRIu64 "\ngeneration %" PRIu64 "\n",
		now.updated_ns, now.interval_ns, now.generation);
	printf("usage %" PRIu64 "\nsteal %" PRIu64 "\nthrottled %" PRIu64 "\nentitled %" PRIu64
	       "\n",
		now.usage_ns, now.steal_ns, now.throttled_ns, now.entitled_ppm);
	for (unsigned int i = 0; i < now.cpus; i++) {
		struct hull_cpu_record record;

		if (hull_cpu_read_record(page, i, &record) < 0)
			return fail("no record");
		printf("steal%u %" PRIu64 "\npreempted%u %u\n", i, record.steal_ns, i,
			record.preempted);
	}
	return 0;
}

/* All of one update: then the sum of the records is the header's. */
static int check_once(const struct hull_cpu_page *page, struct hull_cpu_page *last)
{
	uint64_t sum, total, updated;
	uint32_t begun;

	do {
		begun = hull_cpu_begin(page);
		sum = 0;
		for (unsigned int i = 0; i < page->cpus; i++) {
			const struct hull_cpu_record *record =
				(const void *)((const char *)page + page->cpus_offset +
					       (size_t)i * page->record_bytes);

			sum += hull_cpu_number(&record->steal_ns);
		}
		total = hull_cpu_number(&page->steal_ns);
		updated = hull_cpu_number(&page->updated_ns);
	} while (hull_cpu_retry(page, begun));
	if (sum != total)
		return fail("the records are not of the same update as the header");
	if (updated < last->updated_ns || total < last->steal_ns)
		return fail("a time went back");
	last->updated_ns = updated;
	last->steal_ns = total;
	return 0;
}

int main(int argc, char **argv)
{
	const struct hull_cpu_page *page = argc > 1 ? hull_cpu_map(argv[1]) : NULL;
	struct hull_cpu_page last = { 0 };
	long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;

	if (!page)
		return fail("no page there");
	if (argc == 2)
		return print(page);
	for (long i = 0; i < count; i++)
		if (check_once(page, &last))
			return 1;
	return 0;
}
