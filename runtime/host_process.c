/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_process.h"

#include <errno.h>

#include "base/error.h"
#include "base/process.h"

int host_record_process(struct container *container, const struct process_handle *handle)
{
	int r = process_start_time(handle->pid, &container->record.pid_start);

	if (r < 0)
		return error_errno(r, "the container's process has ended");
	container->record.pid = handle->pid;
	return container_save(container);
}
