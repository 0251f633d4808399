/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

static char top[] = "/tmp/hull-file-XXXXXX";
static int top_fd;

static const char *content(const char *name, struct buffer *buffer)
{
	buffer_free(buffer);
	return file_read_at(top_fd, name, buffer, 1 << 20) < 0 ? NULL : buffer->data;
}

static void check_replace(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct stat before, after;
	int reader;

	CHECK(file_replace_at(top_fd, "state", "one", 3, 0600) == 0, "a new file");
	CHECK_TEXT(content("state", &text), "one", "its content");
	NEED(fstatat(top_fd, "state", &before, 0) == 0);
	CHECK((before.st_mode & 0777) == 0600, "its mode");
	reader = openat(top_fd, "state", O_RDONLY | O_CLOEXEC);
	CHECK(file_replace_at(top_fd, "state", "two, longer", 11, 0600) == 0, "replaced");
	CHECK_TEXT(content("state", &text), "two, longer", "new content");
	NEED(fstatat(top_fd, "state", &after, 0) == 0);
	CHECK(before.st_ino != after.st_ino, "another file under the name");
	buffer_free(&text);
	NEED(file_read_fd(reader, &text, 100) == 0);
	CHECK_TEXT(text.data, "one", "who had it open still reads the old file");
	file_close(&reader);
	CHECK(file_replace_at(top_fd, "no/state", "x", 1, 0600) < 0, "no folder, no file");
	NEED(mkdirat(top_fd, "folder", 0755) == 0);
	CHECK(file_replace_at(top_fd, "folder", "x", 1, 0600) == -EISDIR,
		"a folder is not replaced");
	CHECK(file_remove_tree_at(top_fd, "folder") == 0 && unlinkat(top_fd, "state", 0) == 0 &&
			rmdir(top) == 0 && mkdir(top, 0700) == 0,
		"no temporary file is left, neither behind a failure");
	top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Readers of a file that is replaced all the time see whole contents only. */
static void check_atomic(void)
{
	static char letters[4096];
	unsigned int bad = 0, seen = 0;
	pid_t writer;

	memset(letters, 'a', sizeof(letters));
	NEED(file_replace_at(top_fd, "busy", letters, sizeof(letters), 0600) == 0);
	writer = fork();
	NEED(writer >= 0);
	for (char letter = 'a'; !writer; letter = (char)(letter == 'z' ? 'a' : letter + 1)) {
		memset(letters, letter, sizeof(letters));
		(void)file_replace_at(top_fd, "busy", letters, sizeof(letters), 0600);
	}
	for (int i = 0; i < 2000; i++) {
		_cleanup_buffer_ struct buffer text = { 0 };

		NEED(file_read_at(top_fd, "busy", &text, 1 << 20) == 0);
		bad += text.length != sizeof(letters) ||
		       strspn(text.data, (char[]){ text.data[0], '\0' }) != sizeof(letters);
		seen++;
	}
	(void)kill(writer, SIGKILL);
	(void)waitpid(writer, NULL, 0);
	CHECK(bad == 0, "%u reads of a file that is being replaced saw whole contents", seen);
}

static void check_read(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	static const struct {
		const char *text;
		int r;
		long long number;
	} rows[] = { { "12\n", 0, 12 }, { "-1", 0, -1 }, { "max\n", -EINVAL, 0 },
		{ "", -EINVAL, 0 }, { "12x", -EINVAL, 0 }, { "9223372036854775808", -EINVAL, 0 } };

	NEED(file_replace_at(top_fd, "data", "0123456789", 10, 0600) == 0);
	CHECK(file_read_at(top_fd, "data", &text, 10) == 0 && text.length == 10, "as much as fits");
	CHECK(file_read_at(top_fd, "data", &text, 9) == -EFBIG, "a byte more is too much");
	CHECK(file_read_at(top_fd, "absent", &text, 9) == -ENOENT, "what is absent");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long long number = 0;

		NEED(file_replace_at(top_fd, "number", rows[i].text, strlen(rows[i].text), 0600) ==
			0);
		CHECK(file_read_number_at(top_fd, "number", &number) == rows[i].r &&
				(rows[i].r < 0 || number == rows[i].number),
			"the number \"%s\"", rows[i].text);
	}
	CHECK(file_write_at(top_fd, "data", "abc") == 0, "write to a file that exists");
	CHECK_TEXT(content("data", &text), "abc3456789", "without truncation, as for procfs");
	CHECK(file_write_at(top_fd, "absent", "abc") == -ENOENT, "none is made");
}

static void check_remove(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	NEED(mkdirat(top_fd, "keep", 0755) == 0);
	NEED(file_replace_at(top_fd, "keep-me", "x", 1, 0600) == 0);
	NEED(mkdirat(top_fd, "tree", 0755) == 0 && mkdirat(top_fd, "tree/a", 0755) == 0 &&
		mkdirat(top_fd, "tree/a/b", 0755) == 0);
	NEED(symlinkat("../keep", top_fd, "tree/link") == 0 &&
		symlinkat("../../keep-me", top_fd, "tree/a/link") == 0 &&
		mkfifoat(top_fd, "tree/a/fifo", 0600) == 0);
	CHECK(file_remove_tree_at(top_fd, "tree") == 0, "a tree with links and a fifo");
	CHECK(faccessat(top_fd, "tree", F_OK, 0) < 0, "it is gone");
	CHECK(faccessat(top_fd, "keep", F_OK, 0) == 0 && content("keep-me", &text),
		"what the links led to is not");
	CHECK(file_remove_tree_at(top_fd, "tree") == 0, "what is absent is removed already");
	NEED(symlinkat("keep", top_fd, "link") == 0);
	CHECK(file_remove_tree_at(top_fd, "link") < 0 && faccessat(top_fd, "keep", F_OK, 0) == 0,
		"a link is no tree");
}

static void check_descriptors(void)
{
	int fd = openat(top_fd, "keep-me", O_RDONLY | O_CLOEXEC), taken;

	NEED(fd >= 0);
	CHECK(file_move(fd, 100, true) == 0 && fcntl(100, F_GETFD) == FD_CLOEXEC,
		"moved, close-on-exec");
	CHECK(file_move(fd, 100, false) == 0 && fcntl(100, F_GETFD) == 0, "moved, inherited");
	CHECK(file_move(100, 100, true) == 0 && fcntl(100, F_GETFD) == FD_CLOEXEC,
		"moved onto itself");
	taken = TAKE_FD(fd);
	CHECK(fd == -EBADF && fcntl(taken, F_GETFD) >= 0, "a descriptor is handed on");
	errno = ENOTTY;
	file_close(&taken);
	CHECK(taken == -EBADF && errno == ENOTTY, "closing keeps errno");
	file_close(&taken);
	(void)close(100);
}

int main(void)
{
	(void)umask(022);
	NEED(mkdtemp(top));
	top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	NEED(top_fd >= 0);
	check_replace();
	check_atomic();
	check_read();
	check_remove();
	check_descriptors();
	NEED(file_remove_tree_at(AT_FDCWD, top) == 0);
	return test_end();
}
