/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An update by options is the same document that --resources reads: so there is
 * one decoder, one set of rules and one way into config.json for both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quantity.h"
#include "runtime/isolation.h"
#include "spec/update.h"

#define RESOURCES_BYTES_MOST (16u << 20)

enum value_kind { VALUE_INTEGER, VALUE_UNSIGNED, VALUE_BYTES, VALUE_TEXT };

#define VALUES_MOST 16

struct update_options {
	const char *resources, *kernel_memory, *kernel_memory_tcp, *l3_cache, *memory_bandwidth;
	const char *values[VALUES_MOST]; /* in the order of the table below */
};

/* Where the options stand in the document; those of an object follow each other. */
static const struct {
	const char *option, *object, *member;
	enum value_kind kind;
} values[] = {
	{ "blkio-weight", "blockIO", "weight", VALUE_UNSIGNED },
	{ "cpu-period", "cpu", "period", VALUE_UNSIGNED },
	{ "cpu-quota", "cpu", "quota", VALUE_INTEGER },
	{ "cpu-burst", "cpu", "burst", VALUE_UNSIGNED },
	{ "cpu-rt-period", "cpu", "realtimePeriod", VALUE_UNSIGNED },
	{ "cpu-rt-runtime", "cpu", "realtimeRuntime", VALUE_INTEGER },
	{ "cpu-share", "cpu", "shares", VALUE_UNSIGNED },
	{ "cpu-idle", "cpu", "idle", VALUE_INTEGER },
	{ "cpu-weight", "cpu", "weight", VALUE_UNSIGNED },
	{ "cpuset-cpus", "cpu", "cpus", VALUE_TEXT },
	{ "cpuset-mems", "cpu", "mems", VALUE_TEXT },
	{ "memory", "memory", "limit", VALUE_BYTES },
	{ "memory-reservation", "memory", "reservation", VALUE_BYTES },
	{ "memory-swap", "memory", "swap", VALUE_BYTES },
	{ "pids-limit", "pids", "limit", VALUE_INTEGER },
};

_Static_assert(ARRAY_SIZE(values) <= VALUES_MOST, "no room for an option's value");

#define TEXT(member_, name_, letter_, argument_, help_)                                            \
	{ name_, letter_, OPTION_TEXT, offsetof(struct update_options, member_), argument_, help_ }

static const struct option options[] = {
	TEXT(resources, "resources", 'r', "FILE",
		"a linux.resources object as JSON (-: from stdin); no other option counts then"),
	TEXT(values[0], "blkio-weight", 0, "WEIGHT", "its share of the disks, 10 to 1000"),
	TEXT(values[1], "cpu-period", 0, "MICROSECONDS", "the period of --cpu-quota"),
	TEXT(values[2], "cpu-quota", 0, "MICROSECONDS", "CPU time a period (-1: no limit)"),
	TEXT(values[3], "cpu-burst", 0, "MICROSECONDS", "CPU time that may be saved up"),
	TEXT(values[4], "cpu-rt-period", 0, "MICROSECONDS", "the period of --cpu-rt-runtime"),
	TEXT(values[5], "cpu-rt-runtime", 0, "MICROSECONDS", "real-time CPU time a period"),
	TEXT(values[6], "cpu-share", 0, "SHARES", "its share of the CPUs, 2 to 262144"),
	TEXT(values[7], "cpu-idle", 0, "0|1", "1: run only when nothing else wants the CPU"),
	TEXT(values[8], "cpu-weight", 0, "WEIGHT",
		"its share of the CPUs, 1 to 10000, not converted"),
	TEXT(values[9], "cpuset-cpus", 0, "LIST", "the CPUs that it may use, such as 0-3,7"),
	TEXT(values[10], "cpuset-mems", 0, "LIST", "the memory nodes that it may use"),
	TEXT(values[11], "memory", 0, "BYTES", "memory limit, such as 512m (-1: none)"),
	TEXT(values[12], "memory-reservation", 0, "BYTES",
		"memory that is left to it under pressure"),
	TEXT(values[13], "memory-swap", 0, "BYTES", "limit of memory and swap together (-1: none)"),
	TEXT(values[14], "pids-limit", 0, "N", "how many processes it may have (-1: no limit)"),
	TEXT(l3_cache, "l3-cache-schema", 0, "SCHEMA", "its part of the L3 cache (Intel RDT)"),
	TEXT(memory_bandwidth, "mem-bw-schema", 0, "SCHEMA", "its memory bandwidth (Intel RDT)"),
	TEXT(kernel_memory, "kernel-memory", 0, "BYTES", "ignored: kernels have it no more"),
	TEXT(kernel_memory_tcp, "kernel-memory-tcp", 0, "BYTES",
		"ignored: kernels have it no more"),
	{ 0 },
};

