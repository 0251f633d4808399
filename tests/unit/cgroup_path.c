/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath: where a container's group stands, and what is no place for one. */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/controllers_v2.h"
#include "cgroup/driver.h"
#include "tests/unit/test.h"

static void test_path(const char *path, const char *wanted)
{
	_cleanup_free_ char *got = cgroup_path_resolve("c1", path);

	CHECK_TEXT(got, wanted, path ? path : "(no path)");
}

static void test_saved(const char *saved, const char *words)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = cgroup_open(&cgroup, "c1", NULL, saved);

	CHECK(r < 0 && strstr(error_text(r), words), "saved \"%s\": %s", saved, error_text(r));
}

static void test_controllers(void)
{
	CHECK(controllers_parse("cpuset cpu io memory hugetlb pids rdma misc\n") ==
			(CONTROLLER_BIT(CONTROLLER_CPUSET) | CONTROLLER_BIT(CONTROLLER_CPU) |
				CONTROLLER_BIT(CONTROLLER_BLKIO) |
				CONTROLLER_BIT(CONTROLLER_MEMORY) |
				CONTROLLER_BIT(CONTROLLER_HUGETLB) |
				CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLER_BIT(CONTROLLER_RDMA) |
				CONTROLLER_BIT(CONTROLLER_MISC)),
		"all controllers of v2");
	CHECK(controllers_parse("") == 0 && controllers_parse("\n") == 0, "no controller");
	CHECK(controllers_parse("dmem cpux xcpu") == 0, "unknown controllers");
}

int main(void)
{
	test_path(NULL, "hull/c1");
	test_path("", "hull/c1");
	test_path("/docker/abc", "docker/abc");
	test_path("//docker///abc//", "docker/abc");
	test_path("/./a/./b/.", "a/b");
	test_path("tenant/a", "hull/tenant/a");
	test_path("/a..b/..c", "a..b/..c");
	test_path("system.slice:hull:c1", "hull/system.slice:hull:c1");
	test_path("/", NULL);
	test_path("///./", NULL);
	test_path(".", NULL);
	test_path("/hull", NULL);
	test_path("..", NULL);
	test_path("/a/../b", NULL);
	test_path("a/..", NULL);
	test_path("../a", NULL);
	test_path("/a\nb", NULL);
	test_path("/a\x7f", NULL);
	test_saved("nonsense", "is none");
	test_saved("hybrid:relative", "is none");
	test_saved("v7:/hull/c1", "v7");
	test_saved("v2:/hull/../c1", "refused");
	test_controllers();
	return test_end();
}
