/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/tenant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/quantity.h"
#include "spec/decode.h"

#define TENANTS_VERSION 1
#define PERIOD		100000u /* microseconds: of the cap of CPUs */
#define QUOTA_LEAST	1000u	/* of the kernel */
#define CPUS_MOST	8192ull
#define SECOND		1000000u

struct document {
	uint64_t version;
	struct tenant_list tenants;
};

#define FIELD(member_, name_, type_, flags_)                                                       \
	{ .name = name_,                                                                           \
		.type = type_,                                                                     \
		.offset = offsetof(struct tenant, member_),                                        \
		.flags = flags_ }

static const struct field tenant_fields[] = {
	FIELD(weight, "weight", FIELD_OPTIONAL_UNSIGNED, 0),
	FIELD(cpus, "cpus", FIELD_STRING, OR_NUMBER),
	FIELD(memory, "memory", FIELD_STRING, OR_NUMBER),
	FIELD(rt_budget, "rtBudget", FIELD_STRING, 0),
	{ 0 },
};

static const struct table tenant_table = {
	.bytes = sizeof(struct tenant), .fields = tenant_fields, .closed = true
};

static const struct field document_fields[] = {
	{ .name = "version",
		.type = FIELD_UNSIGNED,
		.offset = offsetof(struct document, version),
		.flags = REQUIRED },
	{ .name = "tenants",
		.type = FIELD_OBJECT_MAP,
		.offset = offsetof(struct document, tenants),
		.flags = REQUIRED,
		.table = &tenant_table },
	{ 0 },
};

static const struct table document_table = {
	.bytes = sizeof(struct document), .fields = document_fields, .closed = true
};

/* ---- one tenant ------------------------------------------------------------------------------ */

int tenant_check_name(const char *what, const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";

	if (*name && strlen(name) <= 63 && strchr(first, *name) && !name[strspn(name, later)])
		return 0;
	return error_set(EINVAL,
		"%s: must be 1 to 63 of a-z, 0-9, _ . and -, beginning with a letter or a digit, "
		"got \"%.80s\"",
		what, name);
}

int tenant_parse_weight(const char *what, const char *word, uint64_t *weight)
{
	*weight = strspn(word, "0123456789") == strlen(word) && strlen(word) < 10
			  ? strtoull(word, NULL, 10)
			  : 0;
	if (*weight >= CPU_WEIGHT_LEAST && *weight <= CPU_WEIGHT_MOST)
		return 0;
	return error_set(EINVAL, "%s: must be a whole number from %d to %d, got \"%.64s\"", what,
		CPU_WEIGHT_LEAST, CPU_WEIGHT_MOST, word);
}

/* Microseconds a period for a number of CPUs with at most three digits behind the point. */
static int parse_cpus(const char *text, int64_t *quota)
{
	size_t whole = strspn(text, "0123456789");
	size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	uint64_t milli;

	if (!whole || whole > 5 || fraction > 3 || text[whole + fraction + (text[whole] == '.')] ||
		(text[whole] == '.' && !fraction))
		return -EINVAL;
	milli = strtoull(text, NULL, 10) * 1000;
	for (size_t i = 0, unit = 100; i < fraction; i++, unit /= 10)
		milli += (uint64_t)(text[whole + 1 + i] - '0') * unit;
	*quota = (int64_t)(milli * (PERIOD / 1000));
	return *quota >= (int64_t)QUOTA_LEAST && milli <= CPUS_MOST * 1000 ? 0 : -EINVAL;
}

static int tenant_cpu(const struct tenant *tenant, struct config_cpu *cpu)
{
	uint64_t weight = tenant->weight.set ? tenant->weight.value : CPU_WEIGHT_STANDARD;
	uint64_t budget = 0;

	if (weight < CPU_WEIGHT_LEAST || weight > CPU_WEIGHT_MOST)
		return error_set(EINVAL, "weight: must be %d to %d, got %llu", CPU_WEIGHT_LEAST,
			CPU_WEIGHT_MOST, (unsigned long long)weight);
	cpu->weight = (struct optional_unsigned){ true, weight };
	cpu->quota = (struct optional_integer){ true, -1 };
	cpu->period = (struct optional_unsigned){ true, PERIOD };
	cpu->burst = (struct optional_unsigned){ true, 0 };
	cpu->realtime_runtime = (struct optional_integer){ true, 0 };
	if (tenant->cpus) {
		if (parse_cpus(tenant->cpus, &cpu->quota.value) < 0)
			return error_set(EINVAL,
				"cpus: must be a number of CPUs from 0.01 to %llu with at most "
				"three "
				"digits behind the point, got \"%.64s\"",
				CPUS_MOST, tenant->cpus);
		cpu->burst.value = (uint64_t)cpu->quota.value;
	}
	if (!tenant->rt_budget)
		return 0;
	if (quantity_duration(tenant->rt_budget, &budget) < 0 || budget % 1000 ||
		budget / 1000 > SECOND)
		return error_set(EINVAL,
			"rtBudget: must be a time in each second of at most 1s, such as 100ms, "
			"got \"%.64s\"",
			tenant->rt_budget);
	cpu->realtime_period = (struct optional_unsigned){ true, SECOND };
	cpu->realtime_runtime.value = (int64_t)(budget / 1000);
	return 0;
}

