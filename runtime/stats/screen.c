/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#define WIDTH_DEFAULT  80
#define HEIGHT_DEFAULT 24
#define WIDTH_MOST     1000

/* xterm's control sequences (console_codes(4)), which every terminal of today knows. */
#define CURSOR_HIDE  "\033[?25l"
#define CURSOR_SHOW  "\033[?25h"
#define CURSOR_UP    "\r\033[%zuA"
#define CLEAR_BELOW  "\r\033[J"
#define CLEAR_ALL    "\033[H\033[2J"
#define CLEAR_BEHIND "\033[K"

static void screen_measure(struct screen *screen)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	screen->width = columns ? strtoul(columns, NULL, 10) : 0;
	screen->height = HEIGHT_DEFAULT;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		screen->width = size.ws_col;
		screen->height = size.ws_row;
	}
	if (!screen->width)
		screen->width = WIDTH_DEFAULT;
	if (screen->width > WIDTH_MOST)
		screen->width = WIDTH_MOST;
	if (screen->height < 4)
		screen->height = 4;
}

static void screen_say(const char *text)
{
	(void)file_write_all(STDOUT_FILENO, text, strlen(text));
}

void screen_begin(struct screen *screen, bool live)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };

	*screen = (struct screen){ .live = live && isatty(STDOUT_FILENO) };
	screen_measure(screen);
	(void)sigemptyset(&screen->signals);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaddset(&screen->signals, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &screen->signals, &screen->before);
	if (screen->live)
		screen_say(CURSOR_HIDE);
}

void screen_end(struct screen *screen)
{
	if (screen->live)
		screen_say(CURSOR_SHOW);
	(void)sigprocmask(SIG_SETMASK, &screen->before, NULL);
}

int screen_write(const struct buffer *text)
{
	int r = file_write_all(STDOUT_FILENO, text->data, text->length);

	return r < 0 ? error_errno(r, "cannot write to stdout") : 0;
}

int screen_draw(struct screen *screen, const struct buffer *text)
{
	_cleanup_buffer_ struct buffer frame = { 0 };

	if (!screen->live)
		return screen_write(text);
	if (screen->drawn)
		buffer_format(&frame, CURSOR_UP, screen->drawn);
	screen->drawn = 0;
	/* Line by line, so that nothing flickers. */
	for (const char *line = text->data; *line; line++) {
		size_t length = strcspn(line, "\n");

		buffer_bytes(&frame, line, length);
		buffer_text(&frame, CLEAR_BEHIND "\n");
		screen->drawn++;
		line += length;
	}
	buffer_text(&frame, CLEAR_BELOW);
	return screen_write(&frame);
}

enum screen_event screen_wait(struct screen *screen, uint64_t time)
{
	for (;;) {
		uint64_t now = clock_monotonic(), left = time > now ? time - now : 0;
		const struct timespec wait = { (time_t)(left / 1000000000),
			(long)(left % 1000000000) };
		int signal = sigtimedwait(&screen->signals, NULL, &wait);

		if (signal < 0 && errno == EINTR)
			continue;
		if (signal < 0)
			return SCREEN_TIME;
		if (signal != SIGWINCH)
			return SCREEN_ENDED;
		screen_measure(screen);
		/* Lines that were too long have been broken by the terminal. */
		if (screen->live)
			screen_say(CLEAR_ALL);
		screen->drawn = 0;
		return SCREEN_RESIZED;
	}
}
