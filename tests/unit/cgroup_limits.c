/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on real groups: what the kernel then does to a process inside, and
 * what its files say. Documents are applied as `create` and `update` apply them.
 */
#include <sched.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/json.h"
#include "spec/config.h"
#include "tests/unit/cgroup_child.h"

#define MIB (1024 * 1024)

static int apply(const struct cgroup *cgroup, const char *document, bool update)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;
	int r = config_parse_resources(&arena, "test", document, strlen(document), &resources);

	return r < 0 ? r : cgroup_apply(cgroup, resources, update);
}

static void check_file(const struct cgroup *cgroup, enum controller controller, const char *v1,
	const char *v1_value, const char *v2, const char *v2_value)
{
	_cleanup_free_ char *value = group_file(cgroup, controller, v1, v2);
	bool on_v1 = cgroup_v1_place(cgroup, controller);

	CHECK_TEXT(value, on_v1 ? v1_value : v2_value, on_v1 ? v1 : v2);
}

static int child_use_memory(struct shared *shared)
{
	char *bytes = mmap(NULL, 128 * MIB, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	shared->result = bytes != MAP_FAILED;
	return 0;
}

static void test_memory(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("memory");
	int status;

	CHECK_DONE(apply(cgroup, "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}", false),
		"limit memory and swap");
	check_file(cgroup, CONTROLLER_MEMORY, "memory.limit_in_bytes", "33554432", "memory.max",
		"33554432");
	shared->result = 0;
	status = child_run(cgroup, child_use_memory, shared);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !shared->result,
		"a child that uses more is killed");
	CHECK_DONE(apply(cgroup, "{\"memory\":{\"limit\":268435456,\"swap\":536870912}}", true),
		"raise both on a group in use");
	check_file(cgroup, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", "536870912",
		"memory.max", "268435456");
	status = child_run(cgroup, child_use_memory, shared);
	CHECK(status == 0 && shared->result, "then it lives");
	CHECK_DONE(apply(cgroup, "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}", true),
		"lower both again");
	CHECK_DONE(apply(cgroup, "{\"memory\":{\"limit\":-1}}", true), "no limit at all");
	status = child_run(cgroup, child_use_memory, shared);
	CHECK(status == 0, "it lives without a limit");
	CHECK_DONE(apply(cgroup, "{\"memory\":{\"reservation\":4194304}}", true), "reservation");
	check_file(cgroup, CONTROLLER_MEMORY, "memory.soft_limit_in_bytes", "4194304", "memory.low",
		"4194304");
	CHECK_DONE(apply(cgroup, "{\"memory\":{\"kernel\":16777216}}", true),
		"a limit on kernel memory only makes a warning");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static int child_hold_memory(struct shared *shared)
{
	if (child_use_memory(shared) || !shared->result)
		return 1;
	shared->ready = 1;
	for (;;)
		(void)pause();
}

/* v1's kernel refuses a limit below what cannot be swapped out; for v2 hull has to look. */
static void test_check_before_update(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("check");
	pid_t pid;

	shared->ready = 0;
	pid = child_start(cgroup, child_hold_memory, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK_FAILS(apply(cgroup,
			    "{\"memory\":{\"limit\":8388608,\"swap\":8388608,"
			    "\"checkBeforeUpdate\":true}}",
			    true),
		EBUSY, "less than the container uses", "a limit below the usage is refused");
	CHECK(kill(pid, 0) == 0, "and nobody is killed");
	NEED(cgroup_kill(cgroup, SIGKILL) == 0 && process_wait(pid) >= 0);
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static int child_fork(struct shared *shared)
{
	pid_t pid = fork();

	shared->result = pid < 0 ? errno : 0;
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)process_wait(pid);
	return 0;
}

static void test_pids(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("pids");

	CHECK_DONE(apply(cgroup, "{\"pids\":{\"limit\":1}}", false), "limit pids");
	CHECK(child_run(cgroup, child_fork, shared) == 0 && shared->result == EAGAIN,
		"no second process");
	CHECK_DONE(apply(cgroup, "{\"pids\":{\"limit\":-1}}", true), "no limit");
	check_file(cgroup, CONTROLLER_PIDS, "pids.max", "max", "pids.max", "max");
	CHECK(child_run(cgroup, child_fork, shared) == 0 && !shared->result, "a second process");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static int child_first_cpu(struct shared *shared)
{
	cpu_set_t set;

	(void)shared;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 2;
	return CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set) ? 0 : 1;
}

static void test_cpu(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("cpu");

	CHECK_DONE(apply(cgroup,
			   "{\"cpu\":{\"shares\":512,\"quota\":20000,\"period\":50000,"
			   "\"burst\":10000,\"cpus\":\"0\",\"mems\":\"0\"}}",
			   false),
		"limit the CPU");
	check_file(cgroup, CONTROLLER_CPU, "cpu.shares", "512", "cpu.weight", "59");
	check_file(cgroup, CONTROLLER_CPU, "cpu.cfs_quota_us", "20000", "cpu.max", "20000 50000");
	check_file(cgroup, CONTROLLER_CPU, "cpu.cfs_period_us", "50000", "cpu.max", "20000 50000");
	check_file(cgroup, CONTROLLER_CPU, "cpu.cfs_burst_us", "10000", "cpu.max.burst", "10000");
	CHECK(child_run(cgroup, child_first_cpu, shared) == 0, "a child is on CPU 0 alone");
	CHECK_DONE(apply(cgroup, "{\"cpu\":{\"period\":100000}}", true), "change the period alone");
	check_file(cgroup, CONTROLLER_CPU, "cpu.cfs_quota_us", "20000", "cpu.max", "20000 100000");
	CHECK_DONE(
		apply(cgroup, "{\"cpu\":{\"quota\":5000,\"period\":10000,\"burst\":5000}}", true),
		"a quota that is less than the burst was");
	CHECK_DONE(apply(cgroup, "{\"cpu\":{\"quota\":-1,\"burst\":0}}", true), "no quota");
	check_file(cgroup, CONTROLLER_CPU, "cpu.cfs_quota_us", "-1", "cpu.max", "max 10000");
	CHECK_DONE(apply(cgroup, "{\"cpu\":{\"idle\":1}}", true), "idle");
	check_file(cgroup, CONTROLLER_CPU, "cpu.idle", "1", "cpu.idle", "1");
	CHECK_FAILS(apply(cgroup, "{\"cpu\":{\"cpus\":\"4000\"}}", true), 0,
		"linux.resources.cpu.cpus", "a CPU that is not there");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static const char *device_folder; /* on a file system where nodes work */

static int node_make(
	const char *name, mode_t type, unsigned int major_number, unsigned int minor_number)
{
	_cleanup_free_ char *path = string_format("%s/%s", device_folder, name);

	(void)unlink(path);
	return mknod(path, type | 0666, makedev(major_number, minor_number)) < 0 ? errno : 0;
}

static int node_open(const char *name, int flags)
{
	_cleanup_free_ char *path = string_format("%s/%s", device_folder, name);
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? errno : 0;
}

/* No driver has c 240:7, so without a rule it is EPERM and with one ENXIO. */
static int child_try_devices(struct shared *shared)
{
	shared->result = 0;
	if (node_open("null", O_RDWR))
		return 1;
	if (node_make("made", S_IFCHR, 1, 1) || node_make("made", S_IFBLK, 8, 0))
		return 2;
	shared->result = node_open("nobody", O_RDONLY);
	return 0;
}

static int child_try_write(struct shared *shared)
{
	shared->result = node_open("nobody", O_RDWR);
	return 0;
}

static void check_devices(const struct cgroup *cgroup, struct shared *shared, child_function *body,
	int wanted, const char *name)
{
	int status = child_run(cgroup, body, shared);

	CHECK(status == 0, "null opens and nodes can be made (%d)", status >> 8);
	CHECK(shared->result == wanted, "%s (%s)", name, strerror(shared->result));
}

static void test_devices(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("devices");
	static const char readable[] =
		"{\"devices\":[{\"allow\":false},"
		"{\"allow\":true,\"type\":\"c\",\"major\":240,\"access\":\"r\"}]}";

	CHECK_DONE(cgroup_apply(cgroup, NULL, false), "the rules of every container");
	check_devices(cgroup, shared, child_try_devices, EPERM, "a device without a rule");
	CHECK_DONE(apply(cgroup, readable, true), "allow reading");
	check_devices(cgroup, shared, child_try_devices, ENXIO, "a device that may be read");
	check_devices(cgroup, shared, child_try_write, EPERM, "and not written");
	CHECK_DONE(apply(cgroup, "{\"pids\":{\"limit\":50}}", true), "an update of something else");
	check_devices(cgroup, shared, child_try_devices, ENXIO, "changes no device");
	CHECK_DONE(apply(cgroup, "{\"devices\":[{\"allow\":true}]}", true), "allow all");
	check_devices(cgroup, shared, child_try_write, ENXIO, "a device that may be written");
	CHECK_DONE(apply(cgroup,
			   "{\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"c\","
			   "\"major\":240,\"minor\":7,\"access\":\"w\"}]}",
			   true),
		"all but writing one");
	check_devices(cgroup, shared, child_try_write, EPERM, "that is denied");
	check_devices(cgroup, shared, child_try_devices, ENXIO, "reading it is not");
	CHECK_DONE(apply(cgroup, "{\"devices\":[{\"allow\":false}]}", true), "deny all");
	check_devices(cgroup, shared, child_try_devices, EPERM, "the defaults stay");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void test_devices_on_create(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("devices-all");

	CHECK_DONE(apply(cgroup, "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}", false),
		"a privileged container");
	check_devices(cgroup, shared, child_try_write, ENXIO, "has all devices");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void test_v2_files(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("unified");
	_cleanup_buffer_ struct buffer text = { 0 };
	static const char key[] = "{\"unified\":{\"cgroup.max.descendants\":\"7\"}}";

	if (!cgroup->v2) {
		CHECK_FAILS(apply(cgroup, key, false), EOPNOTSUPP, "unified", "no v2 here");
		return;
	}
	CHECK_DONE(apply(cgroup, key, false), "a file of v2 by its name");
	CHECK(place_read(cgroup->v2, "cgroup.max.descendants", &text) == 0 &&
			!strcmp(text.data, "7\n"),
		"is written");
	CHECK_FAILS(apply(cgroup, "{\"unified\":{\"nosuch.file\":\"7\"}}", false), 0,
		"linux.resources.unified", "an unknown one is refused");
	if (cgroup->v1_count)
		CHECK_FAILS(apply(cgroup, "{\"unified\":{\"memory.high\":\"1\"}}", false),
			EOPNOTSUPP, "memory", "one of a controller of v1");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void test_huge_pages(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("huge");
	int r = apply(
		cgroup, "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}", false);

	if (r == -EOPNOTSUPP) {
		CHECK(strstr(error_text(r), "hugepageLimits") != NULL, "no huge pages: %s",
			error_text(r));
	} else {
		CHECK_DONE(r, "limit huge pages");
		check_file(cgroup, CONTROLLER_HUGETLB, "hugetlb.2MB.limit_in_bytes", "4194304",
			"hugetlb.2MB.max", "4194304");
	}
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

/* Nothing has a net_cls controller but v1, and few machines mount it. */
static void test_missing(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("missing");

	if (!cgroup_v1_place(cgroup, CONTROLLER_NET_CLS))
		CHECK_FAILS(apply(cgroup, "{\"network\":{\"classID\":7}}", false), EOPNOTSUPP,
			"linux.resources.network.classID", "a controller that is missing");
	CHECK_DONE(apply(cgroup, "{\"network\":{\"classID\":0},\"memory\":{\"limit\":0}}", false),
		"zero means nothing");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static int child_be_realtime(struct shared *shared)
{
	struct sched_param param = { .sched_priority = 1 };

	(void)shared;
	return sched_setscheduler(0, SCHED_FIFO, &param) < 0 ? errno : 0;
}

static uint64_t realtime_of_hull(const struct cgroup *cgroup)
{
	_cleanup_free_ char *file = string_format(
		"%s/hull/cpu.rt_runtime_us", cgroup_v1_place(cgroup, CONTROLLER_CPU)->root);
	long long runtime = -1;

	(void)file_read_number_at(AT_FDCWD, file, &runtime);
	return (uint64_t)runtime;
}

/* hull's own group above the container's must get a budget, and lose it again. */
static void test_realtime(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_free_ char *id = string_format("unit-%d", getpid());
	static const char document[] =
		"{\"cpu\":{\"realtimeRuntime\":20000,\"realtimePeriod\":500000}}";
	uint64_t before;

	NEED(cgroup_open(&cgroup, id, NULL, NULL) == 0 && cgroup_create(cgroup) == 0);
	if (!cgroup_v1_place(cgroup, CONTROLLER_CPU)) {
		CHECK_FAILS(apply(cgroup, document, false), EOPNOTSUPP, "realtimeRuntime",
			"no real-time budget on v2");
		CHECK_DONE(cgroup_remove(cgroup), "remove it");
		return;
	}
	before = realtime_of_hull(cgroup);
	if (before == UINT64_MAX) {
		CHECK_FAILS(apply(cgroup, document, false), EOPNOTSUPP, "realtime",
			"a kernel without real-time groups");
	} else {
		CHECK(child_run(cgroup, child_be_realtime, shared) >> 8 == EPERM,
			"no real time without a budget");
		CHECK_DONE(apply(cgroup, document, false), "a real-time budget");
		CHECK(child_run(cgroup, child_be_realtime, shared) == 0, "real time with one");
		CHECK(realtime_of_hull(cgroup) == before + 40000, "taken from the group above");
		CHECK_DONE(
			apply(cgroup, "{\"cpu\":{\"realtimeRuntime\":30000}}", true), "more of it");
		CHECK(realtime_of_hull(cgroup) == before + 60000, "exactly that");
		CHECK_FAILS(apply(cgroup, "{\"cpu\":{\"realtimeRuntime\":500000}}", true), EINVAL,
			"realtimeRuntime", "more than there is");
		CHECK(realtime_of_hull(cgroup) == before + 60000, "changes nothing");
	}
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
	CHECK(realtime_of_hull(cgroup) == before, "the budget is given back");
}

static int child_work(struct shared *shared)
{
	while (clock() < CLOCKS_PER_SEC / 50)
		;
	return child_hold_memory(shared);
}

static uint64_t stats_number(const struct json *json, const char *const path[])
{
	uint64_t value = 0;

	for (; json && *path; path++)
		json = json_get(json, *path);
	return json && json_unsigned(json, &value) == 0 ? value : UINT64_MAX;
}

#define STATS(json, ...) stats_number((json), (const char *const[]){ __VA_ARGS__, NULL })

static void test_stats(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("stats");
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_arena_ struct arena arena = { 0 };
	struct json_writer writer = { .buffer = &text };
	struct json *json;
	pid_t pid;

	NEED(apply(cgroup, "{\"pids\":{\"limit\":77},\"memory\":{\"limit\":536870912}}", false) ==
		0);
	shared->ready = 0;
	pid = child_start(cgroup, child_work, shared);
	NEED(WAIT_UNTIL(shared->ready));
	json_begin_object(&writer, NULL);
	CHECK_DONE(cgroup_write_stats(cgroup, &writer), "stats");
	json_end_object(&writer);
	if (!CHECK(json_parse(&arena, "stats", text.data, text.length, &json) == 0, "are JSON"))
		printf("# %s\n", text.data);
	CHECK(STATS(json, "cpu", "usage", "total") >= 20000000 &&
			STATS(json, "cpu", "usage", "total") < UINT64_MAX,
		"CPU time");
	CHECK(STATS(json, "cpu", "throttling", "throttledTime") == 0, "no throttling");
	CHECK(STATS(json, "memory", "usage", "usage") >= 128 * MIB &&
			STATS(json, "memory", "usage", "usage") <= 512 * MIB,
		"memory in use");
	CHECK(STATS(json, "memory", "usage", "limit") == 512 * MIB, "its limit");
	CHECK(STATS(json, "memory", "raw", cgroup->v1_count ? "total_rss" : "anon") >= 128 * MIB,
		"memory.stat");
	CHECK(STATS(json, "pids", "current") == 1, "one process");
	CHECK(STATS(json, "pids", "limit") == 77, "of 77");
	CHECK(json_get(json, "blkio") && json_get(json, "hugetlb") && json_get(json, "cpuset"),
		"the other members");
	if (cgroup->v2 && place_has(cgroup->v2, "cpu.pressure"))
		CHECK(STATS(json, "cpu", "psi", "some", "total") < UINT64_MAX, "pressure");
	printf("# %.3000s\n", text.data);
	NEED(cgroup_kill(cgroup, SIGKILL) == 0 && process_wait(pid) >= 0);
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void device_folder_make(void)
{
	static char folder[32];

	(void)strcpy(folder, "/dev/hull-unit-XXXXXX"); /* elsewhere "nodev" is usual */
	device_folder = mkdtemp(folder);
	NEED(device_folder);
	NEED(node_make("null", S_IFCHR, 1, 3) == 0 && node_make("nobody", S_IFCHR, 240, 7) == 0);
}

static void tests(void)
{
	struct shared *shared = shared_make();

	test_memory(shared);
	test_check_before_update(shared);
	test_pids(shared);
	test_cpu(shared);
	device_folder_make();
	test_devices(shared);
	test_devices_on_create(shared);
	NEED(file_remove_tree_at(AT_FDCWD, device_folder) == 0);
	test_v2_files();
	test_huge_pages();
	test_missing();
	test_realtime(shared);
	test_stats(shared);
}

int main(void)
{
	return group_main(tests, 2);
}
