/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_program.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/handover.h"

#define ENDED_BADLY 125

static __attribute__((noreturn)) void child_run(
	const struct image_program *program, int in_fd, int out_fd, char **words)
{
	static const char missing[] = "hull-image is not installed beside hull";

	if (dup2(in_fd, STDIN_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0 &&
		dup2(program->error_fd, STDERR_FILENO) >= 0) {
		signal_reset_all();
		handover_execute("hull-image", words);
		(void)file_write_all(STDERR_FILENO, missing, strlen(missing));
	}
	_exit(ENDED_BADLY);
}

int image_program_start(struct image_program *program, char **words)
{
	_cleanup_close_ int in_fd = -EBADF, out_fd = -EBADF;
	int in[2], out[2];

	program->error_fd = memfd_create("hull-image", MFD_CLOEXEC);
	if (program->error_fd < 0 || pipe2(in, O_CLOEXEC) < 0)
		return error_errno(errno, "hull-image");
	in_fd = in[0];
	program->to_fd = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return error_errno(errno, "hull-image");
	program->from_fd = out[0];
	out_fd = out[1];
	program->pid = process_clone(0, -1, &program->pidfd);
	if (program->pid == 0)
		child_run(program, in_fd, out_fd, words);
	return program->pid < 0 ? error_errno(program->pid, "hull-image") : 0;
}

/* "hull image: FILE: …" without the name in front. */
static int own_words(const struct image_program *program)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	static const char prefix[] = "hull image: ";
	const char *words;

	if (lseek(program->error_fd, 0, SEEK_SET) < 0 ||
		file_read_fd(program->error_fd, &text, ERROR_TEXT_BYTES) < 0 || !text.length)
		return error_set(EIO, "hull-image has failed");
	text.data[strcspn(text.data, "\n")] = '\0';
	words = !strncmp(text.data, prefix, strlen(prefix)) ? text.data + strlen(prefix)
							    : text.data;
	return error_set(EIO, "%s", words);
}

int image_program_await(struct image_program *program)
{
	char byte;
	ssize_t n;

	do
		n = read(program->from_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	return image_program_wait(program) < 0 ? -EIO : error_set(EIO, "hull-image has ended");
}

int image_program_tell(const struct image_program *program)
{
	return write(program->to_fd, "1", 1) == 1 ? 0 : error_errno(errno, "hull-image");
}

int image_program_wait(struct image_program *program)
{
	int status = process_wait(program->pid);

	program->pid = 0;
	return status != 0 ? own_words(program) : 0;
}

void image_program_end(struct image_program *program)
{
	file_close(&program->to_fd);
	file_close(&program->from_fd);
	if (program->pid > 0)
		(void)process_wait(program->pid);
	program->pid = 0;
	file_close(&program->pidfd);
	file_close(&program->error_fd);
}
