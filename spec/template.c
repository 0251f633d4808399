/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/template.h"

#include "base/json.h"
#include "spec/config.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

const char *const template_masked_paths[] = { "/proc/acpi", "/proc/asound", "/proc/kcore",
	"/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug", "/sys/firmware", "/proc/scsi", "/sys/devices/virtual/tpm", NULL };
const char *const template_readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger", NULL };

/* Which of two that stand for each other is wanted. */
enum variant { ALWAYS, NEW_SYS, HOST_SYS, TTY_GROUP, NO_TTY_GROUP };

static const struct {
	const char *destination, *type, *source;
	const char *options[8];
	enum variant variant;
} mounts[] = {
	{ "/proc", "proc", "proc", { NULL }, ALWAYS },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" },
		ALWAYS },
	{ "/dev/pts", "devpts", "devpts",
		{ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" },
		TTY_GROUP },
	{ "/dev/pts", "devpts", "devpts",
		{ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }, NO_TTY_GROUP },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" },
		ALWAYS },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, ALWAYS },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" }, NEW_SYS },
	{ "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "rro" }, HOST_SYS },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" },
		ALWAYS },
};

static void template_process(struct json_writer *writer)
{
	const char *const *capabilities =
		WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");

	json_begin_object(writer, "process");
	json_write_bool(writer, "terminal", true);
	json_begin_object(writer, "user");
	json_write_unsigned(writer, "uid", 0);
	json_write_unsigned(writer, "gid", 0);
	json_end_object(writer);
	json_write_strings(writer, "args", WORDS("sh"));
	json_write_strings(writer, "env",
		WORDS("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"TERM=xterm"));
	json_write_string(writer, "cwd", "/");
	/* Never the inheritable set: a program with file capabilities would get them back. */
	json_begin_object(writer, "capabilities");
	json_write_strings(writer, "bounding", capabilities);
	json_write_strings(writer, "effective", capabilities);
	json_write_strings(writer, "permitted", capabilities);
	json_end_object(writer);
	json_begin_array(writer, "rlimits");
	json_begin_object(writer, NULL);
	json_write_string(writer, "type", "RLIMIT_NOFILE");
	json_write_unsigned(writer, "hard", 1024);
	json_write_unsigned(writer, "soft", 1024);
	json_end_object(writer);
	json_end_array(writer);
	json_write_bool(writer, "noNewPrivileges", true);
	json_end_object(writer);
}

void template_write_mounts(struct json_writer *writer, bool host_sys, bool no_tty_group)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		enum variant variant = mounts[i].variant;

		if (variant == (host_sys ? NEW_SYS : HOST_SYS) ||
			variant == (no_tty_group ? TTY_GROUP : NO_TTY_GROUP))
			continue;
		json_begin_object(writer, NULL);
		json_write_string(writer, "destination", mounts[i].destination);
		json_write_string(writer, "type", mounts[i].type);
		json_write_string(writer, "source", mounts[i].source);
		if (mounts[i].options[0])
			json_write_strings(writer, "options", mounts[i].options);
		json_end_object(writer);
	}
}

static void template_mapping(struct json_writer *writer, const char *key, uint32_t id)
{
	json_begin_array(writer, key);
	json_begin_object(writer, NULL);
	json_write_unsigned(writer, "containerID", 0);
	json_write_unsigned(writer, "hostID", id);
	json_write_unsigned(writer, "size", 1);
	json_end_object(writer);
	json_end_array(writer);
}

static void template_resources(struct json_writer *writer)
{
	json_begin_object(writer, "resources");
	json_begin_array(writer, "devices");
	json_begin_object(writer, NULL);
	json_write_bool(writer, "allow", false);
	json_write_string(writer, "access", "rwm");
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

static void template_namespaces(struct json_writer *writer, bool rootless)
{
	const char *const *types =
		rootless ? WORDS("pid", "ipc", "uts", "mount", "cgroup", "user")
			 : WORDS("pid", "network", "ipc", "uts", "mount", "cgroup");

	json_begin_array(writer, "namespaces");
	for (; *types; types++) {
		json_begin_object(writer, NULL);
		json_write_string(writer, "type", *types);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void template_linux(struct json_writer *writer, bool rootless, uint32_t uid, uint32_t gid)
{
	json_begin_object(writer, "linux");
	if (rootless) {
		template_mapping(writer, "uidMappings", uid);
		template_mapping(writer, "gidMappings", gid);
	} else {
		template_resources(writer);
	}
	template_namespaces(writer, rootless);
	json_write_strings(writer, "maskedPaths", template_masked_paths);
	json_write_strings(writer, "readonlyPaths", template_readonly_paths);
	json_end_object(writer);
}

void template_write(struct buffer *buffer, bool rootless, uint32_t uid, uint32_t gid)
{
	struct json_writer writer = { .buffer = buffer, .pretty = true };

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "ociVersion", SPEC_VERSION);
	template_process(&writer);
	json_begin_object(&writer, "root");
	json_write_string(&writer, "path", "rootfs");
	json_write_bool(&writer, "readonly", true);
	json_end_object(&writer);
	json_write_string(&writer, "hostname", "hull");
	json_begin_array(&writer, "mounts");
	/* One mapped group: there is no tty group to give the terminals to. */
	template_write_mounts(&writer, rootless, rootless);
	json_end_array(&writer);
	template_linux(&writer, rootless, uid, gid);
	json_end_object(&writer);
	buffer_text(buffer, "\n");
}
