/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/test.h"

static void check_signals(void)
{
	static const struct {
		const char *text;
		int number;
	} rows[] = {
		{ "9", 9 },
		{ "KILL", SIGKILL },
		{ "SIGKILL", SIGKILL },
		{ "sigterm", SIGTERM },
		{ "Usr1", SIGUSR1 },
		{ "CHLD", SIGCHLD },
		{ "CLD", SIGCHLD },
		{ "IOT", SIGABRT },
		{ "POLL", SIGIO },
		{ "IO", SIGIO },
		{ "STKFLT", SIGSTKFLT },
		{ "SYS", SIGSYS },
		{ "0", 0 },
		{ "64", 64 },
		{ "65", -EINVAL },
		{ "-1", -EINVAL },
		{ "", -EINVAL },
		{ "SIG", -EINVAL },
		{ "KIL", -EINVAL },
		{ "KILLX", -EINVAL },
		{ "9x", -EINVAL },
		{ " 9", -EINVAL },
		{ "+9", -EINVAL },
		{ "99999999999999999999", -EINVAL },
		{ "SIGSIGKILL", -EINVAL },
		{ "a-name-that-is-far-too-long-to-be-one-of-a-signal", -EINVAL },
		{ "RT", -EINVAL },
		{ "RTM", -EINVAL },
		{ "RTMI", -EINVAL },
		{ "RTMIN+", -EINVAL },
		{ "RTMIN-1", -EINVAL },
		{ "RTMAX+1", -EINVAL },
		{ "RTMIN+99", -EINVAL },
		{ "RTMIN++1", -EINVAL },
		{ "RTMINX", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(signal_parse(rows[i].text) == rows[i].number, "signal \"%s\"", rows[i].text);
	CHECK(signal_parse("RTMIN") == SIGRTMIN && signal_parse("SIGRTMAX") == SIGRTMAX,
		"the bounds of the real-time signals");
	CHECK(signal_parse("rtmin+3") == SIGRTMIN + 3 && signal_parse("RTMAX-2") == SIGRTMAX - 2,
		"and signals between them");
}

static void wait_for_ever(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void check_clone(void)
{
	_cleanup_close_ int pidfd = -EBADF;
	uint64_t ticks = 0;
	pid_t pid;
	int status;

	(void)signal(SIGUSR1, SIG_IGN);
	(void)signal(SIGTERM, (void (*)(int))wait_for_ever);
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0) {
		struct sigaction action;

		(void)sigaction(SIGTERM, NULL, &action);
		if (action.sa_handler != SIG_DFL)
			_exit(1);
		wait_for_ever();
	}
	NEED(pid > 0);
	CHECK(fcntl(pidfd, F_GETFD) == FD_CLOEXEC, "the descriptor is close-on-exec");
	CHECK(process_start_time(pid, &ticks) == 0 && ticks > 0, "the start time");
	CHECK(process_runs(pid, ticks), "it runs");
	CHECK(!process_runs(pid, ticks + 1), "one with another start time does not");
	CHECK(!process_wait_fd(pidfd, 0), "it has not ended");
	CHECK(process_signal(pidfd, SIGTERM) == 0, "a signal through the descriptor");
	CHECK(process_wait_fd(pidfd, -1), "it ends");
	CHECK(!process_runs(pid, ticks), "a zombie runs no more");
	status = process_wait(pid);
	CHECK(WIFSIGNALED(status) && process_exit_code(status) == 128 + SIGTERM,
		"handlers are reset in the child, and the code is 128 + signal");
	CHECK(process_signal(pidfd, 0) == -ESRCH, "then it is gone");
	CHECK(process_start_time(pid, &ticks) == -ESRCH && !process_runs(pid, ticks),
		"and has no start time");
	CHECK(process_wait(pid) == -ECHILD, "nothing is left to wait for");
}

static void check_exit_code(void)
{
	pid_t pid = process_clone(0, -1, NULL);

	if (pid == 0)
		_exit(42);
	NEED(pid > 0);
	CHECK(process_exit_code(process_wait(pid)) == 42, "an exit code");
	CHECK(process_open(0x7fffffff) < 0, "no such process");
	CHECK(!process_runs(0, 0) && !process_runs(-1, 0), "no process at all");
}

/* A name may hold anything, also what looks like the end of the name. */
static void check_odd_name(void)
{
	uint64_t before = 0, after = 0;

	NEED(process_start_time(getpid(), &before) == 0);
	NEED(prctl(PR_SET_NAME, ") S 1 (x) ") == 0);
	CHECK(process_start_time(getpid(), &after) == 0 && before == after,
		"the start time behind a hostile name");
}

static void check_seal(void)
{
	int fd = open("/dev/null", O_RDONLY);

	NEED(fd >= 0 && dup2(fd, 200) == 200 && dup2(fd, 199) == 199);
	CHECK(process_seal_descriptors(200) == 0, "sealed");
	CHECK(fcntl(200, F_GETFD) == FD_CLOEXEC, "from the first on");
	CHECK(fcntl(199, F_GETFD) == 0, "and none before");
}

int main(void)
{
	check_signals();
	check_clone();
	check_exit_code();
	check_odd_name();
	check_seal();
	return test_end();
}
