/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/device_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/*
 * What every container may use, whatever the document says (config-linux.md
 * "Default Devices"; the list of other runtimes). Making any node is allowed
 * because a node that cannot be opened is harmless.
 */
static const struct device_rule device_defaults[] = {
	{ true, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ true, 'c', 1, 3, DEVICE_ALL },	    /* null */
	{ true, 'c', 1, 5, DEVICE_ALL },	    /* zero */
	{ true, 'c', 1, 7, DEVICE_ALL },	    /* full */
	{ true, 'c', 1, 8, DEVICE_ALL },	    /* random */
	{ true, 'c', 1, 9, DEVICE_ALL },	    /* urandom */
	{ true, 'c', 5, 0, DEVICE_ALL },	    /* tty */
	{ true, 'c', 5, 1, DEVICE_ALL },	    /* console */
	{ true, 'c', 5, 2, DEVICE_ALL },	    /* ptmx */
	{ true, 'c', 136, DEVICE_ANY, DEVICE_ALL }, /* pts/N */
};

static bool number_covers(int64_t a, int64_t b)
{
	return a == DEVICE_ANY || a == b;
}

static bool number_meets(int64_t a, int64_t b)
{
	return number_covers(a, b) || b == DEVICE_ANY;
}

/* Every device of B is one of A. */
static bool rule_covers(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && number_covers(a->major, b->major) &&
	       number_covers(a->minor, b->minor);
}

/* Some device is one of both. */
static bool rule_meets(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && number_meets(a->major, b->major) &&
	       number_meets(a->minor, b->minor);
}

static void rules_remove(struct device_rules *rules, size_t at)
{
	rules->count--;
	memmove(rules->items + at, rules->items + at + 1,
		(rules->count - at) * sizeof(*rules->items));
}

static void rules_append(struct device_rules *rules, const struct device_rule *rule)
{
	rules->items = memory_resize(rules->items, (rules->count + 1) * sizeof(*rules->items));
	rules->items[rules->count++] = *rule;
}

/* A new last rule: what it hides of the earlier ones goes. */
static void rules_add(struct device_rules *rules, const struct device_rule *rule)
{
	bool said = rule->allow == rules->allow;

	for (size_t i = rules->count; i-- > 0;) {
		struct device_rule *old = &rules->items[i];

		if (rule_covers(rule, old)) {
			old->access &= ~rule->access;
			if (!old->access)
				rules_remove(rules, i);
		} else if (rule_meets(rule, old) && old->access & rule->access) {
			said = said && old->allow == rule->allow;
		}
	}
	/* What holds anyhow and contradicts nobody need not be said. */
	if (!said)
		rules_append(rules, rule);
}

static int access_parse(const char *text, unsigned int *access)
{
	*access = text && *text ? 0 : DEVICE_ALL;
	for (; text && *text; text++) {
		if (*text != 'r' && *text != 'w' && *text != 'm')
			return -EINVAL;
		*access |= *text == 'r' ? DEVICE_READ : *text == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	}
	return 0;
}

static int number_parse(const struct optional_integer *number, int64_t *value)
{
	*value = number->set ? number->value : DEVICE_ANY;
	return *value < DEVICE_ANY || *value > UINT32_MAX ? -EINVAL : 0;
}

static int rules_add_config(
	struct device_rules *rules, const struct config_device_rule *config, size_t index)
{
	const char *type = config->type && *config->type ? config->type : "a";
	struct device_rule rule = { .allow = config->allow };

	if (type[1] || !strchr("abc", type[0]))
		return error_set(EINVAL,
			"linux.resources.devices[%zu].type: must be \"a\", \"b\" or \"c\", got "
			"\"%s\"",
			index, type);
	if (access_parse(config->access, &rule.access) < 0)
		return error_set(EINVAL,
			"linux.resources.devices[%zu].access: must be of \"rwm\", got \"%s\"",
			index, config->access);
	if (number_parse(&config->major, &rule.major) < 0 ||
		number_parse(&config->minor, &rule.minor) < 0)
		return error_set(EINVAL,
			"linux.resources.devices[%zu]: is no device number: %lld:%lld", index,
			(long long)config->major.value, (long long)config->minor.value);
	if (type[0] == 'a' && rule.access == DEVICE_ALL && rule.major == DEVICE_ANY &&
		rule.minor == DEVICE_ANY) {
		rules->allow = rule.allow;
		rules->count = 0;
		return 0;
	}
	for (const char *each = type[0] == 'a' ? "bc" : type; *each; each++) {
		rule.type = *each;
		rules_add(rules, &rule);
	}
	return 0;
}

