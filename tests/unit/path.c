/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below a root that is written by somebody hostile: whatever links there
 * are, and while they are being exchanged, nothing is opened or made outside.
 */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/test.h"

#define ROUNDS		     5000
#define RENAME_EXCHANGE_FLAG 2u /* <linux/fs.h>; musl has neither it nor renameat2 */

/* top/root is the tree of the container, top/outside is what it must not reach. */
static struct {
	char top[PATH_MAX], root[PATH_MAX], outside[PATH_MAX];
	int top_fd, root_fd;
} tree;

static void tree_make(void)
{
	const char *folder = getenv("TMPDIR");
	char name[PATH_MAX - 64];

	NEED(snprintf(name, sizeof(name), "%s/hull-path-XXXXXX", folder ? folder : "/tmp") <
		(int)sizeof(name));
	NEED(mkdtemp(name) && realpath(name, tree.top));
	(void)snprintf(tree.root, sizeof(tree.root), "%.4000s/root", tree.top);
	(void)snprintf(tree.outside, sizeof(tree.outside), "%.4000s/outside", tree.top);
	NEED(mkdir(tree.root, 0755) == 0 && mkdir(tree.outside, 0755) == 0);
	tree.top_fd = open(tree.top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree.root_fd = open(tree.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	NEED(tree.top_fd >= 0 && tree.root_fd >= 0);
}

static void tree_remove(void)
{
	NEED(file_remove_tree_at(AT_FDCWD, tree.top) == 0);
	(void)close(tree.top_fd);
	(void)close(tree.root_fd);
}

static unsigned int outside_entries(void)
{
	DIR *folder = opendir(tree.outside);
	unsigned int entries = 0;

	NEED(folder);
	while (readdir(folder))
		entries++;
	(void)closedir(folder);
	return entries - 2;
}

static void link_make(const char *target, const char *name)
{
	NEED(symlinkat(target, tree.root_fd, name) == 0);
}

/* Where a descriptor leads, without the root's own path; NULL when that is outside. */
static const char *fd_inside(int fd, char path[PATH_MAX])
{
	char proc[40];
	ssize_t length;
	size_t root = strlen(tree.root);

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	length = readlink(proc, path, PATH_MAX - 1);
	NEED(length > 0);
	path[length] = '\0';
	if (strncmp(path, tree.root, root) != 0 || (path[root] && path[root] != '/'))
		return NULL;
	return path[root] ? path + root : "/";
}

/* Make PATH and compare where it ended up, or the error when WANTED is NULL. */
static void check_make(const char *path, enum path_kind kind, const char *wanted, int error)
{
	_cleanup_close_ int fd = path_make_in_root(tree.root_fd, path, kind, 0640);
	char text[PATH_MAX];
	struct stat st;

	if (!wanted) {
		CHECK(fd == -error, "%.60s: %s", path, strerror(error));
		return;
	}
	if (!CHECK(fd >= 0, "%.60s can be made", path)) {
		printf("# %s\n", strerror(-fd));
		return;
	}
	CHECK_TEXT(fd_inside(fd, text), wanted, path);
	NEED(fstat(fd, &st) == 0);
	CHECK(kind == PATH_FOLDER ? S_ISDIR(st.st_mode) : !S_ISDIR(st.st_mode),
		"%.60s is of the right kind", path);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "%.60s: close-on-exec", path);
}

static void check_plain(void)
{
	check_make("a", PATH_FOLDER, "/a", 0);
	check_make("/a/b/c", PATH_FOLDER, "/a/b/c", 0);
	check_make("a/b/file", PATH_FILE, "/a/b/file", 0);
	check_make("a/b/file", PATH_FILE, "/a/b/file", 0);
	check_make("//a///x//y", PATH_FOLDER, "/a/x/y", 0);
	check_make("./a/./z/.", PATH_FOLDER, "/a/z", 0);
	check_make("/", PATH_FOLDER, "/", 0);
	check_make("..", PATH_FOLDER, "/", 0);
	check_make("../../../../up", PATH_FOLDER, "/up", 0);
	check_make("a/new/../other", PATH_FOLDER, "/a/other", 0);
	check_make("a/b/file/below", PATH_FOLDER, NULL, ENOTDIR);
	check_make("a/b/file/../x", PATH_FOLDER, NULL, ENOTDIR);
}

static void check_links(void)
{
	char absolute[PATH_MAX + 64];

	link_make("/", "to-root");
	link_make("missing/folder", "dangling");
	link_make("/abs/target", "dangling-absolute");
	link_make("../../../../outside", "dot-dot");
	link_make("dangling-absolute", "chain-1");
	link_make("chain-1", "chain-2");
	link_make("loop-b", "loop-a");
	link_make("loop-a", "loop-b");
	link_make("/proc/self/root/etc", "to-proc");
	NEED(snprintf(absolute, sizeof(absolute), "%s/evil", tree.outside) < (int)sizeof(absolute));
	link_make(absolute, "to-outside");

	check_make("to-root/etc", PATH_FOLDER, "/etc", 0);
	check_make("dangling", PATH_FOLDER, "/missing/folder", 0);
	check_make("dangling-absolute/x", PATH_FOLDER, "/abs/target/x", 0);
	check_make("dot-dot/in", PATH_FOLDER, "/outside/in", 0);
	check_make("chain-2/file", PATH_FILE, "/abs/target/file", 0);
	check_make("loop-a/x", PATH_FOLDER, NULL, ELOOP);
	check_make("to-proc/hostname", PATH_FILE, "/proc/self/root/etc/hostname", 0);
	(void)snprintf(absolute, sizeof(absolute), "%s/evil/made", tree.outside);
	check_make("to-outside/made", PATH_FILE, absolute, 0);
	CHECK(outside_entries() == 0, "nothing was made outside");
}

static void check_long_chain(void)
{
	char name[32], target[32];

	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "long-%d", i);
		(void)snprintf(target, sizeof(target), "long-%d", i + 1);
		link_make(target, name);
	}
	check_make("long-59/x", PATH_FOLDER, "/long-60/x", 0);
	check_make("long-30/x", PATH_FOLDER, "/long-60/x", 0);
	check_make("long-0/x", PATH_FOLDER, NULL, ELOOP);
	check_make("long-10/y/z", PATH_FILE, NULL, ELOOP);
}

