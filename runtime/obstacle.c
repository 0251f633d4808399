/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/obstacle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"

#define TABLE_BYTES	 ((size_t)64 * 1024 * 1024)
#define FDINFO_BYTES	 ((size_t)1024 * 1024)
#define GHOST_BYTES	 (1u << 20) /* CRIU's own limit */
#define CRIU_NEW_SOCKETS 40200
#define TCP_ESTABLISHED	 1
#define ANY_STATE	 (-1)
#define PTY_SLAVES_FIRST 136
#define PTY_SLAVES_LAST	 143
#define INODE_COLUMN	 9 /* of /proc/net/tcp and its like */
#define STATE_COLUMN	 3

/* A descriptor of a process. */
struct opened {
	pid_t process;
	int number;
	char link[512];
	struct stat st;
	const char *info; /* its fdinfo */
};

void obstacle_found(struct obstacle_search *search, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (search->hopeless && !search->found)
		buffer_format_list(search->hopeless, format, arguments);
	else if (!search->hopeless)
		(void)vprintf(format, arguments);
	va_end(arguments);
	if (!search->hopeless)
		(void)putchar('\n');
	search->found++;
}

static void process_name(pid_t process, char *name, size_t size)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", process);
	if (file_read_at(AT_FDCWD, path, &text, FDINFO_BYTES) < 0 || !text.length)
		buffer_text(&text, "?");
	text.data[strcspn(text.data, "\n")] = '\0';
	(void)snprintf(name, size, "%s", text.data);
}

static void opened_obstacle(
	struct obstacle_search *search, const struct opened *opened, const char *why)
{
	char name[32];

	process_name(opened->process, name, sizeof(name));
	obstacle_found(search, "process %d (%s), descriptor %d (%s): %s", opened->process, name,
		opened->number, opened->link, why);
}

/* ---- sockets --------------------------------------------------------------------------------- */

/* Lines of "sl local remote STATE tx:rx tr:when retransmit uid timeout INODE …". */
static bool line_is(const char *line, unsigned long inode, int state)
{
	char text[512], *save = NULL, *word;
	unsigned long seen_state = 0;

	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
	word = strtok_r(text, " ", &save);
	for (int column = 0; word; column++, word = strtok_r(NULL, " ", &save)) {
		if (column == STATE_COLUMN)
			seen_state = strtoul(word, NULL, 16);
		if (column == INODE_COLUMN)
			return strtoul(word, NULL, 10) == inode &&
			       (state == ANY_STATE || (int)seen_state == state);
	}
	return false;
}

/* Is it in a table of the process's network namespace? */
static bool socket_is_in(pid_t process, const char *table, unsigned long inode, int state)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", process, table);
	if (file_read_at(AT_FDCWD, path, &text, TABLE_BYTES) < 0 || !text.data)
		return false;
	for (const char *line = strchr(text.data, '\n'); line && line[1];
		line = strchr(line + 1, '\n'))
		if (line_is(line + 1, inode, state))
			return true;
	return false;
}

/* Since Linux 6.16 these have no SO_PASSCRED, which older CRIUs ask for. */
static bool kernel_needs_new_criu(void)
{
	struct utsname names;
	int version = 0, patch = 0;

	if (uname(&names) < 0 || sscanf(names.release, "%d.%d", &version, &patch) < 2)
		return false;
	return version > 6 || (version == 6 && patch >= 16);
}

static void socket_obstacles(struct obstacle_search *search, const struct opened *opened)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6", "raw", "raw6" };
	bool is_inet = false, is_established = false;
	bool too_old = search->criu_version && search->criu_version < CRIU_NEW_SOCKETS &&
		       kernel_needs_new_criu();

	if (search->hopeless && !too_old)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		is_inet |= socket_is_in(opened->process, tables[i], opened->st.st_ino, ANY_STATE);
		is_established |= !strncmp(tables[i], "tcp", 3) &&
				  socket_is_in(opened->process, tables[i], opened->st.st_ino,
					  TCP_ESTABLISHED);
	}
	if (is_inet && too_old)
		opened_obstacle(search, opened,
			"a network socket, which needs CRIU 4.2 or newer on this kernel");
	if (is_established && !search->request->tcp_established && !search->hopeless)
		opened_obstacle(search, opened,
			"an established TCP connection: --tcp-established saves it");
}

