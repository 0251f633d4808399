/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/network.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"

int network_set_loopback_up(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	/* Without IPv4, without a loopback to speak of. */
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : error_errno(errno, "socket");
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_errno(errno, "cannot set the loopback interface up");
	return 0;
}
