/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_VALIDATE_RULES_H
#define HULL_SPEC_VALIDATE_RULES_H

/* Between the validate*.c files; spec/validate.h is the door for everybody else. */
#include "spec/config.h"

/* What a message starts with: the document, and the path of the object whose rules are checked. */
struct validation {
	const char *name, *prefix;
};

/* Record "NAME: PREFIX.FORMAT" where FORMAT starts with a path in the object; -EINVAL. */
int validation_refuse(const struct validation *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Record "NAME: PREFIX.PATH: must be one of WORDS, got GOT"; WORDS ends with NULL. -EINVAL.
 */
int validation_refuse_word(const struct validation *at, const char *const *words, const char *got,
	const char *path, ...) __attribute__((format(printf, 4, 5)));

/* The position of TEXT in WORDS, which ends with NULL, or -1. */
int word_find(const char *const *words, const char *text);

bool list_holds(const struct string_list *list, const char *text);

/* A list as cpuset(7) has it, "0-3,7"; blanks and empty elements are allowed as in runc. */
bool number_list_is_valid(const char *text);

/* A name that a network interface can have: 1 to 15 characters, no blank, '/' or ':'. */
bool interface_name_is_valid(const char *name);

/* Linux has 12 bits for a major and 20 bits for a minor number. */
#define DEVICE_MAJOR_MOST 4095
#define DEVICE_MINOR_MOST 1048575

/* Rules of one section each; 0 or -EINVAL with a message. */
int validate_mounts(const struct validation *at, const struct config *config);
int validate_id_mappings(
	const struct validation *at, const struct config_id_mappings *mappings, const char *path);
int validate_hooks(const struct validation *at, const struct config_hooks *hooks);
int validate_linux(const struct validation *at, const struct config *config);
int validate_sysctls(const struct validation *at, const struct config *config);
int validate_seccomp(const struct validation *at, const struct config_seccomp *seccomp);
int validate_process(const struct validation *at, const struct config_process *process);
int validate_scheduler(const struct validation *at, const struct config_scheduler *scheduler);
int validate_resources(const struct validation *at, const struct config_resources *resources);
int validate_vm(const struct validation *at, const struct config_vm *vm);

#endif
