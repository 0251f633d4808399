/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other container that shares a folder with the one that is being made:
 * exchanges two names as fast as it can until it is killed.
 *
 *   racer exchange ONE OTHER    renameat2(2), RENAME_EXCHANGE: both names always exist
 *   racer replace NAME FILE...  NAME becomes a hard link to each FILE in turn, by rename(2)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static __attribute__((noreturn)) void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void exchange(const char *one, const char *other)
{
	if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) < 0)
		fail(one);
}

/* hull may have replaced or mounted on the name meanwhile; the next round tries again. */
static void replace(const char *name, const char *file)
{
	char new[4096];

	(void)snprintf(new, sizeof(new), "%s.racer", name);
	(void)unlink(new);
	if (linkat(AT_FDCWD, file, AT_FDCWD, new, 0) < 0)
		fail(file);
	(void)rename(new, name);
	(void)unlink(new);
}

int main(int count, char **arguments)
{
	bool exchanges = count == 4 && !strcmp(arguments[1], "exchange");

	if (!exchanges && (count < 4 || strcmp(arguments[1], "replace") != 0)) {
		(void)fputs("usage: racer exchange ONE OTHER | replace NAME FILE...\n", stderr);
		return 2;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (exchanges)
			exchange(arguments[2], arguments[3]);
		else
			for (int i = 3; i < count; i++)
				replace(arguments[2], arguments[i]);
	}
}
