/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"

void process_handle_abandon(struct process_handle *handle)
{
	if (handle->pid <= 0)
		return;
	(void)process_signal(handle->pidfd, SIGKILL);
	(void)process_wait(handle->pid);
	file_close(&handle->pidfd);
	file_close(&handle->terminal_fd);
	handle->pid = 0;
}

int process_handle_write_pid(const struct process_handle *handle, const char *path)
{
	_cleanup_free_ char *for_folder = NULL, *for_name = NULL;
	_cleanup_close_ int folder = -EBADF;
	char text[16];
	int r;

	if (!path)
		return 0;
	for_folder = string_copy(path);
	for_name = string_copy(path);
	folder = open(dirname(for_folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(text, sizeof(text), "%d", handle->pid);
	r = folder < 0 ? -errno
		       : file_replace_at(folder, basename(for_name), text, strlen(text), 0644);
	return r < 0 ? error_errno(r, "cannot write the pid file %s", path) : 0;
}
