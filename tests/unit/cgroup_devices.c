/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: what a list of rules means is said once more here, in the
 * simplest way, and thousands of lists are run through that, through the BPF
 * program in an interpreter, and through v1's exceptions as the kernel reads them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"
#include "tests/unit/test.h"

#define RULES_MOST 12
#define LISTS	   4000

struct request {
	char type;
	uint32_t major, minor;
	unsigned int access;
};

/* The answer of a list of rules of a document, without any normalising. */
static bool reference_allows(
	const struct config_device_rule *rules, size_t count, const struct request *request)
{
	for (unsigned int bit = 1; bit <= DEVICE_WRITE; bit <<= 1) {
		bool allow = false;

		if (!(request->access & bit))
			continue;
		for (size_t i = 0; i < count; i++) {
			const struct config_device_rule *rule = &rules[i];
			char letter = bit == DEVICE_MKNOD ? 'm' : bit == DEVICE_READ ? 'r' : 'w';

			if (rule->type && rule->type[0] != 'a' && rule->type[0] != request->type)
				continue;
			if (rule->major.set && rule->major.value >= 0 &&
				rule->major.value != request->major)
				continue;
			if (rule->minor.set && rule->minor.value >= 0 &&
				rule->minor.value != request->minor)
				continue;
			if (rule->access && !strchr(rule->access, letter))
				continue;
			allow = rule->allow;
		}
		if (!allow)
			return false;
	}
	return true;
}

/* As much of the BPF machine as device programs use; -1 when a program breaks its rules. */
static int program_run(
	const struct bpf_insn *insns, size_t count, const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t r[11] = { 0 };
	size_t at = 0;

	for (int steps = 0; at < count && steps < 10000; steps++, at++) {
		const struct bpf_insn *insn = &insns[at];
		uint32_t *words = (uint32_t *)context, value = (uint32_t)r[insn->dst_reg];
		uint32_t other =
			insn->code & BPF_X ? (uint32_t)r[insn->src_reg] : (uint32_t)insn->imm;

		switch (insn->code) {
		case BPF_LDX | BPF_W | BPF_MEM:
			if (insn->src_reg != 1 || insn->off % 4 || insn->off > 8)
				return -1;
			r[insn->dst_reg] = words[insn->off / 4];
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[insn->dst_reg] = other;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			r[insn->dst_reg] = value & other;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			r[insn->dst_reg] = value >> other;
			break;
		case BPF_JMP | BPF_JA:
			at += (size_t)insn->off;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			at += value != other ? (size_t)insn->off : 0;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			at += value == other ? (size_t)insn->off : 0;
			break;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			at += value & other ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)r[0];
		default:
			return -1;
		}
	}
	return -1;
}

static int program_allows(const struct bpf_insn *insns, size_t count, const struct request *request)
{
	struct bpf_cgroup_dev_ctx context = {
		.access_type = (request->access << 16) |
			       (request->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = request->major,
		.minor = request->minor,
	};

	return program_run(insns, count, &context);
}

/* security/device_cgroup.c: an exception must allow all of it, or none may deny any of it. */
static bool v1_allows(const struct device_rules *exceptions, const struct request *request)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		const struct device_rule *rule = &exceptions->items[i];
		unsigned int access = rule->access;

		if (rule->type != request->type ||
			(rule->major != DEVICE_ANY && rule->major != request->major) ||
			(rule->minor != DEVICE_ANY && rule->minor != request->minor))
			continue;
		/* The kernel adds up entries for exactly the same devices. */
		for (size_t j = 0; j < exceptions->count; j++)
			if (exceptions->items[j].type == rule->type &&
				exceptions->items[j].major == rule->major &&
				exceptions->items[j].minor == rule->minor)
				access |= exceptions->items[j].access;
		if (exceptions->allow ? access & request->access : !(request->access & ~access))
			return !exceptions->allow;
	}
	return exceptions->allow;
}

static struct config_device_rule rule_random(void)
{
	static const char *const types[] = { "a", "b", "c", "c", "c", NULL };
	static const char *const accesses[] = { NULL, "rwm", "r", "w", "m", "rw", "rm", "wm" };
	struct config_device_rule rule = {
		.allow = random() % 2,
		.type = types[random() % 6],
		.access = accesses[random() % 8],
	};

	rule.major.set = random() % 3;
	rule.major.value = random() % 4 ? random() % 3 : DEVICE_ANY;
	rule.minor.set = random() % 3;
	rule.minor.value = random() % 4 ? random() % 3 : DEVICE_ANY;
	return rule;
}

static const unsigned int requests[] = { DEVICE_MKNOD, DEVICE_READ, DEVICE_WRITE,
	DEVICE_READ | DEVICE_WRITE };

/* All devices of a small world, so that rules meet; of the defaults only mknod lies in it. */
static bool list_agrees(const struct config_device_rule *rules, size_t count,
	const struct bpf_insn *insns, size_t insn_count, const struct device_rules *exceptions)
{
	for (unsigned int n = 0; n < 2 * 4 * 4 * 4; n++) {
		struct request request = { .type = n & 1 ? 'b' : 'c',
			.major = 200 + (n >> 1) % 4,
			.minor = (n >> 3) % 4,
			.access = requests[(n >> 5) % 4] };
		bool wanted =
			request.access == DEVICE_MKNOD || reference_allows(rules, count, &request);

		if (program_allows(insns, insn_count, &request) != wanted ||
			(exceptions && v1_allows(exceptions, &request) != wanted)) {
			printf("# %c %u:%u %u: wanted %d\n", request.type, request.major,
				request.minor, request.access, wanted);
			return false;
		}
	}
	return true;
}

