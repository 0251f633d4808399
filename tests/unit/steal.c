/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/steal.h"

#include "cgroup/thread_watch.h"
#include "include/hull/cpu.h"
#include "tests/unit/test.h"

#define MS 1000000ull

/* What programs were built with: a number that changes here is another version of the page. */
_Static_assert(offsetof(struct hull_cpu_page, magic) == 0, "layout");
_Static_assert(offsetof(struct hull_cpu_page, version) == 4, "layout");
_Static_assert(offsetof(struct hull_cpu_page, length) == 8, "layout");
_Static_assert(offsetof(struct hull_cpu_page, cpus) == 12, "layout");
_Static_assert(offsetof(struct hull_cpu_page, cpus_offset) == 16, "layout");
_Static_assert(offsetof(struct hull_cpu_page, record_bytes) == 20, "layout");
_Static_assert(offsetof(struct hull_cpu_page, sequence) == 24, "layout");
_Static_assert(offsetof(struct hull_cpu_page, updated_ns) == 32, "layout");
_Static_assert(offsetof(struct hull_cpu_page, generation) == 40, "layout");
_Static_assert(offsetof(struct hull_cpu_page, interval_ns) == 48, "layout");
_Static_assert(offsetof(struct hull_cpu_page, usage_ns) == 56, "layout");
_Static_assert(offsetof(struct hull_cpu_page, steal_ns) == 64, "layout");
_Static_assert(offsetof(struct hull_cpu_page, throttled_ns) == 72, "layout");
_Static_assert(offsetof(struct hull_cpu_page, entitled_ppm) == 80, "layout");
_Static_assert(offsetof(struct hull_cpu_record, preempted) == 8, "layout");
_Static_assert(sizeof(struct hull_cpu_record) == 16, "layout");

struct interval {
	uint64_t span, idle, ran, waited; /* milliseconds */
};

static uint64_t stolen(const struct interval *intervals, size_t count, unsigned int times)
{
	struct steal steal = { 0 };

	for (unsigned int n = 0; n < times; n++)
		for (size_t i = 0; i < count; i++)
			steal_add(&steal, intervals[i].span * MS, intervals[i].idle * MS,
				intervals[i].ran * MS, intervals[i].waited * MS);
	return steal.stolen / MS;
}

#define STOLEN(times, ...)                                                                         \
	stolen((const struct interval[]){ __VA_ARGS__ },                                           \
		sizeof((const struct interval[]){ __VA_ARGS__ }) / sizeof(struct interval), times)

static void check_steal(void)
{
	CHECK(STOLEN(1, { 10, 0, 10, 0 }) == 0, "alone on the processor");
	CHECK(STOLEN(1, { 10, 0, 4, 6 }) == 6, "one thread waits while others run");
	CHECK(STOLEN(100, { 10, 0, 10, 70 }) == 0, "eight threads alone wait for each other");
	CHECK(STOLEN(100, { 10, 0, 4, 36 }) == 600, "four threads beside others: when none runs");
	CHECK(STOLEN(100, { 10, 0, 0, 0 }) == 0, "asleep while others run");
	CHECK(STOLEN(100, { 10, 10, 0, 10 }) == 0, "frozen on an idle processor");
	CHECK(STOLEN(1, { 10, 10, 5, 0 }, { 10, 0, 5, 5 }) == 0, "idle time told too early");
	CHECK(STOLEN(100, { 5, 0, 2, 0 }, { 5, 0, 2, 6 }) >= 594, "a wait told when it is over");
	CHECK(STOLEN(1, { 100, 0, 0, 0 }, { 10, 0, 10, 0 }, { 10, 10, 0, 300 }) <= 220,
		"what others ran long ago does not explain a wait of now");
}

static void check_throttled(void)
{
	struct thread_cpu cpus[2] = { { .waited = 80 * MS, .runnable = 1 },
		{ .waited = 20 * MS, .runnable = 1 } };
	uint64_t carry = 0;

	steal_take_throttled(cpus, 2, 50 * MS, &carry);
	CHECK(cpus[0].waited == 40 * MS && cpus[1].waited == 10 * MS && !carry,
		"taken off where it was waited");
	steal_take_throttled(cpus, 2, 70 * MS, &carry);
	CHECK(!cpus[0].waited && !cpus[1].waited && carry == 20 * MS, "what is too much is kept");
	cpus[1].waited = 30 * MS;
	steal_take_throttled(cpus, 2, 0, &carry);
	CHECK(cpus[1].waited == 10 * MS && !carry, "and taken off later");
	cpus[0] = (struct thread_cpu){ .waited = 400 * MS, .runnable = 4 };
	cpus[1] = (struct thread_cpu){ 0 };
	steal_take_throttled(cpus, 2, 90 * MS, &carry);
	CHECK(cpus[0].waited == 40 * MS, "each queued thread waited for all of it");
	carry = 0;
	steal_take_throttled(cpus, 2, UINT64_C(1) << 40, &carry);
	CHECK(carry <= 2000 * MS, "a counter that jumps is forgotten soon");
}

static void check_stat(void)
{
	static const char line[] = "7 (a) b) R 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 99 "
				   "4096 100 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 "
				   "0 0 0\n";
	unsigned int cpu = 0;
	char state = 0;

	CHECK(thread_stat_parse(line, &state, &cpu) && state == 'R' && cpu == 3,
		"state and processor of a thread called \"a) b\"");
	CHECK(!thread_stat_parse("7 (a) R 1 7", &state, &cpu), "a line that is cut off");
	CHECK(!thread_stat_parse("", &state, &cpu), "nothing");
}

int main(void)
{
	check_steal();
	check_throttled();
	check_stat();
	return test_end();
}
