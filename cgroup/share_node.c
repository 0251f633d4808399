/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/share_node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/processors.h"
#include "cgroup/share.h"

#define FILE_BYTES 4096

/* What one unit of v2's weight, and the weight of cpu.idle, are in v1's shares (the kernel's unit). */
#define SHARES_OF_WEIGHT (1024 / 100.0)
#define SHARES_OF_IDLE	 3

/* Readings after which an idle group's weight is read again. */
#define AGE_MOST 32

static void path_add(struct buffer *path, const struct share_node *node)
{
	if (!node->above)
		return;
	path_add(path, node->above);
	buffer_text(path, "/");
	buffer_text(path, node->name);
}

static void node_set_files(struct share_tree *tree, struct share_node *node)
{
	const struct share_hierarchies *at = &tree->at;
	const struct {
		struct kept_file *file;
		const char *hierarchy, *name;
	} rows[] = {
		{ &node->weight_file, at->cpu, at->v2_cpu ? "cpu.weight" : "cpu.shares" },
		{ &node->quota_file, at->cpu, at->v2_cpu ? "cpu.max" : "cpu.cfs_quota_us" },
		{ &node->period_file, at->v2_cpu ? NULL : at->cpu, "cpu.cfs_period_us" },
		{ &node->usage_file, at->usage, at->v2_usage ? "cpu.stat" : "cpuacct.usage" },
		{ &node->pressure_file, at->pressure, "cpu.pressure" },
		{ &node->cpus_file, at->cpus,
			at->v2_cpus ? "cpuset.cpus.effective" : "cpuset.effective_cpus" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer folder = { 0 };

		if (!rows[i].hierarchy)
			continue;
		buffer_text(&folder, *rows[i].hierarchy ? rows[i].hierarchy : ".");
		path_add(&folder, node);
		kept_file_set(rows[i].file, folder.data, rows[i].name);
	}
}

struct share_node *share_node_new(
	struct share_tree *tree, struct share_node *above, const char *name)
{
	struct share_node *node = memory_allocate_zero(sizeof(*node));

	node->above = above;
	node->name = string_copy(name);
	node->entitled = NAN;
	node_set_files(tree, node);
	return node;
}

void share_node_free(struct share_tree *tree, struct share_node *node)
{
	struct kept_file *files[] = { &node->weight_file, &node->quota_file, &node->period_file,
		&node->usage_file, &node->pressure_file, &node->cpus_file };

	for (struct share_node *child = node->first, *next; child; child = next) {
		next = child->next;
		share_node_free(tree, child);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		kept_file_free(files[i], tree->kept);
	free(node->name);
	free(node);
}

static bool node_text(struct share_tree *tree, struct kept_file *file, char text[FILE_BYTES])
{
	return kept_file_read(file, tree->kept, tree->mount_fd, text, FILE_BYTES) > 0;
}

/* Of groups that are not added: those have a meter, which tells. */
static void read_usage(struct share_tree *tree, struct share_node *node)
{
	uint64_t usage = 0, some = 0, full;
	char text[FILE_BYTES];
	double wait = 0;

	if (node_text(tree, &node->usage_file, text)) {
		if (!tree->at.v2_usage)
			usage = strtoull(text, NULL, 10);
		else if (kept_text_number(text, "usage_usec", &usage))
			usage *= 1000;
	} else if (node->above) {
		node->above->links = 0; /* it is gone, and another may have come */
	}
	/* The root has neither: nobody stands beside it. */
	if (node->above && node_text(tree, &node->pressure_file, text))
		(void)stolen_parse_pressure(text, &some, &full);
	node->used = 0;
	if (node->known && tree->interval > 0) {
		node->used = usage > node->usage ? (double)(usage - node->usage) : 0;
		wait = some > node->some ? (double)(some - node->some) : 0;
		node->used /= tree->interval * 1e9;
		wait /= tree->interval * 1e9;
	}
	node->demand = node->used + wait;
	node->usage = usage;
	node->some = some;
	node->known = true;
}

static void take_told(struct share_tree *tree, struct share_node *node)
{
	double interval = node->told.time ? (double)node->told.time : tree->interval * 1e9;

	node->used = interval > 0 ? (double)node->told.usage / interval : 0;
	node->demand = node->used;
	if (interval > 0)
		node->demand += (double)node->told.wait / interval;
	node->told = (struct stolen){ 0 };
	/* A reading of its own would begin anew. */
	node->known = false;
}

static void read_weight(struct share_tree *tree, struct share_node *node)
{
	char text[FILE_BYTES];

	node->weight = 0;
	if (!node_text(tree, &node->weight_file, text))
		return;
	node->weight = strtod(text, NULL);
	if (tree->at.v2_cpu)
		node->weight = node->weight > 0 ? node->weight * SHARES_OF_WEIGHT : SHARES_OF_IDLE;
}

static void read_limit(struct share_tree *tree, struct share_node *node)
{
	_cleanup_buffer_ struct buffer quota = { 0 };
	char text[FILE_BYTES];

	node->limit = INFINITY;
	if (!node_text(tree, &node->quota_file, text))
		return;
	buffer_bytes(&quota, text, strcspn(text, "\n"));
	/* v1 has the period in a file of its own; a quota of -1 is none. */
	if (!tree->at.v2_cpu && text[0] != '-' && node_text(tree, &node->period_file, text))
		buffer_format(&quota, " %s", text);
	node->limit = share_parse_quota(quota.data);
}

static void read_cpus(struct share_tree *tree, struct share_node *node)
{
	char text[FILE_BYTES];

	if (node_text(tree, &node->cpus_file, text) && processors_parse(text, &node->cpus))
		return;
	if (node->above) {
		node->cpus = node->above->cpus;
		return;
	}
	(void)processors_online(&node->cpus);
}

/* Of those who do not compete, and those whose meter did not look, not every time. */
static bool is_young(struct share_node *node, bool looked)
{
	if (node->added)
		return (node->demand <= 0 || !looked) && node->weight > 0 && node->age++ < AGE_MOST;
	return node->demand <= 0 && !node->below;
}

void share_node_read(struct share_tree *tree, struct share_node *node)
{
	bool looked = !node->told.time || node->told.looked;

	if (node->added)
		take_told(tree, node);
	else
		read_usage(tree, node);
	if (is_young(node, looked))
		return;
	node->age = 0;
	read_weight(tree, node);
	read_limit(tree, node);
	read_cpus(tree, node);
}
