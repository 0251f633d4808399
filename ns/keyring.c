/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

int keyring_join_new(void)
{
	/* Without a name: one of that name could be somebody's who waits for us with it. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	/* A kernel without keyrings has no keys to hide. */
	if (errno == ENOSYS)
		return 0;
	return error_errno(
		errno, "cannot join the session keyring (--no-new-keyring leaves it out)");
}
