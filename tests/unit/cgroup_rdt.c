/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt on a folder that stands for resctrl, since few machines have it.
 * What the kernel would put into a new group, the test does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cgroup/rdt.h"
#include "tests/unit/test.h"

static int root;

static void file_put(const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	NEED(fd >= 0 && file_write_all(fd, text, strlen(text)) >= 0);
}

static void check_file(const char *path, const char *wanted)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	(void)file_read_at(root, path, &text, 4096);
	CHECK_TEXT(text.data ? text.data : "", wanted, path);
}

static void check_error(int r, const char *wanted, const char *name)
{
	CHECK(r < 0, "%s: refused", name);
	CHECK(r < 0 && strstr(error_text(r), wanted), "%s: %s", name, error_text(r));
	error_clear();
}

static void class_put(const char *name, const char *schemata)
{
	char path[64];

	NEED(mkdirat(root, name, 0755) == 0 || errno == EEXIST);
	(void)snprintf(path, sizeof(path), "%s/schemata", name);
	file_put(path, schemata);
	(void)snprintf(path, sizeof(path), "%s/tasks", name);
	file_put(path, "");
	(void)snprintf(path, sizeof(path), "%s/mon_groups", name);
	NEED(mkdirat(root, path, 0755) == 0);
}

static void test_match(void)
{
	static const char file[] = "    MB:0=20;1=70\n    L3:0=ff;1=c0\n    L2:0=f;1=f\n";

	CHECK(rdt_schema_matches("L3:0=ff;1=c0", file), "the same");
	CHECK(rdt_schema_matches("L3: 1=0C0 ; 0=FF", file), "another order, blanks, zeros, case");
	CHECK(rdt_schema_matches("L3:1=c0\nMB:0=20", file), "some of the domains, two lines");
	CHECK(rdt_schema_matches("", file), "nothing");
	CHECK(!rdt_schema_matches("L3:0=fe", file), "another mask");
	CHECK(!rdt_schema_matches("MB:0=32", file), "bandwidth is decimal");
	CHECK(!rdt_schema_matches("L3:2=ff", file), "no such domain");
	CHECK(!rdt_schema_matches("L4:0=ff", file), "no such resource");
	CHECK(!rdt_schema_matches("nonsense", file), "no schema at all");
	CHECK(!rdt_schema_matches("L3:0", file), "no value");
}

static void test_own_class(void)
{
	const struct config_intel_rdt config = { .l3_cache_schema = "L3:0=f\nMB:0=50",
		.mem_bw_schema = "MB:0=20",
		.enable_monitoring = true };
	struct rdt_group group;

	CHECK(rdt_choose(root, &config, "one", &group) == 0, "no closID: a class of the id's name");
	CHECK_TEXT(group.clos, "one", "its name");
	CHECK(group.made && group.monitored, "made for it, and monitored");
	NEED(rdt_make(root, &group) == 0);
	check_error(rdt_make(root, &group), "cannot make class one", "a second time");
	class_put("one", "");
	CHECK(rdt_configure(root, &group, &config) == 0, "configured");
	check_file("one/schemata", "L3:0=f\nMB:0=20\n");
	file_put("one/mon_groups/one/tasks", "");
	CHECK(rdt_enter(root, &group, 4711) == 0, "entered");
	check_file("one/tasks", "4711");
	check_file("one/mon_groups/one/tasks", "4711");
	check_error(rdt_choose(root, &config, "one", &group), "has a class one already",
		"a class of that name that is somebody else's");
}

static void test_update(void)
{
	const struct config_intel_rdt config = { .l3_cache_schema = "L3:0=3" };
	const struct rdt_group group = { "c", "changed", false, true };
	const struct rdt_group missing = { "c", "missing", false, false };
	_cleanup_buffer_ struct buffer before = { 0 };

	class_put("changed", "L3:0=ff\n");
	CHECK(rdt_update(root, &group, &config, &before) == 0, "another schema");
	/* The kernel changes what is named; a plain file keeps the rest of the longer line. */
	check_file("changed/schemata", "L3:0=3\n\n");
	CHECK_TEXT(before.data, "L3:0=ff\n", "what it was");
	CHECK(rdt_restore(root, &group, before.data) == 0, "and is again");
	check_file("changed/schemata", "L3:0=ff\n");
	check_error(rdt_update(root, &missing, &config, &before), "missing", "no such class");
}

static void test_schemata_last(void)
{
	const char *lines[] = { "L3:0=3", "L2:0=1", NULL };
	struct config_intel_rdt config = { .clos_id = "two", .schemata = { lines, 2 } };
	struct rdt_group group;

	CHECK(rdt_choose(root, &config, "c", &group) == 0 && group.made, "closID with a schema");
	NEED(rdt_make(root, &group) == 0);
	class_put("two", "");
	CHECK(rdt_configure(root, &group, &config) == 0 && !group.monitored, "configured");
	check_file("two/schemata", "L3:0=3\nL2:0=1\n");
	CHECK(rdt_choose(root, &config, "d", &group) == 0 && !group.made, "exists and agrees");
	lines[0] = "L3:0=7";
	CHECK(rdt_choose(root, &config, "d", &group) == 0 && !group.made, "is written in any case");
	CHECK(rdt_configure(root, &group, &config) == 0, "configured");
	check_file("two/schemata", "L3:0=7\nL2:0=1\n");
	config.mem_bw_schema = "MB:0=20";
	check_error(rdt_choose(root, &config, "d", &group), "another schema", "disagrees");
}

