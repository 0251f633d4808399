/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/handover.h"
#include "runtime/self.h"
#include "base/version.h"
#include "spec/config.h"

static const struct command *const commands[] = {
	&command_create,
	&command_start,
	&command_run,
	&command_exec,
	&command_state,
	&command_stats,
	&command_list,
	&command_ps,
	&command_events,
	&command_pause,
	&command_resume,
	&command_update,
	&command_mounts,
	&command_kill,
	&command_delete,
	&command_spec,
	&command_features,
	&command_doctor,
	&command_completion,
	NULL,
};

#define GLOBAL(member_) offsetof(struct global_options, member_)

static const struct option global_options[] = {
	{ "root", 0, OPTION_TEXT, GLOBAL(root), "DIR",
		"the folder of all states (default: /run/hull, $XDG_RUNTIME_DIR/hull)" },
	{ "log", 0, OPTION_TEXT, GLOBAL(log), "FILE",
		"where log lines go (default: stderr); also syslog:NAME and journald:NAME" },
	{ "log-format", 0, OPTION_TEXT, GLOBAL(log_format), "FORMAT", "text (default) or json",
		"text json" },
	{ "log-level", 0, OPTION_TEXT, GLOBAL(log_level), "LEVEL",
		"error, warning (default), info or debug", "error warning info debug" },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug), NULL, "the same as --log-level debug" },
	{ "cgroup-manager", 0, OPTION_TEXT, GLOBAL(cgroup_manager), "NAME",
		"cgroupfs (default), systemd, or disabled: containers get no cgroup",
		"cgroupfs systemd disabled" },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup), NULL,
		"the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPTION_TEXT, GLOBAL(rootless), "WHEN",
		"do without a cgroup that may not be made: true, false or auto (default)",
		"true false auto" },
	{ "criu", 0, OPTION_TEXT, GLOBAL(criu), "PATH", NULL },
	{ "help", 'h', OPTION_FLAG, GLOBAL(help), NULL, "print this" },
	{ "version", 'v', OPTION_FLAG, GLOBAL(version), NULL, "print the version" },
	/* crun's letters for the same. */
	{ "version", 'V', OPTION_FLAG, GLOBAL(version), NULL, NULL },
	{ "usage", '?', OPTION_FLAG, GLOBAL(help), NULL, NULL },
	{ 0 },
};

static void print_version(void)
{
	printf("hull version %s\ncommit: %s\nspec: %s\n", HULL_VERSION, HULL_COMMIT, SPEC_VERSION);
}

static void print_help(void)
{
	printf("hull runs containers: an OCI runtime.\n\n"
	       "Usage: hull [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n`hull COMMAND --help` tells more.\n\nOptions:\n");
	option_print(global_options);
}

static void print_command_help(const struct command *command)
{
	printf("hull %s: %s\n\nUsage: hull [OPTIONS] %s %s\n\nOptions:\n", command->name,
		command->summary, command->name, command->synopsis);
	option_print(command->options);
	option_print(option_help);
}

/* --log: a path, or crun's file:PATH, syslog:IDENTIFIER and journald:IDENTIFIER. */
static int open_log_sink(const char *log, enum log_form *form, const char **identifier)
{
	static const struct {
		const char *prefix;
		enum log_form form;
	} systems[] = { { "syslog:", LOG_FORM_SYSLOG }, { "journald:", LOG_FORM_JOURNAL } };
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		size_t length = strlen(systems[i].prefix);

		if (strncmp(log, systems[i].prefix, length) != 0)
			continue;
		*form = systems[i].form;
		*identifier = log[length] ? log + length : "hull";
		fd = log_connect(*form);
		if (fd < 0)
			return error_errno(fd, "--log %s: cannot connect to %s", log,
				*form == LOG_FORM_SYSLOG ? log_syslog_path : log_journal_path);
		return fd;
	}
	if (!strncmp(log, "file:", 5))
		log += 5;
	fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	return fd < 0 ? error_errno(errno, "--log: cannot open %s", log) : fd;
}

