/* SPDX-License-Identifier: Apache-2.0 */
#include "base/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

static void print_help(const struct front *front)
{
	printf("%s\n\nUsage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n", front->about,
		front->program);
	for (size_t i = 0; front->commands[i]; i++)
		if (!front->commands[i]->hidden)
			printf("  %-10s %s\n", front->commands[i]->name,
				front->commands[i]->summary);
	printf("\n`%s COMMAND --help` tells more.\n\nOptions:\n", front->program);
	option_print(front->table);
}

static void print_command_help(const struct front *front, const struct command *command)
{
	printf("%s %s: %s\n\nUsage: %s [OPTIONS] %s %s\n\nOptions:\n", front->program,
		command->name, command->summary, front->program, command->name, command->synopsis);
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

static int open_log(const struct front_options *options)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	const char *format = options->log_format ? options->log_format : "text";
	enum log_form form = !strcmp(format, "json") ? LOG_FORM_JSON : LOG_FORM_TEXT;
	const char *identifier = NULL;
	const char *wanted = options->debug	  ? "debug"
			     : options->log_level ? options->log_level
			     : options->verbose	  ? "info"
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
	if (options->log && *options->log) {
		fd = open_log_sink(options->log, &form, &identifier);
		if (fd < 0)
			return fd;
	}
	log_open(fd, form, identifier, (enum log_level)level);
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

static int check_operands(const struct front *front, const struct command *command, int count)
{
	if (count < command->operands_least)
		return error_set(EINVAL, "%s: an argument is missing, usage: %s %s %s",
			command->name, front->program, command->name, command->synopsis);
	if (command->operands_most >= 0 && count > command->operands_most)
		return error_set(EINVAL, "%s: too many arguments, usage: %s %s %s", command->name,
			front->program, command->name, command->synopsis);
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

static int run_command(const struct front *front, const struct command *command,
	struct arena *arena, char **words, int count)
{
	struct invocation invocation = {
		.command = command,
		.global = front->global,
		.operands = words,
		.arena = arena,
		.commands = front->commands,
		.global_table = front->table,
	};
	void *options = arena_allocate(arena, command->options_bytes + 1);
	int r = option_parse(command->options, options, arena, words, count, command->in_order);

	if (r < 0)
		return fail(error_context(r, "%s", command->name), command->usage_code);
	invocation.operand_count = r;
	invocation.options = options;
	r = check_operands(front, command, r);
	if (r < 0)
		return fail(r, command->usage_code);
	log_debug("%s begins", command->name);
	r = command->run(&invocation);
	if (r < 0)
		return fail(r, command->failure_code);
	log_debug("%s ends with code %d", command->name, r);
	return r;
}

static const struct command *find_command(const struct front *front, const char *name)
{
	for (size_t i = 0; front->commands[i]; i++)
		if (!strcmp(front->commands[i]->name, name))
			return front->commands[i];
	return NULL;
}

/* WORDS begin with the command; ALL are those of main. */
static int enter_command(
	const struct front *front, struct arena *arena, char **words, int count, char **all)
{
	/* The last two are crun's. */
	static const char *const help[] = { "--help", "-h", "-?", "--usage" };
	const struct command *command = find_command(front, words[0]);
	int r;

	if (!command)
		return fail(front->unknown
				    ? front->unknown(words[0], all)
				    : error_set(EINVAL, "unknown command: \"%s\" (see --help)",
					      words[0]),
			1);
	if (wants(command, words + 1, count - 1, "--version")) {
		front->print_version();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(help); i++)
		if (wants(command, words + 1, count - 1, help[i])) {
			print_command_help(front, command);
			return 0;
		}
	r = open_log(front->options);
	if (r >= 0 && front->prepare)
		r = front->prepare(front->global, command, all);
	if (r < 0)
		return fail(r, command->failure_code);
	return run_command(front, command, arena, words + 1, count - 1);
}

/* `help COMMAND`, which runc knows, is `COMMAND --help`, also for who gets the words of main. */
static void turn_help(char **rest, char **all)
{
	static char help[] = "--help";

	while (*all != rest[0])
		all++;
	rest[0] = all[0] = rest[1];
	rest[1] = all[1] = help;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "h");
}

int front_main(const struct front *front, int count, char **words)
{
	_cleanup_arena_ struct arena arena = { 0 };
	/* Parsing moves the words about; who executes the program anew needs them as they were. */
	char **copy = arena_allocate(&arena, ((size_t)count + 1) * sizeof(*copy)),
	     **rest = copy + 1;
	int operands;

	memcpy(copy, words, ((size_t)count + 1) * sizeof(*copy));
	operands = option_parse(
		front->table, front->global, &arena, rest, count > 0 ? count - 1 : 0, true);
	if (operands > 0 && front->itself && !strcmp(*rest, front->itself)) {
		rest++;
		operands =
			option_parse(front->table, front->global, &arena, rest, operands - 1, true);
	}
	if (operands < 0)
		return fail(operands, 1);
	if (operands > 1 && is_help(*rest))
		turn_help(rest, words);
	if (front->options->version || front->options->help || !operands || is_help(*rest)) {
		front->options->version ? front->print_version() : print_help(front);
		return flush_output(0);
	}
	return flush_output(enter_command(front, &arena, rest, operands, words));
}
