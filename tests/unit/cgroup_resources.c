/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as files and values, for v1 and for v2: only what is written, not where. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "cgroup/resources.h"
#include "spec/config.h"
#include "tests/unit/test.h"

#define ALL (~0u)

typedef int plan_function(
	struct resource_plan *plan, const struct config_resources *resources, uint32_t mask);

/* The plan as text: "file=value" a word; defaults in parentheses. */
static void plan_text(plan_function *make, const char *document, bool update, struct buffer *text)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;
	struct resource_plan plan = { .update = update };

	/* What is wrong for both versions the validation refuses already. */
	if (config_parse_resources(&arena, "test", document, strlen(document), &resources) < 0 ||
		make(&plan, resources, ALL) < 0) {
		buffer_format(text, "refused: %s", error_text(0));
		error_clear();
	} else {
		buffer_text(text, "");
		for (size_t i = 0; i < plan.count; i++)
			buffer_format(text, "%s%s%s=%s%s", i ? "; " : "",
				plan.items[i].is_default ? "(" : "", plan.items[i].file,
				plan.items[i].value, plan.items[i].is_default ? ")" : "");
	}
	resources_plan_free(&plan);
}

static void check_plan(plan_function *make, const char *document, bool update, const char *wanted)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	plan_text(make, document, update, &text);
	if (!strcmp(wanted, "refused"))
		CHECK(!strncmp(text.data, "refused: ", 9), "%s: %s", document, text.data);
	else
		CHECK_TEXT(text.data, wanted, document);
}

static void check(const char *document, const char *v1, const char *v2)
{
	check_plan(resources_plan_v1, document, false, v1);
	check_plan(resources_plan_v2, document, false, v2);
}

static void test_weights(void)
{
	/* Values of the formula that runc, crun and systemd's containers agree on. */
	static const uint64_t rows[][2] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 10, 4 }, { 100, 17 },
		{ 256, 35 }, { 512, 59 }, { 1024, 100 }, { 2000, 170 }, { 2048, 174 },
		{ 4096, 303 }, { 10240, 639 }, { 102400, 4429 }, { 262144, 10000 },
		{ 1000000, 10000 } };
	uint64_t before = 0;
	bool grows = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(cpu_weight_of_shares(rows[i][0]) == rows[i][1], "%llu shares are weight %llu",
			(unsigned long long)rows[i][0],
			(unsigned long long)cpu_weight_of_shares(rows[i][0]));
	for (uint64_t shares = 2; shares <= 262144; shares++) {
		uint64_t weight = cpu_weight_of_shares(shares);

		grows = grows && weight >= before && weight >= 1 && weight <= 10000;
		before = weight;
	}
	CHECK(grows, "more shares are never less weight, and all are valid");
	CHECK(io_weight_of_blkio(10) == 1 && io_weight_of_blkio(1000) == 10000 &&
			io_weight_of_blkio(500) == 4950,
		"io weights");
}

static void test_cpu(void)
{
	check("{\"cpu\":{}}", "", "");
	check("{\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0}}", "", "");
	check("{\"cpu\":{\"shares\":1024}}", "(cpu.shares=1024)", "(cpu.weight=100)");
	check("{\"cpu\":{\"shares\":2048}}", "cpu.shares=2048", "cpu.weight=174");
	check("{\"cpu\":{\"quota\":50000,\"period\":200000,\"burst\":1000}}",
		"cpu.cfs_period_us=200000; cpu.cfs_quota_us=50000; cpu.cfs_burst_us=1000",
		"cpu.max=50000 200000; cpu.max.burst=1000");
	check("{\"cpu\":{\"quota\":-1}}", "(cpu.cfs_quota_us=-1)", "(cpu.max=max)");
	check("{\"cpu\":{\"quota\":-1,\"period\":50000}}",
		"cpu.cfs_period_us=50000; (cpu.cfs_quota_us=-1)", "cpu.max=max 50000");
	check("{\"cpu\":{\"idle\":1,\"shares\":512}}", "cpu.idle=1; cpu.shares=512", "cpu.idle=1");
	check("{\"cpu\":{\"idle\":0}}", "(cpu.idle=0)", "(cpu.idle=0)");
	check("{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}", "cpuset.cpus=0-1; cpuset.mems=0",
		"cpuset.cpus=0-1; cpuset.mems=0");
	check("{\"cpu\":{\"cpus\":\"\"}}", "", "");
	check("{\"cpu\":{\"realtimeRuntime\":9000,\"realtimePeriod\":100000}}",
		"cpu.rt_period_us=100000; cpu.rt_runtime_us=9000", "refused");
	check("{\"cpu\":{\"realtimeRuntime\":0}}", "(cpu.rt_runtime_us=0)", "");
}

