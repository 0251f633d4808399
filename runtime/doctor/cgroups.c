/* SPDX-License-Identifier: Apache-2.0 */

/* What containers may use, and how that is held: the hierarchies of this machine. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "cgroup/cgroup.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

/*
 * The hierarchies as cgroup/ sees them. It is asked for the place of a container
 * that nobody makes.
 */
static struct cgroup *hierarchies_open(void)
{
	struct cgroup *cgroup = NULL;

	return cgroup_open(&cgroup, "doctor", NULL, NULL) < 0 ? NULL : cgroup;
}

/* The folder of the v2 hierarchy, or NULL; owned by CGROUP. */
static const char *hierarchy_v2(const struct cgroup *cgroup)
{
	const struct cgroup_view *view = cgroup ? cgroup_views(cgroup) : NULL;

	for (; view && view->name; view++)
		if (!*view->name || !strcmp(view->name, "unified"))
			return view->root;
	return NULL;
}

static void probe_hierarchy(struct finding *finding)
{
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();
	const char *v2 = hierarchy_v2(cgroup);
	struct statvfs fs;

	if (!cgroup) {
		/* Containers of ordinary users can do without. */
		finding_set(finding, geteuid() == 0 ? DOCTOR_MISSING : DOCTOR_LIMITED, "%s",
			error_text(-ENOENT));
		finding_advise(finding, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return;
	}
	if (v2 && !*cgroup_views(cgroup)->name)
		finding_set(finding, DOCTOR_OK, "v2 on %s", v2);
	else if (v2)
		finding_set(finding, DOCTOR_OK, "hybrid: v1, and v2 on %s", v2);
	else
		finding_set(finding, DOCTOR_OK, "v1");
	if (statvfs(cgroup_views(cgroup)->root, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
		return;
	finding->status = process_is_rootless() ? DOCTOR_LIMITED : DOCTOR_MISSING;
	finding_add(finding, "read-only");
	finding_advise(
		finding, "make it writable where hull runs (an outer container: --privileged)");
}

/* The caller's own group in the v2 hierarchy: its folder (free it), or NULL. */
static char *own_group(const struct cgroup *cgroup)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *v2 = hierarchy_v2(cgroup), *at;

	if (!v2 || file_read_at(AT_FDCWD, "/proc/self/cgroup", &text, 1u << 16) < 0 || !text.data)
		return NULL;
	at = !strncmp(text.data, "0::", 3) ? text.data : strstr(text.data, "\n0::");
	if (!at)
		return NULL;
	at = strchr(at, '/');
	return at ? string_format("%s%.*s", v2, (int)strcspn(at, "\n"), at) : NULL;
}

/* Names of v2 and, where they differ, of v1. */
static const struct {
	const char *v2, *v1;
} controllers[] = {
	{ "cpu", "cpu" },
	{ "cpuset", "cpuset" },
	{ "memory", "memory" },
	{ "pids", "pids" },
	{ "io", "blkio" },
	{ "hugetlb", "hugetlb" },
};

static bool has_v1(const struct cgroup *cgroup, const char *controller)
{
	for (const struct cgroup_view *view = cgroup_views(cgroup); view->name; view++) {
		_cleanup_free_ char *name = string_copy(view->name);
		char *rest = NULL;

		for (char *at = strtok_r(name, ",", &rest); at; at = strtok_r(NULL, ",", &rest))
			if (!strcmp(at, controller))
				return true;
	}
	return false;
}

static void probe_controllers(struct finding *finding)
{
	_cleanup_buffer_ struct buffer v1 = { 0 }, v2 = { 0 }, none = { 0 };
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();
	_cleanup_free_ char *own = cgroup ? own_group(cgroup) : NULL, *file = NULL;
	const char *top = hierarchy_v2(cgroup);

	if (!cgroup) {
		finding_set(finding, DOCTOR_MISSING, "no hierarchy");
		return;
	}
	file = string_format("%s/cgroup.controllers", geteuid() != 0 && own ? own : top ? top : "");
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		bool is_v2 = machine_has_word(file, controllers[i].v2);
		struct buffer *to = is_v2 ? &v2 : has_v1(cgroup, controllers[i].v1) ? &v1 : &none;

		buffer_format(to, "%s%s", to->length ? " " : "", controllers[i].v2);
	}
	if (v2.length)
		finding_add(finding, "v2: %s", v2.data);
	if (v1.length)
		finding_add(finding, "v1: %s", v1.data);
	if (!none.length)
		return;
	finding_limit(finding);
	finding_add(finding, "none for %s", none.data);
	finding_advise(finding, geteuid() == 0
					? "enable them: cgroup.subtree_control above, or the "
					  "kernel's cgroup_disable= and configuration"
					: "delegate them: Delegate=yes for user@.service");
}

static void probe_delegation(struct finding *finding)
{
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();
	_cleanup_free_ char *own = cgroup ? own_group(cgroup) : NULL;

	if (geteuid() == 0) {
		finding_set(finding, DOCTOR_OK, "root needs none");
	} else if (!own) {
		finding_set(finding, DOCTOR_MISSING, "v1 cannot be delegated to users");
		finding_advise(finding, "boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1)");
	} else if (access(own, W_OK) == 0) {
		finding_set(finding, DOCTOR_OK, "%s is yours", own);
	} else {
		finding_set(finding, DOCTOR_MISSING, "%s is not yours", own);
		finding_advise(finding, "run hull in a scope of your systemd: systemd-run --user "
					"--scope -p Delegate=yes");
	}
}

static void probe_clone_into(struct finding *finding)
{
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();
	_cleanup_free_ char *own = cgroup ? own_group(cgroup) : NULL;
	_cleanup_close_ int fd = own ? open(own, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	int r = fd < 0 ? -ENOENT : attempt(0, fd, attempt_nothing, NULL, NULL);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a process was made in %s", own);
	} else if (!own) {
		finding_set(
			finding, DOCTOR_MISSING, "no v2 hierarchy: processes enter by themselves");
		finding_advise(finding, "boot with cgroup v2, or mount cgroup2 beside v1");
	} else {
		finding_set(finding, DOCTOR_LIMITED, "%s: %s", own, error_words(r));
		finding_advise(finding, "see delegation");
	}
}

static void probe_kill_and_freeze(struct finding *finding)
{
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();

	if (hierarchy_v2(cgroup) && machine_kernel_at_least(5, 14)) {
		finding_set(finding, DOCTOR_OK, "cgroup.kill, cgroup.freeze");
	} else if (hierarchy_v2(cgroup)) {
		finding_set(finding, DOCTOR_LIMITED, "cgroup.freeze alone");
		finding_advise(finding, "Linux 5.14 or newer, for cgroup.kill");
	} else if (cgroup && has_v1(cgroup, "freezer")) {
		finding_set(finding, DOCTOR_OK, "the freezer of v1");
	} else {
		finding_set(finding, DOCTOR_MISSING, "no freezer");
		finding_advise(finding, "mount cgroup2, or v1's freezer");
	}
}

/* "return 1", loaded and forgotten. */
static int load_device_program(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

static void probe_device_rules(struct finding *finding)
{
	_cleanup_cgroup_ struct cgroup *cgroup = hierarchies_open();
	int r;

	if (cgroup && has_v1(cgroup, "devices")) {
		finding_set(finding, DOCTOR_OK, "the devices controller of v1");
		return;
	}
	r = load_device_program();
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a BPF program was loaded");
	} else if (geteuid() != 0) {
		finding_set(finding, DOCTOR_OK, "none for users: they cannot make devices");
	} else {
		finding_set(finding, DOCTOR_MISSING, "a BPF program cannot be loaded: %s",
			error_words(r));
		finding_advise(finding, "a kernel with CONFIG_CGROUP_BPF, and CAP_BPF for hull");
	}
}

static void probe_pressure(struct finding *finding)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	if (machine_line("/proc/pressure/cpu", &line)) {
		finding_set(finding, DOCTOR_OK, "PSI is on");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "no PSI");
	finding_advise(finding, "boot with psi=1");
}

