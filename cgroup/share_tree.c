/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/share_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/processors.h"
#include "cgroup/driver.h"
#include "cgroup/share.h"
#include "cgroup/share_node.h"

/*
 * v2 counts the usage of its root by ticks and not by the clock: so much (of a CPU)
 * of what processes beside groups seem to use there is nothing.
 */
#define ROOT_NOISE 0.03

/* Groups that want so many times what they use have to wait. */
#define SATURATED 1.05

/* The weight of a process beside groups, in v1's shares. */
#define SHARES_OF_PROCESS 1024

static const char *name_of(const struct cgroup_place *place)
{
	return place->name;
}

static void tree_set_hierarchies(struct share_tree *tree, const struct cgroup *like)
{
	const struct cgroup_place *cpu = cgroup_v1_place(like, CONTROLLER_CPU);
	const struct cgroup_place *usage = cgroup_v1_place(like, CONTROLLER_CPUACCT);
	const struct cgroup_place *cpus = cgroup_v1_place(like, CONTROLLER_CPUSET);
	const struct cgroup_place *v2 = like->v2;

	tree->at = (struct share_hierarchies){
		.v2_cpu = !cpu,
		.v2_usage = !usage,
		.v2_cpus = !cpus,
	};
	if (cpu || v2)
		tree->at.cpu = string_copy(name_of(cpu ? cpu : v2));
	if (usage || v2)
		tree->at.usage = string_copy(name_of(usage ? usage : v2));
	if (cpus || v2)
		tree->at.cpus = string_copy(name_of(cpus ? cpus : v2));
	if (v2)
		tree->at.pressure = string_copy(name_of(v2));
}

int share_tree_open(struct share_tree **opened, const struct cgroup *like, struct kept_files *kept)
{
	_cleanup_share_tree_ struct share_tree *tree = memory_allocate_zero(sizeof(*tree));

	tree->kept = kept;
	tree->mount_fd = -EBADF;
	if (cgroup_is_none(like))
		return error_set(EOPNOTSUPP, "the container has no cgroup, and so no share");
	tree->mount_fd = open(CGROUP_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->mount_fd < 0)
		return error_errno(errno, CGROUP_MOUNT);
	tree_set_hierarchies(tree, like);
	tree->root = share_node_new(tree, NULL, "");
	*opened = TAKE_PTR(tree);
	return 0;
}

void share_tree_close(struct share_tree **address)
{
	struct share_tree *tree = *address;

	if (!tree)
		return;
	if (tree->root)
		share_node_free(tree, tree->root);
	free(tree->at.cpu);
	free(tree->at.usage);
	free(tree->at.pressure);
	free(tree->at.cpus);
	file_close(&tree->mount_fd);
	free(tree);
	*address = NULL;
}

/* The child of that name, made when missing. AT: where to look first, and to insert. */
static struct share_node *child_of(
	struct share_tree *tree, struct share_node *above, struct share_node **at, const char *name)
{
	struct share_node *child = *at;

	if (child && !strcmp(child->name, name))
		return child;
	for (child = above->first; child; child = child->next)
		if (!strcmp(child->name, name))
			return child;
	child = share_node_new(tree, above, name);
	child->next = *at;
	*at = child;
	return child;
}

struct share_node *share_tree_add(struct share_tree *tree, const struct cgroup *cgroup)
{
	const struct cgroup_place *place = cgroup_v1_place(cgroup, CONTROLLER_CPU);
	_cleanup_free_ char *path = string_copy(place_group(place ? place : cgroup->v2));
	struct share_node *node = tree->root;
	char *rest = NULL;

	for (char *name = strtok_r(path, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		node->below++;
		node = child_of(tree, node, &node->first, name);
	}
	node->added++;
	return node;
}

static void node_unlink(struct share_tree *tree, struct share_node *node)
{
	struct share_node **at = &node->above->first;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	share_node_free(tree, node);
}

void share_tree_drop(struct share_tree *tree, struct share_node *node)
{
	node->added--;
	while (node->above) {
		struct share_node *above = node->above;

		above->below--;
		above->links = 0;
		if (!node->added && !node->below)
			node_unlink(tree, node);
		node = above;
	}
}

void share_node_tell(struct share_node *node, const struct stolen *between)
{
	node->told = *between;
}

static void tree_scan(struct share_tree *tree, struct share_node *node);

static void scan_folder(struct share_tree *tree, struct share_node *node, DIR *folder)
{
	struct share_node **at = &node->first;
	const struct dirent *entry;

	while ((entry = readdir(folder))) {
		struct share_node *child;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
			!strcmp(entry->d_name, ".."))
			continue;
		child = child_of(tree, node, at, entry->d_name);
		child->seen = true;
		if (*at == child)
			at = &child->next;
	}
}