static void test_memory(void)
{
	check("{\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0}}", "", "");
	check("{\"memory\":{\"limit\":1048576}}", "memory.limit_in_bytes=1048576",
		"memory.max=1048576");
	check("{\"memory\":{\"limit\":1048576,\"swap\":3145728}}",
		"memory.limit_in_bytes=1048576; memory.memsw.limit_in_bytes=3145728",
		"memory.swap.max=2097152; memory.max=1048576");
	check("{\"memory\":{\"limit\":1048576,\"swap\":1048576}}",
		"memory.limit_in_bytes=1048576; memory.memsw.limit_in_bytes=1048576",
		"memory.swap.max=0; memory.max=1048576");
	check("{\"memory\":{\"limit\":1048576,\"swap\":-1}}",
		"memory.limit_in_bytes=1048576; (memory.memsw.limit_in_bytes=-1)",
		"(memory.swap.max=max); memory.max=1048576");
	check("{\"memory\":{\"limit\":-1}}",
		"(memory.memsw.limit_in_bytes=-1); (memory.limit_in_bytes=-1)",
		"(memory.swap.max=max); (memory.max=max)");
	check("{\"memory\":{\"limit\":1048576,\"swap\":1048575}}", "refused", "refused");
	check("{\"memory\":{\"swap\":1048576}}", "refused", "refused");
	check("{\"memory\":{\"limit\":-1,\"swap\":1048576}}", "refused", "refused");
	check("{\"memory\":{\"reservation\":4096}}", "memory.soft_limit_in_bytes=4096",
		"memory.low=4096");
	check("{\"memory\":{\"swappiness\":0}}", "memory.swappiness=0", "refused");
	check("{\"memory\":{\"swappiness\":60}}", "memory.swappiness=60", "");
	check("{\"memory\":{\"disableOOMKiller\":true}}", "memory.oom_control=1", "refused");
	check("{\"memory\":{\"disableOOMKiller\":false}}", "(memory.oom_control=0)", "");
	check("{\"memory\":{\"kernel\":-1,\"kernelTCP\":-1}}",
		"(memory.kmem.limit_in_bytes=-1); (memory.kmem.tcp.limit_in_bytes=-1)", "");
	check("{\"memory\":{\"kernel\":4096,\"useHierarchy\":true}}",
		"(memory.use_hierarchy=1); memory.kmem.limit_in_bytes=4096", "");
	check_plan(resources_plan_v1, "{\"memory\":{\"swap\":1048576}}", true,
		"memory.memsw.limit_in_bytes=1048576");
}

static void test_io(void)
{
	check("{\"blockIO\":{\"weight\":0}}", "", "");
	check("{\"blockIO\":{\"weight\":500}}", "blkio.weight=500", "io.bfq.weight=500");
	check("{\"blockIO\":{\"leafWeight\":300}}", "blkio.leaf_weight=300", "refused");
	check("{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":500}]}}",
		"blkio.weight_device=8:16 500", "io.bfq.weight=8:16 500");
	check("{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"leafWeight\":300}]}}",
		"blkio.leaf_weight_device=8:0 300", "refused");
	check("{\"blockIO\":{"
	      "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}],"
	      "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}],"
	      "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":1,\"rate\":7}],"
	      "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":2,\"rate\":8}]}}",
		"blkio.throttle.read_bps_device=8:0 600; blkio.throttle.write_bps_device=8:0 0; "
		"blkio.throttle.read_iops_device=8:1 7; blkio.throttle.write_iops_device=8:2 8",
		"io.max=8:0 rbps=600; io.max=8:0 wbps=max; io.max=8:1 riops=7; "
		"io.max=8:2 wiops=8");
}

