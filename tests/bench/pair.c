// SPDX-License-Identifier: Apache-2.0
/*
 * pair: runs several commands alternately and compares what each of them cost.
 *
 *   cc -std=gnu17 -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -static \
 *      -o build/tests/pair tests/bench/pair.c -lm
 *
 *   pair [-r ROUNDS] [-w WARMUP] [-i IDLE_MS] [-j COPIES] ::: NAME CMD ARG... [::: NAME CMD ARG...]
 *
 * A command may have several steps, each measured by itself: `::` begins the next step, and
 * `::wait` does so after every process which the earlier steps left behind has ended. A command
 * ends with all of its processes. `{}` in an argument becomes a number that no other run has.
 *
 * Every round runs every command once, in an order shuffled anew with a fixed seed, so that no
 * command always pays for what its predecessor left to the kernel (a network namespace is taken
 * down after its last process is gone). Commands are executed without a shell, their output goes
 * to /dev/null; one that fails ends the measurement with exit code 1 and its name.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 12, MAX_STEPS = 8, MAX_COPIES = 512, MAX_ARGS = 64, DRAIN_SECONDS = 20 };

/* What one run of one step cost: wall and CPU time in microseconds, peak memory in KiB. */
enum metric { WALL, CPU, PEAK, METRICS };
static const char *const metric_names[METRICS] = { "wall_us", "cpu_us", "peak_kib" };

struct step {
	char **argv;
	bool wait_before;
	double *samples[METRICS]; /* one a round */
};

struct command {
	const char *name;
	int step_count;
	struct step steps[MAX_STEPS];
};

struct plan {
	int rounds, warmup, idle_ms, copies;
	int command_count;
	struct command commands[MAX_COMMANDS];
	unsigned long run_number; /* what {} becomes */
	uint64_t random;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static void fail(const struct command *command, int step, const char *what, int value)
{
	fprintf(stderr, "pair: %s", command->name);
	if (command->step_count > 1)
		fprintf(stderr, ", step %d", step + 1);
	fprintf(stderr, " (");
	for (char **argument = command->steps[step].argv; *argument; argument++)
		fprintf(stderr, "%s%s", argument == command->steps[step].argv ? "" : " ",
			*argument);
	fprintf(stderr, "): %s %d\n", what, value);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR && !interrupted)
		;
}

/* xorshift64: the same order of runs every time. */
static unsigned random_below(struct plan *plan, unsigned bound)
{
	plan->random ^= plan->random << 13;
	plan->random ^= plan->random >> 7;
	plan->random ^= plan->random << 17;
	return (unsigned)(plan->random % bound);
}

/*
 * The child's side. The arguments are expanded here, in the child's own copy of the memory. A
 * process group of its own keeps Ctrl-C away: the current command finishes and cleans up.
 */
static _Noreturn void child_exec(char *const *argv, unsigned long number)
{
	char *expanded[MAX_ARGS + 1];
	static char text[4096];
	char *end = text;
	int i;

	for (i = 0; argv[i] && i < MAX_ARGS; i++) {
		const char *mark = strstr(argv[i], "{}");

		expanded[i] = argv[i];
		if (!mark)
			continue;
		expanded[i] = end;
		end += snprintf(end, (size_t)(text + sizeof(text) - end), "%.*s%lu%s",
			       (int)(mark - argv[i]), argv[i], number, mark + 2) +
		       1;
	}
	expanded[i] = NULL;
	setpgid(0, 0);
	execv(expanded[0], expanded);
	_exit(127);
}

static pid_t child_start(char *const *argv, unsigned long number)
{
	pid_t pid = fork();

	if (pid == 0)
		child_exec(argv, number);
	return pid;
}

static void sample_add(double *sample, const struct rusage *usage)
{
	sample[CPU] += (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 +
		       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
	if (sample[PEAK] < (double)usage->ru_maxrss)
		sample[PEAK] = (double)usage->ru_maxrss;
}

/*
 * Waits for the processes which a step left (they became ours: we are the subreaper). What they
 * used belongs to the step that they ended in.
 */
static void drain(const struct command *command, int step, bool block, double *sample)
{
	double deadline = now_us() + DRAIN_SECONDS * 1e6;
	struct rusage usage;
	pid_t pid;
	int status;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) >= 0) {
		if (pid > 0) {
			sample_add(sample, &usage);
			continue;
		}
		if (!block)
			return;
		if (now_us() > deadline)
			fail(command, step,
				"its processes did not end; seconds waited:", DRAIN_SECONDS);
		usleep(200);
	}
}

