/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/validate.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "spec/annotation.h"
#include "spec/validate_rules.h"

#define HOST_NAME_BYTES_MOST 64 /* __NEW_UTS_LEN, uname(2) */

static int validation_record(const struct validation *at, const struct buffer *text)
{
	return error_set(
		EINVAL, "%s: %s%s%s", at->name, at->prefix, *at->prefix ? "." : "", text->data);
}

int validation_refuse(const struct validation *at, const char *format, ...)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	va_list arguments;

	va_start(arguments, format);
	buffer_format_list(&text, format, arguments);
	va_end(arguments);
	return validation_record(at, &text);
}

int validation_refuse_word(const struct validation *at, const char *const *words, const char *got,
	const char *path, ...)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	va_list arguments;

	va_start(arguments, path);
	buffer_format_list(&text, path, arguments);
	va_end(arguments);
	buffer_text(&text, ": must be one of ");
	for (size_t i = 0; words[i]; i++)
		buffer_format(&text, "%s%s", i ? ", " : "", words[i]);
	buffer_format(&text, ", got \"%.64s\"", got);
	return validation_record(at, &text);
}

int word_find(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return -1;
}

bool list_holds(const struct string_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], text))
			return true;
	return false;
}

/* A number of at most six digits at *TEXT, which moves behind it; -1 when there is none. */
static long number_take(const char **text)
{
	long number = 0;
	int digits = 0;

	for (; isdigit((unsigned char)**text); (*text)++, digits++) {
		if (digits == 6)
			return -1;
		number = number * 10 + (**text - '0');
	}
	return digits ? number : -1;
}

bool number_list_is_valid(const char *text)
{
	bool any = false;

	for (;; text++) {
		long first, last;

		text += strspn(text, " ,");
		if (!*text)
			return any;
		first = last = number_take(&text);
		if (*text == '-') {
			text++;
			last = number_take(&text);
		}
		text += strspn(text, " ");
		if (first < 0 || last < first || (*text && *text != ','))
			return false;
		any = true;
		if (!*text)
			return true;
	}
}

bool interface_name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > 15 || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]))
			return false;
	return true;
}

/* One of the three numbers of a version: no leading zero; NULL when there is none. */
static const char *version_skip_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits == 0 || (digits > 1 && *text == '0') ? NULL : text + digits;
}

/* Identifiers with dots between them, as behind '-' and '+'; NULL when one is empty. */
static const char *version_skip_identifiers(const char *text)
{
	for (;; text++) {
		size_t length = strspn(
			text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

		if (!length)
			return NULL;
		text += length;
		if (*text != '.')
			return text;
	}
}

/* Semantic Versioning 2.0.0. */
static bool version_is_valid(const char *text)
{
	for (int number = 0; number < 3; number++) {
		if (number && *text++ != '.')
			return false;
		text = version_skip_number(text);
		if (!text)
			return false;
	}
	if (*text == '-')
		text = version_skip_identifiers(text + 1);
	if (text && *text == '+')
		text = version_skip_identifiers(text + 1);
	return text && !*text;
}

static int validate_version(const struct validation *at, const char *version)
{
	if (!version_is_valid(version))
		return validation_refuse(at,
			"ociVersion: must be a version such as %s, got \"%.64s\"", SPEC_VERSION,
			version);
	/* 1.x stays compatible with itself, so a later minor version is no reason to refuse. */
	if (strncmp(version, "1.", 2) != 0)
		return validation_refuse(at, "ociVersion: must be 1.x, got \"%.64s\"", version);
	return 0;
}

static int validate_host_name(const struct validation *at, const struct config *config,
	const char *name, const char *field)
{
	if (!name)
		return 0;
	if (!config_namespace(config, NAMESPACE_UTS))
		return validation_refuse(at,
			"%s: must not be set without a uts namespace, got \"%.64s\"", field, name);
	if (strlen(name) > HOST_NAME_BYTES_MOST)
		return validation_refuse(at, "%s: must have at most %d bytes, got %zu", field,
			HOST_NAME_BYTES_MOST, strlen(name));
	return 0;
}

static int validate_hook_list(
	const struct validation *at, const struct config_hook_list *list, const char *kind)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct config_hook *hook = &list->items[i];

		if (hook->path[0] != '/')
			return validation_refuse(at,
				"hooks.%s[%zu].path: must be absolute, got \"%.64s\"", kind, i,
				hook->path);
		if (hook->timeout.set && hook->timeout.value <= 0)
			return validation_refuse(at,
				"hooks.%s[%zu].timeout: must be greater than 0 seconds, got %lld",
				kind, i, (long long)hook->timeout.value);
	}
	return 0;
}

int validate_hooks(const struct validation *at, const struct config_hooks *hooks)
{
	const struct {
		const struct config_hook_list *list;
		const char *kind;
	} kinds[] = {
		{ &hooks->prestart, "prestart" },
		{ &hooks->create_runtime, "createRuntime" },
		{ &hooks->create_container, "createContainer" },
		{ &hooks->start_container, "startContainer" },
		{ &hooks->poststart, "poststart" },
		{ &hooks->poststop, "poststop" },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++)
		r = validate_hook_list(at, kinds[i].list, kinds[i].kind);
	return r;
}

static int validate_required(const struct validation *at, const struct config *config)
{
	if (!config->root)
		return validation_refuse(at, "root: is required, but missing");
	if (!*config->root->path)
		return validation_refuse(at, "root.path: must not be empty");
	/* Optional until start by the letter of the spec; a container that can't start helps nobody. */
	if (!config->process)
		return validation_refuse(at, "process: is required, but missing");
	return 0;
}

int config_validate(const struct config *config, const char *name)
{
	const struct validation at = { name, "" };
	int r = validate_version(&at, config->oci_version);

	if (r >= 0)
		r = validate_required(&at, config);
	if (r >= 0)
		r = config_validate_process(config->process, name, "process");
	if (r >= 0)
		r = validate_host_name(&at, config, config->hostname, "hostname");
	if (r >= 0)
		r = validate_host_name(&at, config, config->domainname, "domainname");
	if (r >= 0)
		r = validate_mounts(&at, config);
	if (r >= 0 && config->hooks)
		r = validate_hooks(&at, config->hooks);
	if (r >= 0)
		r = annotations_validate(&config->annotations, name);
	if (r >= 0)
		r = validate_linux(&at, config);
	if (r >= 0 && config->vm)
		r = validate_vm(&at, config->vm);
	return r;
}

int config_validate_process(
	const struct config_process *process, const char *name, const char *prefix)
{
	return validate_process(&(struct validation){ name, prefix }, process);
}

int config_validate_resources(
	const struct config_resources *resources, const char *name, const char *prefix)
{
	return validate_resources(&(struct validation){ name, prefix }, resources);
}
