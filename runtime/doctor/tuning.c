/* SPDX-License-Identifier: Apache-2.0 */

/* For later: real time, placement, observation. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/doctor/machine.h"

#define HUGE_PAGES "/sys/kernel/mm/hugepages"

#ifndef SYS_statmount /* the same on every architecture */
#define SYS_statmount 457
#endif

static void probe_preempt_rt(struct finding *finding)
{
	if (machine_number("/sys/kernel/realtime", 0) == 1) {
		finding_set(finding, DOCTOR_OK, "this kernel is one");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "this kernel is none");
	finding_advise(finding, "apt install linux-image-rt-amd64");
}

static void probe_isolated_cpus(struct finding *finding)
{
	_cleanup_buffer_ struct buffer isolated = { 0 }, tickless = { 0 };

	if (machine_line("/sys/devices/system/cpu/isolated", &isolated) && isolated.length) {
		finding_set(finding, DOCTOR_OK, "%s", isolated.data);
		if (machine_line("/sys/devices/system/cpu/nohz_full", &tickless) && tickless.length)
			finding_add(finding, "without ticks: %s", tickless.data);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "none");
	finding_advise(finding, "boot with isolcpus= and nohz_full=, or a cpuset partition of v2");
}

static void probe_huge_pages(struct finding *finding)
{
	DIR *folder = opendir(HUGE_PAGES);
	long long all = 0;

	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		_cleanup_free_ char *total =
			string_format(HUGE_PAGES "/%s/nr_hugepages", entry->d_name);
		_cleanup_free_ char *free_file =
			string_format(HUGE_PAGES "/%s/free_hugepages", entry->d_name);
		long long count = machine_number(total, 0);

		if (strncmp(entry->d_name, "hugepages-", 10) != 0)
			continue;
		all += count;
		finding_add(finding, "%s: %lld of %lld free", entry->d_name + 10,
			machine_number(free_file, 0), count);
	}
	if (folder)
		closedir(folder);
	if (!folder)
		finding_set(finding, DOCTOR_MISSING, "the kernel has none");
	if (all)
		return;
	finding->status = DOCTOR_MISSING;
	finding_advise(finding, "sysctl -w vm.nr_hugepages=N");
}

static void probe_statmount(struct finding *finding)
{
	(void)syscall(SYS_statmount, NULL, NULL, 0, 0);
	if (errno != ENOSYS && errno != EPERM) {
		finding_set(finding, DOCTOR_OK, "there");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "refused: %s", error_words(errno));
	finding_advise(finding, "Linux 6.8 or newer");
}

const struct capability doctor_tuning = {
	.name = "tuning",
	.title = "real time, placement, observation",
	.later = true,
	.probes =
		(const struct probe[]){
			{ "preempt-rt", DOCTOR_USEFUL, probe_preempt_rt },
			{ "isolated-cpus", DOCTOR_USEFUL, probe_isolated_cpus },
			{ "huge-pages", DOCTOR_USEFUL, probe_huge_pages },
			{ "statmount", DOCTOR_FACT, probe_statmount },
			{ 0 },
		},
};