/* ---- other descriptors ----------------------------------------------------------------------- */

static void anonymous_obstacles(struct obstacle_search *search, const struct opened *opened)
{
	static const char *const known[] = { "[eventfd]", "[eventpoll]", "[timerfd]", "[signalfd]",
		"inotify", "[fanotify]", "[pidfd]" };
	const char *kind = opened->link + strlen("anon_inode:");

	if (search->hopeless && strcmp(kind, "[io_uring]") != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(kind, known[i]))
			return;
	opened_obstacle(search, opened,
		strcmp(kind, "[io_uring]") == 0
			? "CRIU cannot save io_uring: programs do without where seccomp refuses "
			  "io_uring_setup"
			: "CRIU cannot save that");
}

static bool is_inside(const struct obstacle_search *search, const char *info)
{
	const char *mount = strstr(info, "mnt_id:");
	unsigned long id = mount ? strtoul(mount + strlen("mnt_id:"), NULL, 10) : 0;

	for (const char *line = search->mountinfo; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line && strtoul(line, NULL, 10) == id)
			return true;
	}
	return false;
}

static void file_obstacles(struct obstacle_search *search, const struct opened *opened)
{
	const struct stat *st = &opened->st;
	unsigned int limit =
		search->request->ghost_limit ? search->request->ghost_limit : GHOST_BYTES;
	bool is_stream = opened->process == (pid_t)search->container->record.pid &&
			 opened->number <= STDERR_FILENO;
	bool inside = is_inside(search, opened->info);

	if (S_ISCHR(st->st_mode) && major(st->st_rdev) >= PTY_SLAVES_FIRST &&
		major(st->st_rdev) <= PTY_SLAVES_LAST) {
		if (!inside && !search->request->shell_job)
			opened_obstacle(search, opened,
				"a terminal of the host: --shell-job saves what uses it");
		return;
	}
	/* The streams are handed over, and whoever has inherited them has the same files. */
	if (!inside && !is_stream && opened->number > STDERR_FILENO)
		opened_obstacle(search, opened, "a file of the host");
	if (inside && S_ISREG(st->st_mode) && !st->st_nlink && st->st_size > limit)
		opened_obstacle(search, opened,
			"has no name any more, and is larger than what is saved of such files: "
			"--ghost-limit");
	if (strstr(opened->info, "\nlock:") && !search->request->file_locks)
		opened_obstacle(search, opened, "is locked: --file-locks saves that");
}

static void descriptor_obstacles(struct obstacle_search *search, pid_t process, int number)
{
	struct opened opened = { .process = process, .number = number };
	_cleanup_buffer_ struct buffer info = { 0 };
	char path[48];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", process, number);
	n = readlink(path, opened.link, sizeof(opened.link) - 1);
	if (n < 0 || stat(path, &opened.st) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", process, number);
	if (file_read_at(AT_FDCWD, path, &info, FDINFO_BYTES) < 0 || !info.data)
		return;
	opened.info = info.data;
	if (!strncmp(opened.link, "anon_inode:", strlen("anon_inode:")))
		anonymous_obstacles(search, &opened);
	else if (S_ISSOCK(opened.st.st_mode))
		socket_obstacles(search, &opened);
	else if (opened.link[0] == '/' && !search->hopeless)
		file_obstacles(search, &opened);
}

void obstacle_descriptors(struct obstacle_search *search, pid_t process)
{
	char path[40];
	struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", process);
	folder = opendir(path);
	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			descriptor_obstacles(search, process, (int)strtol(entry->d_name, NULL, 10));
	(void)closedir(folder);
}
