/* SPDX-License-Identifier: Apache-2.0 */

/* What a container is made of: the kernel, privileges, namespaces, the state folder. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/syscall.h"
#include "ns/capability.h"
#include "ns/id_map.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"
#include "base/state_folder.h"

static void probe_kernel(struct finding *finding)
{
	struct utsname kernel = { 0 };

	(void)uname(&kernel);
	finding_set(finding, DOCTOR_OK, "Linux %s", kernel.release);
	if (!machine_kernel_at_least(5, 12)) {
		finding->status = DOCTOR_MISSING;
		finding_advise(finding, "Linux 5.12 or newer, for mount_setattr(2)");
	} else if (!machine_kernel_at_least(5, 14)) {
		finding_limit(finding);
		finding_advise(finding, "Linux 5.14 or newer, for cgroup.kill");
	}
}

/* Called with nonsense, each fails at once; how it fails tells whether it is there. */
static const struct {
	const char *name;
	long number;
	bool privileged; /* refused to ordinary users before anything else */
} calls[] = {
	{ "clone3", SYS_clone3, false },
	{ "close_range", SYS_close_range, false },
	{ "openat2", SYS_openat2, false },
	{ "pidfd_open", SYS_pidfd_open, false },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, false },
	{ "execveat", SYS_execveat, false },
	{ "open_tree", SYS_open_tree, false },
	{ "mount_setattr", SYS_mount_setattr, false },
	{ "fsopen", SYS_fsopen, true },
	{ "fsconfig", SYS_fsconfig, false },
	{ "fsmount", SYS_fsmount, true },
	{ "move_mount", SYS_move_mount, true },
};

static bool call_is_missing(long number, bool privileged)
{
	/* Flags or sizes that no kernel knows come second, third and last. */
	if (syscall(number, -1, -1, -1, -1, -1) >= 0)
		return false;
	return errno == ENOSYS || (errno == EPERM && !privileged);
}

static void probe_system_calls(struct finding *finding)
{
	_cleanup_buffer_ struct buffer missing = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (call_is_missing(calls[i].number, calls[i].privileged))
			buffer_format(&missing, "%s%s", missing.length ? ", " : "", calls[i].name);
	if (!missing.length) {
		finding_set(
			finding, DOCTOR_OK, "all %zu that need a new kernel", ARRAY_SIZE(calls));
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "refused: %s", missing.data);
	if (machine_has_filter())
		finding_advise(finding,
			"a seccomp filter is on hull itself: allow them in the outer container "
			"(--security-opt seccomp=unconfined)");
	else
		finding_advise(finding, "Linux 5.12 or newer");
}

/* The effective capabilities of hull itself, a bit each. */
static uint64_t capabilities_held(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *at;

	if (file_read_at(AT_FDCWD, "/proc/self/status", &text, 1u << 16) < 0)
		return 0;
	at = text.data ? strstr(text.data, "\nCapEff:\t") : NULL;
	return at ? strtoull(at + 9, NULL, 16) : 0;
}

static void probe_privileges(struct finding *finding)
{
	_cleanup_buffer_ struct buffer missing = { 0 };
	uint64_t held = capabilities_held();
	const char *const *names = capability_names();

	if (geteuid() != 0) {
		finding_set(finding, DOCTOR_OK,
			"an ordinary user (uid %u): containers get a user "
			"namespace",
			geteuid());
		return;
	}
	/* They stand in the order of their numbers. */
	for (unsigned int number = 0; names[number]; number++)
		if (!(held & 1ull << number))
			buffer_format(&missing, " %s", names[number]);
	finding_set(finding, DOCTOR_OK, "root%s",
		machine_in_user_namespace() ? " of a user namespace" : "");
	if (!missing.length) {
		finding_add(finding, "all capabilities");
		return;
	}
	finding_add(finding, "without%s", missing.data);
	finding->status = held & 1ull << CAP_SYS_ADMIN ? DOCTOR_LIMITED : DOCTOR_MISSING;
	finding_advise(
		finding, finding->status == DOCTOR_MISSING
				 ? "give the outer container CAP_SYS_ADMIN (--privileged)"
				 : "containers cannot have them; whoever starts hull gives them");
}

