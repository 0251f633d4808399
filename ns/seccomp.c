/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "ns/seccomp_cache.h"
#include "ns/seccomp_listener.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

const char *const seccomp_action_names[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
	"SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL };

static const struct {
	const char *name;
	enum scmp_compare compare;
} operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

const char *const seccomp_operator_names[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };

/* The spec's name of an architecture is libseccomp's own with "SCMP_ARCH_" in front. */
const char *const seccomp_arch_names[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
	"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X",
	"SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
	NULL };

static const struct {
	const char *name;
	unsigned int flag;
} filter_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* one thread: nothing to synchronise */
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

const char *const seccomp_flag_names[] = { "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };

static int seccomp_action(
	const char *name, const struct optional_unsigned *errno_ret, uint32_t *action)
{
	uint16_t value = errno_ret->set ? (uint16_t)errno_ret->value : EPERM;
	const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
		{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(value) },
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
		{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
		{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(value) },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!strcmp(actions[i].name, name)) {
			*action = actions[i].action;
			return 0;
		}
	}
	return error_set(ENOTSUP, "linux.seccomp: action %s is not supported", name);
}

static int seccomp_arguments(
	const struct config_seccomp_rule *rule, struct scmp_arg_cmp arguments[6], size_t *count)
{
	*count = rule->args.count;
	if (*count > 6)
		return error_set(
			EINVAL, "linux.seccomp: a system call has 6 arguments, not %zu", *count);
	for (size_t i = 0; i < *count; i++) {
		const struct config_seccomp_argument *argument = &rule->args.items[i];

		for (size_t k = 0; k < ARRAY_SIZE(operators); k++)
			if (!strcmp(operators[k].name, argument->op))
				arguments[i].op = operators[k].compare;
		arguments[i].arg = (unsigned int)argument->index;
		arguments[i].datum_a = argument->value;
		arguments[i].datum_b = argument->value_two;
	}
	return 0;
}

/*
 * libseccomp takes each argument once a rule. Rules that name one twice mean
 * "or" for every runtime there is: each comparison becomes a rule of its own.
 */
static bool seccomp_argument_repeated(const struct scmp_arg_cmp *arguments, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (arguments[i].arg == arguments[k].arg)
				return true;
	return false;
}

static int seccomp_add_call(scmp_filter_ctx filter, uint32_t action, int call,
	const struct scmp_arg_cmp *arguments, size_t count)
{
	int r = 0;

	if (!seccomp_argument_repeated(arguments, count))
		return seccomp_rule_add_array(filter, action, call, (unsigned int)count, arguments);
	for (size_t i = 0; i < count && r >= 0; i++)
		r = seccomp_rule_add_array(filter, action, call, 1, &arguments[i]);
	return r;
}

static int seccomp_add_rule(
	scmp_filter_ctx filter, const struct config_seccomp_rule *rule, uint32_t default_action)
{
	struct scmp_arg_cmp arguments[6] = { 0 };
	uint32_t action;
	size_t count;
	int r = seccomp_action(rule->action, &rule->errno_ret, &action);

	if (r >= 0)
		r = seccomp_arguments(rule, arguments, &count);
	if (r < 0)
		return r;
	/* The default needs no rule, and libseccomp refuses one. */
	if (action == default_action)
		return 0;
	for (size_t i = 0; i < rule->names.count; i++) {
		int call = seccomp_syscall_resolve_name(rule->names.items[i]);

		if (call == __NR_SCMP_ERROR)
			continue;
		r = seccomp_add_call(filter, action, call, arguments, count);
		if (r < 0 && r != -EDOM)
			return error_errno(
				r, "linux.seccomp: cannot add a rule for %s", rule->names.items[i]);
	}
	return 0;
}

/*
 * One that this libseccomp does not know, or of another byte order, is no architecture whose system
 * calls this machine's kernel could see: what the filter would say of it makes no difference.
 */
static int seccomp_add_architectures(
	scmp_filter_ctx filter, const struct string_list *architectures)
{
	for (size_t i = 0; i < architectures->count; i++) {
		const char *name = architectures->items[i];
		char lower[32] = "";
		uint32_t token;
		int r;

		if (strncmp(name, "SCMP_ARCH_", 10) == 0)
			name += 10;
		for (size_t k = 0; name[k] && k < sizeof(lower) - 1; k++)
			lower[k] =
				(char)(name[k] >= 'A' && name[k] <= 'Z' ? name[k] + 32 : name[k]);
		token = seccomp_arch_resolve_name(lower);
		r = token ? seccomp_arch_add(filter, token) : 0;
		if (r < 0 && r != -EEXIST && r != -EDOM)
			return error_errno(r, "linux.seccomp.architectures[%zu]: %s", i,
				architectures->items[i]);
	}
	return 0;
}

static int seccomp_export(scmp_filter_ctx filter, struct buffer *code)
{
	_cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(errno, "memfd_create");
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return error_errno(r, "linux.seccomp: cannot be compiled");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(errno, "lseek");
	r = file_read_fd(fd, code, 1u << 20);
	return r < 0 ? error_errno(r, "linux.seccomp: the compiled filter") : 0;
}

static int seccomp_compile(const struct config_seccomp *config, struct buffer *code)
{
	uint32_t default_action;
	scmp_filter_ctx filter;
	int r = seccomp_action(config->default_action, &config->default_errno_ret, &default_action);

	if (r < 0)
		return r;
	filter = seccomp_init(default_action);
	if (!filter)
		return error_set(ENOMEM, "linux.seccomp: cannot be compiled");
	/* A binary tree over the system calls: a long list costs every call of the workload. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = seccomp_add_architectures(filter, &config->architectures);
	for (size_t i = 0; r >= 0 && i < config->syscalls.count; i++)
		r = seccomp_add_rule(filter, &config->syscalls.items[i], default_action);
	if (r >= 0)
		r = seccomp_export(filter, code);
	seccomp_release(filter);
	return r;
}

static unsigned int seccomp_flag_bits(const struct string_list *flags)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < flags->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(filter_flags); k++)
			if (!strcmp(filter_flags[k].name, flags->items[i]))
				bits |= filter_flags[k].flag;
	return bits;
}

static bool seccomp_notifies(const struct config_seccomp *config)
{
	if (!strcmp(config->default_action, "SCMP_ACT_NOTIFY"))
		return true;
	for (size_t i = 0; i < config->syscalls.count; i++)
		if (!strcmp(config->syscalls.items[i].action, "SCMP_ACT_NOTIFY"))
			return true;
	return false;
}

static bool seccomp_allows(const struct config_seccomp *config, const char *name)
{
	const char *action = config->default_action;

	for (size_t i = 0; i < config->syscalls.count; i++) {
		const struct config_seccomp_rule *rule = &config->syscalls.items[i];

		for (size_t k = 0; k < rule->names.count; k++)
			if (!strcmp(rule->names.items[k], name))
				action = rule->args.count ? "" : rule->action;
	}
	return !strcmp(action, "SCMP_ACT_ALLOW") || !strcmp(action, "SCMP_ACT_LOG");
}

int seccomp_prepare(
	const struct config_seccomp *config, int cache_fd, struct seccomp_program *program)
{
	int r;

	program->flags = seccomp_flag_bits(&config->flags);
	program->notifies = seccomp_notifies(config);
	program->allows_sending = program->notifies && seccomp_allows(config, "sendmsg") &&
				  seccomp_allows(config, "recvmsg") &&
				  seccomp_allows(config, "close");
	/* seccomp(2) takes this one only together with a listener. */
	if (!program->notifies)
		program->flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	if (seccomp_cache_get(cache_fd, config, &program->code))
		return 0;
	r = seccomp_compile(config, &program->code);
	if (r < 0)
		return r;
	seccomp_cache_put(cache_fd, config, &program->code);
	return 0;
}

void seccomp_program_free(struct seccomp_program *program)
{
	buffer_free(&program->code);
}

int seccomp_install(const struct seccomp_program *program, int socket_fd)
{
	const struct sock_fprog code = {
		.len = (unsigned short)(program->code.length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)program->code.data,
	};

	if (program->notifies)
		return seccomp_listener_install(
			&code, program->flags, socket_fd, program->allows_sending);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &code) < 0)
		return error_errno(errno, "linux.seccomp: the kernel refuses the filter");
	return 0;
}

void seccomp_library_version(struct buffer *text)
{
	const struct scmp_version *version = seccomp_version();

	if (version)
		buffer_format(text, "%u.%u.%u", version->major, version->minor, version->micro);
}