static void test_others(void)
{
	check("{\"pids\":{\"limit\":100}}", "pids.max=100", "pids.max=100");
	check("{\"pids\":{\"limit\":0}}", "(pids.max=max)", "(pids.max=max)");
	check("{\"pids\":{\"limit\":-1}}", "(pids.max=max)", "(pids.max=max)");
	check("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}",
		"hugetlb.2MB.limit_in_bytes=4194304; hugetlb.2MB.rsvd.limit_in_bytes=4194304",
		"hugetlb.2MB.max=4194304; hugetlb.2MB.rsvd.max=4194304");
	check("{\"network\":{\"classID\":0}}", "", "");
	check("{\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\","
	      "\"priority\":500}]}}",
		"net_cls.classid=1048577; net_prio.ifpriomap=eth0 500", "refused");
	check("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}",
		"rdma.max=mlx5_1 hca_handle=3 hca_object=10000",
		"rdma.max=mlx5_1 hca_handle=3 hca_object=10000");
	check("{\"unified\":{\"memory.high\":\"max\",\"io.max\":\"8:0 rbps=1\\n8:16 rbps=2\"}}",
		"refused", "memory.high=max; io.max=8:0 rbps=1; io.max=8:16 rbps=2");
	check("{\"unified\":{\"cgroup.max.descendants\":\"7\"}}", "refused",
		"cgroup.max.descendants=7");
	check("{\"unified\":{\"../memory.max\":\"1\"}}", "refused", "refused");
	check("{\"unified\":{\"a/b\":\"1\"}}", "refused", "refused");
	check("{\"unified\":{\".\":\"1\"}}", "refused", "refused");
	check("{\"unified\":{\"cgroup.procs\":\"1\"}}", "refused", "refused");
}

static void test_huge_page_sizes(void)
{
	CHECK(hugepage_size_is_valid("2MB") && hugepage_size_is_valid("64KB") &&
			hugepage_size_is_valid("1GB"),
		"sizes of huge pages");
	CHECK(!hugepage_size_is_valid("") && !hugepage_size_is_valid("MB") &&
			!hugepage_size_is_valid("2M") && !hugepage_size_is_valid("2MB/x") &&
			!hugepage_size_is_valid("2") && !hugepage_size_is_valid(NULL) &&
			!hugepage_size_is_valid("../2MB"),
		"what is no size of huge pages");
}

static void test_before(void)
{
	static const struct {
		const char *text, *value, *wanted;
	} rows[] = {
		{ "1048576\n", "4096", "1048576" },
		{ "max\n", "4096", "max" },
		{ "max 100000\n", "50000 100000", "max 100000" },
		{ "20000 50000\n", "max", "20000 50000" },
		{ "\n", "0-1", "\n" },
		{ "", "0-1", "\n" },
		{ "oom_kill_disable 0\nunder_oom 0\n", "1", "0" },
		{ "default 100\n8:0 50\n", "200", "100" },
		{ "default 100\n8:0 50\n", "8:0 200", "8:0 50" },
		{ "default 100\n", "8:0 200", "8:0 default" },
		{ "8:0 1000\n8:16 7\n", "8:16 9", "8:16 7" },
		{ "8:0 1000\n", "8:16 9", "8:16 0" },
		{ "8:1 1000\n", "8:16 9", "8:16 0" },
		{ "", "8:0 9", "8:0 0" },
		{ "8:0 rbps=5 wbps=max riops=max wiops=max\n", "8:0 rbps=9",
			"8:0 rbps=5 wbps=max riops=max wiops=max" },
		{ "", "8:0 rbps=9", "8:0 rbps=max" },
		{ "", "mlx4_0 hca_handle=2 hca_object=3", "mlx4_0 hca_handle=max hca_object=max" },
		{ "lo 0\neth0 5\n", "eth0 7", "eth0 5" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_free_ char *got = resource_value_before(rows[i].text, rows[i].value);

		CHECK_TEXT(got, rows[i].wanted, rows[i].value);
	}
}

int main(void)
{
	test_weights();
	test_cpu();
	test_memory();
	test_io();
	test_others();
	test_huge_page_sizes();
	test_before();
	return test_end();
}
