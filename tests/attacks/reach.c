/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile program in a container that tries one thing, and says "reached" when it worked.
 *
 *   reach terminal TEXT    types TEXT on the terminals that it finds behind its descriptors
 *   reach key NAME         finds the user key NAME in its session keyring
 *   reach chroot FILE      finds FILE of the host after the classical way out of a chroot
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int reach_terminal(const char *text)
{
	int typed = 0;

	for (int fd = 0; fd <= 3; fd++) {
		/* Takes it as the controlling terminal too, where the kernel lets it. */
		(void)ioctl(fd, TIOCSCTTY, 1);
		for (const char *c = text; *c; c++)
			typed += ioctl(fd, TIOCSTI, c) == 0;
	}
	return typed > 0;
}

static int reach_key(const char *name)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0) >= 0;
}

static int reach_chroot(const char *file)
{
	(void)mkdir("/jail", 0700);
	/* The working directory stays outside of the new root, and above it there is no end. */
	if (chroot("/jail") < 0)
		return 0;
	for (int level = 0; level < 64; level++)
		(void)!chdir("..");
	return !chroot(".") && !access(file, F_OK);
}

static const struct {
	const char *name;
	int (*reach)(const char *what);
} ways[] = {
	{ "terminal", reach_terminal },
	{ "key", reach_key },
	{ "chroot", reach_chroot },
};

int main(int count, char **arguments)
{
	for (size_t i = 0; count == 3 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(arguments[1], ways[i].name)) {
			(void)puts(ways[i].reach(arguments[2]) ? "reached" : "refused");
			return 0;
		}
	return 2;
}
