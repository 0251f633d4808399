/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of a real group that is not looked at every time, and whose turn it is to be.
 */
#include <poll.h>

#include "cgroup/cpu_times.h"
#include "runtime/stats/measure.h"
#include "runtime/stats/turns.h"
#include "tests/unit/cgroup_child.h"

#define MILLISECOND 1000000ull

static struct kept_files kept;

/* A child that waits has used nothing yet; BEFORE is the reading before. */
static bool has_run(struct measure *measure, struct stolen *before)
{
	*before = measure->total;
	return measure_read(measure, false, &kept) == 0 && measure->total.usage > before->usage;
}

static void check_put_off(struct measure *measure, const struct stolen *looked)
{
	const struct stolen *total = &measure->total, *between = &measure->between;
	double rate = (double)measure->look.wait / (double)measure->look.looked;

	CHECK(total->time > looked->time && between->time && between->usage, "the usage is new");
	CHECK(total->looked == looked->looked && total->wait == looked->wait &&
			total->some == looked->some && total->threads == 1,
		"all else stays");
	CHECK(between->source == STOLEN_OF_THREADS &&
			(double)between->wait <= rate * (double)between->time + 1 &&
			(double)between->wait >= rate * (double)between->time - 1,
		"the rate of the wait goes on");
}

static void test_looks(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("looks");
	struct shared *shared = shared_make();
	struct measure measure = { 0 };
	struct stolen looked;
	pid_t pid;

	kept = kept_files_most();
	shared->ready = 0;
	pid = child_start(cgroup, child_spin, shared);
	CHECK(WAIT_UNTIL(shared->ready), "a child runs");
	CHECK_DONE(measure_open(&measure, "looks", cgroup_saved(cgroup), true, &kept), "open");
	CHECK(measure_read(&measure, false, &kept) == 1 && measure.total.threads == 1,
		"the first reading is a look");
	clock_sleep(20);
	CHECK(measure_read(&measure, false, &kept) == 1, "the second, too");
	CHECK(WAIT_UNTIL(has_run(&measure, &looked)), "then the usage alone is read");
	check_put_off(&measure, &looked);
	(void)kill(pid, SIGKILL);
	CHECK(process_wait(pid) >= 0, "the child is killed");
	CHECK(measure_read(&measure, false, &kept) == 0 && measure.total.threads == 1,
		"that it has ended is not seen without a look");
	CHECK(measure_read(&measure, false, &kept) == 0, "and is not taken for rest");
	CHECK(measure_read(&measure, true, &kept) == 1 && !measure.total.threads,
		"the next look sees it");
	CHECK(measure.total.looked == measure.total.time &&
			measure.look.looked > measure.between.time,
		"it is of all the time since the last one");
	measure_close(&measure, &kept);
}

/* Two children of one processor. */
static int child_crowd(struct shared *shared)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0 || fork() < 0)
		return 1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child_spin(shared);
}

static void test_waits(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("waits");
	_cleanup_close_ int fd = cpu_meter_open_waits(cgroup);
	struct pollfd event = { .fd = fd, .events = POLLPRI };
	pid_t pid;

	if (fd < 0)
		return; /* there is no pressure */
	CHECK(poll(&event, 1, 0) == 0, "a group that does nothing waits for nothing");
	pid = child_start(cgroup, child_crowd, shared_make());
	CHECK(poll(&event, 1, 30000) == 1 && event.revents == POLLPRI, "two wait for each other");
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0 && process_wait(pid) >= 0 && !cgroup_remove(cgroup),
		"the group goes");
	CHECK(poll(&event, 1, 30000) == 1 && event.revents & POLLERR, "and that is told");
}

static void test_turns(void)
{
	struct turns turns = { 0 };

	for (uint64_t i = 1; i <= 2; i++) {
		turns_begin(&turns, 1000 * i * MILLISECOND, 50 * i * MILLISECOND, 100);
		turns.looked = 100;
		CHECK(turns_may_look(&turns), "no limit before there are rates");
	}
	turns_begin(&turns, 3000 * MILLISECOND, 104 * MILLISECOND, 100);
	CHECK(turns.looks == 20, "a hundred for 4 ms, so 20 for 0.8");
	turns.looked = 20;
	CHECK(!turns_may_look(&turns), "their turn is over");
	turns_begin(&turns, 4000 * MILLISECOND, 104 * MILLISECOND + 1, 100);
	CHECK(turns.looks == 23 && turns_may_look(&turns), "more when it was cheap");
	turns.looked = 2;
	turns_begin(&turns, 5000 * MILLISECOND, 104 * MILLISECOND + 2, 100);
	CHECK(turns.looks == 23, "not when they were not wanted");
	turns_begin(&turns, 6000 * MILLISECOND, 900 * MILLISECOND, 100);
	CHECK(turns.looks == 2, "some at least, whatever it costs");
	turns.looked = 4;
	turns_begin(&turns, 6010 * MILLISECOND, 902 * MILLISECOND, 500);
	CHECK(turns.looks == 3, "five hundred may cost five times as much");
	turns.looked = 5;
	turns_begin(&turns, 16010 * MILLISECOND, 909 * MILLISECOND, 100);
	CHECK(turns.looks == 4, "ten seconds may cost ten times as much as one");
	turns_begin(&turns, 17010 * MILLISECOND, 999 * MILLISECOND, 16);
	CHECK(turns.looks == SIZE_MAX, "few are looked at each time");
}

static void tests(void)
{
	static bool was_here;

	test_looks();
	if (!was_here)
		test_waits(); /* takes two seconds */
	was_here = true;
	test_turns();
}

int main(void)
{
	return group_main(tests, 3);
}
