/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Device rules as a BPF program of type cgroup_device: the kernel calls it with
 * the device and the wanted access, and 1 lets the process have it.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "cgroup/device_rules.h"

#define INSNS_FIRST 6
#define INSNS_RULE  8 /* at most */
#define INSNS_LAST  2

struct program {
	struct bpf_insn *insns;
	size_t count;
};

static void insn(
	struct program *program, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	program->insns[program->count++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm
	};
}

/* r2: type, r3: the access not decided on yet, r4: major, r5: minor (struct bpf_cgroup_dev_ctx). */
static void program_first(struct program *program)
{
	insn(program, BPF_LDX | BPF_W | BPF_MEM, 2, 1, 0, 0);
	insn(program, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
	insn(program, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	insn(program, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
	insn(program, BPF_LDX | BPF_W | BPF_MEM, 4, 1, 4, 0);
	insn(program, BPF_LDX | BPF_W | BPF_MEM, 5, 1, 8, 0);
}

/* The answer comes in r0. */
static void program_answer(struct program *program, bool allow)
{
	insn(program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, allow);
	insn(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/*
 * One rule: when the device is not its, go on behind it. A denied bit that was
 * asked for ends it; allowed bits are done with, and when none is left so is
 * the question. Jumps over devices compare 32 bits, as majors and minors have.
 */
static void program_rule(struct program *program, const struct device_rule *rule)
{
	size_t jumps[3], count = 0;

	jumps[count++] = program->count;
	insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, 0,
		rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major != DEVICE_ANY) {
		jumps[count++] = program->count;
		insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rule->major);
	}
	if (rule->minor != DEVICE_ANY) {
		jumps[count++] = program->count;
		insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)rule->minor);
	}
	if (rule->allow && rule->access != DEVICE_ALL) {
		insn(program, BPF_ALU | BPF_AND | BPF_K, 3, 0, 0,
			(int32_t)(~rule->access & DEVICE_ALL));
		insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 3, 0, 2, 0);
	} else if (!rule->allow && rule->access != DEVICE_ALL) {
		insn(program, BPF_JMP32 | BPF_JSET | BPF_K, 3, 0, 1, (int32_t)rule->access);
		insn(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	}
	program_answer(program, rule->allow);
	for (size_t i = 0; i < count; i++)
		program->insns[jumps[i]].off = (int16_t)(program->count - jumps[i] - 1);
}

/* Whole rules for numbers of one major, such as those of /dev/null and /dev/zero. */
static bool rules_are_alike(const struct device_rule *one, const struct device_rule *other)
{
	return one->allow == other->allow && one->type == other->type &&
	       one->major == other->major && one->major != DEVICE_ANY && one->minor != DEVICE_ANY &&
	       other->minor != DEVICE_ANY && one->access == DEVICE_ALL &&
	       other->access == DEVICE_ALL;
}

/*
 * COUNT alike rules with one test of type and major. The kernel takes 3 us to
 * verify an instruction, in every start of a container.
 */
static void program_alike(struct program *program, const struct device_rule *rules, size_t count)
{
	size_t type = program->count, last;

	insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, 0,
		rules->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rules->major);
	for (size_t i = 0; i < count - 1; i++)
		insn(program, BPF_JMP32 | BPF_JEQ | BPF_K, 5, 0, (int16_t)(count - 1 - i),
			(int32_t)rules[i].minor);
	last = program->count;
	insn(program, BPF_JMP32 | BPF_JNE | BPF_K, 5, 0, 2, (int32_t)rules[count - 1].minor);
	program_answer(program, rules->allow);
	program->insns[type].off = (int16_t)(last + 2 - type);
	program->insns[type + 1].off = (int16_t)(last + 1 - type);
}

struct bpf_insn *device_program_make(const struct device_rules *rules, size_t *count)
{
	struct program program = {
		.insns = memory_allocate((INSNS_FIRST + INSNS_RULE * rules->count + INSNS_LAST) *
					 sizeof(struct bpf_insn)),
	};

	program_first(&program);
	for (size_t end = rules->count, first; end > 0; end = first) {
		first = end - 1;
		while (first > 0 &&
			rules_are_alike(&rules->items[first - 1], &rules->items[end - 1]))
			first--;
		if (end - first > 1)
			program_alike(&program, &rules->items[first], end - first);
		else
			program_rule(&program, &rules->items[first]);
	}
	program_answer(&program, rules->allow);
	*count = program.count;
	return program.insns;
}
