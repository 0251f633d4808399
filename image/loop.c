/* SPDX-License-Identifier: Apache-2.0 */
#include "image/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

#define TRIES 64 /* others take devices at the same time */

int loop_attach(int file_fd)
{
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (unsigned int)file_fd,
		.block_size = 512,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};

	if (control < 0)
		return -errno;
	for (int i = 0; i < TRIES; i++) {
		_cleanup_close_ int device = -EBADF;
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		char path[32];

		if (number < 0)
			return -errno;
		(void)snprintf(path, sizeof(path), "/dev/loop%d", number);
		device = open(path, O_RDONLY | O_CLOEXEC);
		if (device < 0)
			return -errno;
		if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
			return TAKE_FD(device);
		if (errno != EBUSY)
			return -errno;
	}
	return -EBUSY;
}
