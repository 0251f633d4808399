/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_LOG_H
#define HULL_BASE_LOG_H

/*
 * Logging as engines expect it of a runtime: lines of text or of JSON
 * ({"level","msg","time"}) to the file of --log; errors also to stderr as
 * "hull: MESSAGE", because a person or conmon reads that.
 */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_form {
	LOG_FORM_TEXT,
	LOG_FORM_JSON,
	LOG_FORM_SYSLOG,  /* a message to /dev/log (RFC 3164), under IDENTIFIER */
	LOG_FORM_JOURNAL, /* systemd's native protocol, under IDENTIFIER */
};

/*
 * Set up once by main. FD is where lines go (-1: stderr). The descriptor must
 * be O_CLOEXEC, and O_APPEND or log_connect's; it stays open for the life of the process,
 * and so does IDENTIFIER.
 */
void log_open(int fd, enum log_form form, const char *identifier, enum log_level most);

/* A socket to the system's log; a negative errno without a message. */
int log_connect(enum log_form form);
extern const char log_syslog_path[], log_journal_path[];

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* In the child that becomes the container: nothing may be written where the container could see. */
void log_close(void);

#define log_error(...)	 log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
