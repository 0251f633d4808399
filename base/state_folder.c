/* SPDX-License-Identifier: Apache-2.0 */
#include "base/state_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"

static const char *runtime_folder(void)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");

	return folder && *folder ? folder : NULL;
}

/*
 * In a user namespace whoever became root there keeps the folder of his session;
 * but somebody who logged in there as root is root, as runc has it.
 */
bool state_folder_is_users(void)
{
	const char *user = getenv("USER");

	if (geteuid() != 0)
		return true;
	return runtime_folder() && (!user || strcmp(user, "root") != 0) && process_is_rootless();
}

static bool is_private_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022);
}

/* /tmp is everybody's: what lies there is used only if nobody else could have put it there. */
static char *temporary_folder(void)
{
	char *path = string_format("/tmp/hull-%u", geteuid());

	if ((mkdir(path, 0700) < 0 && errno != EEXIST) || !is_private_folder(path)) {
		(void)error_set(EACCES,
			"no state folder: XDG_RUNTIME_DIR is not set, and %s is not this user's "
			"alone; give --root",
			path);
		free(path);
		return NULL;
	}
	return path;
}

static char *users_folder(void)
{
	_cleanup_free_ char *session = NULL;

	if (runtime_folder())
		return string_format("%s/hull", runtime_folder());
	session = string_format("/run/user/%u", geteuid());
	if (is_private_folder(session))
		return string_format("%s/hull", session);
	return temporary_folder();
}

char *state_folder_path(void)
{
	return state_folder_is_users() ? users_folder() : string_copy("/run/hull");
}