static int open_log(const struct global_options *global)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	const char *format = global->log_format ? global->log_format : "text";
	enum log_form form = !strcmp(format, "json") ? LOG_FORM_JSON : LOG_FORM_TEXT;
	const char *identifier = NULL;
	const char *wanted = global->debug	 ? "debug"
			     : global->log_level ? global->log_level
						 : "warning";
	int level = -1, fd = -1;

	for (int i = 0; i < (int)ARRAY_SIZE(levels); i++)
		if (!strcmp(levels[i], wanted))
			level = i;
	if (level < 0)
		return error_set(EINVAL,
			"--log-level: must be error, warning, info or debug, got \"%s\"", wanted);
	if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		return error_set(EINVAL, "--log-format: must be text or json, got \"%s\"", format);
	if (global->log && *global->log) {
		fd = open_log_sink(global->log, &form, &identifier);
		if (fd < 0)
			return fd;
	}
	log_open(fd, form, identifier, (enum log_level)level);
	return 0;
}

static int check_global(struct global_options *global)
{
	const char *manager = global->cgroup_manager;

	if (manager && !strcmp(manager, "systemd"))
		global->systemd_cgroup = true;
	else if (manager && strcmp(manager, "cgroupfs") != 0 && strcmp(manager, "disabled") != 0)
		return error_set(EINVAL,
			"--cgroup-manager: must be cgroupfs, systemd or disabled, got \"%s\"",
			manager);
	return 0;
}

/* --help or --version anywhere among a command's own options. */
static bool wants(const struct command *command, char **words, int count, const char *option)
{
	for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
		if (!strcmp(words[i], option))
			return true;
		if (command->in_order && words[i][0] != '-')
			return false;
	}
	return false;
}

static int check_operands(const struct command *command, int count)
{
	if (count < command->operands_least)
		return error_set(EINVAL, "%s: an argument is missing, usage: hull %s %s",
			command->name, command->name, command->synopsis);
	if (command->operands_most >= 0 && count > command->operands_most)
		return error_set(EINVAL, "%s: too many arguments, usage: hull %s %s", command->name,
			command->name, command->synopsis);
	return 0;
}

static int fail(int error, int code)
{
	log_error("%s", error_text(error));
	return code ? code : 1;
}

/* A full disk behind stdout is an error, not a success. */
static int flush_output(int code)
{
	if ((fflush(stdout) < 0 || ferror(stdout)) && code == 0)
		return fail(error_errno(errno, "cannot write to stdout"), 1);
	return code;
}

static int run_command(const struct command *command, const struct global_options *global,
	struct arena *arena, char **words, int count)
{
	struct invocation invocation = {
		.command = command,
		.global = global,
		.operands = words,
		.arena = arena,
		.commands = commands,
		.global_table = global_options,
	};
	void *options = arena_allocate(arena, command->options_bytes + 1);
	int r = option_parse(command->options, options, arena, words, count, command->in_order);

	if (r < 0)
		return fail(error_context(r, "%s", command->name), 1);
	invocation.operand_count = r;
	invocation.options = options;
	r = check_operands(command, r);
	if (r < 0)
		return fail(r, 1);
	log_debug("%s begins", command->name);
	r = command->run(&invocation);
	if (r < 0)
		return fail(r, command->failure_code);
	log_debug("%s ends with code %d", command->name, r);
	return r;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

int main(int count, char **words)
{
	_cleanup_arena_ struct arena arena = { 0 };
	/* Parsing moves the words about; executing hull anew needs them as they were. */
	char **copy = arena_allocate(&arena, ((size_t)count + 1) * sizeof(*copy));
	struct global_options global = { 0 };
	const struct command *command;
	int operands, r;

	self_fill_standard_descriptors();
	memcpy(copy, words, ((size_t)count + 1) * sizeof(*copy));
	operands = option_parse(
		global_options, &global, &arena, copy + 1, count > 0 ? count - 1 : 0, true);
	if (operands < 0)
		return fail(operands, 1);
	if (global.version || global.help || !operands) {
		global.version ? print_version() : print_help();
		return flush_output(0);
	}
	command = find_command(copy[1]);
	if (!command) {
		r = handover(copy[1], words);
		return fail(r, 1);
	}
	if (wants(command, copy + 2, operands - 1, "--version")) {
		print_version();
		return flush_output(0);
	}
	if (wants(command, copy + 2, operands - 1, "--help") ||
		wants(command, copy + 2, operands - 1, "-h")) {
		print_command_help(command);
		return flush_output(0);
	}
	r = open_log(&global);
	if (r >= 0)
		r = check_global(&global);
	if (r >= 0 && command->enters_container)
		r = self_protect(words);
	if (r < 0)
		return fail(r, command->failure_code);
	return flush_output(run_command(command, &global, &arena, copy + 2, operands - 1));
}
