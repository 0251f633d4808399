/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_call.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/isolation.h"
#include "runtime/microvm_monitor.h"

int microvm_ask(const struct container *container, enum request_type type, void *body, size_t bytes,
	struct buffer *text)
{
	_cleanup_close_ int socket_fd = monitor_connect(container);
	int r = socket_fd;

	/* The whole process is, and would answer when it goes on. */
	if (r >= 0 && isolation_host.is_frozen(container))
		r = error_set(EBUSY, "the microVM is paused");
	if (r >= 0)
		r = monitor_ask(socket_fd, type, body, bytes, false, NULL);
	return r < 0 ? r : monitor_answer(socket_fd, -1, text);
}

int microvm_call(const struct container *container, const char *const *words, size_t count,
	struct buffer *text)
{
	_cleanup_buffer_ struct buffer body = { 0 };

	for (size_t i = 0; i < count; i++)
		buffer_bytes(&body, words[i], strlen(words[i]) + 1);
	return microvm_ask(container, REQUEST_CALL, body.data, body.length, text);
}
