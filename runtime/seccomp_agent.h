/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_SECCOMP_AGENT_H
#define HULL_RUNTIME_SECCOMP_AGENT_H

#include "spec/config.h"
#include "spec/state.h"

/*
 * Send the listener of a seccomp filter to the agent at linux.seccomp.listenerPath,
 * with the container process state (config-linux.md "Seccomp"): one connection, one
 * message, then it is closed. PID is the process under the filter. 0 or a negative
 * errno with a message.
 */
int seccomp_agent_send(const struct config_seccomp *config, const struct container_state *state,
	pid_t pid, int listener_fd);

#endif
