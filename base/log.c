/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json.h"

#define FACILITY_USER (1 << 3) /* syslog(3) */

const char log_syslog_path[] = "/dev/log";
const char log_journal_path[] = "/run/systemd/journal/socket";

/* Written once by main before anything runs; see log_open. */
static struct {
	int fd;
	enum log_form form;
	const char *identifier;
	bool closed;
	enum log_level most;
} sink = { .fd = -1, .most = LOG_LEVEL_WARNING };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_open(int fd, enum log_form form, const char *identifier, enum log_level most)
{
	sink.fd = fd;
	sink.form = form;
	sink.identifier = identifier;
	sink.most = most;
}

int log_connect(enum log_form form)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		form == LOG_FORM_SYSLOG ? log_syslog_path : log_journal_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

void log_close(void)
{
	sink.closed = true;
}

static void log_line_syslog(struct buffer *line, int priority, const char *text)
{
	time_t now = time(NULL);
	struct tm local;
	char when[32];

	(void)localtime_r(&now, &local);
	(void)strftime(when, sizeof(when), "%b %e %H:%M:%S", &local);
	buffer_format(line, "<%d>%s %s[%d]: %s", FACILITY_USER | priority, when, sink.identifier,
		getpid(), text);
}

/* With its length in front a value may hold anything, newlines too. */
static void log_line_journal(struct buffer *line, int priority, const char *text)
{
	uint64_t length = htole64(strlen(text));

	buffer_format(
		line, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n", priority, sink.identifier);
	buffer_bytes(line, &length, sizeof(length));
	buffer_format(line, "%s\n", text);
}

static void log_line_structured(
	struct buffer *line, enum log_form form, enum log_level level, const char *text)
{
	static const int priorities[] = { 3, 4, 6, 7 }; /* syslog(3): LOG_ERR, LOG_WARNING, … */
	bool json = form == LOG_FORM_JSON;
	char now[CLOCK_TEXT_BYTES];

	if (form == LOG_FORM_SYSLOG || form == LOG_FORM_JOURNAL) {
		(form == LOG_FORM_SYSLOG ? log_line_syslog : log_line_journal)(
			line, priorities[level], text);
		return;
	}
	clock_text(now);
	if (json) {
		buffer_format(line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		json_quote(line, text);
		buffer_format(line, ",\"time\":\"%s\"}\n", now);
	} else {
		buffer_format(line, "time=\"%s\" level=%s msg=", now, level_names[level]);
		json_quote(line, text);
		buffer_text(line, "\n");
	}
}

static void log_line_plain(struct buffer *line, enum log_level level, const char *text)
{
	if (level == LOG_LEVEL_ERROR)
		buffer_format(line, "hull: %s\n", text);
	else
		buffer_format(line, "hull: %s: %s\n", level_names[level], text);
}

static void log_write(int fd, const struct buffer *line)
{
	/* One write a line: several processes append to one log. There is nowhere to report to. */
	(void)!write(fd, line->data, line->length);
}

void log_message(enum log_level level, const char *format, ...)
{
	_cleanup_buffer_ struct buffer text = { 0 }, line = { 0 }, plain = { 0 };
	va_list arguments;

	if (sink.closed || level > sink.most)
		return;
	va_start(arguments, format);
	buffer_format_list(&text, format, arguments);
	va_end(arguments);
	if (sink.fd >= 0) {
		log_line_structured(&line, sink.form, level, text.data);
		log_write(sink.fd, &line);
		if (level != LOG_LEVEL_ERROR)
			return;
	} else if (sink.form == LOG_FORM_JSON) {
		log_line_structured(&line, LOG_FORM_JSON, level, text.data);
		log_write(STDERR_FILENO, &line);
		return;
	}
	log_line_plain(&plain, level, text.data);
	log_write(STDERR_FILENO, &plain);
}
