/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_COMMAND_CREATE_OPTIONS_H
#define HULL_RUNTIME_COMMAND_CREATE_OPTIONS_H

#include "runtime/command.h"

/* The lines that `create` and `run` share in their option tables. */
#define CREATE_OPTIONS                                                                             \
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct create_options, bundle), "DIR",              \
		"the folder of config.json (default: the current one)" },                          \
		{ "config", 'f', OPTION_TEXT, offsetof(struct create_options, config), "FILE",     \
			"use this file of the bundle instead of config.json" },                    \
		{ "console-socket", 0, OPTION_TEXT,                                                \
			offsetof(struct create_options, console_socket), "PATH",                   \
			"an AF_UNIX socket that gets the master of the container's terminal" },    \
		{ "pid-file", 0, OPTION_TEXT, offsetof(struct create_options, pid_file), "FILE",   \
			"write the pid of the container's first process there" },                  \
		{ "pidfd-socket", 0, OPTION_TEXT, offsetof(struct create_options, pidfd_socket),   \
			"PATH", "an AF_UNIX socket that gets a pidfd of that process" },           \
		{ "preserve-fds", 0, OPTION_NUMBER, offsetof(struct create_options, preserve_fds), \
			"N", "pass descriptors 3 to 2+N on to the container" },                    \
		{ "tenant", 0, OPTION_TEXT, offsetof(struct create_options, tenant), "NAME",       \
			"the tenant that it belongs to, see `hull tenant`" },                      \
		{ "cpu-weight", 0, OPTION_TEXT, offsetof(struct create_options, cpu_weight),       \
			"WEIGHT", "its share of the CPUs beside its neighbours, 1 to 10000" },     \
		{ "no-pivot", 0, OPTION_FLAG, offsetof(struct create_options, no_pivot), NULL,     \
			"chroot instead of pivot_root, for a root on ramfs" },                     \
		{ "no-new-keyring", 0, OPTION_FLAG,                                                \
			offsetof(struct create_options, no_new_keyring), NULL,                     \
			"leave the container the session keyring of the caller" },                 \
		{ "no-subreaper", 0, OPTION_FLAG, offsetof(struct create_options, no_subreaper),   \
			NULL,                                                                      \
			"accepted for callers of other runtimes: hull never is a subreaper" },     \
		{ "whisper", 0, OPTION_FLAG, offsetof(struct create_options, whisper), NULL,       \
			"show the container its stolen processor time, in /run/hull/cpu" }

#endif
