/* SPDX-License-Identifier: Apache-2.0 */
#include "base/processors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

#define LIST_BYTES 4096

int processors_count(const cpu_set_t *cpus)
{
	unsigned long words[sizeof(*cpus) / sizeof(unsigned long)];
	int count = 0;

	memcpy(words, cpus, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		count += words[i] ? __builtin_popcountl(words[i]) : 0;
	return count;
}

int processors_parse(const char *text, cpu_set_t *cpus)
{
	char *at = (char *)text;

	CPU_ZERO(cpus);
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10);
		unsigned long last = *at == '-' ? strtoul(at + 1, &at, 10) : first;

		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, cpus);
		at += *at == ',';
	}
	return processors_count(cpus);
}

static bool read_list(const char *path, struct buffer *text)
{
	return file_read_at(-1, path, text, LIST_BYTES) >= 0 && text->data;
}

int processors_online(cpu_set_t *cpus)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (read_list("/sys/devices/system/cpu/online", &text) &&
		processors_parse(text.data, cpus) > 0)
		return processors_count(cpus);
	CPU_ZERO(cpus);
	if (sched_getaffinity(0, sizeof(*cpus), cpus) < 0)
		CPU_SET(0, cpus);
	return processors_count(cpus);
}

unsigned int processors_numbers(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *last;

	if (!read_list("/sys/devices/system/cpu/possible", &text))
		return (unsigned int)sysconf(_SC_NPROCESSORS_CONF);
	last = text.data + strlen(text.data);
	while (last > text.data && (last[-1] == '\n' || (last[-1] >= '0' && last[-1] <= '9')))
		last--;
	return (unsigned int)strtoul(last, NULL, 10) + 1;
}