static int write_number(struct json_writer *writer, size_t i, const char *text)
{
	bool is_signed = values[i].kind != VALUE_UNSIGNED;
	size_t sign = is_signed && *text == '-';
	int64_t number = 0;
	char *end;

	if (values[i].kind == VALUE_BYTES && strcmp(text, "-1") != 0) {
		int r = quantity_bytes(text, &number);

		if (r < 0)
			return error_set(r,
				"--%s: must be bytes such as 512m or -1 for no limit, got \"%s\"",
				values[i].option, text);
		json_write_integer(writer, values[i].member, number);
		return 0;
	}
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || !text[sign] || strspn(text + sign, "0123456789") != strlen(text + sign))
		return error_set(EINVAL, "--%s: must be a whole number%s, got \"%s\"",
			values[i].option, is_signed ? "" : " without a sign", text);
	json_write_integer(writer, values[i].member, number);
	return 0;
}

/* The options as a linux.resources object. */
static int update_write(const struct update_options *wanted, struct buffer *text)
{
	struct json_writer writer = { .buffer = text };
	const char *object = NULL;

	json_begin_object(&writer, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *value = wanted->values[i];
		int r = 0;

		/* Engines' scripts pass an empty variable for what they do not change. */
		if (!value || !*value)
			continue;
		if (!object || strcmp(object, values[i].object) != 0) {
			if (object)
				json_end_object(&writer);
			object = values[i].object;
			json_begin_object(&writer, object);
		}
		if (values[i].kind == VALUE_TEXT)
			json_write_string(&writer, values[i].member, value);
		else
			r = write_number(&writer, i, value);
		if (r < 0)
			return r;
	}
	if (object)
		json_end_object(&writer);
	json_end_object(&writer);
	return 0;
}

static int update_read(const char *path, struct buffer *text)
{
	int r;

	if (!strcmp(path, "-"))
		r = file_read_fd(STDIN_FILENO, text, RESOURCES_BYTES_MOST);
	else
		r = file_read_at(AT_FDCWD, path, text, RESOURCES_BYTES_MOST);
	if (r < 0)
		return error_errno(r, "--resources: %s", path);
	buffer_text(text, "");
	return 0;
}

static int update_text(const struct update_options *wanted, struct buffer *text)
{
	if (wanted->resources && *wanted->resources)
		return update_read(wanted->resources, text);
	if (wanted->kernel_memory || wanted->kernel_memory_tcp)
		log_warning("--kernel-memory%s: is ignored, as kernels have it no more",
			wanted->kernel_memory ? "" : "-tcp");
	return update_write(wanted, text);
}

/* One more part of config.json is as it was given. */
static int update_merge(struct buffer *document, const char *section, const struct buffer *update)
{
	struct buffer merged = { 0 };
	int r = update_document(&merged, document, section, update);

	buffer_free(document);
	*document = merged;
	return r;
}

/* The swap limit that goes with a memory limit of -1. */
static int update_merge_unlimited(struct buffer *document)
{
	_cleanup_buffer_ struct buffer unlimited = { 0 };

	buffer_text(&unlimited, "{\"memory\":{\"swap\":-1}}");
	return update_merge(document, "resources", &unlimited);
}

