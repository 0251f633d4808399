/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_TENANT_H
#define HULL_SPEC_TENANT_H

/*
 * tenants.json: what each tenant gets of the machine, in a form that people read and
 * edit. Unlike config.json it is hull's own, so an unknown field is a mistake.
 *
 *   {"version": 1, "tenants": {"NAME": {"weight": 300, "cpus": "1.5",
 *                                       "memory": "4g", "rtBudget": "100ms"}}}
 *
 * All but the name may be left out. Pure; errors are -EINVAL with a message.
 */
#include <stdint.h>

#include "base/json.h"
#include "spec/config.h"

struct tenant {
	const char *name;
	struct optional_unsigned weight; /* CPU_WEIGHT_LEAST..MOST; not set: CPU_WEIGHT_STANDARD */
	/* As they were written; NULL: no limit, no budget. */
	const char *cpus;      /* how many may be in use at most: "0.5" */
	const char *memory;    /* bytes at most, of memory and swap together: "512m" */
	const char *rt_budget; /* real-time CPU time in each second: "100ms" */
};

/* In the order of the names. */
struct tenant_list {
	struct tenant *items;
	size_t count;
};

/* Read a document; what it says is in ARENA. NAME starts every message. */
int tenants_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct tenant_list *list);

/* The document of a list. */
void tenants_write(struct buffer *text, const struct tenant_list *list);

/* The members "weight", "cpus", "memory", "rtBudget", as far as they are given. */
void tenant_write_fields(struct json_writer *writer, const struct tenant *tenant);

/* The tenant of that name, or NULL. */
struct tenant *tenant_find(const struct tenant_list *list, const char *name);

/* A tenant more, in its place; ARENA has the list. NAME must be none of it. */
struct tenant *tenant_add(struct arena *arena, struct tenant_list *list, const char *name);
void tenant_remove(struct tenant_list *list, const struct tenant *tenant);

/* [a-z0-9][a-z0-9_.-]{0,62}; WHAT starts the message. */
int tenant_check_name(const char *what, const char *name);

/* WORD as a weight, 1 to 10000, and nothing else; WHAT starts the message. */
int tenant_parse_weight(const char *what, const char *word, uint64_t *weight);

/*
 * What the level of the tenant's groups has. All of it is given, also what is not limited,
 * so that it takes the place of whatever the level had before. A cap of CPUs may be exceeded
 * by what was saved up (burst). The message of a value that is wrong names its option.
 */
int tenant_resources(
	const struct tenant *tenant, struct arena *arena, struct config_resources **resources);

#endif
