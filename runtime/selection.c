/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selection.h"

#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

/* Hidden entries are hull's own, such as the cache of seccomp filters. */
static int selection_is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && entry->d_name[0] != '@';
}

static int selection_compile(regex_t *compiled, const char *pattern)
{
	char why[128];
	int code;

	/* It would fit every id. */
	if (!*pattern)
		return error_set(EINVAL, "--regex: must not be empty");
	code = regcomp(compiled, pattern, REG_EXTENDED | REG_NOSUB);
	if (!code)
		return 0;
	(void)regerror(code, compiled, why, sizeof(why));
	return error_set(EINVAL, "--regex: \"%s\": %s", pattern, why);
}

int selection_make(struct selection *selection, int root_fd, const char *pattern)
{
	struct dirent **entries;
	regex_t compiled;
	char path[40];
	int count, r;

	*selection = (struct selection){ 0 };
	r = pattern ? selection_compile(&compiled, pattern) : 0;
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", root_fd);
	count = scandir(path, &entries, selection_is_id, alphasort);
	if (count < 0)
		r = error_errno(errno, "cannot read the state folder");
	selection->ids = memory_allocate_zero((size_t)(count < 0 ? 0 : count) * sizeof(char *) + 1);
	for (int i = 0; i < count; i++) {
		if (!pattern || !regexec(&compiled, entries[i]->d_name, 0, NULL, 0))
			selection->ids[selection->count++] = string_copy(entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (pattern)
		regfree(&compiled);
	return r;
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		free(selection->ids[i]);
	free(selection->ids);
	*selection = (struct selection){ 0 };
}

int selection_each(int root_fd, const char *pattern,
	int (*act)(int root_fd, const char *id, const void *context), const void *context)
{
	_cleanup_selection_ struct selection selection = { 0 };
	size_t failed = 0;
	int first = 0, r = selection_make(&selection, root_fd, pattern);

	if (r < 0)
		return r;
	for (size_t i = 0; i < selection.count; i++) {
		r = act(root_fd, selection.ids[i], context);
		if (r >= 0)
			continue;
		log_warning("%s: %s", selection.ids[i], error_text(r));
		error_clear();
		first = failed++ ? first : r;
	}
	return failed ? error_set(first, "%zu of %zu containers failed, see the warnings", failed,
				selection.count)
		      : 0;
}