static int bus_connect(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)strcpy(address.sun_path, path);
	return fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static void probe_systemd(struct finding *finding)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *path = geteuid() == 0
					    ? string_copy("/run/dbus/system_bus_socket")
					    : string_format("%s/bus", runtime ? runtime : "");
	int r;

	if (access("/run/systemd/system", F_OK) < 0) {
		finding_set(finding, DOCTOR_MISSING, "systemd does not run here");
		finding_advise(finding, "set the engine's cgroup manager to cgroupfs");
		return;
	}
	r = bus_connect(path);
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "it listens on %s", path);
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "no answer on %s: %s", path, error_words(r));
	finding_advise(finding, geteuid() == 0 ? "apt install dbus"
					       : "apt install dbus-user-session, then log in anew");
}

const struct capability doctor_cgroups = {
	.name = "cgroups",
	.title = "limit and count what they use",
	.probes =
		(const struct probe[]){
			{ "hierarchy", DOCTOR_NEEDED, probe_hierarchy },
			{ "controllers", DOCTOR_USEFUL, probe_controllers },
			{ "delegation", DOCTOR_USEFUL, probe_delegation },
			{ "clone-into", DOCTOR_USEFUL, probe_clone_into },
			{ "kill-and-freeze", DOCTOR_USEFUL, probe_kill_and_freeze },
			{ "device-rules", DOCTOR_USEFUL, probe_device_rules },
			{ "pressure", DOCTOR_FACT, probe_pressure },
			{ "systemd", DOCTOR_FACT, probe_systemd },
			{ 0 },
		},
};