static void check_long_names(void)
{
	_cleanup_free_ char *path = memory_allocate_zero(2 * PATH_MAX);
	char wanted[258];

	memset(path, 'n', 255);
	wanted[0] = '/';
	memcpy(wanted + 1, path, 256);
	check_make(path, PATH_FOLDER, wanted, 0);
	memset(path, 'n', 256);
	check_make(path, PATH_FOLDER, NULL, ENAMETOOLONG);
	for (size_t i = 0; i < 2 * PATH_MAX - 1; i++)
		path[i] = i % 2 ? '/' : 'd';
	check_make(path, PATH_FOLDER, NULL, ENAMETOOLONG);
}

static void check_open(void)
{
	_cleanup_close_ int fd = path_open_in_root(tree.root_fd, "dot-dot", O_PATH);
	_cleanup_close_ int direct = path_open_in_root_no_links(tree.root_fd, "a/b", O_PATH);
	_cleanup_close_ int magic = open("/proc/self/fd", O_PATH | O_CLOEXEC);
	char text[PATH_MAX], number[16];

	CHECK_TEXT(fd_inside(fd, text), "/outside", "\"..\" stays inside");
	CHECK_TEXT(fd_inside(direct, text), "/a/b", "a path without links");
	CHECK(path_open_in_root_no_links(tree.root_fd, "to-root/a", O_PATH) == -ELOOP,
		"a link where none is allowed");
	CHECK(path_open_in_root(tree.root_fd, "absent", O_PATH) == -ENOENT, "what is absent");
	(void)snprintf(number, sizeof(number), "%d", tree.top_fd);
	CHECK(path_open_in_root(magic, number, O_PATH) == -ELOOP, "no magic link is followed");
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
}

