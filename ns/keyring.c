/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

int keyring_join(const char *id)
{
	_cleanup_free_ char *name = string_format("_ses.%s", id);

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
		return 0;
	/* A kernel without keyrings has no keys to hide. */
	if (errno == ENOSYS)
		return 0;
	return error_errno(
		errno, "cannot join the session keyring (--no-new-keyring leaves it out)");
}
