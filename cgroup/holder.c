/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/holder.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cgroup/place.h"

struct holder {
	int pid, thread;
	char name[20], state; /* as proc_pid_stat(5) has them */
};

static bool holder_read(struct holder *holder, int pid, int thread)
{
	_cleanup_free_ char *path = string_format("/proc/%d/task/%d/stat", pid, thread);
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *begin, *end;

	if (file_read_at(-1, path, &text, 4096) < 0 || !text.data)
		return false;
	begin = strchr(text.data, '(');
	end = strrchr(text.data, ')');
	if (!begin || !end || end[1] != ' ')
		return false;
	*holder = (struct holder){ .pid = pid, .thread = thread, .state = end[2] };
	(void)snprintf(
		holder->name, sizeof(holder->name), "%.*s", (int)(end - begin - 1), begin + 1);
	for (char *c = holder->name; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	return true;
}

/* The thread that holds the process: the first one may have ended before the others. */
static bool holder_find(struct holder *holder, int pid)
{
	_cleanup_free_ char *path = string_format("/proc/%d/task", pid);
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (folder && (entry = readdir(folder)) && !(found && holder->state == 'D')) {
		struct holder thread;

		if (entry->d_name[0] == '.' ||
			!holder_read(&thread, pid, (int)strtol(entry->d_name, NULL, 10)))
			continue;
		if (!found || thread.state == 'D')
			*holder = thread;
		found = true;
	}
	if (folder)
		(void)closedir(folder);
	return found;
}

/* The group of v1's freezer that is frozen and has the process; false when there is none. */
static bool holder_is_frozen(const struct holder *holder, struct buffer *group)
{
	_cleanup_free_ char *path = string_format("/proc/%d/cgroup", holder->pid);
	_cleanup_free_ char *state_path = NULL;
	_cleanup_buffer_ struct buffer text = { 0 }, state = { 0 };
	const char *line;

	if (file_read_at(-1, path, &text, 65536) < 0 || !text.data)
		return false;
	line = strstr(text.data, ":freezer:/");
	if (!line)
		return false;
	line += strlen(":freezer:");
	buffer_format(group, CGROUP_MOUNT "/freezer%.*s", (int)strcspn(line, "\n"), line);
	state_path = string_format("%s/freezer.state", group->data);
	return file_read_at(-1, state_path, &state, 64) >= 0 && state.data &&
	       strncmp(state.data, "THAWED", 6) != 0;
}

/* The kernel's function that it sleeps in, where the kernel tells. */
static void holder_place(const struct holder *holder, struct buffer *text)
{
	_cleanup_free_ char *path =
		string_format("/proc/%d/task/%d/wchan", holder->pid, holder->thread);
	_cleanup_buffer_ struct buffer place = { 0 };

	if (file_read_at(-1, path, &place, 256) >= 0 && place.length && place.data[0] != '0')
		buffer_format(text, " in %s", place.data);
}

void holder_describe(struct buffer *text, const pid_t *pids, size_t count)
{
	_cleanup_buffer_ struct buffer frozen = { 0 };
	struct holder holder = { .pid = pids[0], .name = "?" };

	for (size_t i = 0; i < count && holder.state != 'D'; i++) {
		struct holder other;

		if (holder_find(&other, pids[i]) && (!holder.state || other.state == 'D'))
			holder = other;
	}
	buffer_format(text, "process %d (%s) is still in it", holder.pid, holder.name);
	if (holder_is_frozen(&holder, &frozen)) {
		buffer_format(text, ", frozen by %s or a group above it: thaw that", frozen.data);
	} else if (holder.state == 'D') {
		buffer_text(text, ", in state D: it waits for the kernel");
		holder_place(&holder, text);
		buffer_text(text, " and cannot be killed");
	} else if (holder.state) {
		buffer_format(text, ", in state %c", holder.state);
	}
	buffer_text(text, "; delete again when it has ended");
}
