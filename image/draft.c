/* SPDX-License-Identifier: Apache-2.0 */
#include "image/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/store_folder.h"

/* A name that no other draft has: of this process by the number, of others by the pid. */
static void draft_name(char *name, size_t size)
{
	static atomic_uint number;

	(void)snprintf(name, size, "draft.%d.%u", getpid(), atomic_fetch_add(&number, 1));
}

int draft_open(struct store *store, struct draft *draft)
{
	*draft = DRAFT_NONE;
	draft->folder_fd = store_folder(store, STORE_PARTIAL);
	draft->name[0] = '\0';
	draft->fd = openat(draft->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (draft->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		draft_name(draft->name, sizeof(draft->name));
		draft->fd = openat(
			draft->folder_fd, draft->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	}
	if (draft->fd < 0)
		return error_errno(errno, "cannot make a file in %s", store_path(store));
	return 0;
}

/* AT_EMPTY_PATH alone wants a capability before Linux 6.10. */
static int link_descriptor(int fd, int folder_fd, const char *name)
{
	char path[64];

	if (linkat(fd, "", folder_fd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -EEXIST;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, folder_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int put_new(struct draft *draft, int folder_fd, const char *name)
{
	int r = draft->name[0]
			? linkat(draft->folder_fd, draft->name, folder_fd, name, 0) < 0 ? -errno : 0
			: link_descriptor(draft->fd, folder_fd, name);

	return r == -EEXIST ? 0 : r;
}

/* A name can only be replaced by rename(2), which needs one. */
static int put_over(struct draft *draft, int folder_fd, const char *name)
{
	int r = 0;

	if (!draft->name[0]) {
		char fresh[sizeof(draft->name)];

		draft_name(fresh, sizeof(fresh));
		r = link_descriptor(draft->fd, draft->folder_fd, fresh);
		if (r < 0)
			return r;
		(void)snprintf(draft->name, sizeof(draft->name), "%s", fresh);
	}
	if (renameat(draft->folder_fd, draft->name, folder_fd, name) < 0)
		return -errno;
	draft->name[0] = '\0';
	return 0;
}

int draft_commit(struct draft *draft, int folder_fd, const char *name, bool replace, bool sync)
{
	int r = 0;

	if (fchmod(draft->fd, 0444) < 0 || (sync && fsync(draft->fd) < 0))
		r = -errno;
	if (r >= 0)
		r = replace ? put_over(draft, folder_fd, name) : put_new(draft, folder_fd, name);
	return r < 0 ? error_errno(r, "cannot put %s into the store", name) : 0;
}

void draft_close(struct draft *draft)
{
	if (draft->name[0])
		(void)unlinkat(draft->folder_fd, draft->name, 0);
	draft->name[0] = '\0';
	file_close(&draft->fd);
}

int draft_write(struct store *store, int folder_fd, const char *name, bool replace,
	const void *bytes, size_t length)
{
	_cleanup_draft_ struct draft draft = DRAFT_NONE;
	int r = draft_open(store, &draft);

	if (r < 0)
		return r;
	r = file_write_all(draft.fd, bytes, length);
	if (r < 0)
		return error_errno(r, "cannot write %s into the store", name);
	return draft_commit(&draft, folder_fd, name, replace, true);
}
