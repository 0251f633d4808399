/* SPDX-License-Identifier: Apache-2.0 */

/* The arithmetic of shares and of stolen time, and the texts that they are read from. */
#include "base/processors.h"
#include "cgroup/share.h"

#include <errno.h>
#include <math.h>

#include "cgroup/kept_file.h"
#include "cgroup/stolen.h"
#include "cgroup/stolen_threads.h"
#include "tests/unit/test.h"

#define MEMBERS_MOST 4

/* CPUs as in processors_parse; entitled: what is expected. */
struct share_row {
	const char *name, *all;
	double capacity;
	struct {
		double weight, demand, limit, entitled;
		const char *cpus;
	} members[MEMBERS_MOST];
};

static const struct share_row share_rows[] = {
	{ "one alone gets all, wanting or not", "0-3", 4, { { 1024, 0.5, 0, 4, "0-3" } } },
	{ "equals that want all", "0", 1, { { 1024, 1, 0, 0.5, "0" }, { 1024, 1, 0, 0.5, "0" } } },
	{ "three to one", "0", 1, { { 3072, 1, 0, 0.75, "0" }, { 1024, 1, 0, 0.25, "0" } } },
	{ "who does not run is no rival", "0", 1,
		{ { 100, 1, 0, 1, "0" }, { 10000, 0, 0, 0.990099, "0" } } },
	{ "who wants less leaves the rest", "0-1", 2,
		{ { 100, 2, 0, 1.5, "0-1" }, { 100, 0.5, 0, 1, "0-1" } } },
	{ "the rest goes to the others by their weights", "0-3", 4,
		{ { 100, 4, 0, 1, "0-3" }, { 200, 4, 0, 2, "0-3" },
			{ 1000, 1, 0, 40 / 13.0, "0-3" } } },
	{ "a quota caps", "0-1", 2, { { 100, 2, 0.2, 0.2, "0-1" }, { 100, 2, 0, 1.8, "0-1" } } },
	{ "a group above that is entitled to half", "0", 0.5,
		{ { 1, 1, 0, 0.125, "0" }, { 3, 1, 0, 0.375, "0" } } },
	{ "other CPUs, no rivals", "0-1", 2, { { 100, 1, 0, 1, "0" }, { 900, 1, 0, 1, "1" } } },
	{ "a rival on both of two CPUs has half its weight on each", "0-1", 2,
		{ { 100, 1, 0, 2 / 3.0, "0" }, { 100, 2, 0, 4 / 3.0, "0-1" } } },
	{ "nothing to divide", "0", 0, { { 100, 1, 0, 0, "0" }, { 100, 1, 0, 0, "0" } } },
};

static void check_shares(void)
{
	for (size_t i = 0; i < sizeof(share_rows) / sizeof(share_rows[0]); i++) {
		const struct share_row *row = &share_rows[i];
		struct share_member members[MEMBERS_MOST];
		cpu_set_t all;
		size_t count = 0;

		for (; count < MEMBERS_MOST && row->members[count].weight > 0; count++) {
			double limit = row->members[count].limit;

			members[count] = (struct share_member){
				.weight = row->members[count].weight,
				.demand = row->members[count].demand,
				.limit = limit > 0 ? limit : INFINITY,
			};
			(void)processors_parse(row->members[count].cpus, &members[count].cpus);
		}
		(void)processors_parse(row->all, &all);
		share_divide(members, count, row->capacity, &all);
		for (size_t j = 0; j < count; j++)
			CHECK(fabs(members[j].entitled - row->members[j].entitled) < 1e-5,
				"%s: member %zu is entitled to %g CPUs, wanted %g", row->name, j,
				members[j].entitled, row->members[j].entitled);
	}
}

static void check_deficit(void)
{
	CHECK(share_deficit(0.5, 0.3, 1) == 0.5 - 0.3, "what is missing of the share");
	CHECK(share_deficit(0.5, 0.3, 0.4) == 0.4 - 0.3, "no more than was wanted");
	CHECK(share_deficit(0.5, 0.9, 1) == 0, "more than the share is no deficit");
}

static void check_texts(void)
{
	static const struct {
		const char *text;
		double cpus;
	} quotas[] = {
		{ "max 100000\n", INFINITY },
		{ "50000 100000\n", 0.5 },
		{ "300000 100000", 3 },
		{ "-1", INFINITY },
		{ "50000 0", INFINITY },
		{ "", INFINITY },
	};
	uint64_t some = 0, full = 0, number = 0;
	cpu_set_t cpus;

	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		CHECK(share_parse_quota(quotas[i].text) == quotas[i].cpus, "quota \"%s\"",
			quotas[i].text);
	CHECK(processors_parse("0-2,5\n", &cpus) == 4 && CPU_ISSET(5, &cpus) &&
			!CPU_ISSET(3, &cpus),
		"a list of CPUs");
	CHECK(processors_parse("\n", &cpus) == 0, "an empty list of CPUs");
	CHECK(processors_parse("1000-999999999\n", &cpus) == 24, "CPUs beyond what a set holds");
	CHECK(stolen_parse_pressure("some avg10=0.00 avg60=1.00 avg300=0.00 total=7\n"
				    "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
		      &some, &full) &&
			some == 7000 && full == 5000,
		"pressure");
	CHECK(stolen_parse_pressure(
		      "some avg10=0.00 avg60=1.00 avg300=0.00 total=8\n", &some, &full) &&
			some == 8000 && full == 0,
		"pressure without a second line (Linux before 5.13)");
	CHECK(!stolen_parse_pressure("", &some, &full), "no pressure");
	CHECK(stolen_parse_delay("303833811 1114037020 21\n") == 1114037020, "schedstat");
	CHECK(stolen_parse_delay("0") == 0, "schedstat without a delay");
	CHECK(kept_text_number("nr_periods 3\nnr_throttled 2\n", "nr_throttled", &number) &&
			number == 2,
		"a key");
	CHECK(!kept_text_number("nr_throttledx 2\n", "nr_throttled", &number), "another key");
}

/* Pressure tells of a wait at once, the thread's own number when it runs again. */
static void check_join(void)
{
	const uint64_t second = 1000000000;
	uint64_t debt = 0;

	CHECK(stolen_join(700, 300, second, &debt) == 700 && !debt,
		"threads that wait for each other");
	CHECK(stolen_join(0, 500, second, &debt) == 500 && debt == 500, "threads that are gone");
	CHECK(stolen_join(500, 0, second, &debt) == 0 && !debt, "not counted twice");
	CHECK(stolen_join(0, 5 * second, second, &debt) == 5 * second && debt == second,
		"the dead pay nothing back: the debt is bounded");
}

static void check_between(void)
{
	const struct stolen before = {
		.time = 3, .usage = 5, .wait = 10, .some = 3, .throttled = 9
	};
	const struct stolen now = {
		.time = 9, .usage = 25, .wait = 30, .some = 1, .throttled = 10
	};
	const struct stolen between = stolen_between(&before, &now);

	CHECK(between.usage == 20 && between.wait == 20 && between.throttled == 1, "differences");
	CHECK(between.time == 6, "how long");
	CHECK(between.some == 0, "what went back is nothing");
}

int main(void)
{
	check_shares();
	check_deficit();
	check_texts();
	check_join();
	check_between();
	return test_end();
}
