/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cgroup/rdt.h"

static void stats_write_number(
	int folder_fd, const char *path, struct json_writer *writer, const char *key)
{
	long long number;

	if (file_read_number_at(folder_fd, path, &number) >= 0)
		json_write_unsigned(writer, key, (uint64_t)number);
}

/* info/L3 and info/MB; a machine that lacks one has no such folder. */
static void stats_write_info(int root_fd, struct json_writer *writer)
{
	_cleanup_close_ int cache = openat(root_fd, "info/L3", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int memory = openat(root_fd, "info/MB", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buffer_ struct buffer mask = { 0 };

	if (cache >= 0) {
		(void)file_read_at(cache, "cbm_mask", &mask, 256);
		json_begin_object(writer, "l3_cache_info");
		if (mask.data) {
			mask.data[strcspn(mask.data, "\n")] = '\0';
			json_write_string(writer, "cbm_mask", mask.data);
		}
		stats_write_number(cache, "min_cbm_bits", writer, "min_cbm_bits");
		stats_write_number(cache, "num_closids", writer, "num_closids");
		json_end_object(writer);
	}
	if (memory >= 0) {
		json_begin_object(writer, "mem_bw_info");
		stats_write_number(memory, "bandwidth_gran", writer, "bandwidth_gran");
		stats_write_number(memory, "delay_linear", writer, "delay_linear");
		stats_write_number(memory, "min_bandwidth", writer, "min_bandwidth");
		stats_write_number(memory, "num_closids", writer, "num_closids");
		json_end_object(writer);
	}
}

/* The lines of a schemata file under the names that runc gives them. */
static void stats_write_schemata(
	int class_fd, struct json_writer *writer, const char *cache_key, const char *memory_key)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char *rest;

	if (file_read_at(class_fd, "schemata", &text, 1u << 20) < 0)
		return;
	rest = text.data;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		line += strspn(line, " ");
		if (!strncmp(line, "L3:", 3))
			json_write_string(writer, cache_key, line);
		else if (!strncmp(line, "MB:", 3))
			json_write_string(writer, memory_key, line);
	}
}

static void stats_write_cache(
	int data_fd, const char *cache, const char *const *files, struct json_writer *writer)
{
	json_begin_object(writer, NULL);
	for (; *files; files++) {
		char path[300];

		(void)snprintf(path, sizeof(path), "%s/%s", cache, *files);
		stats_write_number(data_fd, path, writer, *files);
	}
	json_end_object(writer);
}

/* mon_data has a folder a cache, such as mon_L3_00. */
static void stats_write_monitors(
	int group_fd, struct json_writer *writer, const char *key, const char *const *files)
{
	int data_fd = openat(group_fd, "mon_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = data_fd < 0 ? NULL : fdopendir(data_fd);
	const struct dirent *entry;

	if (!folder) {
		file_close(&data_fd);
		return;
	}
	json_begin_array(writer, key);
	while ((entry = readdir(folder)))
		if (!strncmp(entry->d_name, "mon_L3_", 7))
			stats_write_cache(data_fd, entry->d_name, files, writer);
	json_end_array(writer);
	(void)closedir(folder);
}

void rdt_write_stats(int root_fd, const struct rdt_group *group, struct json_writer *writer)
{
	static const char *const bandwidth[] = { "mbm_total_bytes", "mbm_local_bytes", NULL };
	static const char *const occupancy[] = { "llc_occupancy", NULL };
	_cleanup_close_ int class_fd = openat(root_fd, strcmp(group->clos, "/") ? group->clos : ".",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int monitor_fd = -EBADF;
	char path[300];

	if (class_fd < 0)
		return;
	json_begin_object(writer, "intel_rdt");
	stats_write_info(root_fd, writer);
	stats_write_schemata(root_fd, writer, "l3_cache_schema_root", "mem_bw_schema_root");
	stats_write_schemata(class_fd, writer, "l3_cache_schema", "mem_bw_schema");
	(void)snprintf(path, sizeof(path), "mon_groups/%s", group->id);
	if (group->monitored)
		monitor_fd = openat(class_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (monitor_fd >= 0) {
		stats_write_monitors(monitor_fd, writer, "mbm_stats", bandwidth);
		stats_write_monitors(monitor_fd, writer, "cmt_stats", occupancy);
	}
	json_end_object(writer);
}
