/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of real groups on this machine's hierarchies: made, entered, frozen,
 * killed, removed; seen from outside in /proc and in the folders.
 */
#include "tests/unit/cgroup_child.h"

static bool in_group(pid_t pid, const struct cgroup *cgroup)
{
	_cleanup_free_ char *path = string_format("/proc/%d/cgroup", pid);
	_cleanup_buffer_ struct buffer text = { 0 };

	NEED(file_read_at(AT_FDCWD, path, &text, 65536) == 0);
	for (const struct cgroup_view *view = cgroup_views(cgroup); view->name; view++) {
		bool v2 = !strcmp(view->name, "") || !strcmp(view->name, "unified");
		_cleanup_free_ char *line =
			string_format(":%s%s:/%s\n", !strcmp(view->name, "systemd") ? "name=" : "",
				v2 ? "" : view->name, view->path);

		if (!strstr(text.data, line)) {
			printf("# no %s# in %s\n", line, text.data);
			return false;
		}
	}
	return true;
}

static bool group_exists(const struct cgroup *cgroup)
{
	for (const struct cgroup_view *view = cgroup_views(cgroup); view->name; view++) {
		_cleanup_free_ char *path = string_format("%s/%s", view->root, view->path);

		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static bool is_killed(pid_t pid)
{
	int status = process_wait(pid);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void test_life(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("life");
	_cleanup_free_ pid_t *pids = NULL;
	_cleanup_free_ char *number = NULL;
	size_t count = 0;
	pid_t pid;

	printf("# %s\n", cgroup_saved(cgroup));
	CHECK_DONE(cgroup_apply(cgroup, NULL, false), "apply what all get");
	shared->ready = 0;
	pid = child_start(cgroup, child_spin, shared);
	CHECK(WAIT_UNTIL(shared->ready), "a child runs in the group");
	CHECK(in_group(pid, cgroup), "the child is in the group of every hierarchy");
	CHECK(cgroup_processes(cgroup, &pids, &count) == 0 && count == 1 && pids[0] == pid,
		"the group lists it");
	number = string_format("process %d ", pid);
	CHECK_FAILS(cgroup_remove(cgroup), EBUSY, number, "it cannot be removed");
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0 && is_killed(pid), "kill ends the child");
	CHECK_DONE(cgroup_remove(cgroup), "then it can be removed");
	CHECK(!group_exists(cgroup), "nothing of it is left");
	CHECK(cgroup_remove(cgroup) == 0, "removing it again is fine");
}

static void test_freeze(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("freeze");
	unsigned long before;
	pid_t pid;

	shared->ready = 0;
	pid = child_start(cgroup, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK(!cgroup_is_frozen(cgroup), "not frozen");
	CHECK_DONE(cgroup_freeze(cgroup, true), "freeze");
	CHECK(cgroup_is_frozen(cgroup), "frozen");
	before = shared->counter;
	clock_sleep(100);
	CHECK(shared->counter == before, "a frozen child does nothing");
	CHECK(cgroup_freeze(cgroup, true) == 0, "freeze again");
	CHECK(cgroup_freeze(cgroup, false) == 0, "thaw");
	CHECK(!cgroup_is_frozen(cgroup), "thawed");
	CHECK(WAIT_UNTIL(shared->counter != before), "a thawed child goes on");
	NEED(cgroup_freeze(cgroup, true) == 0);
	CHECK_DONE(cgroup_kill(cgroup, SIGKILL), "kill a frozen group");
	CHECK(is_killed(pid), "a frozen child is killed");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static int child_wait_signal(struct shared *shared)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	shared->ready++;
	return sigwaitinfo(&set, NULL) == SIGUSR1 ? 7 : 1;
}

/* The processes of a container that made groups of its own are its processes too. */
static void test_below(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("outer");
	_cleanup_cgroup_ struct cgroup *below = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	pid_t first, second;

	shared->ready = 0;
	first = child_start(cgroup, child_wait_signal, shared);
	NEED(WAIT_UNTIL(shared->ready == 1));
	below = group_make("outer/a/b"); /* without controllers on v2, as the outer one is in use */
	second = child_start(below, child_wait_signal, shared);
	NEED(WAIT_UNTIL(shared->ready == 2));
	CHECK(cgroup_processes(cgroup, &pids, &count) == 0 && count == 2,
		"processes of groups below are listed");
	if (!cgroup->v1_count) {
		struct config_memory memory = { .limit = { true, 1 << 30 } };
		struct config_resources resources = { .memory = &memory };

		CHECK_FAILS(cgroup_apply(below, &resources, false), 0,
			place_has(cgroup->v2, "memory.max") ? "holds processes itself"
							    : "no memory controller",
			"a controller that the group above cannot give");
	}
	CHECK_DONE(cgroup_kill(cgroup, SIGUSR1), "signal both");
	CHECK(process_exit_code(process_wait(first)) == 7 &&
			process_exit_code(process_wait(second)) == 7,
		"both got it");
	CHECK(!cgroup_is_frozen(cgroup), "and nothing stays frozen");
	shared->ready = 0;
	first = child_start(below, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0 && is_killed(first), "kill reaches below");
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0, "killing nobody is fine");
	CHECK_DONE(cgroup_remove(cgroup), "groups below are removed too");
	CHECK(!group_exists(cgroup) && !group_exists(below), "all of them");
}

static int try_create(const char *name)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_free_ char *path = group_path(name);
	int r = cgroup_open(&cgroup, name, path, NULL);

	return r < 0 ? r : cgroup_create(cgroup);
}

static int child_nothing(struct shared *shared)
{
	(void)shared;
	return 5;
}

static void test_taken(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("taken");
	_cleanup_cgroup_ struct cgroup *again = NULL;
	pid_t pid;

	CHECK_DONE(try_create("taken"), "an empty group is taken over");
	shared->ready = 0;
	pid = child_start(cgroup, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK_FAILS(try_create("taken"), EBUSY, "is not empty", "one in use is not");
	CHECK(kill(pid, 0) == 0 && group_exists(cgroup), "and it is left alone");
	NEED(cgroup_kill(cgroup, SIGKILL) == 0 && is_killed(pid));
	NEED(cgroup_freeze(cgroup, true) == 0);
	CHECK_FAILS(try_create("taken"), EBUSY, "frozen", "nor is a frozen one");
	NEED(cgroup_freeze(cgroup, false) == 0);
	/* The kernel kills what CLONE_INTO_CGROUP puts into a group that was killed once. */
	again = group_make("taken");
	CHECK(process_exit_code(child_run(again, child_nothing, shared)) == 5,
		"a process starts in a group that was killed before");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void group_write(const struct cgroup *cgroup, const char *below, const char *value)
{
	_cleanup_free_ char *path = string_format("%s/%s", cgroup->v2->path, below);

	NEED(file_write_at(cgroup->mount_fd, path, value) == 0);
}

/* No process can start where only threads may live. */
static void test_threaded(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_cgroup_ struct cgroup *threads = NULL;

	cgroup = group_make("domain");
	if (cgroup->v1_count || place_has(cgroup->v2, "hugetlb.2MB.max")) {
		CHECK_DONE(cgroup_remove(cgroup), "remove it");
		return; /* controllers enabled for it keep a group from being threaded */
	}
	threads = group_make("domain/threads");
	group_write(cgroup, "cgroup.subtree_control", "-memory -io");
	group_write(threads, "cgroup.type", "threaded");
	CHECK_FAILS(try_create("domain/x"), EOPNOTSUPP, "threaded",
		"no container in a threaded subtree");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

/* A container may freeze groups of its own by v1, and die with them frozen. */
static void test_frozen_below(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("freezer");
	_cleanup_cgroup_ struct cgroup *below = group_make("freezer/.hidden");
	struct cgroup_place *freezer = cgroup_v1_place(below, CONTROLLER_FREEZER);
	unsigned long before;
	pid_t pid;

	if (!freezer)
		freezer = below->v2;
	shared->ready = 0;
	pid = child_start(below, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	NEED(place_write(freezer, freezer->unified ? "cgroup.freeze" : "freezer.state",
		     freezer->unified ? "1" : "FROZEN") == 0);
	do {
		before = shared->counter;
		clock_sleep(50);
	} while (before != shared->counter);
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0 && is_killed(pid), "kill what is frozen below");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void test_nothing_there(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("gone");
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 1;

	NEED(cgroup_remove(cgroup) == 0);
	cgroup_close(&cgroup);
	NEED(cgroup_open(&cgroup, "gone", "/hull-unit-gone", NULL) == 0);
	CHECK_DONE(cgroup_kill(cgroup, SIGKILL), "killing in a group that is gone");
	CHECK_DONE(cgroup_kill(cgroup, SIGTERM), "signalling in it");
	CHECK(cgroup_processes(cgroup, &pids, &count) == 0 && !count, "it has no process");
	CHECK(!cgroup_is_frozen(cgroup), "it is not frozen");
	CHECK_FAILS(cgroup_freeze(cgroup, true), ENOENT, "gone", "it cannot be frozen");
	CHECK_DONE(cgroup_remove(cgroup), "it can be removed");
}

/* hull was killed while it made or removed groups: some hierarchies have it, some not. */
static void test_half_made(void)
{
	for (int half = 0; half < 2; half++) {
		_cleanup_cgroup_ struct cgroup *cgroup = group_make("half");
		const struct cgroup_view *views = cgroup_views(cgroup);

		for (size_t i = 0; views[i].name; i++) {
			_cleanup_free_ char *path =
				string_format("%s/%s", views[i].root, views[i].path);

			if (i % 2 == (size_t)half)
				NEED(rmdir(path) == 0);
		}
		if (half)
			CHECK_DONE(try_create("half"), "a half made group is completed");
		CHECK_DONE(cgroup_remove(cgroup), "a half made group is removed");
		CHECK(!group_exists(cgroup), "from every hierarchy");
	}
}

/* A name that is a file in every hierarchy. */
static void test_failed(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_free_ char *path = string_format("/hull-unit-%d/cgroup.procs/x", getpid());

	NEED(cgroup_open(&cgroup, "x", path, NULL) == 0);
	CHECK_FAILS(cgroup_create(cgroup), ENOTDIR, "make", "no group below a file");
	CHECK(!group_exists(cgroup), "nothing of it stays");
}

static void test_saved(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("saved");
	_cleanup_cgroup_ struct cgroup *again = NULL;
	pid_t pid, second;

	shared->ready = 0;
	pid = child_start(cgroup, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK_DONE(cgroup_open(&again, "other", "/other", cgroup_saved(cgroup)),
		"open it by its saved text");
	CHECK_TEXT(cgroup_saved(again), cgroup_saved(cgroup), "the same text");
	shared->ready = 0;
	second = child_start(again, child_spin, shared);
	NEED(WAIT_UNTIL(shared->ready));
	CHECK(in_group(second, cgroup), "another process enters it");
	CHECK(cgroup_kill(again, SIGKILL) == 0 && is_killed(pid) && is_killed(second),
		"the same group");
	CHECK_DONE(cgroup_remove(again), "remove it");
	CHECK(!group_exists(cgroup), "it is gone");
}

/* Entering without CLONE_INTO_CGROUP, as on kernels or paths that lack it. */
static void test_enter_by_itself(struct shared *shared)
{
	_cleanup_cgroup_ struct cgroup *cgroup = group_make("enter");
	pid_t pid;

	shared->ready = 0;
	(void)fflush(stdout);
	pid = process_clone(0, -1, NULL);
	if (pid == 0)
		_exit(cgroup_enter(cgroup, false) < 0 ? 1 : child_spin(shared));
	NEED(pid > 0 && WAIT_UNTIL(shared->ready));
	CHECK(in_group(pid, cgroup), "a process moves itself into every hierarchy");
	CHECK(cgroup_kill(cgroup, SIGKILL) == 0 && is_killed(pid), "kill it");
	CHECK_DONE(cgroup_remove(cgroup), "remove it");
}

static void tests(void)
{
	struct shared *shared = shared_make();

	test_life(shared);
	test_freeze(shared);
	test_below(shared);
	test_taken(shared);
	test_threaded();
	test_frozen_below(shared);
	test_nothing_there();
	test_half_made();
	test_failed();
	test_saved(shared);
	test_enter_by_itself(shared);
}

int main(void)
{
	return group_main(tests, 3);
}
