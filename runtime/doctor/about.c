/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/doctor/about.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/processors.h"
#include "ns/capability.h"
#include "ns/seccomp.h"
#include "runtime/doctor/machine.h"

#ifdef __GLIBC__
#define LIBC_NAME "glibc, dynamic"
#else
#define LIBC_NAME "musl, static"
#endif

/* PRETTY_NAME="…" of os-release(5). */
static void about_distribution(struct buffer *name)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *at = NULL;

	if (file_read_at(AT_FDCWD, "/etc/os-release", &text, 1u << 16) >= 0 && text.data)
		at = strstr(text.data, "PRETTY_NAME=");
	if (at)
		at += strlen("PRETTY_NAME=") + (at[strlen("PRETTY_NAME=")] == '"');
	if (at)
		buffer_bytes(name, at, strcspn(at, "\"\n"));
	else
		buffer_text(name, "unknown");
}

void about_collect(struct about *about)
{
	cpu_set_t cpus;

	*about = (struct about){ .libc = LIBC_NAME, .uid = geteuid() };
	seccomp_library_version(&about->seccomp);
	buffer_text(&about->capability, capability_library_version());
	json_library_version(&about->json);
	(void)uname(&about->kernel);
	about_distribution(&about->distribution);
	about->cpus = processors_online(&cpus);
	about->memory = (unsigned long long)sysconf(_SC_PHYS_PAGES) *
			(unsigned long long)sysconf(_SC_PAGESIZE);
	about->user_namespace = machine_in_user_namespace();
	about->virtual_machine = machine_has_word("/proc/cpuinfo", "hypervisor");
}

void about_free(struct about *about)
{
	buffer_free(&about->seccomp);
	buffer_free(&about->capability);
	buffer_free(&about->json);
	buffer_free(&about->distribution);
}