int tenant_resources(
	const struct tenant *tenant, struct arena *arena, struct config_resources **resources)
{
	struct config_resources *made = arena_allocate(arena, sizeof(*made));
	int r;

	made->cpu = arena_allocate(arena, sizeof(*made->cpu));
	made->memory = arena_allocate(arena, sizeof(*made->memory));
	made->memory->limit = (struct optional_integer){ true, -1 };
	*resources = made;
	r = tenant_cpu(tenant, made->cpu);
	if (r < 0 || !tenant->memory)
		return r;
	if (quantity_bytes(tenant->memory, &made->memory->limit.value) < 0 ||
		made->memory->limit.value < 1)
		return error_set(EINVAL, "memory: must be bytes such as 512m, got \"%.64s\"",
			tenant->memory);
	/* Memory and swap together: who has used up his memory must not go on in everybody's swap. */
	made->memory->swap = made->memory->limit;
	return 0;
}

/* ---- the list -------------------------------------------------------------------------------- */

struct tenant *tenant_find(const struct tenant_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

static int tenant_compare(const void *one, const void *other)
{
	return strcmp(((const struct tenant *)one)->name, ((const struct tenant *)other)->name);
}

struct tenant *tenant_add(struct arena *arena, struct tenant_list *list, const char *name)
{
	struct tenant *items = arena_allocate(arena, (list->count + 1) * sizeof(*items));

	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = (struct tenant){ .name = arena_copy(arena, name, strlen(name)) };
	list->items = items;
	qsort(items, list->count, sizeof(*items), tenant_compare);
	return tenant_find(list, name);
}

void tenant_remove(struct tenant_list *list, const struct tenant *tenant)
{
	size_t at = (size_t)(tenant - list->items);

	list->count--;
	memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof(*tenant));
}

static int list_validate(struct arena *arena, const char *name, const struct tenant_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tenant *tenant = &list->items[i];
		struct config_resources *resources;
		int r = tenant_check_name(
			arena_format(arena, "%s: tenants: the name", name), tenant->name);

		if (r < 0)
			return r;
		if (i && !strcmp(tenant->name, tenant[-1].name))
			return error_set(
				EINVAL, "%s: tenants.%s: is given twice", name, tenant->name);
		r = tenant_resources(tenant, arena, &resources);
		if (r < 0)
			return error_set(r, "%s: tenants.%s.%s", name, tenant->name,
				arena_format(arena, "%s", error_text(r)));
	}
	return 0;
}

int tenants_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct tenant_list *list)
{
	const struct decoder decoder = { arena, name, bytes };
	struct document document = { 0 };
	struct json *root;
	int r = json_parse(arena, name, bytes, length, &root);

	if (r >= 0)
		r = decode_object(&decoder, root, &document_table, &document);
	if (r < 0)
		return r;
	if (document.version != TENANTS_VERSION)
		return error_set(EINVAL, "%s: version: must be %d, got %llu", name, TENANTS_VERSION,
			(unsigned long long)document.version);
	*list = document.tenants;
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), tenant_compare);
	return list_validate(arena, name, list);
}

static void write_text(struct json_writer *writer, const char *key, const char *text)
{
	if (text)
		json_write_string(writer, key, text);
}

void tenant_write_fields(struct json_writer *writer, const struct tenant *tenant)
{
	if (tenant->weight.set)
		json_write_unsigned(writer, "weight", tenant->weight.value);
	write_text(writer, "cpus", tenant->cpus);
	write_text(writer, "memory", tenant->memory);
	write_text(writer, "rtBudget", tenant->rt_budget);
}

void tenants_write(struct buffer *text, const struct tenant_list *list)
{
	struct json_writer writer = { .buffer = text, .pretty = true };

	json_begin_object(&writer, NULL);
	json_write_integer(&writer, "version", TENANTS_VERSION);
	json_begin_object(&writer, "tenants");
	for (size_t i = 0; i < list->count; i++) {
		json_begin_object(&writer, list->items[i].name);
		tenant_write_fields(&writer, &list->items[i]);
		json_end_object(&writer);
	}
	json_end_object(&writer);
	json_end_object(&writer);
	buffer_text(text, "\n");
}
