/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `hull tenant`. `set` changes the levels in use first and the file last, all under the
 * lock of runtime/tenants.h: what the kernel refuses is never written down, and of two
 * who change a tenant at once each sees what the other has done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cgroup/tenant.h"
#include "runtime/tenants.h"
#include "spec/annotation.h"

struct tenant_options {
	const char *weight, *cpus, *memory, *rt_budget, *format;
};

static const struct option options[] = {
	{ "weight", 0, OPTION_TEXT, offsetof(struct tenant_options, weight), "N",
		"set: its share of the CPUs beside other tenants, 1 to 10000 (default: 100)" },
	{ "cpus", 0, OPTION_TEXT, offsetof(struct tenant_options, cpus), "X",
		"set: use at most so many CPUs, even where others are idle (none: no cap)" },
	{ "memory", 0, OPTION_TEXT, offsetof(struct tenant_options, memory), "SIZE",
		"set: use at most so much memory, such as 4g (none: no limit)" },
	{ "rt-budget", 0, OPTION_TEXT, offsetof(struct tenant_options, rt_budget), "TIME",
		"set: real-time CPU time in each second, such as 100ms (none: none)" },
	{ "format", 'f', OPTION_TEXT, offsetof(struct tenant_options, format), "FORMAT",
		"list: table (default) or json", "table json" },
	{ 0 },
};

/* ---- its containers -------------------------------------------------------------------------- */

/* What containers of a tenant are wanted for. */
struct gathering {
	struct arena *arena;
	struct string_list ids, levels;
	const char *weight; /* as their annotation has it */
};

static void gather(struct arena *arena, struct string_list *list, const char *text)
{
	const char **items;

	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], text))
			return;
	items = arena_allocate(arena, (list->count + 2) * sizeof(*items));
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = arena_copy(arena, text, strlen(text));
	list->items = items;
}

static int gather_container(const struct container *container, void *context)
{
	_cleanup_free_ char *level = cgroup_tenant_level(container->record.cgroup);
	const struct string_map *annotations = &container->record.annotations;
	struct gathering *all = context;

	gather(all->arena, &all->ids, container->id);
	if (level)
		gather(all->arena, &all->levels, level);
	for (size_t i = 0; i < annotations->count; i++)
		if (!strcmp(annotations->items[i].key, ANNOTATION_TENANT_WEIGHT))
			all->weight = arena_format(
				all->arena, "%s", annotations->items[i].value);
	return 0;
}

static struct gathering tenant_gather(struct tenants *tenants, const char *name)
{
	struct gathering all = { .arena = &tenants->arena };

	(void)tenants_each(tenants, name, gather_container, &all);
	return all;
}

/* ---- set ------------------------------------------------------------------------------------- */

/* "none" takes a limit away. */
static void set_text(const char **text, const char *given)
{
	if (given)
		*text = strcmp(given, "none") != 0 ? given : NULL;
}

/* TENANT with what the options say. */
static int set_merge(const struct tenant_options *wanted, struct tenant *tenant, struct arena *arena,
	struct config_resources **limits)
{
	int r = 0;

	if (wanted->weight) {
		tenant->weight.set = true;
		r = tenant_parse_weight("--weight", wanted->weight, &tenant->weight.value);
	}
	if (r < 0)
		return r;
	set_text(&tenant->cpus, wanted->cpus);
	set_text(&tenant->memory, wanted->memory);
	set_text(&tenant->rt_budget, wanted->rt_budget);
	r = tenant_resources(tenant, arena, limits);
	/* The file was read, so what is wrong is an option; theirs are called as its fields. */
	if (r < 0)
		return error_context(r, "tenant %s", tenant->name);
	if ((*limits)->cpu->realtime_runtime.value && !cgroup_has_realtime())
		return error_set(EOPNOTSUPP,
			"--rt-budget: this kernel has no real-time budgets for groups "
			"(RT_GROUP_SCHED, on cgroup v1 alone)");
	return 0;
}

/* All levels, or none: those that were changed before one is refused are set back. */
static int set_levels(const struct string_list *levels, const struct config_resources *limits,
	const struct config_resources *before)
{
	int r = 0;
	size_t done = 0;

	for (; r >= 0 && done < levels->count; done++)
		r = cgroup_set_level(levels->items[done], limits);
	if (r < 0 && before) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		for (size_t i = 0; i + 1 < done; i++)
			(void)cgroup_set_level(levels->items[i], before);
		(void)error_set(r, "%s", why);
	}
	return r;
}

