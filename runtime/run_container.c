/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/run_container.h"

#include <errno.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/engine_code.h"
#include "runtime/foreground.h"
#include "runtime/notify.h"

static int run_started(struct container *container)
{
	int r = lifecycle_poststart(container);

	if (r < 0) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		if (lifecycle_destroy(container) < 0)
			log_warning("%s", error_text(-EIO));
		(void)error_set(r, "%s", why);
	}
	return r;
}

/* Stand in front of it unlocked: others may stop, pause or execute in it meanwhile. */
static int run_to_the_end(const struct create_options *wanted, struct container *container,
	struct foreground *foreground, const struct process_handle *handle)
{
	int code, r;

	container_unlock(container);
	foreground->notify_fd = container->notify_fd;
	code = foreground_wait(foreground, handle);
	if (wanted->keep)
		return code;
	r = container_relock(container);
	/* Somebody else deleted it: fine. */
	if (r == -ENOENT) {
		error_clear();
		return code;
	}
	if (r >= 0)
		r = lifecycle_destroy(container);
	return r < 0 ? r : code;
}

int run_container(const struct lifecycle_request *request, const char *id)
{
	const struct create_options *wanted = request->options;
	struct process_handle handle = { .pidfd = -1, .terminal_fd = -1 };
	_cleanup_container_ struct container container = CONTAINER_NONE;
	struct foreground foreground = FOREGROUND_NONE;
	int r = lifecycle_check_preserved(wanted->preserve_fds);

	if (r >= 0 && !wanted->detach)
		r = foreground_begin(&foreground);
	if (r >= 0)
		r = lifecycle_create(&container, request, id, true, &handle);
	if (r >= 0)
		r = run_started(&container);
	/* What is restored has said long ago that it is ready. */
	if (r >= 0 && wanted->detach && !request->restore)
		notify_wait_ready(&container, handle.pidfd);
	if (r >= 0 && !wanted->detach)
		r = run_to_the_end(wanted, &container, &foreground, &handle);
	file_close(&handle.pidfd);
	file_close(&handle.terminal_fd);
	return r < 0 && wanted->engine_codes ? engine_code_fail(r) : r;
}