int device_rules_make(struct device_rules *rules, const struct config_resources *resources)
{
	*rules = (struct device_rules){ .allow = false };
	for (size_t i = 0; i < resources->devices.count; i++) {
		int r = rules_add_config(rules, &resources->devices.items[i], i);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(device_defaults); i++)
		rules_add(rules, &device_defaults[i]);
	return 0;
}

void device_rules_free(struct device_rules *rules)
{
	free(rules->items);
	*rules = (struct device_rules){ .allow = false };
}

void device_rule_text(const struct device_rule *rule, char text[DEVICE_TEXT_BYTES])
{
	char numbers[2][24] = { "*", "*" };

	if (rule->major != DEVICE_ANY)
		(void)snprintf(numbers[0], sizeof(numbers[0]), "%lld", (long long)rule->major);
	if (rule->minor != DEVICE_ANY)
		(void)snprintf(numbers[1], sizeof(numbers[1]), "%lld", (long long)rule->minor);
	(void)snprintf(text, DEVICE_TEXT_BYTES, "%c %s:%s %s%s%s", rule->type, numbers[0],
		numbers[1], rule->access & DEVICE_READ ? "r" : "",
		rule->access & DEVICE_WRITE ? "w" : "", rule->access & DEVICE_MKNOD ? "m" : "");
}

/* The devices that both rules name, as one rule. */
static struct device_rule rule_intersection(
	const struct device_rule *a, const struct device_rule *b)
{
	struct device_rule both = *a;

	if (both.major == DEVICE_ANY)
		both.major = b->major;
	if (both.minor == DEVICE_ANY)
		both.minor = b->minor;
	both.access |= b->access;
	return both;
}

static bool exceptions_have(const struct device_rules *exceptions, const struct device_rule *rule)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		const struct device_rule *have = &exceptions->items[i];

		if (rule_covers(have, rule) && (have->access & rule->access) == rule->access)
			return true;
	}
	return false;
}

/*
 * v1 lets an open for reading and writing pass only when one exception allows
 * both: where one rule gives "r" and another "w", the devices of both get "rw".
 */
static void exceptions_close(struct device_rules *exceptions)
{
	for (size_t i = 0; i < exceptions->count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct device_rule *a = &exceptions->items[i];
			const struct device_rule *b = &exceptions->items[j];
			struct device_rule both = rule_intersection(a, b);

			if (!rule_meets(a, b) || !(~a->access & b->access & DEVICE_OPEN) ||
				!(a->access & ~b->access & DEVICE_OPEN))
				continue;
			if (!exceptions_have(exceptions, &both))
				rules_append(exceptions, &both);
		}
}

int device_rules_exceptions(const struct device_rules *rules, struct device_rules *exceptions)
{
	*exceptions = (struct device_rules){ .allow = rules->allow };
	for (size_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->items[i];

		if (rule->allow != rules->allow) {
			rules_append(exceptions, rule);
			continue;
		}
		/* rules_add keeps such a rule only where it takes something back from a wider one. */
		for (size_t j = 0; j < i; j++) {
			char narrow[DEVICE_TEXT_BYTES], wide[DEVICE_TEXT_BYTES];

			if (rules->items[j].allow == rule->allow ||
				!rule_meets(rule, &rules->items[j]) ||
				!(rules->items[j].access & rule->access))
				continue;
			device_rule_text(rule, narrow);
			device_rule_text(&rules->items[j], wide);
			return error_set(EOPNOTSUPP,
				"linux.resources.devices: cgroup v1 cannot %s \"%s\" as a part of "
				"\"%s\"",
				rule->allow ? "allow" : "deny", narrow, wide);
		}
	}
	if (!exceptions->allow)
		exceptions_close(exceptions);
	return 0;
}
