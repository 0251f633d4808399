/* SPDX-License-Identifier: Apache-2.0 */

/* Device rules on v2: loading, attaching and replacing the program of device_program.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"

#define PROGRAM_NAME   "hull_device" /* ours are known by it */
#define VERIFIER_BYTES 4096
#define PROGRAMS_MOST  64 /* the kernel's limit on one group */

static int bpf_call(enum bpf_cmd command, union bpf_attr *attr)
{
	int r;

	/* The verifier may be interrupted by a signal. */
	do
		r = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
	while (r < 0 && errno == EAGAIN);
	return r < 0 ? -errno : r;
}

static int program_load(const struct bpf_insn *insns, size_t count, char *log, size_t log_bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insn_cnt = (uint32_t)count;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	(void)strcpy(attr.prog_name, PROGRAM_NAME);
	if (log) {
		attr.log_buf = (uint64_t)(uintptr_t)log;
		attr.log_size = (uint32_t)log_bytes;
		attr.log_level = 1;
	}
	return bpf_call(BPF_PROG_LOAD, &attr);
}

/* A descriptor of the loaded program (close-on-exec, as all that bpf(2) makes). */
static int program_make(const struct device_rules *rules)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	char log[VERIFIER_BYTES] = "";
	size_t count;
	int fd;

	insns = device_program_make(rules, &count);
	fd = program_load(insns, count, NULL, 0);
	if (fd == -EINVAL || fd == -EACCES) /* once more, to hear why */
		fd = program_load(insns, count, log, sizeof(log));
	if (fd < 0)
		return error_errno(fd, "linux.resources.devices: load a BPF program%s%s",
			*log ? ": " : "", log);
	return fd;
}

static int program_attach(int group_fd, int program_fd, int replaced_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)group_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return bpf_call(BPF_PROG_ATTACH, &attr);
}

static int program_detach(int group_fd, int program_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)group_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf_call(BPF_PROG_DETACH, &attr);
}

static bool program_is_ours(int program_fd)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr) >= 0 && !strcmp(info.name, PROGRAM_NAME);
}

/* A descriptor of our program on the group; -ENOENT when it has none. */
static int program_find(int group_fd)
{
	uint32_t ids[PROGRAMS_MOST];
	union bpf_attr attr;
	uint32_t count;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)group_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MOST;
	r = bpf_call(BPF_PROG_QUERY, &attr);
	if (r < 0)
		return r;
	count = attr.query.prog_cnt;
	for (uint32_t i = 0; i < count && i < PROGRAMS_MOST; i++) {
		_cleanup_close_ int fd = -EBADF;

		memset(&attr, 0, sizeof(attr));
		attr.prog_id = ids[i];
		fd = bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
		if (fd >= 0 && program_is_ours(fd))
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

/*
 * A user's containers live in user namespaces, where no BPF program can be
 * loaded and none is needed: the kernel lets nobody make a device node there,
 * and those that are handed in are protected by their owner and mode.
 */
static bool in_user_namespace(void)
{
	static const char whole[] = "         0          0 4294967295\n";
	_cleanup_buffer_ struct buffer map = { 0 };

	return file_read_at(-1, "/proc/self/uid_map", &map, 4096) >= 0 && map.data &&
	       strcmp(map.data, whole) != 0;
}

static int device_program_set(struct cgroup_place *place, int program_fd)
{
	/* On a group that we made nothing is attached, so nobody need be asked. */
	_cleanup_close_ int old_fd =
		place->made && !place->has_program ? -ENOENT : program_find(place->group_fd);
	int r = 0;

	if (old_fd < 0 && old_fd != -ENOENT)
		r = old_fd;
	else if (program_fd >= 0)
		r = program_attach(place->group_fd, program_fd, old_fd);
	else if (old_fd >= 0)
		r = program_detach(place->group_fd, old_fd);
	if (r < 0)
		return error_errno(r, "linux.resources.devices: attach a BPF program to %s/%s",
			place->root, place_group(place));
	place->has_program = program_fd >= 0;
	return 0;
}

int devices_bpf_apply(struct cgroup_place *place, const struct config_resources *resources)
{
	_cleanup_close_ int program_fd = -EBADF;
	struct device_rules rules;
	bool all;
	int r = device_rules_make(&rules, resources);

	all = r >= 0 && rules.allow && !rules.count;
	if (r >= 0)
		r = place_open(place);
	if (r >= 0 && !all)
		r = program_fd = program_make(&rules);
	device_rules_free(&rules);
	if (r == -EPERM && (geteuid() || in_user_namespace())) {
		log_debug("%s; the user namespace holds the container", error_text(r));
		error_clear();
		return 0;
	}
	return r < 0 ? r : device_program_set(place, program_fd);
}
