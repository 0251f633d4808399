/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_LOG_H
#define HULL_BASE_LOG_H

/*
 * Logging as engines expect it of a runtime: lines of text or of JSON
 * ({"level","msg","time"}) to the file of --log; errors also to stderr as
 * "hull: MESSAGE", because a person or conmon reads that.
 */
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Set up once by main. FD is where lines go (-1: stderr). The descriptor must
 * be O_APPEND and O_CLOEXEC; it stays open for the life of the process.
 */
void log_open(int fd, bool json, enum log_level most);

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* In the child that becomes the container: nothing may be written where the container could see. */
void log_close(void);

#define log_error(...)	 log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
