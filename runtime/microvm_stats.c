/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/isolation.h"
#include "runtime/microvm_call.h"

#define FILE_BYTES 256

/* The thread is one of a vCPU, as its name says: what it ran and waited for (schedstat). */
static void write_vcpu(struct json_writer *writer, const char *tasks, const char *thread)
{
	_cleanup_buffer_ struct buffer name = { 0 }, times = { 0 };
	uint64_t ran, waited;
	unsigned int number;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%.32s/comm", tasks, thread);
	if (file_read_at(AT_FDCWD, path, &name, FILE_BYTES) < 0 || !name.length ||
		sscanf(name.data, "vcpu %u", &number) != 1)
		return;
	(void)snprintf(path, sizeof(path), "%s/%.32s/schedstat", tasks, thread);
	if (file_read_at(AT_FDCWD, path, &times, FILE_BYTES) < 0 || !times.length ||
		sscanf(times.data, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
		return;
	json_begin_object(writer, NULL);
	json_write_unsigned(writer, "number", number);
	json_write_unsigned(writer, "usage", ran);
	json_write_unsigned(writer, "steal", waited);
	json_end_object(writer);
}

static void write_vcpus(struct json_writer *writer, pid_t pid)
{
	struct dirent **threads;
	char path[64];
	int count;

	/* In the order of their numbers, which is that in which they were made. */
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	count = scandir(path, &threads, NULL, versionsort);
	json_begin_array(writer, "vcpus");
	for (int i = 0; i < count; i++) {
		if (threads[i]->d_name[0] != '.')
			write_vcpu(writer, path, threads[i]->d_name);
		free(threads[i]);
	}
	json_end_array(writer);
	if (count >= 0)
		free(threads);
}

int microvm_write_counters(const struct container *container, struct json_writer *writer)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json *counted;
	int r;

	json_begin_object(writer, "microvm");
	/* Statistics of a paused machine are wanted too: what its monitor would say is left out. */
	if (!isolation_host.is_frozen(container)) {
		r = microvm_ask(container, REQUEST_COUNTERS, NULL, 0, &text);
		if (r >= 0)
			r = json_parse(
				&arena, "the monitor's counters", text.data, text.length, &counted);
		if (r < 0)
			return r;
		json_for_each (member, counted)
			json_write_node(writer, member->key, member);
	}
	write_vcpus(writer, (pid_t)container->record.pid);
	json_end_object(writer);
	return 0;
}