static void test_random_lists(void)
{
	unsigned int good = 0, refused = 0;

	srandom(20251122);
	for (int n = 0; n < LISTS; n++) {
		struct config_device_rule list[RULES_MOST];
		struct config_resources resources = { .devices.items = list };
		struct device_rules rules, exceptions;
		_cleanup_free_ struct bpf_insn *insns = NULL;
		size_t insn_count;
		bool fits;

		resources.devices.count = (size_t)(random() % (RULES_MOST + 1));
		for (size_t i = 0; i < resources.devices.count; i++) {
			list[i] = rule_random();
			if (list[i].major.value != DEVICE_ANY)
				list[i].major.value += 200;
		}
		NEED(device_rules_make(&rules, &resources) == 0);
		insns = device_program_make(&rules, &insn_count);
		fits = device_rules_exceptions(&rules, &exceptions) == 0;
		refused += !fits;
		good += list_agrees(list, resources.devices.count, insns, insn_count,
			fits ? &exceptions : NULL);
		device_rules_free(&rules);
		device_rules_free(&exceptions);
	}
	CHECK(good == LISTS, "program and exceptions mean what %d random lists say (%u of them)",
		LISTS, good);
	CHECK(refused > 0 && refused < LISTS, "v1 expresses some lists and refuses others (%u)",
		refused);
}

static bool allows(const struct config_resources *resources, char type, uint32_t major,
	uint32_t minor, unsigned int access)
{
	const struct request request = { type, major, minor, access };
	_cleanup_free_ struct bpf_insn *insns = NULL;
	struct device_rules rules;
	size_t count;

	NEED(device_rules_make(&rules, resources) == 0);
	insns = device_program_make(&rules, &count);
	device_rules_free(&rules);
	return program_allows(insns, count, &request) == 1;
}

static void test_defaults(void)
{
	static const struct config_resources none;
	static const uint32_t always[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 },
		{ 5, 0 }, { 5, 1 }, { 5, 2 }, { 136, 0 }, { 136, 77 } };
	struct config_device_rule deny = { .allow = false };
	struct config_resources denied = { .devices = { &deny, 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		CHECK(allows(&none, 'c', always[i][0], always[i][1], DEVICE_ALL),
			"c %u:%u is for every container", always[i][0], always[i][1]);
		CHECK(allows(&denied, 'c', always[i][0], always[i][1], DEVICE_ALL),
			"c %u:%u is so after \"deny all\"", always[i][0], always[i][1]);
	}
	CHECK(!allows(&none, 'b', 1, 3, DEVICE_READ), "b 1:3 is no null");
	CHECK(!allows(&none, 'c', 1, 1, DEVICE_READ), "mem is denied");
	CHECK(!allows(&none, 'c', 10, 229, DEVICE_READ | DEVICE_WRITE), "fuse is denied");
	CHECK(!allows(&none, 'b', 8, 0, DEVICE_WRITE), "disks are denied");
	CHECK(allows(&none, 'b', 8, 0, DEVICE_MKNOD), "their nodes may be made");
	CHECK(allows(&none, 'c', 4294967295u, 4294967295u, DEVICE_MKNOD), "so may any node");
	CHECK(!allows(&none, 'c', 4294967295u, 4294967295u, DEVICE_READ), "and not be read");
}

static void test_allow_all(void)
{
	struct config_device_rule all = { .allow = true };
	struct config_resources resources = { .devices = { &all, 1 } };
	struct device_rules rules;

	NEED(device_rules_make(&rules, &resources) == 0);
	CHECK(rules.allow && !rules.count, "a privileged container's rules are none at all");
	device_rules_free(&rules);
}

static void test_refused(const char *type, const char *access, int64_t major, const char *words)
{
	struct config_device_rule rule = {
		.allow = true, .type = type, .access = access, .major = { true, major }
	};
	struct config_resources resources = { .devices = { &rule, 1 } };
	struct device_rules rules;
	int r = device_rules_make(&rules, &resources);

	CHECK(r == -EINVAL && strstr(error_text(r), words), "refused: %s", error_text(r));
	device_rules_free(&rules);
}

static void test_texts(void)
{
	static const struct device_rule any = { true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD };
	static const struct device_rule null = { true, 'c', 1, 3, DEVICE_ALL };
	char text[DEVICE_TEXT_BYTES];

	device_rule_text(&any, text);
	CHECK_TEXT(text, "b *:* m", "text of a rule for all");
	device_rule_text(&null, text);
	CHECK_TEXT(text, "c 1:3 rwm", "text of a rule for one");
}

int main(void)
{
	test_defaults();
	test_allow_all();
	test_refused("p", NULL, 1, "devices[0].type");
	test_refused("cc", NULL, 1, "devices[0].type");
	test_refused("c", "rx", 1, "devices[0].access");
	test_refused("c", "r", -2, "devices[0]: is no device number");
	test_refused("c", "r", 1ll << 33, "devices[0]: is no device number");
	test_texts();
	test_random_lists();
	return test_end();
}
