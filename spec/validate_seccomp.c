/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "spec/validate_rules.h"

/* config-linux.md, Seccomp, with the architectures of libseccomp 2.6. */
static const char *const actions[] = { "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL };

static const char *const operators[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };

static const char *const architectures[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
	"SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
	"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC",
	"SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", NULL };

static const char *const filter_flags[] = { "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };

#define ERRNO_MOST 4095	 /* MAX_ERRNO: the kernel cuts what is larger */
#define TRACE_MOST 65535 /* SECCOMP_RET_DATA */

static int validate_action(
	const struct validation *at, const char *action, const char *path, size_t i)
{
	if (word_find(actions, action) >= 0)
		return 0;
	if (!path)
		return validation_refuse_word(at, actions, action, "linux.seccomp.defaultAction");
	return validation_refuse_word(at, actions, action, "linux.seccomp.%s[%zu].action", path, i);
}

/* "When the action doesn't support an errno, the runtime MUST print an error and fail." */
static const char *errno_problem(const char *action, const struct optional_unsigned *value)
{
	bool is_errno = !strcmp(action, "SCMP_ACT_ERRNO");

	if (!value->set)
		return NULL;
	if (!is_errno && strcmp(action, "SCMP_ACT_TRACE") != 0)
		return "must be given only for SCMP_ACT_ERRNO or SCMP_ACT_TRACE";
	if (is_errno && value->value > ERRNO_MOST)
		return "must be 0 to 4095";
	return value->value > TRACE_MOST ? "must be 0 to 65535" : NULL;
}

static int validate_arguments(
	const struct validation *at, const struct config_seccomp_rule *rule, size_t i)
{
	for (size_t k = 0; k < rule->args.count; k++) {
		const struct config_seccomp_argument *argument = &rule->args.items[k];

		if (argument->index > 5)
			return validation_refuse(at,
				"linux.seccomp.syscalls[%zu].args[%zu].index: must be 0 to 5, got "
				"%" PRIu64,
				i, k, argument->index);
		if (word_find(operators, argument->op) < 0)
			return validation_refuse_word(at, operators, argument->op,
				"linux.seccomp.syscalls[%zu].args[%zu].op", i, k);
	}
	return 0;
}

/* Any system call may be notified: hull hands the listener over by a thread without the filter. */
static int validate_notify(
	const struct validation *at, const struct config_seccomp *seccomp, const char *action)
{
	if (!strcmp(action, "SCMP_ACT_NOTIFY") && !seccomp->listener_path)
		return validation_refuse(at,
			"linux.seccomp.listenerPath: is required for SCMP_ACT_NOTIFY, but missing");
	return 0;
}

static int validate_rule(
	const struct validation *at, const struct config_seccomp *seccomp, size_t i)
{
	const struct config_seccomp_rule *rule = &seccomp->syscalls.items[i];
	const char *problem;
	int r;

	if (!rule->names.count)
		return validation_refuse(
			at, "linux.seccomp.syscalls[%zu].names: must have at least one member", i);
	r = validate_action(at, rule->action, "syscalls", i);
	if (r < 0)
		return r;
	problem = errno_problem(rule->action, &rule->errno_ret);
	if (problem)
		return validation_refuse(at,
			"linux.seccomp.syscalls[%zu].errnoRet: %s, got %" PRIu64, i, problem,
			rule->errno_ret.value);
	r = validate_notify(at, seccomp, rule->action);
	return r < 0 ? r : validate_arguments(at, rule, i);
}

static int validate_default(const struct validation *at, const struct config_seccomp *seccomp)
{
	const char *problem;
	int r = validate_action(at, seccomp->default_action, NULL, 0);

	if (r >= 0)
		r = validate_notify(at, seccomp, seccomp->default_action);
	if (r < 0)
		return r;
	problem = errno_problem(seccomp->default_action, &seccomp->default_errno_ret);
	if (problem)
		return validation_refuse(at, "linux.seccomp.defaultErrnoRet: %s, got %" PRIu64,
			problem, seccomp->default_errno_ret.value);
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return validation_refuse(
			at, "linux.seccomp.listenerMetadata: must not be set without listenerPath");
	return 0;
}

int validate_seccomp(const struct validation *at, const struct config_seccomp *seccomp)
{
	int r = validate_default(at, seccomp);

	for (size_t i = 0; r >= 0 && i < seccomp->architectures.count; i++)
		if (word_find(architectures, seccomp->architectures.items[i]) < 0)
			r = validation_refuse_word(at, architectures,
				seccomp->architectures.items[i], "linux.seccomp.architectures[%zu]",
				i);
	for (size_t i = 0; r >= 0 && i < seccomp->flags.count; i++)
		if (word_find(filter_flags, seccomp->flags.items[i]) < 0)
			r = validation_refuse_word(at, filter_flags, seccomp->flags.items[i],
				"linux.seccomp.flags[%zu]", i);
	for (size_t i = 0; r >= 0 && i < seccomp->syscalls.count; i++)
		r = validate_rule(at, seccomp, i);
	return r;
}
