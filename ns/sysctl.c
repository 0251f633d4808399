/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "spec/validate.h"

static int sysctl_write(int proc_fd, const char *key, const char *value)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	_cleanup_close_ int fd = -EBADF;
	char path[256] = "sys/";
	int r = sysctl_path(key, path + 4, sizeof(path) - 4);

	if (r < 0)
		return r;
	fd = (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int sysctl_all(const struct container_plan *plan)
{
	const struct string_map *map = &plan->config->linux->sysctl;

	for (size_t i = 0; i < map->count; i++) {
		int r = sysctl_write(plan->proc_fd, map->items[i].key, map->items[i].value);

		if (r < 0)
			return error_errno(r, "config.json: linux.sysctl[\"%s\"]: cannot be set",
				map->items[i].key);
	}
	return 0;
}

int sysctl_names(const struct container_plan *plan)
{
	const struct config *config = plan->config;

	if (config->hostname && *config->hostname &&
		sethostname(config->hostname, strlen(config->hostname)) < 0)
		return error_errno(errno, "config.json: hostname: cannot be set");
	if (config->domainname && *config->domainname &&
		setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return error_errno(errno, "config.json: domainname: cannot be set");
	return 0;
}