static const struct {
	const char *name;
	uint64_t flag;
	const char *limit; /* sysctl user.max_… */
	bool needed;
} kinds[] = {
	{ "pid", CLONE_NEWPID, "pid", true },
	{ "mount", CLONE_NEWNS, "mnt", true },
	{ "network", CLONE_NEWNET, "net", true },
	{ "ipc", CLONE_NEWIPC, "ipc", true },
	{ "uts", CLONE_NEWUTS, "uts", true },
	{ "cgroup", CLONE_NEWCGROUP, "cgroup", false },
	{ "time", CLONE_NEWTIME, "time", false },
	{ "user", CLONE_NEWUSER, "user", false },
};

static void namespace_refused(struct finding *finding, size_t kind, int r)
{
	finding_add(finding, "no %s namespace: %s", kinds[kind].name, error_words(r));
	if (kinds[kind].needed || attempt_user_flag())
		finding->status = DOCTOR_MISSING;
	finding_limit(finding);
	if (r == -ENOSPC)
		finding_advise(finding, "raise sysctl user.max_%s_namespaces", kinds[kind].limit);
	else if (r == -EINVAL)
		finding_advise(finding, "a kernel with %s namespaces", kinds[kind].name);
	else if (attempt_user_flag())
		finding_advise(finding, "see `hull doctor rootless`");
	else
		finding_advise(
			finding, "allow it where hull runs (an outer container: --privileged)");
}

static void probe_namespaces(struct finding *finding)
{
	_cleanup_buffer_ struct buffer made = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int r = attempt(
			attempt_user_flag() | kinds[i].flag, -1, attempt_nothing, NULL, NULL);

		if (r >= 0)
			buffer_format(&made, "%s%s", made.length ? ", " : "", kinds[i].name);
		else
			namespace_refused(finding, i, r);
		/* Without a user namespace the others fail for the same reason. */
		if (r < 0 && attempt_user_flag())
			return;
	}
	if (made.length)
		finding_add(finding, "made: %s", made.data);
}

/* A file system made detached, given an attribute, attached; and a copy of the tree as it is. */
static int try_mounts(void *data, struct buffer *words)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *const *type = data;
	int context, fd;

	buffer_text(words, "fsopen");
	context = sys_fsopen(*type);
	if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	words->length = 0;
	buffer_text(words, "fsmount");
	fd = sys_fsmount(context, 0);
	if (fd < 0)
		return -errno;
	words->length = 0;
	buffer_text(words, "mount_setattr");
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return -errno;
	words->length = 0;
	buffer_text(words, "open_tree");
	if (sys_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE) < 0)
		return -errno;
	words->length = 0;
	buffer_text(words, "move_mount");
	return sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static void probe_mounts(struct finding *finding)
{
	_cleanup_buffer_ struct buffer step = { 0 };
	const char *type = "tmpfs";
	int r = attempt(attempt_user_flag() | CLONE_NEWNS, -1, try_mounts, &type, &step);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a file system made, changed and attached");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "%s: %s",
		step.length ? step.data : "a mount namespace", error_words(r));
	finding_advise(
		finding, attempt_user_flag()
				 ? "see `hull doctor rootless`"
				 : "allow it where hull runs (an outer container: --privileged)");
}

static void probe_proc(struct finding *finding)
{
	_cleanup_buffer_ struct buffer step = { 0 };
	const char *type = "proc";
	uint64_t flags = attempt_user_flag() | CLONE_NEWNS | CLONE_NEWPID;
	int r = attempt(flags, -1, try_mounts, &type, &step);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "mounted for a new pid namespace");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "cannot be mounted: %s", error_words(r));
	finding_advise(finding,
		"something lies over parts of /proc here, as in most containers: give "
		"the outer one all of it (--security-opt unmask=ALL, or "
		"systempaths=unconfined)");
}