static int tenant_set(struct tenants *tenants, const char *name, const struct tenant_options *wanted)
{
	struct tenant *tenant = tenant_find(&tenants->list, name);
	struct config_resources *limits, *before = NULL;
	struct gathering all = tenant_gather(tenants, name);
	int r = tenant ? tenant_resources(tenant, &tenants->arena, &before) : 0;

	if (!tenant)
		tenant = tenant_add(&tenants->arena, &tenants->list, name);
	if (r >= 0)
		r = set_merge(wanted, tenant, &tenants->arena, &limits);
	if (r < 0)
		return r;
	if (!tenant->weight.set)
		tenant->weight = (struct optional_unsigned){ true, CPU_WEIGHT_STANDARD };
	r = set_levels(&all.levels, limits, before);
	if (r < 0)
		return error_context(r, "tenant %s", name);
	r = tenants_save(tenants);
	if (r < 0 && before) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		(void)set_levels(&all.levels, before, NULL);
		(void)error_set(r, "%s", why);
	}
	return r;
}

/* ---- delete ---------------------------------------------------------------------------------- */

static int tenant_unknown(struct tenants *tenants, const char *name)
{
	return error_set(ENOENT, "there is no tenant %s in %s (known: %s)", name, tenants->path,
		tenants_names(tenants));
}

static int tenant_delete(struct tenants *tenants, const char *name)
{
	const struct tenant *tenant = tenant_find(&tenants->list, name);
	struct gathering all = tenant_gather(tenants, name);
	_cleanup_buffer_ struct buffer ids = { 0 };

	for (size_t i = 0; i < all.ids.count; i++)
		buffer_format(&ids, "%s%s", i ? ", " : "", all.ids.items[i]);
	if (all.ids.count)
		return error_set(EBUSY, "tenant %s is in use by %s %s: delete %s first", name,
			all.ids.count == 1 ? "container" : "the containers", ids.data,
			all.ids.count == 1 ? "it" : "them");
	if (!tenant)
		return tenant_unknown(tenants, name);
	tenant_remove(&tenants->list, tenant);
	return tenants_save(tenants);
}

/* ---- list and show --------------------------------------------------------------------------- */

static void write_tenant(struct json_writer *writer, const struct tenant *tenant, bool is_saved,
	const struct gathering *all)
{
	json_begin_object(writer, NULL);
	json_write_string(writer, "name", tenant->name);
	tenant_write_fields(writer, tenant);
	json_write_bool(writer, "inFile", is_saved);
	json_begin_array(writer, "containers");
	for (size_t i = 0; i < all->ids.count; i++)
		json_write_string(writer, NULL, all->ids.items[i]);
	json_end_array(writer);
	json_begin_array(writer, "groups");
	/* Behind the kind of hierarchy, which is hull's own note. */
	for (size_t i = 0; i < all->levels.count; i++)
		json_write_string(writer, NULL, strchr(all->levels.items[i], ':') + 1);
	json_end_array(writer);
	json_end_object(writer);
}

static void print_tenant(const struct tenant *tenant, bool is_saved, const struct gathering *all)
{
	printf("%-24s %-8llu %-8s %-10s %-10s %-10zu %s\n", tenant->name,
		(unsigned long long)tenant->weight.value, tenant->cpus ? tenant->cpus : "-",
		tenant->memory ? tenant->memory : "-", tenant->rt_budget ? tenant->rt_budget : "-",
		all->ids.count, is_saved ? "file" : "annotation");
}

/* A tenant as it is: with the weight that holds, wherever it comes from. */
static void tenant_look(struct tenants *tenants, const char *name, struct tenant *tenant,
	bool *is_saved, struct gathering *all)
{
	const struct tenant *known = tenant_find(&tenants->list, name);

	*is_saved = known;
	*all = tenant_gather(tenants, name);
	*tenant = known ? *known : (struct tenant){ .name = name };
	if (!tenant->weight.set)
		tenant->weight = (struct optional_unsigned){ true,
			!known && all->weight ? strtoull(all->weight, NULL, 10)
					      : CPU_WEIGHT_STANDARD };
}

