/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_update.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/isolation.h"
#include "runtime/microvm_call.h"
#include "runtime/microvm_size.h"

/* A guest that gives nothing more back for so long will not do it. */
#define STANDSTILL 20000000000ull /* nanoseconds */
#define PAUSE	   20000	  /* microseconds */

/* ---- its memory ----------------------------------------------------------------------------------- */

struct size {
	unsigned int wanted, present, driven; /* MiB, MiB, whether the guest has a driver */
};

/* WANTED MiB, or 0: only ask. */
static int size_ask(const struct container *container, uint32_t wanted, struct size *size)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = microvm_ask(container, REQUEST_MEMORY, &wanted, sizeof(wanted), &text);

	if (r < 0)
		return r;
	if (sscanf(text.data, REQUEST_SIZE_FORMAT, &size->wanted, &size->present, &size->driven) !=
		3)
		return error_set(EPROTO, "the monitor of the microVM is of another version");
	return 0;
}

static int size_refuse(const struct size *size)
{
	if (!size->driven)
		return error_set(ENOTSUP, "resources.memory.limit: the guest's kernel has no "
					  "driver for the balloon (virtio_balloon)");
	return error_set(EBUSY,
		"resources.memory.limit: the guest needs its memory: of %u MiB it has not got "
		"below %u MiB",
		size->wanted, size->present);
}

/* The guest shall have WANTED MiB; waits until it has. */
static int size_reach(const struct container *container, unsigned int wanted)
{
	struct size size, before;
	uint64_t since = clock_monotonic();
	int r = size_ask(container, wanted, &size);

	while (r >= 0 && size.present != wanted) {
		before = size;
		(void)usleep(PAUSE);
		r = size_ask(container, 0, &size);
		if (r >= 0 && size.present != before.present)
			since = clock_monotonic();
		else if (r >= 0 && clock_monotonic() - since > STANDSTILL)
			return size_refuse(&size);
	}
	return r;
}

/* ---- its processors ------------------------------------------------------------------------------- */

static int update_cpus(struct container *container, const struct config_resources *resources)
{
	_cleanup_config_ struct config config = { 0 };
	uint32_t count;
	int r;

	if (!resources->cpu)
		return 0;
	r = container_load_config(container, &config);
	if (r < 0)
		return r;
	count = microvm_vcpus_after(&config, resources->cpu);
	return count ? microvm_ask(container, REQUEST_CPUS, &count, sizeof(count), NULL) : 0;
}

/* ---- all of it ------------------------------------------------------------------------------------- */

static int update_guest(const struct container *container, const char *const *limits, size_t count)
{
	const char *words[MICROVM_UPDATE_WORDS + 2] = { "update" };
	size_t total = 1;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		words[total++] = limits[i];
	words[total++] = GUEST_CONTAINER;
	return microvm_call(container, words, total, NULL);
}

/*
 * The group out here has to hold all that the guest has: it is widened before the guest grows,
 * and narrowed when the guest has become smaller. Whatever refuses does so before the group.
 */
static int update_all(struct container *container, const struct microvm_update *update,
	const struct config_resources *resources, const struct config_intel_rdt *rdt)
{
	struct size before = { 0 };
	bool grows;
	int r = update->memory ? size_ask(container, 0, &before) : 0;

	grows = update->memory > before.wanted;
	if (r >= 0 && grows)
		r = isolation_host.update(container, &update->outside, rdt);
	if (r >= 0 && update->memory)
		r = size_reach(container, update->memory);
	if (r >= 0)
		r = update_guest(container, update->words, update->word_count);
	if (r >= 0)
		r = update_cpus(container, resources);
	if (r >= 0 && !grows)
		r = isolation_host.update(container, &update->outside, rdt);
	if (r < 0 && before.wanted) {
		_cleanup_free_ char *message = string_copy(error_text(r));

		(void)size_ask(container, before.wanted, &before);
		return error_set(-r, "%s", message);
	}
	return r;
}

int microvm_update(struct container *container, const struct config_resources *resources,
	const struct config_intel_rdt *rdt)
{
	struct microvm_update update;
	int r = microvm_update_split(&container->arena, resources,
		(unsigned int)container->record.machine_memory, &update);

	return r < 0 ? r : update_all(container, &update, resources, rdt);
}
