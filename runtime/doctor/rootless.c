/* SPDX-License-Identifier: Apache-2.0 */

/* Containers of ordinary users. Root is told how it is for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

#define FULL_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)

static int try_as_nobody(void *data, struct buffer *words)
{
	int r = attempt_become_nobody();

	(void)data;
	return r < 0 ? r : attempt(FULL_NAMESPACES, -1, attempt_nothing, NULL, words);
}

/* Settings that keep user namespaces from ordinary users: their value there, and the way out. */
static const struct {
	const char *file;
	long long refuses;
	const char *setting;
} user_settings[] = {
	{ "/proc/sys/user/max_user_namespaces", 0, "sysctl -w user.max_user_namespaces=28633" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", 0,
		"sysctl -w kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		"an AppArmor profile for hull with the rule \"userns,\" (or sysctl -w "
		"kernel.apparmor_restrict_unprivileged_userns=0)" },
};

static void probe_user_namespaces(struct finding *finding)
{
	bool root = geteuid() == 0;
	int r = root ? attempt(0, -1, try_as_nobody, NULL, NULL)
		     : attempt(FULL_NAMESPACES, -1, attempt_nothing, NULL, NULL);
	bool advised = false;

	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "one was made and mapped%s",
			root ? " by an ordinary user" : "");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "%s cannot make one: %s",
		root ? "an ordinary user" : "you", error_words(r));
	for (size_t i = 0; i < ARRAY_SIZE(user_settings); i++)
		if (machine_number(user_settings[i].file, -1) == user_settings[i].refuses) {
			finding_advise(finding, "%s", user_settings[i].setting);
			advised = true;
		}
	if (!advised)
		finding_advise(finding, machine_has_filter()
						? "allow them in the outer container (--privileged)"
						: "a kernel with CONFIG_USER_NS, whose security "
						  "module allows it");
}

/* Set-uid root or with a file capability, else it can map no more than its caller can. */
static bool is_privileged(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && ((st.st_uid == 0 && (st.st_mode & S_ISUID)) ||
					       getxattr(path, "security.capability", NULL, 0) > 0);
}

static void probe_id_helpers(struct finding *finding)
{
	static const char *const names[] = { "newuidmap", "newgidmap" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = attempt_find_program(names[i]);

		if (path && is_privileged(path)) {
			finding_add(finding, "%s", path);
		} else if (path) {
			finding->status = DOCTOR_MISSING;
			finding_add(finding, "%s may not set ids", path);
			finding_advise(finding, "chmod u+s %s", path);
		} else {
			finding->status = DOCTOR_MISSING;
			finding_add(finding, "no %s in PATH", names[i]);
		}
	}
	if (finding->status != DOCTOR_OK && !finding->advice.length)
		finding_advise(finding, "apt install uidmap; without it a container has one id");
}

/* The ids that FILE gives to the user, by name or number; to anybody when NAME is NULL. */
static unsigned long long subordinate_ids(const char *file, const char *name, uid_t uid)
{
	_cleanup_free_ char *number = string_format("%u", uid);
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned long long sum = 0;
	char *rest = NULL;

	if (file_read_at(AT_FDCWD, file, &text, 1u << 20) < 0 || !text.data)
		return 0;
	for (char *line = strtok_r(text.data, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;

		if (!count || *line == '#')
			continue;
		*first = '\0';
		if (!name || !strcmp(line, name) || !strcmp(line, number))
			sum += strtoull(count + 1, NULL, 10);
	}
	return sum;
}

static void probe_subordinate_ids(struct finding *finding)
{
	uid_t uid = geteuid();
	const struct passwd *user = uid ? getpwuid(uid) : NULL;
	_cleanup_free_ char *name = uid == 0 ? NULL
				    : user   ? string_copy(user->pw_name)
					     : string_format("%u", uid);
	unsigned long long uids = subordinate_ids("/etc/subuid", name, uid);
	unsigned long long gids = subordinate_ids("/etc/subgid", name, uid);
	const char *whose = name ? name : "all users together";

	finding_set(finding, DOCTOR_OK, "%s: %llu uids, %llu gids", whose, uids, gids);
	if (uids && gids)
		return;
	finding->status = DOCTOR_MISSING;
	finding_advise(finding,
		"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
		name ? name : "USER");
}

static void probe_runtime_folder(struct finding *finding)
{
	const char *path = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0) {
		finding_set(finding, DOCTOR_OK, "root needs none");
	} else if (path && *path && access(path, W_OK) == 0) {
		finding_set(finding, DOCTOR_OK, "%s", path);
	} else {
		finding_set(finding, DOCTOR_LIMITED, "XDG_RUNTIME_DIR is %s%s",
			path && *path ? "not writable: " : "not set", path ? path : "");
		finding_advise(finding, "log in through PAM (machinectl shell USER@)");
	}
}

static void probe_user_network(struct finding *finding)
{
	static const char *const names[] = { "pasta", "slirp4netns" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = attempt_find_program(names[i]);

		if (path)
			finding_add(finding, "%s", path);
	}
	if (finding->found.length)
		return;
	finding_set(finding, DOCTOR_MISSING, "no pasta or slirp4netns, which engines use");
	finding_advise(finding, "apt install passt");
}

const struct capability doctor_rootless = {
	.name = "rootless",
	.title = "containers of ordinary users",
	.probes =
		(const struct probe[]){
			{ "user-namespaces", DOCTOR_NEEDED, probe_user_namespaces },
			{ "id-helpers", DOCTOR_USEFUL, probe_id_helpers },
			{ "subordinate-ids", DOCTOR_USEFUL, probe_subordinate_ids },
			{ "runtime-folder", DOCTOR_USEFUL, probe_runtime_folder },
			{ "user-network", DOCTOR_FACT, probe_user_network },
			{ 0 },
		},
};