static void test_existing(void)
{
	const struct config_intel_rdt missing = { .clos_id = "nowhere" };
	const struct config_intel_rdt there = { .clos_id = "three" };
	const struct config_intel_rdt top = { .clos_id = "/", .enable_cmt = true };
	struct rdt_group group;

	check_error(rdt_choose(root, &missing, "c", &group), "there is no class nowhere",
		"closID alone has to exist");
	class_put("three", "L3:0=ff\n");
	CHECK(rdt_choose(root, &there, "c", &group) == 0 && !group.made, "and does");
	CHECK(rdt_configure(root, &group, &there) == 0, "nothing to be written");
	check_file("three/schemata", "L3:0=ff\n");
	CHECK(rdt_enter(root, &group, 12) == 0, "entered");
	check_file("three/tasks", "12");
	CHECK(rdt_remove(root, &group) == 0 && faccessat(root, "three", F_OK, 0) == 0,
		"and it stays");
	file_put("tasks", "");
	CHECK(rdt_choose(root, &top, "c", &group) == 0 && !group.made, "the root class");
	check_error(rdt_configure(root, &group, &top), "cannot monitor", "without mon_groups");
	CHECK(rdt_enter(root, &(struct rdt_group){ "c", "/", false, false }, 13) == 0, "entered");
	check_file("tasks", "13");
}

static void test_settled(void)
{
	const struct config_intel_rdt named = { .clos_id = "five", .l3_cache_schema = "L3:0=1" };
	const struct config_intel_rdt own = { .l3_cache_schema = "L3:0=1" };
	struct rdt_group group = { .id = "c", .clos = "five", .made = true };

	NEED(mkdirat(root, "five", 0755) == 0);
	CHECK(!rdt_settle(&group, &own) && group.made, "a class of its own goes with it");
	CHECK(rdt_settle(&group, &named) && !group.made && !rdt_settle(&group, &named),
		"one that has a name of the user's");
	CHECK(rdt_remove(root, &group) == 0 && faccessat(root, "five", F_OK, 0) == 0, "stays");
	NEED(unlinkat(root, "five", AT_REMOVEDIR) == 0);
}

static void test_removal(void)
{
	struct rdt_group group = { .id = "c", .clos = "four", .made = true, .monitored = true };

	CHECK(rdt_remove(root, &group) == 0, "what is gone is fine");
	NEED(mkdirat(root, "four", 0755) == 0 && mkdirat(root, "four/mon_groups", 0755) == 0 &&
		mkdirat(root, "four/mon_groups/c", 0755) == 0);
	file_put("four/tasks", "99\n");
	CHECK(rdt_remove(root, &group) == 0 && faccessat(root, "four/mon_groups/c", F_OK, 0) < 0,
		"the monitoring group is removed");
	CHECK(faccessat(root, "four", F_OK, 0) == 0, "a class that others are in stays");
	NEED(unlinkat(root, "four/tasks", 0) == 0 &&
		unlinkat(root, "four/mon_groups", AT_REMOVEDIR) == 0);
	CHECK(rdt_remove(root, &group) == 0 && faccessat(root, "four", F_OK, 0) < 0,
		"an empty one that was made is removed");
}

static void test_stats(void)
{
	const struct rdt_group group = { .id = "one", .clos = "one", .monitored = true };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	NEED(mkdirat(root, "info", 0755) == 0 && mkdirat(root, "info/L3", 0755) == 0 &&
		mkdirat(root, "one/mon_groups/one/mon_data", 0755) == 0 &&
		mkdirat(root, "one/mon_groups/one/mon_data/mon_L3_00", 0755) == 0);
	file_put("schemata", "    MB:0=100\n    L3:0=fff\n");
	file_put("info/L3/cbm_mask", "fff\n");
	file_put("info/L3/min_cbm_bits", "1\n");
	file_put("info/L3/num_closids", "16\n");
	file_put("one/mon_groups/one/mon_data/mon_L3_00/llc_occupancy", "4096\n");
	file_put("one/mon_groups/one/mon_data/mon_L3_00/mbm_total_bytes", "77\n");
	json_begin_object(&writer, NULL);
	rdt_write_stats(root, &group, &writer);
	json_end_object(&writer);
	CHECK_TEXT(text.data,
		"{\"intel_rdt\":{\"l3_cache_info\":{\"cbm_mask\":\"fff\",\"min_cbm_bits\":1,"
		"\"num_closids\":16},\"mem_bw_schema_root\":\"MB:0=100\","
		"\"l3_cache_schema_root\":\"L3:0=fff\",\"l3_cache_schema\":\"L3:0=f\","
		"\"mem_bw_schema\":\"MB:0=20\",\"mbm_stats\":[{\"mbm_total_bytes\":77}],"
		"\"cmt_stats\":[{\"llc_occupancy\":4096}]}}",
		"statistics");
}

int main(void)
{
	char folder[] = "/tmp/hull-rdt-XXXXXX";

	NEED(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(root >= 0);
	test_match();
	test_own_class();
	test_update();
	test_schemata_last();
	test_existing();
	test_settled();
	test_removal();
	test_stats();
	file_close(&root);
	(void)file_remove_tree_at(AT_FDCWD, folder);
	return test_end();
}
