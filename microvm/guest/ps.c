/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/ps.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Of /proc/PID/stat (proc(5)), in clock ticks where they are times. */
struct process {
	char name[64];
	int parent, terminal;
	unsigned long long used, started;
};

static int process_read(int folder_fd, struct process *process)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned long long user, system;
	char *name, *end;

	if (file_read_at(folder_fd, "stat", &text, 4096) < 0 || !text.length)
		return -1;
	name = strchr(text.data, '(');
	end = strrchr(text.data, ')');
	if (!name || !end || end < name)
		return -1;
	*end = '\0';
	(void)snprintf(process->name, sizeof(process->name), "%s", name + 1);
	if (sscanf(end + 1,
		    " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		    "%llu",
		    &process->parent, &process->terminal, &user, &system, &process->started) != 5)
		return -1;
	process->used = user + system;
	return 0;
}

/* Nothing that would move a terminal's cursor; a kernel's thread has only a name. */
static void print_command(int folder_fd, const struct process *process)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (file_read_at(folder_fd, "cmdline", &text, 4096) < 0 || !text.length) {
		printf("[%s]\n", process->name);
		return;
	}
	while (text.length && !text.data[text.length - 1])
		text.length--;
	for (size_t i = 0; i < text.length; i++)
		putchar(!text.data[i]			       ? ' '
			: isprint((unsigned char)text.data[i]) ? text.data[i]
							       : '?');
	putchar('\n');
}

/* Of the terminals that containers have, those of devpts (136 and on) have a number. */
static const char *terminal_name(int number, char *text, size_t room)
{
	unsigned int major = (unsigned int)number >> 8 & 0xfff;
	unsigned int minor = ((unsigned int)number & 0xff) | ((unsigned int)number >> 12 & 0xfff00);

	if (!number)
		return "?";
	(void)snprintf(text, room, major >= 136 && major < 144 ? "pts/%u" : "tty%u",
		(major >= 136 && major < 144 ? (major - 136) * 256u : 0) + minor);
	return text;
}

static void print_process(const char *pid, time_t booted)
{
	const unsigned long long ticks = (unsigned long long)sysconf(_SC_CLK_TCK);
	char path[32], terminal[16], begun[16] = "?";
	_cleanup_close_ int folder_fd = -EBADF;
	struct process process;
	struct stat status;
	struct tm time;
	unsigned long long seconds;
	time_t start;

	(void)snprintf(path, sizeof(path), "/proc/%.10s", pid);
	folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || fstat(folder_fd, &status) < 0 || process_read(folder_fd, &process) < 0)
		return;
	seconds = process.used / ticks;
	start = booted + (time_t)(process.started / ticks);
	if (gmtime_r(&start, &time))
		(void)strftime(begun, sizeof(begun), "%H:%M", &time);
	printf("%-8u %7s %7d  0 %s %-8s %02llu:%02llu:%02llu ", status.st_uid, pid, process.parent,
		begun, terminal_name(process.terminal, terminal, sizeof(terminal)), seconds / 3600,
		seconds / 60 % 60, seconds % 60);
	print_command(folder_fd, &process);
}

int ps_main(int count, char **words)
{
	struct timespec up = { 0 };
	struct dirent *entry;
	DIR *folder;

	if (count > 2 ||
		(count == 2 && strcmp(words[1], "-ef") != 0 && strcmp(words[1], "ef") != 0)) {
		(void)fprintf(stderr, "in a microVM only the table of -ef can be printed\n");
		return 1;
	}
	folder = opendir("/proc");
	if (!folder)
		return 1;
	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	printf("UID          PID    PPID  C STIME TTY          TIME CMD\n");
	while ((entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			print_process(entry->d_name, time(NULL) - up.tv_sec);
	(void)closedir(folder);
	return 0;
}
