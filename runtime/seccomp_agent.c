/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_agent.h"

#include <errno.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "runtime/unix_socket.h"

static void agent_write_state(const struct config_seccomp *config,
	const struct container_state *state, pid_t pid, struct buffer *text)
{
	struct json_writer writer = { .buffer = text };

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "ociVersion", SPEC_VERSION);
	json_write_strings(&writer, "fds", (const char *const[]){ "seccompFd", NULL });
	json_write_integer(&writer, "pid", pid);
	if (config->listener_metadata)
		json_write_string(&writer, "metadata", config->listener_metadata);
	json_begin_object(&writer, "state");
	state_write(state, &writer);
	json_end_object(&writer);
	json_end_object(&writer);
}

int seccomp_agent_send(const struct config_seccomp *config, const struct container_state *state,
	pid_t pid, int listener_fd)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int socket_fd = -EBADF;
	int r;

	if (listener_fd < 0)
		return error_set(EPROTO, "the seccomp listener did not arrive");
	socket_fd = unix_socket_connect("config.json: linux.seccomp.listenerPath: failed to "
					"connect with seccomp agent",
		config->listener_path);
	if (socket_fd < 0)
		return socket_fd;
	agent_write_state(config, state, pid, &text);
	r = message_send_fd(socket_fd, listener_fd, text.data, (unsigned int)text.length);
	return r < 0 ? error_errno(r, "config.json: linux.seccomp.listenerPath: cannot send to %s",
			       config->listener_path)
		     : 0;
}
