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

struct bpf_insn *device_program_make(const struct device_rules *rules, size_t *count)
{
	struct program program = {
		.insns = memory_allocate((INSNS_FIRST + INSNS_RULE * rules->count + INSNS_LAST) *
					 sizeof(struct bpf_insn)),
	};

	program_first(&program);
	for (size_t i = rules->count; i-- > 0;)
		program_rule(&program, &rules->items[i]);
	program_answer(&program, rules->allow);
	*count = program.count;
	return program.insns;
}
