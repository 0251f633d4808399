/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_CGROUP_H
#define HULL_CGROUP_CGROUP_H

/*
 * What a container may use: its cgroup, whatever hierarchy this machine has
 * (v1, v2, hybrid). The hierarchy is looked at once, in cgroup_open; one driver
 * answers from then on (cgroup/driver.h), and nobody outside this folder knows
 * which.
 *
 * Paths follow config-linux.md "Cgroups": an absolute cgroupsPath stands below
 * the root of the hierarchy, a relative one below "/hull", none at all means
 * "/hull/ID".
 *
 * All functions return 0 (or what they say) or a negative errno with a message.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "spec/config.h"

struct cgroup;

/*
 * Find the driver and the place for container ID; makes nothing. SAVED is the
 * text that cgroup_saved gave for an existing container, or NULL for a new one.
 */
int cgroup_open(
	struct cgroup **cgroup, const char *id, const char *cgroups_path, const char *saved);

/*
 * The same for a new container of an ordinary user: an absolute path as above,
 * anything else below the group that was delegated to him (cgroup/delegation.h).
 * Without v2 or without such a group there is none, as after cgroup_open_none.
 */
int cgroup_open_delegated(struct cgroup **cgroup, const char *id, const char *cgroups_path);

/*
 * No cgroup at all: the processes stay where they are, limits are refused, and
 * who belongs to the container is not known here.
 */
int cgroup_open_none(struct cgroup **cgroup, const char *id);
bool cgroup_is_none(const struct cgroup *cgroup);

/*
 * The same for a new container whose group systemd shall make, as a unit of its
 * own: CGROUPS_PATH is "SLICE:PREFIX:NAME" and means PREFIX-NAME.scope in SLICE;
 * nothing means "system.slice:hull:ID" (a user's: user.slice). Root asks the system's
 * systemd, a user the user's. ANNOTATIONS may give the unit more properties
 * ("org.systemd.property.NAME"). -ENOTCONN and the like where no systemd answers.
 */
int cgroup_open_systemd(struct cgroup **cgroup, const char *id, const char *cgroups_path,
	const struct string_map *annotations);

/* What the annotations for systemd begin with, as a list for `hull features`. */
extern const char *const cgroup_unsafe_annotations[];

/* What state.json keeps, so that cgroup_open finds the same group again. */
const char *cgroup_saved(const struct cgroup *cgroup);
void cgroup_close(struct cgroup **cgroup);

#define _cleanup_cgroup_ __attribute__((cleanup(cgroup_close)))

/*
 * Make the group and the groups above it. A group that exists is taken over
 * only when it holds no process and is not frozen (-EBUSY). On an error nothing
 * that was made stays.
 */
int cgroup_create(struct cgroup *cgroup);

/*
 * Let cgroup_clone_fd and cgroup_enter mean groups below the container's, which
 * exist: GROUPS has one path ("a/b"), or on v1 any number of
 * "CONTROLLER[,CONTROLLER]...:PATH". -EINVAL or -ENOENT with a message that
 * starts with "--cgroup: ".
 */
int cgroup_descend(struct cgroup *cgroup, const struct string_list *groups);

/*
 * The same for the v2 group that PID is in, when that is below the container's: where
 * a container has given controllers to groups of its own, none but those can
 * have processes (cgroup-v2.rst "No Internal Process Constraint"). -ENOENT, without
 * a message, when PID is not below.
 */
int cgroup_descend_to(struct cgroup *cgroup, pid_t pid);

/*
 * A descriptor of the v2 group for clone3's CLONE_INTO_CGROUP, owned by CGROUP;
 * -1 without v2, and for a group that was taken over (v2.c says why): the child
 * then enters by itself.
 */
int cgroup_clone_fd(const struct cgroup *cgroup);

/*
 * Move the calling process, which must have one thread, into the group. With
 * BY_CLONE, CLONE_INTO_CGROUP has done the v2 part. Writing "0" to v1's `tasks`
 * by the process itself avoids the global lock that `cgroup.procs` takes.
 */
int cgroup_enter(const struct cgroup *cgroup, bool by_clone);

/*
 * Must limits be set, by cgroup_apply, before there is a process? On v1, whose
 * device rules are many steps: in between not even /dev/null could be made.
 */
bool cgroup_apply_comes_first(const struct cgroup *cgroup);

/*
 * The container's first process PID exists, and may be setting itself up: set
 * the limits, unless cgroup_apply came first. With systemd the process waits in
 * cgroup_enter until here its unit was started with it and the limits hold.
 * -EEXIST: there is such a unit, and it is not this container's.
 */
int cgroup_start(struct cgroup *cgroup, pid_t pid, const struct config_resources *resources);

/*
 * Set the limits of `linux.resources`; NULL sets what every container gets (the
 * device rules). What the hierarchy has no controller for is refused by its
 * name in the document. On an update (the container runs) only given values
 * change, device rules too; and either all of them do or none: what the kernel
 * refuses half-way is named, and what was set before is set back.
 */
int cgroup_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update);

/*
 * Let user UID of the host make groups below the group and move processes among
 * them. Does nothing on v1, whose groups are not safe to give away.
 */
int cgroup_give(const struct cgroup *cgroup, uid_t uid);

/* Freeze or thaw all processes; waits, bounded, until it is so. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen);
bool cgroup_is_frozen(const struct cgroup *cgroup);

/*
 * Send SIGNAL to every process in the group and the groups below; fine when
 * there is none. SIGKILL reaches frozen ones too.
 */
int cgroup_kill(const struct cgroup *cgroup, int signal);

/* The processes in the group and below, as the caller's pid namespace numbers them; free *PIDS. */
int cgroup_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count);

/*
 * Remove the group and the groups below. Waits for dying processes, at most
 * two seconds: -EBUSY names a process that holds it. Removing what does not
 * exist succeeds. Parents that hull made for it ("/hull") stay.
 */
int cgroup_remove(const struct cgroup *cgroup);

/*
 * What `events --stats` prints: the members "cpu", "memory", "pids", "blkio",
 * "hugetlb" of runc's format, added to an object that is open.
 */
int cgroup_write_stats(const struct cgroup *cgroup, struct json_writer *writer);

/* What the container sees at a mount of type "cgroup". */
struct cgroup_view {
	const char *name; /* "memory", "cpu,cpuacct", "systemd"; "" for v2 alone */
	const char *root; /* the hierarchy's mount point on the host */
	const char *path; /* the container's group below it, without a leading slash */
};

/* The views in the order of mounting, up to one with a NULL name; owned by CGROUP. */
const struct cgroup_view *cgroup_views(const struct cgroup *cgroup);

#endif
