/* SPDX-License-Identifier: Apache-2.0 */
/* A file that the guest creates while somebody out here has just made it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "microvm/fs/fs.h"
#include "tests/unit/test.h"

static struct fs fs;
static struct fs_node *folder;
static int folder_fd;

struct created {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

/* What the guest's kernel asks for when open(2) finds no such name. */
static int create(const char *name, uint32_t flags, struct created *created)
{
	static char reply[FS_DATA];
	const struct fuse_in_header head = { .nodeid = folder->number + 1ull };
	struct {
		struct fuse_create_in in;
		char name[64];
	} body = { .in = { .flags = flags, .mode = S_IFREG | 0640 } };
	struct fs_request request = { .fs = &fs,
		.head = &head,
		.body = (const char *)&body,
		.body_bytes = sizeof(body.in) + strlen(name) + 1,
		.node = folder,
		.reply = reply };
	int r;

	(void)stpcpy(body.name, name);
	r = fs_create(&request);
	if (r >= 0)
		memcpy(created, reply, sizeof(*created));
	return r;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static void test_new(void)
{
	struct created created;
	struct stat status;

	CHECK(create("new", O_WRONLY, &created) == 0, "a new file");
	CHECK(fstatat(folder_fd, "new", &status, 0) == 0 && (status.st_mode & 0777) == 0640,
		"with its mode");
	CHECK(create("new", O_WRONLY | O_EXCL, &created) == -EEXIST, "O_EXCL wants it for itself");
}

static void test_made_meanwhile(void)
{
	struct created created;
	char text[16] = "";

	write_file("other", "theirs", 0600);
	CHECK(create("other", O_RDWR, &created) == 0, "a file that was made meanwhile is opened");
	CHECK(created.entry.attr.size == 6 && (created.entry.attr.mode & 0777) == 0600, "as it is");
	CHECK(pread((int)created.open.fh, text, sizeof(text), 0) == 6, "and read");
	(void)close((int)created.open.fh);
	CHECK(create("other", O_RDWR | O_TRUNC, &created) == 0 && created.entry.attr.size == 0,
		"or truncated");
	(void)close((int)created.open.fh);
}

static void test_no_file(void)
{
	struct created created;
	uint32_t nodes = fs.node_count;

	NEED(mkfifoat(folder_fd, "pipe", 0600) == 0 && mkdirat(folder_fd, "folder", 0700) == 0 &&
		symlinkat("other", folder_fd, "link") == 0);
	CHECK(create("pipe", O_RDWR, &created) == -EINVAL, "a pipe of the host is not opened");
	CHECK(create("folder", O_RDWR, &created) == -EISDIR, "a folder is none to write");
	CHECK(create("link", O_RDWR, &created) == -EINVAL, "a link is not followed");
	CHECK(fs.node_count - nodes <= 1 && fs.free_nodes, "and what failed is forgotten");
}

int main(void)
{
	char path[] = "/tmp/hull-create-XXXXXX";
	struct stat status;

	NEED(mkdtemp(path));
	fs.proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fs.proc_fd >= 0 && folder_fd >= 0 && fstat(folder_fd, &status) == 0);
	folder = fs_node_get(&fs, dup(folder_fd), &status);
	NEED(folder);
	test_new();
	test_made_meanwhile();
	test_no_file();
	for (const char *const *name =
			(const char *const[]){ "new", "other", "pipe", "link", NULL };
		*name; name++)
		(void)unlinkat(folder_fd, *name, 0);
	(void)unlinkat(folder_fd, "folder", AT_REMOVEDIR);
	(void)rmdir(path);
	return test_end();
}
