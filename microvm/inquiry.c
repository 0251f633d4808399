/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/inquiry.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* ---- its memory ------------------------------------------------------------------------------------ */

#define PAGES_PER_MIB (unsigned int)((1u << 20) / MEMORY_PAGE)

/* The balloon takes what the guest shall not have. */
static int resize(struct machine *machine, const void *body, size_t bytes, struct buffer *answer)
{
	const unsigned int whole = memory_mib(&machine->memory);
	struct balloon *balloon = &machine->balloon;
	uint32_t wanted = 0;

	if (bytes == sizeof(wanted))
		memcpy(&wanted, body, sizeof(wanted));
	if (wanted > whole)
		return error_set(EINVAL, "the microVM was started with %u MiB", whole);
	if (wanted)
		balloon_set_target(balloon, (whole - wanted) * PAGES_PER_MIB);
	buffer_format(answer, REQUEST_SIZE_FORMAT, whole - balloon->target / PAGES_PER_MIB,
		whole - balloon->actual / PAGES_PER_MIB, (unsigned int)balloon_is_driven(balloon));
	return 0;
}

/* ---- what was counted ------------------------------------------------------------------------------ */

/* Of all vCPUs: what the kernel saw, and those that got as far as the monitor. */
static void write_exits(struct json_writer *writer, const struct machine *machine)
{
	static const char *const names[EXIT_REASONS] = {
		[EXIT_PORT] = "monitor_ports",
		[EXIT_MEMORY] = "monitor_memory",
		[EXIT_OTHER] = "monitor_other",
	};
	const struct kvm_stats *stats = &machine->vcpus[0].stats;
	uint64_t sums[KVM_STATS_MOST] = { 0 }, own[EXIT_REASONS] = { 0 };

	for (unsigned int i = 0; i < machine->vcpu_count; i++) {
		uint64_t values[KVM_STATS_MOST];

		kvm_stats_read(&machine->vcpus[i].stats, values);
		for (unsigned int k = 0; k < machine->vcpus[i].stats.count; k++)
			sums[k] += values[k];
		for (unsigned int k = 0; k < EXIT_REASONS; k++)
			own[k] += __atomic_load_n(&machine->vcpus[i].exits[k], __ATOMIC_RELAXED);
	}
	json_begin_object(writer, "exits");
	for (unsigned int i = 0; i < stats->count; i++)
		json_write_unsigned(writer, stats->items[i].name, sums[i]);
	for (unsigned int i = 0; i < EXIT_REASONS; i++)
		json_write_unsigned(writer, names[i], own[i]);
	json_end_object(writer);
}

static void write_devices(struct json_writer *writer, const struct machine *machine)
{
	uint64_t rung = 0, raised = 0;

	json_begin_array(writer, "devices");
	for (unsigned int i = 0; i < machine->transport_count; i++) {
		const struct virtio_device *device = machine->transports[i].device;

		json_begin_object(writer, NULL);
		json_write_string(writer, "name", device->type->name);
		json_write_unsigned(writer, "doorbells", device->rung);
		json_write_unsigned(writer, "interrupts", device->raised);
		json_end_object(writer);
		rung += device->rung;
		raised += device->raised;
	}
	json_end_array(writer);
	json_write_unsigned(writer, "doorbells", rung);
	json_write_unsigned(writer, "interrupts", raised);
}

static int count(const struct machine *machine, struct buffer *answer)
{
	struct json_writer writer = { .buffer = answer };
	const uint64_t whole = (uint64_t)memory_mib(&machine->memory) << 20;

	json_begin_object(&writer, NULL);
	write_exits(&writer, machine);
	write_devices(&writer, machine);
	json_begin_object(&writer, "memory");
	json_write_unsigned(&writer, "size", whole);
	json_write_unsigned(&writer, "balloon", machine->balloon.actual * (uint64_t)MEMORY_PAGE);
	json_end_object(&writer);
	json_end_object(&writer);
	return 0;
}

int inquiry_answer(struct machine *machine, enum request_type type, const void *body, size_t bytes,
	struct buffer *answer)
{
	return type == REQUEST_MEMORY ? resize(machine, body, bytes, answer)
				      : count(machine, answer);
}