static void check_parent(void)
{
	static const char *const wrong[] = { "", "/", "a/..", "a/.", "..", ".", "a/" };
	const char *name;
	char text[PATH_MAX];
	int fd;

	fd = path_open_parent_in_root(tree.root_fd, "/dev/null", true, &name);
	CHECK_TEXT(fd < 0 ? NULL : fd_inside(fd, text), "/dev", "the folder is made");
	CHECK_TEXT(name, "null", "the name is split off");
	file_close(&fd);
	fd = path_open_parent_in_root(tree.root_fd, "name", false, &name);
	CHECK_TEXT(fd < 0 ? NULL : fd_inside(fd, text), "/", "a name alone is in the root");
	file_close(&fd);
	fd = path_open_parent_in_root(tree.root_fd, "dot-dot/deep/name", true, &name);
	CHECK_TEXT(fd < 0 ? NULL : fd_inside(fd, text), "/outside/deep", "links stay inside");
	file_close(&fd);
	CHECK(path_open_parent_in_root(tree.root_fd, "no/such", false, &name) == -ENOENT,
		"nothing is made unasked");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(path_open_parent_in_root(tree.root_fd, wrong[i], true, &name) == -EINVAL,
			"\"%s\" has no last component", wrong[i]);
}

static void check_dot_dot(void)
{
	static const struct {
		const char *path;
		bool has;
	} rows[] = { { "", false }, { "..", true }, { "a/..", true }, { "../a", true },
		{ "a/../b", true }, { "...", false }, { "a/.../b", false }, { "a..", false },
		{ "..a/b", false }, { "a/..b", false }, { "....", false }, { "x/..../..", true },
		{ "a../..", true }, { "./.", false } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(path_has_dot_dot(rows[i].path) == rows[i].has, "\"..\" in \"%s\"",
			rows[i].path);
}

/* The attacker: a folder of the tree and a link out of it change places without end. */
static pid_t racer_start(void)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		if (syscall(SYS_renameat2, tree.root_fd, "race/folder", tree.root_fd, "race/link",
			    RENAME_EXCHANGE_FLAG) < 0)
			_exit(1);
}

static void check_race(const char *target)
{
	unsigned int made = 0, refused = 0, escaped = 0;
	char path[64], text[PATH_MAX];
	pid_t racer;
	int status;

	NEED(mkdirat(tree.root_fd, "race", 0755) == 0 &&
		mkdirat(tree.root_fd, "race/folder", 0755) == 0);
	link_make(target, "race/link");
	racer = racer_start();
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_close_ int fd = -EBADF;

		(void)snprintf(path, sizeof(path), "race/folder/%d/x/%d", i % 7, i);
		fd = path_make_in_root(tree.root_fd, path, i % 2 ? PATH_FILE : PATH_FOLDER, 0755);
		made += fd >= 0;
		refused += fd < 0;
		escaped += fd >= 0 && !fd_inside(fd, text);
	}
	NEED(waitpid(racer, &status, WNOHANG) == 0);
	(void)kill(racer, SIGKILL);
	(void)waitpid(racer, &status, 0);
	CHECK(escaped == 0, "no descriptor leads outside while %s is exchanged", target);
	CHECK(outside_entries() == 0, "nothing is made outside while %s is exchanged", target);
	CHECK(made > 0, "of %d rounds %u came through, %u were refused", ROUNDS, made, refused);
	NEED(file_remove_tree_at(tree.root_fd, "race") == 0);
}

int main(void)
{
	char absolute[PATH_MAX];

	(void)umask(022);
	tree_make();
	check_plain();
	check_links();
	check_long_chain();
	check_long_names();
	check_open();
	check_parent();
	check_dot_dot();
	memcpy(absolute, tree.outside, sizeof(absolute));
	check_race(absolute);
	check_race("../../outside");
	check_race("/../../../outside");
	tree_remove();
	return test_end();
}
