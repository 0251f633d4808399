/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.devices: the rules made of it decide as the document does, read naively. */
#include "cgroup/device_rules.h"
#include "tests/fuzz/fuzz.h"

struct question {
	char type;
	int64_t major, minor;
	unsigned int access; /* one bit */
};

static bool fits(int64_t wanted, int64_t number)
{
	return wanted == DEVICE_ANY || wanted == number;
}

static bool rule_fits(const struct device_rule *rule, const struct question *question)
{
	return rule->type == question->type && fits(rule->major, question->major) &&
	       fits(rule->minor, question->minor) && rule->access & question->access;
}

/* The last rule that fits; 0 and 1 are answers, -1: none fits. */
static int rules_ask(const struct device_rules *rules, const struct question *question)
{
	int answer = -1;

	for (size_t i = 0; i < rules->count; i++)
		if (rule_fits(&rules->items[i], question))
			answer = rules->items[i].allow;
	return answer;
}

static unsigned int access_of(const char *letters)
{
	return (strchr(letters, 'm') ? DEVICE_MKNOD : 0u) |
	       (strchr(letters, 'r') ? DEVICE_READ : 0u) |
	       (strchr(letters, 'w') ? DEVICE_WRITE : 0u);
}

static bool document_ask(const struct config_resources *resources, const struct question *question)
{
	bool answer = false;

	for (size_t i = 0; i < resources->devices.count; i++) {
		const struct config_device_rule *rule = &resources->devices.items[i];
		char type = rule->type ? rule->type[0] : 'a';
		bool all = type == 'a';

		if ((all || type == question->type) &&
			(!rule->major.set || fits(rule->major.value, question->major)) &&
			(!rule->minor.set || fits(rule->minor.value, question->minor)) &&
			(!rule->access || access_of(rule->access) & question->access))
			answer = rule->allow;
	}
	return answer;
}

static void check(const struct config_resources *resources, const struct device_rules *rules,
	const struct device_rules *always, const struct question *question)
{
	int expected = rules_ask(always, question), answer = rules_ask(rules, question);
	struct device_rules exceptions = { 0 };

	if (expected < 0)
		expected = document_ask(resources, question);
	if (answer < 0)
		answer = rules->allow;
	FUZZ_NEED(answer == expected);
	if (device_rules_exceptions(rules, &exceptions) >= 0)
		FUZZ_NEED((rules_ask(&exceptions, question) >= 0 ? !exceptions.allow
								 : exceptions.allow) == expected);
	device_rules_free(&exceptions);
}

static void check_all(const struct config_resources *resources)
{
	static const struct config_resources nothing;
	static const int64_t others[] = { 0, 1, 3, 5, 136, 511 };
	struct device_rules rules = { 0 }, always = { 0 };
	size_t count = resources->devices.count, more = sizeof(others) / sizeof(others[0]);

	FUZZ_NEED(device_rules_make(&always, &nothing) >= 0);
	if (device_rules_make(&rules, resources) >= 0)
		for (size_t i = 0; i < (count + more) * 6; i++) {
			const struct config_device_rule *rule =
				i / 6 < count ? &resources->devices.items[i / 6] : NULL;
			struct question question = { i & 1 ? 'b' : 'c',
				rule && rule->major.set ? rule->major.value : others[i / 6 % more],
				rule && rule->minor.set ? rule->minor.value
							: others[(i / 6 + 1) % more],
				1u << (i % 3) };

			if (question.major >= 0 && question.minor >= 0)
				check(resources, &rules, &always, &question);
		}
	device_rules_free(&rules);
	device_rules_free(&always);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;

	error_clear();
	if (config_parse_resources(&arena, "document", (const char *)bytes, length, &resources) < 0)
		return 0;
	/* The check is quadratic. */
	if (resources->devices.count <= 64)
		check_all(resources);
	error_clear();
	return 0;
}
