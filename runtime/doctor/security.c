/* SPDX-License-Identifier: Apache-2.0 */

/* Seccomp and the security modules. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

/* In the child: a filter that lets getppid(2) fail, and the failure. */
static int try_filter(void *data, struct buffer *words)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	(void)data;
	(void)words;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return -errno;
	return syscall(SYS_getppid) == -1 && errno == EDOM ? 0 : -ENOTSUP;
}

static void probe_filters(struct finding *finding)
{
	int r = attempt(0, -1, try_filter, NULL, NULL);

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a filter was installed and worked");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "a filter cannot be installed: %s", error_words(r));
	finding_advise(finding, "a kernel with CONFIG_SECCOMP_FILTER; in a container, seccomp(2)");
}

static void probe_actions(struct finding *finding)
{
	static const struct {
		const char *name;
		unsigned int action;
	} actions[] = {
		{ "KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
		{ "KILL_THREAD", SECCOMP_RET_KILL_THREAD },
		{ "TRAP", SECCOMP_RET_TRAP },
		{ "ERRNO", SECCOMP_RET_ERRNO },
		{ "TRACE", SECCOMP_RET_TRACE },
		{ "LOG", SECCOMP_RET_LOG },
		{ "ALLOW", SECCOMP_RET_ALLOW },
	};
	_cleanup_buffer_ struct buffer missing = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i].action) < 0)
			buffer_format(&missing, " %s", actions[i].name);
	if (!missing.length) {
		finding_set(finding, DOCTOR_OK, "all %zu", ARRAY_SIZE(actions));
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "not in this kernel:%s", missing.data);
	finding_advise(finding, "Linux 4.14 or newer");
}

static void probe_notification(struct finding *finding)
{
	struct seccomp_notif_sizes sizes = { 0 };

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0) {
		finding_set(finding, DOCTOR_OK, "messages of %u and %u bytes", sizes.seccomp_notif,
			sizes.seccomp_notif_resp);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "no notification: %s", error_words(errno));
	finding_advise(finding, "Linux 5.0 or newer");
}

static void probe_modules(struct finding *finding)
{
	if (machine_line("/sys/kernel/security/lsm", &finding->found))
		return;
	finding_set(finding, DOCTOR_MISSING, "unknown: no securityfs on /sys/kernel/security");
	finding_advise(finding, "mount -t securityfs securityfs /sys/kernel/security");
}

static void probe_apparmor(struct finding *finding)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	if (machine_line("/sys/module/apparmor/parameters/enabled", &line) && line.length &&
		*line.data == 'Y') {
		finding_set(finding, DOCTOR_OK, "on");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "off: profiles are refused");
	finding_advise(finding, "boot with apparmor=1 security=apparmor, if containers need one");
}

static void probe_selinux(struct finding *finding)
{
	long long enforcing = machine_number("/sys/fs/selinux/enforce", -1);

	if (enforcing >= 0) {
		finding_set(finding, DOCTOR_OK, "%s", enforcing ? "enforcing" : "permissive");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "off: labels are refused");
	finding_advise(finding, "boot with selinux=1 security=selinux, if containers need labels");
}

const struct capability doctor_security = {
	.name = "security",
	.title = "filter system calls, label processes",
	.probes =
		(const struct probe[]){
			{ "seccomp-filters", DOCTOR_NEEDED, probe_filters },
			{ "seccomp-actions", DOCTOR_USEFUL, probe_actions },
			{ "seccomp-notification", DOCTOR_USEFUL, probe_notification },
			{ "security-modules", DOCTOR_FACT, probe_modules },
			{ "apparmor", DOCTOR_FACT, probe_apparmor },
			{ "selinux", DOCTOR_FACT, probe_selinux },
			{ 0 },
		},
};
