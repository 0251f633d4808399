/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "runtime/container.h"
#include "runtime/selection.h"

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct list_options, format), "FORMAT",
		"table (default) or json", "table json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL, "the ids alone" },
	{ 0 },
};

static void list_print_row(const struct container *container)
{
	enum container_status status = container_status(container);
	const struct container_record *record = &container->record;

	printf("%-24s %-8d %-9s %-32s %-31s %-12s %s\n", container->id,
		status == STATUS_STOPPED ? 0 : (int)record->pid, container_status_names[status],
		record->bundle ? record->bundle : "-", record->created ? record->created : "-",
		record->owner ? record->owner : "-", record->tenant ? record->tenant : "-");
}

static void list_one(
	int root_fd, const char *id, const struct list_options *wanted, struct json_writer *writer)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;

	/* One that is deleted meanwhile, or whose state is damaged, must not hide the others. */
	if (container_open(&container, root_fd, id, CONTAINER_UNLOCKED) < 0) {
		error_clear();
		return;
	}
	if (wanted->quiet)
		puts(id);
	else if (writer)
		container_write(&container, writer);
	else
		list_print_row(&container);
}

static int list_all(int root_fd, const struct list_options *wanted, struct json_writer *writer)
{
	_cleanup_selection_ struct selection all = { 0 };
	int r = selection_make(&all, root_fd, NULL);

	for (size_t i = 0; i < all.count; i++)
		list_one(root_fd, all.ids[i], wanted, writer);
	return r;
}

static int list_run(const struct invocation *invocation)
{
	const struct list_options *wanted = invocation->options;
	const char *format = wanted->format ? wanted->format : "table";
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	bool json = !strcmp(format, "json") && !wanted->quiet;
	int root_fd, r;

	if (strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
		return error_set(EINVAL, "--format: must be table or json, got \"%s\"", format);
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	if (json)
		json_begin_array(&writer, NULL);
	else if (!wanted->quiet)
		printf("%-24s %-8s %-9s %-32s %-31s %-12s %s\n", "ID", "PID", "STATUS", "BUNDLE",
			"CREATED", "OWNER", "TENANT");
	r = list_all(root_fd, wanted, json ? &writer : NULL);
	if (r >= 0 && json) {
		json_end_array(&writer);
		puts(text.data);
	}
	return r;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[OPTIONS]",
	.summary = "print all containers",
	.options = options,
	.options_bytes = sizeof(struct list_options),
	.run = list_run,
};
