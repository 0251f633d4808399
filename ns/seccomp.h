/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SECCOMP_H
#define HULL_NS_SECCOMP_H

/*
 * `linux.seccomp` (config-linux.md) as a BPF program. Compiling Podman's
 * profile takes milliseconds, so the result is kept under the text that it came
 * from and found again by comparing that text, all of it: no hash is trusted.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "spec/config.h"

struct seccomp_program {
	struct buffer code;  /* struct sock_filter[] */
	unsigned int flags;  /* SECCOMP_FILTER_FLAG_* */
	bool notifies;	     /* SCMP_ACT_NOTIFY is used: somebody outside answers */
	bool allows_sending; /* the filter stops no system call that hands the listener over */
};

/*
 * Compile, or take from the cache, a folder of the runtime's own (mode 0700;
 * -1: no cache). Unknown system calls are skipped as libseccomp does not know
 * them on this machine. 0, or a negative errno with a message.
 */
int seccomp_prepare(
	const struct config_seccomp *config, int cache_fd, struct seccomp_program *program);
void seccomp_program_free(struct seccomp_program *program);

/*
 * Install it in the calling thread, which has CAP_SYS_ADMIN or no_new_privs. One
 * that notifies hands its listener to the runtime over SOCKET_FD, as
 * MESSAGE_LISTENER, and waits for MESSAGE_GO, without one system call that the
 * filter sees.
 */
int seccomp_install(const struct seccomp_program *program, int socket_fd);

/* The words that this build's libseccomp knows, up to NULL, for `features`. */
extern const char *const seccomp_action_names[],
	*const seccomp_operator_names[], *const seccomp_arch_names[], *const seccomp_flag_names[];

/* Add the version of libseccomp to TEXT. */
void seccomp_library_version(struct buffer *text);

#define _cleanup_seccomp_ __attribute__((cleanup(seccomp_program_free)))

#endif
