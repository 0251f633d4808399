/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_SCREEN_H
#define HULL_RUNTIME_STATS_SCREEN_H

/* Where statistics are shown: a terminal on which each picture replaces the last, or any file. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct screen {
	size_t width, height; /* characters, lines; of what is no terminal: $COLUMNS or 80, 24 */
	bool live;	      /* pictures replace each other */
	size_t drawn;	      /* lines of the last picture */
	sigset_t signals, before;
};

enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_ENDED };

/* With LIVE, if stdout is a terminal, its cursor is hidden until screen_end. */
void screen_begin(struct screen *screen, bool live);
void screen_end(struct screen *screen);

/* Show the lines of TEXT. 0, or a negative errno with a message. */
int screen_draw(struct screen *screen, const struct buffer *text);

/* Write TEXT to stdout at once. 0, or a negative errno with a message. */
int screen_write(const struct buffer *text);

/*
 * Wait until TIME (CLOCK_MONOTONIC, nanoseconds), the terminal has another size, or
 * somebody wants to end (SIGINT, SIGTERM, SIGHUP).
 */
enum screen_event screen_wait(struct screen *screen, uint64_t time);

#endif
