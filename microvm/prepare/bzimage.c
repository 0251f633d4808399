/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/prepare/bzimage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"

/* Fields of the setup header. */
#define SETUP_SECTORS	     0x1f1
#define HEADER_MAGIC	     0x202
#define PROTOCOL	     0x206
#define VERSION_POINTER	     0x20e
#define PAYLOAD_OFFSET	     0x248
#define PAYLOAD_LENGTH	     0x24c
#define HEADER_END	     0x250
#define PROTOCOL_HAS_PAYLOAD 0x208
#define SECTOR		     512u

static const struct {
	const char *magic;
	size_t bytes;
	const char *program;
	size_t trailer; /* the build puts the length behind all but gzip's own */
} formats[] = {
	{ "\x1f\x8b", 2, "gzip", 0 },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", 4 },
	{ "\xfd"
	  "7zXZ",
		5, "xz", 4 },
	{ "\x02\x21\x4c\x18", 4, "lz4", 4 },
	{ "BZh", 3, "bzip2", 4 },
	{ "\x5d\x00\x00", 3, "lzma", 4 },
	{ "\x89LZO", 4, "lzop", 4 },
};

static uint32_t field(const char *bytes, size_t offset, size_t length)
{
	uint32_t value = 0;

	memcpy(&value, bytes + offset, length);
	return value;
}

int bzimage_parse(const char *name, const char *bytes, size_t length, struct bzimage *image)
{
	size_t setup, begin, version;
	uint32_t sectors;

	if (length < HEADER_END || memcmp(bytes + HEADER_MAGIC, "HdrS", 4) != 0)
		return error_set(EINVAL, "%s is no Linux kernel for x86-64", name);
	if (field(bytes, PROTOCOL, 2) < PROTOCOL_HAS_PAYLOAD)
		return error_set(EINVAL, "%s is older than Linux 2.6.26", name);
	sectors = field(bytes, SETUP_SECTORS, 1);
	setup = ((sectors ? sectors : 4) + 1ul) * SECTOR;
	begin = setup + field(bytes, PAYLOAD_OFFSET, 4);
	image->payload_bytes = field(bytes, PAYLOAD_LENGTH, 4);
	version = field(bytes, VERSION_POINTER, 2) + SECTOR;
	if (begin > length || image->payload_bytes > length - begin || image->payload_bytes < 16)
		return error_set(EINVAL, "%s is damaged: it ends before the kernel in it", name);
	image->payload = bytes + begin;
	image->version = version < setup && memchr(bytes + version, 0, setup - version)
				 ? bytes + version
				 : "";
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (memcmp(image->payload, formats[i].magic, formats[i].bytes) != 0)
			continue;
		image->decompressor = formats[i].program;
		image->payload_bytes -= formats[i].trailer;
		return 0;
	}
	return error_set(EINVAL, "%s is damaged, or compressed in an unknown way", name);
}

static void execute(const char *program, int input, int output)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (file_move(input, STDIN_FILENO, false) >= 0 &&
		file_move(output, STDOUT_FILENO, false) >= 0 &&
		file_move(null_fd, STDERR_FILENO, false) >= 0)
		(void)execlp(program, program, "-dc", NULL);
	_exit(127);
}

int bzimage_extract(const char *name, const struct bzimage *image, int fd)
{
	int ends[2], status, r;
	pid_t pid;

	/* A program that ends early is seen by its exit code. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	pid = process_clone(0, -1, NULL);
	if (pid == 0)
		execute(image->decompressor, ends[0], fd);
	(void)close(ends[0]);
	r = pid < 0 ? (int)pid : file_write_all(ends[1], image->payload, image->payload_bytes);
	(void)close(ends[1]);
	if (pid < 0)
		return error_errno(r, "fork");
	status = process_wait(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(ENOENT, "%s is compressed with %s, which is not installed", name,
			image->decompressor);
	if (status != 0 || r < 0)
		return error_set(EINVAL, "%s is damaged: %s cannot decompress it", name,
			image->decompressor);
	return 0;
}
