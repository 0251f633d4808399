/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/annotation.h"

#include <string.h>

#include "base/buffer.h"
#include "spec/emulator.h"
#include "spec/tenant.h"
#include "spec/validate_rules.h"

static const struct annotation_word isolations[] = {
	{ "host", NULL },
	{ "microvm", NULL },
	{ 0 },
};

static const struct annotation_word affinities[] = {
	{ "reset", NULL },
	{ "keep", NULL },
	{ 0 },
};

/* What is on when it is 1 or true. */
static const struct annotation_word switches[] = {
	{ "0", NULL },
	{ "1", NULL },
	{ "false", NULL },
	{ "true", NULL },
	{ 0 },
};

/* Options of a mount that take an SELinux context, mount(8). */
static const struct annotation_word contexts[] = {
	{ "context", NULL },
	{ "fscontext", NULL },
	{ "defcontext", NULL },
	{ "rootcontext", NULL },
	{ 0 },
};

const struct annotation annotation_table[] = {
	{ ANNOTATION_ISOLATION, ANNOTATION_WORD, isolations,
		"Where the container runs: host is namespaces and cgroups of this machine, microvm "
		"a virtual machine of its own.",
		false },
	{ ANNOTATION_AFFINITY, ANNOTATION_WORD, affinities,
		"Which processors the program may run on, as far as the cgroup lets it: all "
		"(reset), or those of whoever runs hull (keep).",
		false },
	{ ANNOTATION_WHISPER, ANNOTATION_WORD, switches,
		"1: the container gets /run/hull/cpu, a page with the processor time that was "
		"stolen from it.",
		false },
	{ ANNOTATION_EMULATOR, ANNOTATION_EMULATORS, NULL,
		"What executes programs of other architectures: auto, or a list of ARCH, "
		"ARCH=/PATH "
		"and /PATH/qemu-ARCH.",
		true },
	{ ANNOTATION_VSOCK, ANNOTATION_PATH, NULL,
		"A folder with Unix sockets that a microVM reaches by AF_VSOCK: port N of CID 2 is "
		"the socket N.",
		true },
	{ ANNOTATION_KEEP_GROUPS, ANNOTATION_WORD, switches,
		"1: processes keep the supplementary groups of whoever runs hull, and get no "
		"other; "
		"with a user namespace, files of such a group stay within reach.",
		true },
	{ ANNOTATION_SECCOMP_RECEIVER, ANNOTATION_PATH, NULL,
		"The socket that gets the seccomp listener, instead of "
		"linux.seccomp.listenerPath.",
		true },
	{ ANNOTATION_PIDFD_RECEIVER, ANNOTATION_PATH, NULL,
		"The socket that gets a pidfd of the container's first process, without "
		"--pidfd-socket.",
		true },
	{ ANNOTATION_HOOKS_STDOUT, ANNOTATION_PATH, NULL,
		"The file that hooks' standard output is appended to, but for startContainer.",
		true },
	{ ANNOTATION_HOOKS_STDERR, ANNOTATION_PATH, NULL, "The same for their standard error.",
		true },
	{ ANNOTATION_MOUNT_CONTEXT, ANNOTATION_WORD, contexts,
		"The mount option that linux.mountLabel is given by.", false },
	{ ANNOTATION_TENANT, ANNOTATION_TENANT_NAME, NULL,
		"The tenant that the container belongs to: tenants share the CPUs by their "
		"weights, however many containers each has.",
		true },
	{ ANNOTATION_TENANT_WEIGHT, ANNOTATION_WEIGHT, NULL,
		"The weight of a tenant that tenants.json does not know.", true },
	{ 0 },
};

const struct annotation *annotation_find(const char *name)
{
	for (const struct annotation *row = annotation_table; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

bool annotation_is_on(const struct config *config, const char *name)
{
	const char *word = annotation_word(config, name);

	return !strcmp(word, "1") || !strcmp(word, "true");
}

const char *annotation_word(const struct config *config, const char *name)
{
	const struct annotation *row = annotation_find(name);
	const char *value = config_annotation(config, name);

	return value || !row || !row->words ? value : row->words[0].text;
}

static int annotation_validate_word(
	const struct validation *at, const struct annotation *row, const char *value)
{
	_cleanup_buffer_ struct buffer words = { 0 };

	for (const struct annotation_word *word = row->words; word->text; word++) {
		if (!strcmp(word->text, value) && word->missing)
			return validation_refuse(
				at, "annotations[\"%s\"]: %s", row->name, word->missing);
		if (!strcmp(word->text, value))
			return 0;
		buffer_format(&words, "%s%s", word == row->words ? "" : " or ", word->text);
	}
	return validation_refuse(
		at, "annotations[\"%s\"]: must be %s, got \"%.64s\"", row->name, words.data, value);
}

static int annotation_validate(
	const struct validation *at, const struct annotation *row, const char *value)
{
	_cleanup_free_ char *what = string_format("%s: annotations[\"%s\"]", at->name, row->name);
	uint64_t weight;

	switch (row->type) {
	case ANNOTATION_WORD:
		return annotation_validate_word(at, row, value);
	case ANNOTATION_PATH:
		if (value[0] == '/')
			return 0;
		return validation_refuse(at,
			"annotations[\"%s\"]: must be an absolute path, got \"%.64s\"", row->name,
			value);
	case ANNOTATION_TENANT_NAME:
		return tenant_check_name(what, value);
	case ANNOTATION_WEIGHT:
		return tenant_parse_weight(what, value, &weight);
	case ANNOTATION_EMULATORS:
		return emulator_check_text(what, value);
	}
	return 0;
}

int annotations_validate(const struct string_map *annotations, const char *document)
{
	const struct validation at = { document, "" };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < annotations->count; i++) {
		const struct string_pair *pair = &annotations->items[i];
		const struct annotation *row = annotation_find(pair->key);

		if (!*pair->key)
			return validation_refuse(&at, "annotations: must not have an empty name");
		if (row)
			r = annotation_validate(&at, row, pair->value);
	}
	return r;
}
