/* SPDX-License-Identifier: Apache-2.0 */
/* hull-guest: the first process of a microVM. Its kernel's initial file system begins with it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "microvm/guest/ps.h"
#include "microvm/guest/service.h"
#include "microvm/guest/setup.h"

static int block_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGCHLD);
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int count, char **words)
{
	static struct service service;
	int r;

	if (getpid() != 1)
		return ps_main(count, words);
	r = setup_machine();
	if (r >= 0)
		r = service.signal_fd = block_signals();
	if (r >= 0)
		r = service.port_fd = setup_open_port();
	if (r >= 0)
		r = service_run(&service);
	(void)fprintf(stderr, "hull-guest: %s\n", error_text(r));
	/* The monitor sees a triple fault: the kernel was started with reboot=t. */
	(void)reboot(RB_AUTOBOOT);
	return 1;
}
