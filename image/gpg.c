/* SPDX-License-Identifier: Apache-2.0 */
#include "image/gpg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "image/base64.h"

#define OUTPUT_MOST ((size_t)1 << 20)
#define ARMOR	    "-----BEGIN PGP PUBLIC KEY BLOCK-----"

/* Everything that gpgv reads and writes is a file in memory: nobody waits for a pipe. */
struct files {
	int keyring, message, text, status;
};

static int make_file(const void *bytes, size_t length)
{
	int fd = memfd_create("hull-gpg", MFD_CLOEXEC), r;

	if (fd < 0)
		return error_errno(errno, "memfd_create");
	r = length ? file_write_all(fd, bytes, length) : 0;
	if (r >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	file_close(&fd);
	return error_errno(r < 0 ? r : -EIO, "a file in memory");
}

/* gpgv takes no armor: its base64 stands between an empty line and one that begins with "=". */
static int make_keyring(const char *keyring, size_t length)
{
	_cleanup_buffer_ struct buffer copy = { 0 }, text = { 0 }, bytes = { 0 };
	char *at, *line;

	if (length < sizeof(ARMOR) || strncmp(keyring, ARMOR, sizeof(ARMOR) - 1) != 0)
		return make_file(keyring, length);
	buffer_bytes(&copy, keyring, length);
	at = copy.data;
	while ((line = strsep(&at, "\n")) && line[strspn(line, "\r")])
		;
	while ((line = strsep(&at, "\n")) && *line != '=' && *line != '-') {
		line[strcspn(line, "\r")] = '\0';
		buffer_text(&text, line);
	}
	if (!text.data || base64_decode(text.data, &bytes) < 0)
		return error_set(EINVAL, "a key of the signature policy is damaged");
	return make_file(bytes.data, bytes.length);
}

static __attribute__((noreturn)) void become_gpgv(const struct files *files)
{
	char keyring[64], status[16];
	char *words[] = { "gpgv", "--quiet", "--homedir", "/", "--keyring", keyring, "--status-fd",
		status, "--output", "-", "-", NULL };
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)snprintf(keyring, sizeof(keyring), "/proc/self/fd/%d", files->keyring);
	(void)snprintf(status, sizeof(status), "%d", files->status);
	signal_reset_all();
	if (dup2(files->message, STDIN_FILENO) >= 0 && dup2(files->text, STDOUT_FILENO) >= 0 &&
		dup2(null_fd, STDERR_FILENO) >= 0 && fcntl(files->keyring, F_SETFD, 0) >= 0 &&
		fcntl(files->status, F_SETFD, 0) >= 0)
		(void)execvp(words[0], words);
	_exit(127);
}

static int read_back(int fd, struct buffer *bytes)
{
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_read_fd(fd, bytes, OUTPUT_MOST);

	return r < 0 ? error_errno(r, "what gpgv has said") : 0;
}

static unsigned int count_lines(const struct buffer *text, const char *begin)
{
	unsigned int count = 0;

	for (const char *at = text->data; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		count += !strncmp(at, begin, strlen(begin));
	}
	return count;
}

/* doc/DETAILS of GnuPG. GOODSIG is not said of expired and revoked keys. */
static bool is_good(const struct buffer *status)
{
	static const char *const once[] = { "[GNUPG:] PLAINTEXT ", "[GNUPG:] NEWSIG",
		"[GNUPG:] GOODSIG ", "[GNUPG:] VALIDSIG " };

	for (size_t i = 0; i < ARRAY_SIZE(once); i++)
		if (count_lines(status, once[i]) != 1)
			return false;
	return true;
}

static int run(const struct files *files, struct buffer *text)
{
	_cleanup_buffer_ struct buffer status = { 0 };
	pid_t child = process_clone(0, -1, NULL);
	int r;

	if (child == 0)
		become_gpgv(files);
	if (child < 0)
		return error_errno(child, "cannot make a process for gpgv");
	r = process_exit_code(process_wait(child));
	if (r == 127)
		return error_set(
			ENOENT, "signatures by GPG need the program gpgv (Debian's package gpgv)");
	if (r != 0)
		return 0;
	r = read_back(files->status, &status);
	if (r < 0 || !is_good(&status))
		return r;
	r = read_back(files->text, text);
	return r < 0 ? r : 1;
}

int gpg_verify(
	const char *keyring, size_t length, const struct buffer *message, struct buffer *text)
{
	_cleanup_close_ int keyring_fd = make_keyring(keyring, length), message_fd = -EBADF;
	_cleanup_close_ int text_fd = -EBADF, status_fd = -EBADF;

	if (keyring_fd < 0)
		return keyring_fd;
	message_fd = make_file(message->data, message->length);
	text_fd = make_file(NULL, 0);
	status_fd = make_file(NULL, 0);
	if (message_fd < 0 || text_fd < 0 || status_fd < 0)
		return -EIO;
	return run(&(struct files){ keyring_fd, message_fd, text_fd, status_fd }, text);
}