static int try_id_map(void *data, struct buffer *words)
{
	struct id_mapping root = { .container_id = 0, .host_id = 0, .size = 1 };
	const struct config_id_mappings mappings = { &root, 1 };
	struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP };
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int context = sys_fsopen("tmpfs");
	int fd, r = id_map_open(proc_fd, &mappings, &mappings);

	(void)data;
	(void)words;
	if (r < 0)
		return r;
	map.userns_fd = (uint64_t)r;
	if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	fd = sys_fsmount(context, 0);
	return fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &map) < 0 ? -errno : 0;
}

static void probe_id_mapped_mounts(struct finding *finding)
{
	int r = attempt(attempt_user_flag() | CLONE_NEWNS, -1, try_id_map, NULL, NULL);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a tmpfs was mounted with mapped ids");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "a tmpfs cannot be mounted with mapped ids: %s",
		error_words(r));
	if (!machine_kernel_at_least(6, 3))
		finding_advise(finding, "Linux 6.3 for tmpfs (5.12 for ext4 and xfs)");
	else
		finding_advise(finding, "see user-namespaces of `hull doctor rootless`");
}

/* As container_root_open has it, but nothing is made. */
static char *state_folder(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *session = string_format("/run/user/%u", geteuid());

	if (!state_folder_is_users())
		return string_copy("/run/hull");
	if (runtime && *runtime)
		return string_format("%s/hull", runtime);
	if (access(session, W_OK) == 0)
		return string_format("%s/hull", session);
	return string_format("/tmp/hull-%u", geteuid());
}

static void probe_state_folder(struct finding *finding)
{
	_cleanup_free_ char *wanted = state_folder(), *path = string_copy(wanted);
	struct statvfs fs;

	/* The folder, or the nearest one above it that is there. */
	while (access(path, F_OK) < 0 && strrchr(path, '/') > path)
		*strrchr(path, '/') = '\0';
	if (access(path, W_OK | X_OK) == 0 && statvfs(path, &fs) == 0 && !(fs.f_flag & ST_RDONLY)) {
		finding_set(finding, DOCTOR_OK, "%s", wanted);
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "%s cannot be written", path);
	finding_advise(finding, "give --root DIR, or make %s writable", path);
}

static void probe_terminal(struct finding *finding)
{
	_cleanup_close_ int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	/* Whatever lies there can be opened; a terminal has another end. */
	if (fd >= 0 && unlockpt(fd) == 0) {
		finding_set(finding, DOCTOR_OK, "a pseudo-terminal was opened");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "no pseudo-terminal: %s", error_words(errno));
	finding_advise(finding, "mount a devpts on /dev/pts, with /dev/ptmx");
}

static void probe_confinement(struct finding *finding)
{
	if (machine_in_user_namespace())
		finding_add(finding, "in a user namespace");
	if (machine_has_filter())
		finding_add(finding, "with a seccomp filter");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		finding_add(finding, "with no_new_privs");
	if (access("/run/.containerenv", F_OK) == 0 || access("/.dockerenv", F_OK) == 0)
		finding_add(finding, "in a container");
	if (finding->found.length)
		finding_limit(finding);
	else
		finding_set(finding, DOCTOR_OK, "none");
}

const struct capability doctor_containers = {
	.name = "containers",
	.title = "make containers",
	.probes =
		(const struct probe[]){
			{ "kernel", DOCTOR_NEEDED, probe_kernel },
			{ "system-calls", DOCTOR_NEEDED, probe_system_calls },
			{ "privileges", DOCTOR_NEEDED, probe_privileges },
			{ "namespaces", DOCTOR_NEEDED, probe_namespaces },
			{ "mounts", DOCTOR_NEEDED, probe_mounts },
			{ "proc", DOCTOR_NEEDED, probe_proc },
			{ "id-mapped-mounts", DOCTOR_USEFUL, probe_id_mapped_mounts },
			{ "state-folder", DOCTOR_USEFUL, probe_state_folder },
			{ "terminal", DOCTOR_USEFUL, probe_terminal },
			{ "confinement", DOCTOR_FACT, probe_confinement },
			{ 0 },
		},
};
