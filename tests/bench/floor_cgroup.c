// SPDX-License-Identifier: Apache-2.0
/* floor's cgroups: on the v2 tree, on v1 hierarchies, or on both (hybrid). See floor.c. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270
#define CGROUP_ROOT   "/sys/fs/cgroup"
enum { PATH_SIZE = 96 };

/* Every v1 hierarchy that a machine may have mounted; those that it has not cost one ENOENT. */
static const char *const hierarchies[CGROUP_HIERARCHIES] = {
	"cpuset",
	"cpu",
	"cpuacct",
	"cpu,cpuacct",
	"memory",
	"devices",
	"freezer",
	"blkio",
	"pids",
	"hugetlb",
	"net_cls,net_prio",
	"perf_event",
	"rdma",
	"misc",
	"systemd",
	"unified",
};

static void text_write(int dirfd, const char *file, const char *text)
{
	int fd = (int)MUST(openat(dirfd, file, O_WRONLY | O_CLOEXEC));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* On v1 nobody can join a cpuset before it has CPUs and memory nodes. */
static void cpuset_inherit(int fd)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	char value[4096], parent[32];

	for (int i = 0; i < 2; i++) {
		int from;
		ssize_t length;

		snprintf(parent, sizeof(parent), "../%s", files[i]);
		from = (int)MUST(openat(fd, parent, O_RDONLY | O_CLOEXEC));
		length = MUST(read(from, value, sizeof(value) - 1));
		close(from);
		value[length] = '\0';
		text_write(fd, files[i], value);
	}
}

/* The device rules of the file (deny all) and those that every runtime adds, on v1. */
static void devices_v1(int fd)
{
	static const char *const allowed[] = { "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm",
		"c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm" };
	int file;

	text_write(fd, "devices.deny", "a");
	file = (int)MUST(openat(fd, "devices.allow", O_WRONLY | O_CLOEXEC));
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		MUST(write(file, allowed[i], strlen(allowed[i])));
	close(file);
}

#define INSN(c, d, s, o, i)	 { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define LOAD(reg, field)	 INSN(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1, (field) * 4, 0)
#define UNLESS(reg, value, skip) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value)
#define RETURN(value)                                                                              \
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value),                                 \
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define ALLOW(major, minor) UNLESS(BPF_REG_3, major, 3), UNLESS(BPF_REG_4, minor, 2), RETURN(1)

/* The same rules on v2: a program that sees (access << 16 | type), major and minor. */
static void devices_v2(int fd)
{
	static const struct bpf_insn program[] = {
		LOAD(BPF_REG_2, 0),
		LOAD(BPF_REG_3, 1),
		LOAD(BPF_REG_4, 2),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_5, BPF_REG_2, 0, 0),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_5, 0, 0, 16),
		UNLESS(BPF_REG_5, BPF_DEVCG_ACC_MKNOD, 2),
		RETURN(1),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 2, BPF_DEVCG_DEV_CHAR),
		RETURN(0),
		ALLOW(1, 3),
		ALLOW(1, 5),
		ALLOW(1, 7),
		ALLOW(1, 8),
		ALLOW(1, 9),
		ALLOW(5, 0),
		ALLOW(5, 2),
		UNLESS(BPF_REG_3, 136, 2),
		RETURN(1),
		RETURN(0),
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.insns = (uintptr_t)program,
		.license = (uintptr_t)"Apache-2.0" };
	union bpf_attr attach = { .target_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI };

	attach.attach_bpf_fd = (uint32_t)MUST(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)));
	MUST(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)));
	close((int)attach.attach_bpf_fd);
}

/* Our folder in hierarchy i; returns the path, which holds PATH_SIZE bytes. */
static const char *cgroup_path(const struct cgroups *cgroups, int i, char *path)
{
	snprintf(path, PATH_SIZE, CGROUP_ROOT "/%s/%s", cgroups->v2 ? "." : hierarchies[i],
		cgroups->name);
	return path;
}