/* v2 lets none stand beside groups but in the root. */
static bool has_processes(
	const struct share_tree *tree, const struct share_node *node, int folder_fd)
{
	char byte;
	_cleanup_close_ int fd = -EBADF;

	if (!node->above || tree->at.v2_cpu)
		return !node->above;
	fd = openat(folder_fd, "tasks", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

/*
 * Read the folder when it can have changed. The links of a folder of cgroupfs count
 * the groups below; one that went and one that came are seen by the one that went.
 */
static void scan_changed(struct share_tree *tree, struct share_node *node)
{
	_cleanup_free_ char *path = string_copy(node->weight_file.path);
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	DIR *folder;

	*strrchr(path, '/') = '\0';
	fd = openat(tree->mount_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	node->has_processes = has_processes(tree, node, fd);
	node->is_scanned = status.st_nlink != node->links;
	if (!node->is_scanned)
		return;
	node->links = status.st_nlink;
	folder = fdopendir(fd);
	if (!folder)
		return;
	(void)TAKE_FD(fd);
	scan_folder(tree, node, folder);
	(void)closedir(folder);
}

/* The groups below, those that are new and those that are gone; and what they did. */
static void tree_scan(struct share_tree *tree, struct share_node *node)
{
	node->is_scanned = true;
	scan_changed(tree, node);
	for (struct share_node **at = &node->first, *child; (child = *at);) {
		if (node->is_scanned && !child->seen && !child->added && !child->below) {
			*at = child->next;
			share_node_free(tree, child);
			continue;
		}
		child->seen = false;
		share_node_read(tree, child);
		if (child->below)
			tree_scan(tree, child);
		at = &child->next;
	}
}

/*
 * A group of groups wants at least what those below do, and runs where they do:
 * the kernel gives it weight only on the CPUs where it has somebody to run.
 */
static void node_gather(struct share_node *node)
{
	double demand = 0, used = 0;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (struct share_node *child = node->first; child; child = child->next) {
		if (child->below)
			node_gather(child);
		demand += child->demand;
		used += child->used;
		if (child->demand > 0 || child->added || child->below)
			CPU_OR(&cpus, &cpus, &child->cpus);
	}
	if (node->demand < demand)
		node->demand = demand;
	if (node->used < used)
		node->used = used;
	if (processors_count(&cpus))
		node->cpus = cpus;
}

/* What groups below used, those that the scheduler knows as such. */
static double used_below(const struct share_node *node)
{
	double used = 0;

	for (const struct share_node *child = node->first; child; child = child->next)
		if (child->weight > 0)
			used += child->used;
	return used;
}

/*
 * What NODE has for the groups below: what the processes beside them, in NODE
 * itself, leave. In the root those may run anywhere: on the CPUs of the groups they
 * had at most what the groups did not use.
 */
static double capacity_below(const struct share_node *node, double beside, double below)
{
	if (node->above)
		return fmax(node->entitled - beside, 0);
	return node->entitled - fmin(beside, fmax(node->entitled - below, 0));
}

static bool is_member(const struct share_node *child)
{
	return child->weight > 0 && (child->demand > 0 || child->added || child->below);
}

static size_t members_of(const struct share_node *node, struct share_member *members)
{
	size_t count = 0;

	for (const struct share_node *child = node->first; child; child = child->next)
		if (is_member(child)) {
			if (members)
				members[count] = (struct share_member){
					.weight = child->weight,
					.demand = child->demand,
					.limit = child->limit,
					.cpus = child->cpus,
				};
			count++;
		}
	return count;
}

/*
 * Each process beside groups competes as a group of weight 1024 does, but nobody
 * tells how many want to run. Where groups wait for them, what they left shows it; else
 * they count as one for each CPU that they used, and with what they used.
 */
static double divide_beside(const struct share_tree *tree, const struct share_node *node,
	struct share_member *members, size_t *count)
{
	double below = used_below(node), beside = fmax(node->used - below, 0), wanted = 0;

	if (!node->has_processes || (tree->at.v2_usage && !node->above && beside < ROOT_NOISE))
		return node->entitled;
	for (const struct share_node *child = node->first; child; child = child->next)
		wanted += child->demand;
	if (wanted > below * SATURATED || beside <= 0)
		return capacity_below(node, beside, below);
	members[(*count)++] = (struct share_member){
		.weight = SHARES_OF_PROCESS * ceil(beside),
		.demand = beside,
		.limit = INFINITY,
		.cpus = node->cpus,
	};
	return node->entitled;
}

static void node_divide(const struct share_tree *tree, struct share_node *node)
{
	_cleanup_free_ struct share_member *members =
		memory_allocate((members_of(node, NULL) + 1) * sizeof(*members));
	size_t count = members_of(node, members), at = 0;
	double capacity = divide_beside(tree, node, members, &count);

	share_divide(members, count, capacity, &node->cpus);
	for (struct share_node *child = node->first; child; child = child->next) {
		child->entitled = NAN;
		if (is_member(child))
			child->entitled = members[at++].entitled;
		if (child->below)
			node_divide(tree, child);
	}
}

void share_tree_read(struct share_tree *tree)
{
	uint64_t now = clock_monotonic();

	tree->interval = tree->time ? (double)(now - tree->time) / 1e9 : 0;
	tree->time = now;
	share_node_read(tree, tree->root);
	tree_scan(tree, tree->root);
	if (tree->interval <= 0)
		return;
	node_gather(tree->root);
	tree->root->entitled = processors_count(&tree->root->cpus);
	node_divide(tree, tree->root);
}

double share_node_entitled(const struct share_node *node)
{
	return node->entitled;
}

double share_node_deficit(const struct share_node *node)
{
	return isnan(node->entitled) ? NAN
				     : share_deficit(node->entitled, node->used, node->demand);
}

struct share_node *share_node_above(const struct share_node *node)
{
	return node->above;
}

const char *share_node_name(const struct share_node *node)
{
	return node->name;
}