static int update_merge_rdt(struct buffer *document, const struct config_intel_rdt *rdt)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	json_begin_object(&writer, NULL);
	if (rdt->l3_cache_schema)
		json_write_string(&writer, "l3CacheSchema", rdt->l3_cache_schema);
	if (rdt->mem_bw_schema)
		json_write_string(&writer, "memBwSchema", rdt->mem_bw_schema);
	json_end_object(&writer);
	return update_merge(document, "intelRdt", &text);
}

/* What has changed is in config.json too, for the next update and for whoever rebuilds it. */
static int update_save(const struct container *container, const struct config *config,
	const struct buffer *update, bool swap_unlimited, const struct config_intel_rdt *rdt)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = update_document(&text, &config->document, "resources", update);

	if (r >= 0 && swap_unlimited)
		r = update_merge_unlimited(&text);
	if (r >= 0 && rdt)
		r = update_merge_rdt(&text, rdt);
	if (r < 0)
		return r;
	r = file_replace_at(container->folder_fd, "config.json", text.data, text.length, 0600);
	return r < 0 ? error_errno(r, "the limits are set, but config.json cannot be written") : 0;
}

static bool same_rule(const struct config_device_rule *one, const struct config_device_rule *other)
{
	return one->allow == other->allow && !strcmp(one->type ?: "a", other->type ?: "a") &&
	       one->major.set == other->major.set && one->major.value == other->major.value &&
	       one->minor.set == other->minor.set && one->minor.value == other->minor.value &&
	       !strcmp(one->access ?: "rwm", other->access ?: "rwm");
}

/*
 * Engines send the device rules along with everything else. The same ones again
 * are none: somebody may have allowed more since, as NVIDIA's hooks do.
 */
static void update_drop_same_devices(
	struct config_resources *update, const struct config_resources *present)
{
	if (!present || update->devices.count != present->devices.count)
		return;
	for (size_t i = 0; i < update->devices.count; i++)
		if (!same_rule(&update->devices.items[i], &present->devices.items[i]))
			return;
	update->devices.count = 0;
}

static int update_container(struct container *container, struct config_resources *update,
	const struct buffer *text, const struct config_intel_rdt *rdt)
{
	_cleanup_config_ struct config config = { 0 };
	bool swap_given = update->memory && update->memory->swap.value;
	bool swap_unlimited;
	int r = container_load_config(container, &config);

	if (r < 0)
		return r;
	update_drop_same_devices(update, config.linux->resources);
	r = update_complete(update, config.linux->resources, &config.arena);
	if (r < 0)
		return r;
	swap_unlimited = !swap_given && update->memory && update->memory->swap.value < 0;
	r = isolation_of(container)->update(container, update, rdt);
	return r < 0 ? r : update_save(container, &config, text, swap_unlimited, rdt);
}

static int update_run(const struct invocation *invocation)
{
	const struct update_options *wanted = invocation->options;
	_cleanup_container_ struct container container = CONTAINER_NONE;
	_cleanup_buffer_ struct buffer text = { 0 };
	const struct config_intel_rdt rdt = { .l3_cache_schema = wanted->l3_cache,
		.mem_bw_schema = wanted->memory_bandwidth };
	bool has_rdt = wanted->l3_cache || wanted->memory_bandwidth;
	struct config_resources *update;
	int root_fd, r = update_text(wanted, &text);

	if (r >= 0)
		r = config_parse_resources(
			invocation->arena, "resources", text.data, text.length, &update);
	if (r < 0)
		return r;
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_LOCKED);
	if (r < 0)
		return r;
	if (!container_runs(&container))
		return error_set(ESRCH, "container not running: %s", container.id);
	return update_container(&container, update, &text, has_rdt ? &rdt : NULL);
}

const struct command command_update = {
	.name = "update",
	.synopsis = "[OPTIONS] ID",
	.summary = "change what a container may use while it runs",
	.options = options,
	.options_bytes = sizeof(struct update_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = update_run,
	.of_status = "created|running|paused",
};
