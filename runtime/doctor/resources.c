/* SPDX-License-Identifier: Apache-2.0 */

/* What can be shared out: memory, NUMA nodes, limits, real time. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

#define MEBIBYTE (1024ull * 1024)

static void probe_memory(struct finding *finding)
{
	struct sysinfo info = { 0 };
	unsigned long long unit;

	(void)sysinfo(&info);
	unit = info.mem_unit ? info.mem_unit : 1;
	finding_set(finding, DOCTOR_OK, "%llu MiB, %llu free; swap %llu MiB",
		info.totalram * unit / MEBIBYTE, info.freeram * unit / MEBIBYTE,
		info.totalswap * unit / MEBIBYTE);
}

/* In the child: the policy that config.json's linux.memoryPolicy would set. */
static int try_memory_policy(void *data, struct buffer *words)
{
	unsigned long nodes = 1;

	(void)data;
	(void)words;
	return syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, sizeof(nodes) * 8) < 0 ? -errno : 0;
}

static void probe_numa(struct finding *finding)
{
	_cleanup_buffer_ struct buffer nodes = { 0 };
	int r = attempt(0, -1, try_memory_policy, NULL, NULL);

	if (!machine_line("/sys/devices/system/node/online", &nodes))
		buffer_text(&nodes, "unknown");
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "nodes: %s; a policy was set", nodes.data);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "nodes: %s; no policy can be set: %s", nodes.data,
		error_words(r));
	finding_advise(finding, "a kernel with CONFIG_NUMA, or one that allows set_mempolicy(2)");
}

/* In the child: one more than the hard limit, where there is one. */
static int try_limit(void *data, struct buffer *words)
{
	struct rlimit limit;

	(void)data;
	(void)words;
	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		return -errno;
	if (limit.rlim_max == RLIM_INFINITY && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
		limit.rlim_max != RLIM_INFINITY) {
		limit.rlim_max++;
		return setrlimit(RLIMIT_MEMLOCK, &limit) < 0 ? -errno : 0;
	}
	if (limit.rlim_max == RLIM_INFINITY)
		return 0;
	limit.rlim_max++;
	return setrlimit(RLIMIT_NPROC, &limit) < 0 ? -errno : 0;
}

static void probe_limits(struct finding *finding)
{
	int r = attempt(0, -1, try_limit, NULL, NULL);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "rlimits can be raised");
		return;
	}
	finding_set(
		finding, DOCTOR_LIMITED, "rlimits cannot be raised above hull's own hard limits");
	finding_advise(finding, geteuid() == 0
					? "CAP_SYS_RESOURCE for hull"
					: "raise yours (limits.conf(5), DefaultLimit… of systemd)");
}

static int try_realtime(void *data, struct buffer *words)
{
	struct sched_param parameters = { .sched_priority = 1 };

	(void)data;
	(void)words;
	/* Some C libraries have no sched_setscheduler(3) that is the kernel's. */
	return syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters) < 0 ? -errno : 0;
}

static void probe_realtime(struct finding *finding)
{
	int r = attempt(0, -1, try_realtime, NULL, NULL);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "SCHED_FIFO was given");
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "SCHED_FIFO is refused: %s", error_words(r));
	finding_advise(finding, geteuid() == 0 ? "run hull where CAP_SYS_NICE is, or turn off "
						 "CONFIG_RT_GROUP_SCHED"
					       : "an rtprio in limits.conf(5)");
}

static void probe_resctrl(struct finding *finding)
{
	if (access("/sys/fs/resctrl/schemata", F_OK) == 0) {
		finding_set(finding, DOCTOR_OK, "mounted on /sys/fs/resctrl");
	} else if (machine_has_filesystem("resctrl")) {
		finding_set(finding, DOCTOR_LIMITED, "not mounted");
		finding_advise(finding, "mount -t resctrl resctrl /sys/fs/resctrl");
	} else {
		finding_set(finding, DOCTOR_MISSING, "no cache or bandwidth allocation");
		finding_advise(finding, "a processor with Intel RDT or AMD PQoS");
	}
}

const struct capability doctor_resources = {
	.name = "resources",
	.title = "set limits, scheduling, NUMA policy, cache shares",
	.probes =
		(const struct probe[]){
			{ "memory", DOCTOR_FACT, probe_memory },
			{ "numa", DOCTOR_USEFUL, probe_numa },
			{ "limits", DOCTOR_USEFUL, probe_limits },
			{ "real-time", DOCTOR_USEFUL, probe_realtime },
			{ "resctrl", DOCTOR_FACT, probe_resctrl },
			{ 0 },
		},
};
