/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/processors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"

#define MOST 64

int processors_switch(unsigned int wanted)
{
	for (unsigned int i = 1; i < MOST; i++) {
		char path[64];
		int r;

		(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", i);
		/* What it is already may be written too. */
		r = file_write_at(AT_FDCWD, path, i < wanted ? "1" : "0");
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return error_errno(r, "processor %u of the guest", i);
	}
	return 0;
}