static int exit_value(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void step_run(struct plan *plan, struct command *command, int index, double *sample)
{
	struct step *step = &command->steps[index];
	bool last = index == command->step_count - 1;
	pid_t pids[MAX_COPIES];
	struct rusage usage;
	int status, failed = 0;
	double begin;

	if (step->wait_before)
		drain(command, index, true, sample);
	begin = now_us();
	for (int i = 0; i < plan->copies; i++) {
		pids[i] = child_start(step->argv, plan->run_number * MAX_COPIES + (unsigned)i);
		if (pids[i] < 0)
			fail(command, index, "cannot fork, errno", errno);
	}
	for (int i = 0; i < plan->copies; i++) {
		while (wait4(pids[i], &status, 0, &usage) < 0)
			if (errno != EINTR)
				fail(command, index, "cannot wait, errno", errno);
		sample_add(sample, &usage);
		if (exit_value(status))
			failed = exit_value(status);
	}
	sample[WALL] = now_us() - begin;
	drain(command, index, last, sample);
	if (failed)
		fail(command, index, "failed with exit code", failed);
}

static void command_run(struct plan *plan, struct command *command, int round)
{
	plan->run_number++;
	if (plan->idle_ms)
		sleep_ms(plan->idle_ms);
	for (int i = 0; i < command->step_count; i++) {
		double sample[METRICS] = { 0 };

		step_run(plan, command, i, sample);
		for (int m = 0; round >= 0 && m < METRICS; m++)
			command->steps[i].samples[m][round] = sample[m];
	}
}

static void round_run(struct plan *plan, int round)
{
	int order[MAX_COMMANDS];

	for (int i = 0; i < plan->command_count; i++) {
		int j = (int)random_below(plan, (unsigned)i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (int i = 0; i < plan->command_count; i++) {
		command_run(plan, &plan->commands[order[i]], round);
		if (interrupted)
			exit(128 + interrupted);
	}
}

static int double_compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The q-quantile of sorted values, interpolated. */
static double quantile(const double *sorted, int count, double q)
{
	double at = q * (count - 1);
	int below = (int)at;

	if (below >= count - 1)
		return sorted[count - 1];
	return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

static double *sorted_copy(const double *values, int count)
{
	double *copy = malloc((size_t)count * sizeof(*copy));

	if (!copy)
		exit(1);
	memcpy(copy, values, (size_t)count * sizeof(*copy));
	qsort(copy, (size_t)count, sizeof(*copy), double_compare);
	return copy;
}

static void summary_print(const double *values, int count)
{
	double *sorted = sorted_copy(values, count);

	printf("{\"min\":%.1f,\"p25\":%.1f,\"median\":%.1f,\"p75\":%.1f,\"max\":%.1f}", sorted[0],
		quantile(sorted, count, 0.25), quantile(sorted, count, 0.5),
		quantile(sorted, count, 0.75), sorted[count - 1]);
	free(sorted);
}

/*
 * The ratio of two series, in two ways: of their medians, and the median of the ratios round by
 * round, which a drift of the whole machine does not touch. low and high bound the latter with
 * 95 % confidence: the order statistics between which the median of any distribution lies.
 */
static void ratio_print(const double *a, const double *b, int count)
{
	double *sorted_a = sorted_copy(a, count), *sorted_b = sorted_copy(b, count);
	double *ratios = malloc((size_t)count * sizeof(*ratios)), *sorted;
	int rank = (int)(count / 2.0 - 0.98 * sqrt(count));

	if (!ratios)
		exit(1);
	for (int i = 0; i < count; i++)
		ratios[i] = b[i] > 0 ? a[i] / b[i] : 0;
	sorted = sorted_copy(ratios, count);
	if (rank < 0)
		rank = 0;
	printf("{\"of_medians\":%.4f,\"paired\":%.4f,\"p25\":%.4f,\"p75\":%.4f,"
	       "\"low\":%.4f,\"high\":%.4f}",
		quantile(sorted_a, count, 0.5) / fmax(quantile(sorted_b, count, 0.5), 1e-9),
		quantile(sorted, count, 0.5), quantile(sorted, count, 0.25),
		quantile(sorted, count, 0.75), sorted[rank], sorted[count - 1 - rank]);
	free(sorted_a);
	free(sorted_b);
	free(ratios);
	free(sorted);
}

static void command_print(const struct plan *plan, const struct command *command)
{
	printf("{\"name\":\"%s\",\"steps\":[", command->name);
	for (int i = 0; i < command->step_count; i++) {
		printf("%s\n  {", i ? "," : "");
		for (int m = 0; m < METRICS; m++) {
			printf("%s\"%s\":", m ? "," : "", metric_names[m]);
			summary_print(command->steps[i].samples[m], plan->rounds);
		}
		printf("}");
	}
	printf("]}");
}

static void comparison_print(
	const struct plan *plan, const struct command *a, const struct command *b)
{
	printf("\"%s/%s\":[", a->name, b->name);
	for (int i = 0; i < a->step_count && i < b->step_count; i++) {
		printf("%s\n  {", i ? "," : "");
		for (int m = 0; m < METRICS; m++) {
			printf("%s\"%s\":", m ? "," : "", metric_names[m]);
			ratio_print(a->steps[i].samples[m], b->steps[i].samples[m], plan->rounds);
		}
		printf("}");
	}
	printf("]");
}

static void plan_print(const struct plan *plan)
{
	const char *separator = "";

	printf("{\"rounds\":%d,\"idle_ms\":%d,\"copies\":%d,\"commands\":[", plan->rounds,
		plan->idle_ms, plan->copies);
	for (int i = 0; i < plan->command_count; i++) {
		printf("%s\n ", i ? "," : "");
		command_print(plan, &plan->commands[i]);
	}
	printf("],\n\"ratios\":{");
	for (int i = 0; i < plan->command_count; i++)
		for (int j = 0; j < plan->command_count; j++) {
			if (i == j)
				continue;
			printf("%s\n ", separator);
			comparison_print(plan, &plan->commands[i], &plan->commands[j]);
			separator = ",";
		}
	printf("}}\n");
}

static _Noreturn void usage(const char *why)
{
	fprintf(stderr,
		"pair: %s\n"
		"usage: pair [-r ROUNDS] [-w WARMUP] [-i IDLE_MS] [-j COPIES] "
		"::: NAME CMD ARG... [:: CMD ARG...] [::: ...]\n",
		why);
	exit(2);
}

static void step_add(struct plan *plan, char **argv, bool wait_before)
{
	struct command *command = &plan->commands[plan->command_count - 1];
	struct step *step = &command->steps[command->step_count];

	if (command->step_count == MAX_STEPS || !argv[0])
		usage("a step without a command, or too many steps");
	command->step_count++;
	step->argv = argv;
	step->wait_before = wait_before;
	for (int m = 0; m < METRICS; m++) {
		step->samples[m] = calloc((size_t)plan->rounds, sizeof(double));
		if (!step->samples[m])
			exit(1);
	}
}

static bool is_separator(const char *argument)
{
	return !strcmp(argument, "::") || !strcmp(argument, ":::") || !strcmp(argument, "::wait");
}

static void commands_parse(struct plan *plan, char **argv)
{
	for (char **next; *argv; argv = next) {
		bool command = !strcmp(*argv, ":::"), wait = !strcmp(*argv, "::wait");

		*argv++ = NULL; /* ends the arguments of the step before */
		for (next = argv; *next && !is_separator(*next); next++)
			;
		if (!command) {
			step_add(plan, argv, wait);
			continue;
		}
		if (plan->command_count == MAX_COMMANDS || argv == next)
			usage("a command without a name, or too many commands");
		plan->commands[plan->command_count++].name = *argv;
		if (argv + 1 == next)
			usage("a command without arguments");
		step_add(plan, argv + 1, false);
	}
}

static void options_parse(struct plan *plan, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+r:w:i:j:")) != -1) {
		if (option == 'r')
			plan->rounds = atoi(optarg);
		else if (option == 'w')
			plan->warmup = atoi(optarg);
		else if (option == 'i')
			plan->idle_ms = atoi(optarg);
		else if (option == 'j')
			plan->copies = atoi(optarg);
		else
			usage("unknown option");
	}
	if (plan->rounds < 1 || plan->copies < 1 || plan->copies > MAX_COPIES)
		usage("ROUNDS and COPIES are at least 1, COPIES at most 512");
	if (!argv[optind] || strcmp(argv[optind], ":::") != 0)
		usage("the first command begins with :::");
	commands_parse(plan, argv + optind);
}

int main(int argc, char **argv)
{
	static struct plan plan = { .rounds = 50, .warmup = 2, .copies = 1, .random = 0x5eed };
	struct sigaction action = { .sa_handler = on_signal };
	int output;

	options_parse(&plan, argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 1;
	/* The results go to our standard output, that of the commands to /dev/null. */
	output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (output < 0 || !freopen("/dev/null", "r", stdin))
		return 1;
	fflush(stdout);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
	for (int i = -plan.warmup; i < plan.rounds; i++)
		round_run(&plan, i);
	dup2(output, STDOUT_FILENO);
	plan_print(&plan);
	return fflush(stdout) ? 1 : 0;
}