/* The file's, and those that containers have made for themselves. */
static void tenant_list_all(struct tenants *tenants, struct json_writer *writer)
{
	struct string_list names = { 0 }, used = { 0 };

	for (size_t i = 0; i < tenants->list.count; i++)
		gather(&tenants->arena, &names, tenants->list.items[i].name);
	tenants_in_use(tenants, &used);
	for (size_t i = 0; i < used.count; i++)
		gather(&tenants->arena, &names, used.items[i]);
	for (size_t i = 0; i < names.count; i++) {
		struct gathering all;
		struct tenant tenant;
		bool is_saved;

		tenant_look(tenants, names.items[i], &tenant, &is_saved, &all);
		if (writer)
			write_tenant(writer, &tenant, is_saved, &all);
		else
			print_tenant(&tenant, is_saved, &all);
	}
}

static int tenant_list(struct tenants *tenants, const struct tenant_options *wanted)
{
	const char *format = wanted->format ? wanted->format : "table";
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	bool json = !strcmp(format, "json");

	if (!json && strcmp(format, "table") != 0)
		return error_set(EINVAL, "--format: must be table or json, got \"%s\"", format);
	if (json)
		json_begin_array(&writer, NULL);
	else
		printf("%-24s %-8s %-8s %-10s %-10s %-10s %s\n", "NAME", "WEIGHT", "CPUS", "MEMORY",
			"RT-BUDGET", "CONTAINERS", "FROM");
	tenant_list_all(tenants, json ? &writer : NULL);
	if (json) {
		json_end_array(&writer);
		puts(text.data);
	}
	return 0;
}

static int tenant_show(struct tenants *tenants, const char *name)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };
	struct gathering all;
	struct tenant tenant;
	bool is_saved;

	tenant_look(tenants, name, &tenant, &is_saved, &all);
	if (!is_saved && !all.ids.count)
		return tenant_unknown(tenants, name);
	write_tenant(&writer, &tenant, is_saved, &all);
	puts(text.data);
	return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Options of another verb would be ignored, which somebody would take for done. */
static int check_options(const char *verb, const struct tenant_options *wanted)
{
	bool limits = wanted->weight || wanted->cpus || wanted->memory || wanted->rt_budget;

	if (limits && strcmp(verb, "set") != 0)
		return error_set(EINVAL, "tenant %s: limits are for `hull tenant set`", verb);
	if (wanted->format && strcmp(verb, "list") != 0)
		return error_set(EINVAL, "tenant %s: --format is for `hull tenant list`", verb);
	return 0;
}

static int tenant_run(const struct invocation *invocation)
{
	const struct tenant_options *wanted = invocation->options;
	const char *verb = invocation->operands[0];
	const char *name = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
	_cleanup_tenants_ struct tenants tenants = TENANTS_NONE;
	bool list = !strcmp(verb, "list"), show = !strcmp(verb, "show");
	bool set = !strcmp(verb, "set"), delete = !strcmp(verb, "delete");
	int r;

	if (!list && !show && !set && !delete)
		return error_set(EINVAL,
			"tenant: must be set, list, show or delete, got \"%s\"", verb);
	if (list == (name != NULL))
		return error_set(EINVAL, "tenant %s: %s", verb,
			list ? "takes no name" : "the tenant's name is missing");
	r = check_options(verb, wanted);
	if (r >= 0 && name)
		r = tenant_check_name("tenant", name);
	if (r >= 0)
		r = tenants_open(&tenants, set || delete ? TENANTS_LOCKED : TENANTS_UNLOCKED);
	if (r < 0)
		return r;
	if (list)
		return tenant_list(&tenants, wanted);
	if (show)
		return tenant_show(&tenants, name);
	return set ? tenant_set(&tenants, name, wanted) : tenant_delete(&tenants, name);
}

const struct command command_tenant = {
	.name = "tenant",
	.synopsis = "set|list|show|delete [OPTIONS] [NAME]",
	.summary = "who shares the machine: weights and limits above containers",
	.options = options,
	.options_bytes = sizeof(struct tenant_options),
	.operands_least = 1,
	.operands_most = 2,
	.run = tenant_run,
	.of_status = "",
};
