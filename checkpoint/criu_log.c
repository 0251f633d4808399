/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/criu_log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define TAIL_BYTES   ((off_t)256 * 1024)
#define QUOTED_MOST  2
#define LINE_BYTES   300
#define ERROR_MARK   "Error ("
#define BEHIND_PLACE "): "

/* Consequences of what went wrong, and complaints that are harmless. */
static const char *const empty_words[] = { "FAILED", "failed with -", "RLIMIT_NOFILE",
	"Can't block signals", "Unlock network", "Can't wait for", "killed by signal 9",
	"Failed to kill", "cgroupd" };

static bool says_nothing(const char *line, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(empty_words); i++)
		if (memmem(line, length, empty_words[i], strlen(empty_words[i])))
			return true;
	return false;
}

/* "(00.01) 1: Error (criu/sk-inet.c:191): inet: Connected …": what is behind the place. */
static const char *error_words_of(const char *line, size_t length, size_t *rest)
{
	const char *mark = memmem(line, length, ERROR_MARK, strlen(ERROR_MARK)), *words;

	if (!mark)
		return NULL;
	words = memmem(mark, length - (size_t)(mark - line), BEHIND_PLACE, strlen(BEHIND_PLACE));
	if (!words)
		return NULL;
	words += strlen(BEHIND_PLACE);
	*rest = length - (size_t)(words - line);
	return *rest && !says_nothing(words, *rest) ? words : NULL;
}

static void quote(struct buffer *text, const char *words, size_t length)
{
	for (size_t i = 0; i < length && i < LINE_BYTES; i++) {
		bool printable = words[i] >= ' ' && words[i] < 0x7f;

		buffer_bytes(text, printable ? &words[i] : " ", 1);
	}
}

void criu_log_find(const char *log, size_t length, struct buffer *text)
{
	struct {
		const char *words;
		size_t length;
	} found[QUOTED_MOST] = { 0 };
	size_t count = 0, end = length;

	while (end && count < QUOTED_MOST) {
		const char *before = memrchr(log, '\n', end - 1);
		size_t begin = before ? (size_t)(before - log) + 1 : 0, rest = 0;
		const char *words;

		while (end > begin && log[end - 1] == '\n')
			end--;
		words = error_words_of(log + begin, end - begin, &rest);
		if (words) {
			found[count].words = words;
			found[count++].length = rest;
		}
		end = before ? begin - 1 : 0;
	}
	/* In the order in which they were said: what came first is nearer to the cause. */
	while (count--) {
		quote(text, found[count].words, found[count].length);
		if (count)
			buffer_text(text, "; ");
	}
}

void criu_log_cause(int folder_fd, const char *name, struct buffer *text)
{
	_cleanup_close_ int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_buffer_ struct buffer log = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_size > TAIL_BYTES && lseek(fd, -TAIL_BYTES, SEEK_END) < 0)
		return;
	if (file_read_fd(fd, &log, (size_t)TAIL_BYTES * 2) >= 0 && log.length)
		criu_log_find(log.data, log.length, text);
}
