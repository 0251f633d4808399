/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile program in a container that looks at every process it can see, as
 * fast as it can, for a way out: a descriptor, root or working directory from
 * which ".." leads to the host, an environment that is not the container's, and
 * above all hull itself, traced, written to or read before it has executed the
 * container's program.
 *
 *   intruder MARK SECRET MINE    MARK: path of a file on the host; SECRET: text that is only in
 *                                the environment of the hull that enters; MINE: text in the names
 *                                of the cgroups of the processes that count, "" for all
 *
 * Prints "ready", a line for each thing that it reached, and, once /stop exists, "end".
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *mark, *secret, *mine;
static unsigned long seen_hulls;

static void report(const char *what, const char *pid, const char *detail)
{
	char line[512];
	int length = snprintf(line, sizeof(line), "%s %s %s\n", what, pid, detail);

	(void)!write(1, line, (size_t)length);
}

/* Is this process hull's program still? It changes its name when it executes another. */
static bool is_hull(const char *pid)
{
	char path[300], name[16] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	(void)!read(fd, name, sizeof(name) - 1);
	(void)close(fd);
	return !strcmp(name, "hull\n");
}

static void try_climb(const char *pid, const char *what)
{
	char path[300];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, what);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	for (int level = 0; level < 32; level++) {
		int up;

		if (faccessat(fd, mark + 1, F_OK, 0) == 0) {
			report("ESCAPED", pid, what);
			break;
		}
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			break;
		(void)close(fd);
		fd = up;
	}
	/* The host's procfs: what the kernel does for everyone is set there. */
	if (faccessat(fd, "sys/kernel/core_pattern", W_OK, 0) == 0 && strncmp(what, "root", 4) &&
		strncmp(what, "cwd", 3))
		report("PROCFS", pid, what);
	(void)close(fd);
}

static void try_descriptors(const char *pid)
{
	char path[300];
	struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		char what[280];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(what, sizeof(what), "fd/%.16s", entry->d_name);
		try_climb(pid, what);
	}
	if (folder)
		(void)closedir(folder);
}

static void try_read(const char *pid, const char *what, off_t offset)
{
	static char bytes[1 << 16];
	char path[300];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = pread(fd, bytes, sizeof(bytes), offset);
	(void)close(fd);
	if (n > 0 && memmem(bytes, (size_t)n, secret, strlen(secret)))
		report("READ", pid, what);
}

static void try_write(const char *pid, const char *what)
{
	char path[300];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (is_hull(pid))
		report("WRITABLE", pid, what);
	(void)close(fd);
}

static void try_trace(const char *pid)
{
	pid_t number = (pid_t)atoi(pid);
	int status;

	if (ptrace(PTRACE_SEIZE, number, NULL, NULL) < 0)
		return;
	if (ptrace(PTRACE_INTERRUPT, number, NULL, NULL) == 0 &&
		waitpid(number, &status, __WALL) == number && WIFSTOPPED(status) && is_hull(pid))
		report("TRACED", pid, "");
	(void)ptrace(PTRACE_DETACH, number, NULL, NULL);
}

static bool is_mine(const char *pid)
{
	char path[300], groups[8192] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	fd = *mine ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return !*mine;
	(void)!read(fd, groups, sizeof(groups) - 1);
	(void)close(fd);
	return strstr(groups, mine);
}

static void intrude(const char *pid)
{
	if (!is_hull(pid) || !is_mine(pid))
		return;
	seen_hulls++;
	try_descriptors(pid);
	try_climb(pid, "root");
	try_climb(pid, "cwd");
	try_read(pid, "environ", 0);
	try_write(pid, "exe");
	try_write(pid, "mem");
	try_trace(pid);
}

int main(int count, char **arguments)
{
	char own[16];

	if (count != 4)
		return 2;
	mark = arguments[1];
	secret = arguments[2];
	mine = arguments[3];
	(void)snprintf(own, sizeof(own), "%d", getpid());
	report("ready", own, "");
	while (access("/stop", F_OK) < 0) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
				strcmp(entry->d_name, own) != 0)
				intrude(entry->d_name);
		if (proc)
			(void)closedir(proc);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
	printf("saw %lu\nend\n", seen_hulls);
	return 0;
}
