/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_FRONT_H
#define HULL_BASE_FRONT_H

/*
 * The front of a program that is a table of commands: options, --help and
 * --version, the log, and what an error looks like. A main names its tables.
 */
#include "base/command.h"

/* What every program takes in front of its command; a member of its struct global_options. */
struct front_options {
	const char *log, *log_format, *log_level;
	bool debug, verbose, help, version;
};

/* Their lines of a program's table; OFFSET_ is that of the struct front_options. */
#define FRONT_MEMBER(offset_, member_) (offset_) + offsetof(struct front_options, member_)
#define FRONT_LOG_OPTIONS(offset_)                                                                 \
	{ "log", 0, OPTION_TEXT, FRONT_MEMBER(offset_, log), "FILE",                               \
		"where log lines go (default: stderr); also syslog:NAME and journald:NAME" },      \
		{ "log-format", 0, OPTION_TEXT, FRONT_MEMBER(offset_, log_format), "FORMAT",       \
			"text (default) or json", "text json" },                                   \
		{ "log-level", 0, OPTION_TEXT, FRONT_MEMBER(offset_, log_level), "LEVEL",          \
			"error, warning (default), info or debug", "error warning info debug" },   \
		{ "debug", 0, OPTION_FLAG, FRONT_MEMBER(offset_, debug), NULL,                     \
			"the same as --log-level debug" }

struct front {
	const char *program; /* as a user types it: "hull", "hull image" */
	const char *itself;  /* "image": its own name may stand among the options; or NULL */
	const char *about;   /* the first line of --help */
	const struct command *const *commands; /* up to NULL */
	const struct option *table;	       /* of the options in front of the command */
	struct global_options *global;
	const struct front_options *options; /* in global */
	void (*print_version)(void);
	/* May be NULL: a command that is in no table, with the words as main got them; -errno. */
	int (*unknown)(const char *command, char **words);
	/* May be NULL: the last look before a command of the table runs. 0 or -errno. */
	int (*prepare)(struct global_options *global, const struct command *command, char **words);
};

/*
 * What main returns: a command's exit code, or 1 (the command's failure_code)
 * after an error, which has been logged. The words[0] is not looked at.
 */
int front_main(const struct front *front, int count, char **words);

#endif
