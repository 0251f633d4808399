/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json.h"

/* Written once by main before anything runs; see log_open. */
static struct {
	int fd;
	bool json, closed;
	enum log_level most;
} sink = { .fd = -1, .most = LOG_LEVEL_WARNING };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_open(int fd, bool json, enum log_level most)
{
	sink.fd = fd;
	sink.json = json;
	sink.most = most;
}

void log_close(void)
{
	sink.closed = true;
}

static void log_line_structured(
	struct buffer *line, bool json, enum log_level level, const char *text)
{
	char now[CLOCK_TEXT_BYTES];

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
		log_line_structured(&line, sink.json, level, text.data);
		log_write(sink.fd, &line);
		if (level != LOG_LEVEL_ERROR)
			return;
	} else if (sink.json) {
		log_line_structured(&line, true, level, text.data);
		log_write(STDERR_FILENO, &line);
		return;
	}
	log_line_plain(&plain, level, text.data);
	log_write(STDERR_FILENO, &plain);
}