void cgroups_make(struct cgroups *cgroups)
{
	struct statfs fs;

	memset(cgroups->fds, -1, sizeof(cgroups->fds));
	MUST(statfs(CGROUP_ROOT, &fs));
	cgroups->v2 = fs.f_type == CGROUP2_MAGIC;
	for (int i = 0; i < (cgroups->v2 ? 1 : CGROUP_HIERARCHIES); i++) {
		char path[PATH_SIZE];

		if (mkdir(cgroup_path(cgroups, i, path), 0755) < 0) {
			/* Not mounted, or another name of one that we have: cpu, cpuacct. */
			MUST(errno == ENOENT || errno == EEXIST ? 0 : -1);
			continue;
		}
		cgroups->fds[i] = (int)MUST(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (!cgroups->v2 && !strcmp(hierarchies[i], "cpuset"))
			cpuset_inherit(cgroups->fds[i]);
		if (!cgroups->v2 && !strcmp(hierarchies[i], "devices"))
			devices_v1(cgroups->fds[i]);
	}
	phase_end("cgroup_mkdir");
	if (cgroups->v2)
		devices_v2(cgroups->fds[0]);
	phase_end("cgroup_devices");
}

void cgroups_remove(const struct cgroups *cgroups)
{
	char path[PATH_SIZE];

	for (int i = 0; i < CGROUP_HIERARCHIES; i++)
		if (cgroups->fds[i] >= 0)
			MUST(rmdir(cgroup_path(cgroups, i, path)));
}

int cgroups_unified(const struct cgroups *cgroups)
{
	return cgroups->v2 ? cgroups->fds[0] : cgroups->fds[CGROUP_HIERARCHIES - 1];
}

/*
 * A process that writes 0 to `tasks` moves itself, without the lock and the RCU grace period
 * which somebody else's pid in cgroup.procs costs. The v2 tree was joined by clone3.
 */
void cgroups_join_v1(const struct cgroups *cgroups)
{
	for (int i = 0; !cgroups->v2 && i < CGROUP_HIERARCHIES - 1; i++)
		if (cgroups->fds[i] >= 0)
			text_write(cgroups->fds[i], "tasks", "0");
}

/* Binds the cgroup's own folders: a cgroup mount would show the same inside a cgroup namespace. */
void cgroups_show(const struct cgroups *cgroups)
{
	const uint64_t safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char path[PATH_SIZE];

	if (!cgroups->enabled)
		return;
	if (cgroups->v2) {
		mount_read_only(cgroup_path(cgroups, 0, path), "sys/fs/cgroup", safe);
		return;
	}
	MUST(mount_new("tmpfs", "sys/fs/cgroup", flags, "mode=755"));
	for (int i = 0; i < CGROUP_HIERARCHIES; i++) {
		char target[64];

		if (cgroups->fds[i] < 0)
			continue;
		snprintf(target, sizeof(target), "sys/fs/cgroup/%s", hierarchies[i]);
		MUST(mkdir(target, 0755));
		mount_read_only(cgroup_path(cgroups, i, path), target, safe);
	}
	MUST(syscall(SYS_mount, NULL, "sys/fs/cgroup", NULL,
		flags | MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
}

int cgroups_open(const char *pid, struct cgroups *cgroups)
{
	char text[4096], path[4200], *line, *rest = text;
	int fd, count = 0, unified = -1;
	struct statfs fs;

	memset(cgroups->fds, -1, sizeof(cgroups->fds));
	MUST(statfs(CGROUP_ROOT, &fs));
	cgroups->v2 = fs.f_type == CGROUP2_MAGIC;
	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	fd = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));
	text[MUST(read(fd, text, sizeof(text) - 1))] = '\0';
	close(fd);
	while ((line = strsep(&rest, "\n")) && *line) {
		char *controllers = strchr(line, ':') + 1, *folder = strchr(controllers, ':');

		*folder++ = '\0';
		if (!strncmp(controllers, "name=", 5))
			controllers += 5;
		if (!*controllers) {
			snprintf(path, sizeof(path), CGROUP_ROOT "%s%s",
				cgroups->v2 ? "" : "/unified", folder);
			unified = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		} else if (!cgroups->v2 && count < CGROUP_HIERARCHIES) {
			snprintf(
				path, sizeof(path), CGROUP_ROOT "/%s%s/tasks", controllers, folder);
			cgroups->fds[count++] = (int)MUST(open(path, O_WRONLY | O_CLOEXEC));
		}
	}
	return unified;
}
