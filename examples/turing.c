/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A machine that can be any other machine of Turing's: it reads which one from a table, and
 * computes what that one computes. docs/universal-machine.md runs it on a CPU that is itself
 * a program.
 *
 *	turing TABLE [TAPE]
 *
 * A line of the table is a rule: STATE SYMBOL WRITE MOVE NEXT, such as "A 0 1 R B"; symbols are
 * single characters, of which 0 is the empty one, MOVE is L or R. It begins in the state of the
 * first rule, on the first symbol of TAPE, and halts where there is no rule. A # begins a comment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPE_CELLS  (1u << 22)
#define STATES_MOST 256
#define NAME_BYTES  32
#define EMPTY	    '0'

struct rule {
	unsigned char write;
	signed char move; /* -1, 1; 0: there is no such rule */
	unsigned char next;
};

struct machine {
	char names[STATES_MOST][NAME_BYTES];
	unsigned int states;
	struct rule rules[STATES_MOST][256]; /* by state and symbol */
};

static void give_up(const char *what, const char *where)
{
	fprintf(stderr, "turing: %s: %s\n", where, what);
	exit(1);
}

static unsigned char state_number(struct machine *machine, const char *name, const char *where)
{
	for (unsigned int i = 0; i < machine->states; i++)
		if (!strcmp(machine->names[i], name))
			return (unsigned char)i;
	if (machine->states == STATES_MOST)
		give_up("too many states", where);
	(void)snprintf(machine->names[machine->states], NAME_BYTES, "%s", name);
	return (unsigned char)machine->states++;
}

static void read_rule(struct machine *machine, const char *line, const char *where)
{
	char state[NAME_BYTES], symbol[2], write[2], move[2], next[NAME_BYTES];
	int fields = sscanf(line, "%31s %1s %1s %1s %31s", state, symbol, write, move, next);
	unsigned char from;

	if (fields <= 0)
		return;
	if (fields != 5 || (*move != 'L' && *move != 'R'))
		give_up("a rule is STATE SYMBOL WRITE L|R NEXT", where);
	from = state_number(machine, state, where);
	machine->rules[from][(unsigned char)*symbol] = (struct rule){ (unsigned char)*write,
		*move == 'L' ? -1 : 1, state_number(machine, next, where) };
}

static void read_table(struct machine *machine, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256], where[320];

	if (!file)
		give_up("cannot be opened", path);
	for (unsigned int number = 1; fgets(line, sizeof(line), file); number++) {
		line[strcspn(line, "#\n")] = '\0';
		(void)snprintf(where, sizeof(where), "%s:%u", path, number);
		read_rule(machine, line, where);
	}
	(void)fclose(file);
	if (!machine->states)
		give_up("has no rule", path);
}

/* Returns the number of steps until it halts. */
static unsigned long long compute(const struct machine *machine, unsigned char *tape)
{
	unsigned char *at = tape + TAPE_CELLS / 2;
	unsigned long long steps = 0;
	unsigned char state = 0;

	for (const struct rule *rule; (rule = &machine->rules[state][*at])->move; steps++) {
		*at = rule->write;
		at += rule->move;
		state = rule->next;
		if (at == tape || at == tape + TAPE_CELLS - 1)
			give_up("the tape has an end after all", "tape");
	}
	return steps;
}

static void show(const unsigned char *tape, unsigned long long steps)
{
	unsigned int first = 0, last = TAPE_CELLS - 1, marks = 0;

	while (first < last && tape[first] == EMPTY)
		first++;
	while (last > first && tape[last] == EMPTY)
		last--;
	for (unsigned int i = first; i <= last; i++)
		marks += tape[i] != EMPTY;
	printf("halted after %llu steps, %u marks", steps, marks);
	if (last - first < 64)
		printf(": %.*s", (int)(last - first + 1), (const char *)tape + first);
	printf("\n");
}

int main(int count, char **words)
{
	static struct machine machine;
	static unsigned char tape[TAPE_CELLS];

	if (count < 2 || count > 3) {
		fprintf(stderr, "usage: turing TABLE [TAPE]\n");
		return 2;
	}
	read_table(&machine, words[1]);
	memset(tape, EMPTY, sizeof(tape));
	if (count == 3 && strlen(words[2]) < TAPE_CELLS / 2)
		memcpy(tape + TAPE_CELLS / 2, words[2], strlen(words[2]));
	show(tape, compute(&machine, tape));
	return 0;
}
