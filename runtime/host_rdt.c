/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_rdt.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cgroup/rdt.h"

static struct rdt_group rdt_of(const struct container *container)
{
	const struct container_record *record = &container->record;

	return (struct rdt_group){ container->id, record->rdt_class, record->rdt_made,
		record->rdt_monitored };
}

int host_rdt_make(struct container *container, const struct config_intel_rdt *config)
{
	struct container_record *record = &container->record;
	_cleanup_close_ int root_fd = -EBADF;
	struct rdt_group group;
	int r;

	if (!config)
		return 0;
	root_fd = rdt_open();
	r = root_fd < 0 ? root_fd : rdt_choose(root_fd, config, container->id, &group);
	if (r < 0)
		return r;
	record->rdt_class = arena_copy(&container->arena, group.clos, strlen(group.clos));
	record->rdt_made = group.made;
	record->rdt_monitored = group.monitored;
	r = container_save(container);
	if (r >= 0)
		r = rdt_make(root_fd, &group);
	return r < 0 ? r : rdt_configure(root_fd, &group, config);
}

int host_rdt_enter(const struct container *container, pid_t pid)
{
	const struct rdt_group group = rdt_of(container);
	_cleanup_close_ int root_fd = -EBADF;

	if (!group.clos)
		return 0;
	root_fd = rdt_open();
	return root_fd < 0 ? root_fd : rdt_enter(root_fd, &group, pid);
}

int host_rdt_settle(struct container *container, const struct config_intel_rdt *config)
{
	struct rdt_group group = rdt_of(container);

	if (!config || !rdt_settle(&group, config))
		return 0;
	container->record.rdt_made = group.made;
	return container_save(container);
}

int host_rdt_update(struct container *container, const struct config_intel_rdt *config,
	struct host_rdt_before *before)
{
	const struct rdt_group group = rdt_of(container);
	_cleanup_close_ int root_fd = -EBADF;
	int r;

	if (!group.clos) {
		r = host_rdt_make(container, config);
		before->made = r >= 0;
		return r < 0 ? r : host_rdt_enter(container, (pid_t)container->record.pid);
	}
	root_fd = rdt_open();
	return root_fd < 0 ? root_fd : rdt_update(root_fd, &group, config, &before->schemata);
}

/* The message of what failed is kept. */
void host_rdt_undo(struct container *container, const struct host_rdt_before *before)
{
	_cleanup_free_ char *why = string_copy(error_text(0));
	const struct rdt_group group = rdt_of(container);
	const struct rdt_group top = { container->id, "/", false, false };
	_cleanup_close_ int root_fd = -EBADF;

	if (!before->made && !before->schemata.length)
		return;
	root_fd = rdt_open();
	if (root_fd >= 0 && before->made) {
		(void)rdt_enter(root_fd, &top, (pid_t)container->record.pid);
		(void)rdt_remove(root_fd, &group);
		container->record.rdt_class = NULL;
		(void)container_save(container);
	} else if (root_fd >= 0) {
		(void)rdt_restore(root_fd, &group, before->schemata.data);
	}
	(void)error_set(EINVAL, "%s", why);
}

int host_rdt_remove(const struct container *container)
{
	const struct rdt_group group = rdt_of(container);
	_cleanup_close_ int root_fd = -EBADF;

	if (!group.clos)
		return 0;
	root_fd = rdt_open();
	/* Unmounting it has removed all groups. */
	if (root_fd == -ENODEV) {
		error_clear();
		return 0;
	}
	return root_fd < 0 ? root_fd : rdt_remove(root_fd, &group);
}

void host_rdt_write_stats(const struct container *container, struct json_writer *writer)
{
	const struct rdt_group group = rdt_of(container);
	_cleanup_close_ int root_fd = -EBADF;

	if (!group.clos)
		return;
	root_fd = rdt_open();
	if (root_fd >= 0)
		rdt_write_stats(root_fd, &group, writer);
	error_clear();
}
