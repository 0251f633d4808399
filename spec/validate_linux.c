/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/path.h"
#include "spec/validate.h"
#include "spec/validate_rules.h"

static int validate_namespaces(const struct validation *at, const struct config_linux *section)
{
	size_t seen[NAMESPACE_TYPES] = { 0 };

	for (size_t i = 0; i < section->namespaces.count; i++) {
		const struct config_namespace *namespace = &section->namespaces.items[i];

		if (seen[namespace->type]++)
			return validation_refuse(at,
				"linux.namespaces[%zu].type: \"%s\" is given twice", i,
				namespace_names[namespace->type]);
		if (namespace->path && namespace->path[0] != '/')
			return validation_refuse(at,
				"linux.namespaces[%zu].path: must be absolute, got \"%.64s\"", i,
				namespace->path);
	}
	return 0;
}

/*
 * Mappings beside a user namespace that is joined are let pass: containerd and
 * CRI-O give both. The runtime compares them with those of the namespace. For a
 * new one without any the runtime has some, but those of one kind mean nothing.
 */
static int validate_user_namespace(const struct validation *at, const struct config *config)
{
	bool given = config->linux->uid_mappings.count || config->linux->gid_mappings.count;
	const struct {
		const struct config_id_mappings *mappings;
		const char *path;
	} kinds[] = {
		{ &config->linux->uid_mappings, "linux.uidMappings" },
		{ &config->linux->gid_mappings, "linux.gidMappings" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int r;

		if (kinds[i].mappings->count && !config_namespace(config, NAMESPACE_USER))
			return validation_refuse(
				at, "%s: must not be set without a user namespace", kinds[i].path);
		if (given && !kinds[i].mappings->count &&
			config_namespace_is_new(config, NAMESPACE_USER))
			return validation_refuse(at,
				"%s: is required for a new user namespace, but missing",
				kinds[i].path);
		r = validate_id_mappings(at, kinds[i].mappings, kinds[i].path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int validate_time_offsets(const struct validation *at, const struct config *config)
{
	static const char *const clocks[] = { "monotonic", "boottime", NULL };
	const struct config_time_offsets *offsets = &config->linux->time_offsets;

	if (!offsets->count)
		return 0;
	/* The kernel takes offsets only until the first process is in the namespace. */
	if (!config_namespace_is_new(config, NAMESPACE_TIME))
		return validation_refuse(
			at, "linux.timeOffsets: must not be set without a new time namespace");
	for (size_t i = 0; i < offsets->count; i++) {
		const struct config_time_offset *offset = &offsets->items[i];

		if (word_find(clocks, offset->key) < 0)
			return validation_refuse(at,
				"linux.timeOffsets: must have monotonic and boottime alone, got "
				"\"%.64s\"",
				offset->key);
		if (offset->nanoseconds >= 1000000000)
			return validation_refuse(at,
				"linux.timeOffsets.%s.nanosecs: must be less than 1000000000, got "
				"%" PRIu64,
				offset->key, offset->nanoseconds);
	}
	return 0;
}

static int validate_device_number(const struct validation *at,
	const struct optional_integer *number, int64_t most, size_t i, const char *field)
{
	if (!number->set)
		return validation_refuse(
			at, "linux.devices[%zu].%s: is required, but missing", i, field);
	if (number->value < 0 || number->value > most)
		return validation_refuse(at,
			"linux.devices[%zu].%s: must be 0 to %" PRId64 ", got %" PRId64, i, field,
			most, number->value);
	return 0;
}

static int validate_devices(const struct validation *at, const struct config_linux *section)
{
	static const char *const types[] = { "b", "c", "u", "p", NULL };

	for (size_t i = 0; i < section->devices.count; i++) {
		const struct config_device *device = &section->devices.items[i];
		int r;

		if (word_find(types, device->type) < 0)
			return validation_refuse_word(
				at, types, device->type, "linux.devices[%zu].type", i);
		if (device->path[0] != '/')
			return validation_refuse(at,
				"linux.devices[%zu].path: must be absolute, got \"%.64s\"", i,
				device->path);
		if (!strcmp(device->type, "p"))
			continue;
		r = validate_device_number(at, &device->major, DEVICE_MAJOR_MOST, i, "major");
		if (r >= 0)
			r = validate_device_number(
				at, &device->minor, DEVICE_MINOR_MOST, i, "minor");
		if (r < 0)
			return r;
	}
	return 0;
}

/* A percent sign makes it a template, which only the new name may be: one "%d", a number to choose. */
static bool net_device_name_is_valid(const char *name, bool template_allowed)
{
	const char *percent = strchr(name, '%');

	return interface_name_is_valid(name) &&
	       (!percent || (template_allowed && percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static const char *net_device_inside(const struct config_net_device *device)
{
	return device->name ? device->name : device->key;
}

static int validate_net_devices(const struct validation *at, const struct config *config)
{
	const struct config_linux *section = config->linux;

	if (section->net_devices.count && !config_namespace(config, NAMESPACE_NETWORK))
		return validation_refuse(
			at, "linux.netDevices: must not be set without a network namespace");
	for (size_t i = 0; i < section->net_devices.count; i++) {
		const struct config_net_device *device = &section->net_devices.items[i];

		if (!net_device_name_is_valid(device->key, false))
			return validation_refuse(at,
				"linux.netDevices[\"%.64s\"]: must be the name of a network "
				"interface",
				device->key);
		if (!net_device_name_is_valid(net_device_inside(device), true))
			return validation_refuse(at,
				"linux.netDevices[\"%.64s\"].name: must be the name of a network "
				"interface, got \"%.64s\"",
				device->key, device->name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(net_device_inside(&section->net_devices.items[k]),
				    net_device_inside(device)) &&
				!strchr(net_device_inside(device), '%'))
				return validation_refuse(at,
					"linux.netDevices[\"%.64s\"].name: \"%.64s\" is given "
					"twice",
					device->key, net_device_inside(device));
	}
	return 0;
}

static int validate_path_list(const struct validation *at, const struct config *config,
	const struct string_list *paths, const char *field)
{
	if (paths->count && !config_namespace(config, NAMESPACE_MOUNT))
		return validation_refuse(
			at, "linux.%s: must not be set without a mount namespace", field);
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i][0] != '/')
			return validation_refuse(at,
				"linux.%s[%zu]: must be absolute, got \"%.64s\"", field, i,
				paths->items[i]);
	return 0;
}

static int validate_intel_rdt(const struct validation *at, const struct config_intel_rdt *rdt)
{
	const char *clos = rdt->clos_id;

	static const char *const reserved[] = { "", "info", "mon_groups", "mon_data", NULL };

	if (clos && word_find(reserved, clos) >= 0)
		return validation_refuse(at,
			"linux.intelRdt.closID: must be the name of a class, got \"%.64s\"", clos);
	/* "/" is the root class. */
	if (clos && strcmp(clos, "/") != 0 &&
		(strchr(clos, '/') || strchr(clos, '\n') || !strcmp(clos, ".") ||
			!strcmp(clos, "..")))
		return validation_refuse(at,
			"linux.intelRdt.closID: must be the name of a folder, got \"%.64s\"", clos);
	if (rdt->mem_bw_schema && strncmp(rdt->mem_bw_schema, "MB:", 3) != 0)
		return validation_refuse(at,
			"linux.intelRdt.memBwSchema: must start with MB:, got \"%.64s\"",
			rdt->mem_bw_schema);
	if (rdt->mem_bw_schema && strchr(rdt->mem_bw_schema, '\n'))
		return validation_refuse(
			at, "linux.intelRdt.memBwSchema: must not hold a line break");
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (!*rdt->schemata.items[i] || strchr(rdt->schemata.items[i], '\n'))
			return validation_refuse(
				at, "linux.intelRdt.schemata[%zu]: must be one line", i);
	return 0;
}

/* set_mempolicy(2): the first two take no nodes, the third may have some, the others need some. */
const char *const memory_policy_modes[] = { "MPOL_DEFAULT", "MPOL_LOCAL", "MPOL_PREFERRED",
	"MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE", NULL };

const char *const memory_policy_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
	"MPOL_F_STATIC_NODES", NULL };

static int validate_memory_policy(
	const struct validation *at, const struct config_memory_policy *policy)
{
	int mode;

	if (!policy->mode && !policy->nodes && !policy->flags.count)
		return 0;
	if (!policy->mode)
		return validation_refuse(at,
			"linux.memoryPolicy.mode: invalid memory policy mode: is required, but "
			"missing");
	mode = word_find(memory_policy_modes, policy->mode);
	if (mode < 0)
		return validation_refuse_word(at, memory_policy_modes, policy->mode,
			"linux.memoryPolicy.mode: invalid memory policy mode");
	if (policy->nodes && !number_list_is_valid(policy->nodes))
		return validation_refuse(at,
			"linux.memoryPolicy.nodes: invalid memory policy node: must be a list such "
			"as \"0-3,7\", got \"%.64s\"",
			policy->nodes);
	if (policy->nodes && mode < 2)
		return validation_refuse(at,
			"linux.memoryPolicy.nodes: must be empty for %s, got \"%.64s\"",
			policy->mode, policy->nodes);
	if (!policy->nodes && mode > 2)
		return validation_refuse(at,
			"linux.memoryPolicy.nodes: is required for %s, but missing", policy->mode);
	for (size_t i = 0; i < policy->flags.count; i++)
		if (word_find(memory_policy_flags, policy->flags.items[i]) < 0)
			return validation_refuse_word(at, memory_policy_flags,
				policy->flags.items[i],
				"linux.memoryPolicy.flags[%zu]: invalid memory policy flag", i);
	if (list_holds(&policy->flags, "MPOL_F_RELATIVE_NODES") &&
		list_holds(&policy->flags, "MPOL_F_STATIC_NODES"))
		return validation_refuse(at,
			"linux.memoryPolicy.flags: must not hold both MPOL_F_RELATIVE_NODES and "
			"MPOL_F_STATIC_NODES");
	return 0;
}

static int validate_words(const struct validation *at, const struct config_linux *section)
{
	static const char *const propagations[] = { "shared", "slave", "private", "unbindable",
		"rshared", "rslave", "rprivate", "runbindable", NULL };
	static const char *const domains[] = { "LINUX", "LINUX32", NULL };
	const char *propagation = section->rootfs_propagation;

	if (propagation && word_find(propagations, propagation) < 0)
		return validation_refuse_word(
			at, propagations, propagation, "linux.rootfsPropagation");
	if (section->cgroups_path && path_has_dot_dot(section->cgroups_path))
		return validation_refuse(at,
			"linux.cgroupsPath: must not have \"..\" as a component, got \"%.64s\"",
			section->cgroups_path);
	if (!section->personality)
		return 0;
	if (word_find(domains, section->personality->domain) < 0)
		return validation_refuse_word(
			at, domains, section->personality->domain, "linux.personality.domain");
	/* config-linux.md: "Currently no flag values are supported." */
	if (section->personality->flags.count)
		return validation_refuse(at,
			"linux.personality.flags[0]: no flag is supported, got \"%.64s\"",
			section->personality->flags.items[0]);
	return 0;
}

static int validate_lists(const struct validation *at, const struct config *config)
{
	const struct config_linux *section = config->linux;
	int r = validate_time_offsets(at, config);

	if (r >= 0)
		r = validate_devices(at, section);
	if (r >= 0)
		r = validate_net_devices(at, config);
	if (r >= 0)
		r = validate_path_list(at, config, &section->masked_paths, "maskedPaths");
	if (r >= 0)
		r = validate_path_list(at, config, &section->readonly_paths, "readonlyPaths");
	if (r >= 0)
		r = validate_sysctls(at, config);
	return r;
}

int validate_linux(const struct validation *at, const struct config *config)
{
	const struct config_linux *section = config->linux;
	int r = validate_namespaces(at, section);

	if (r >= 0)
		r = validate_user_namespace(at, config);
	if (r >= 0)
		r = validate_lists(at, config);
	if (r >= 0)
		r = validate_words(at, section);
	if (r >= 0 && section->resources)
		r = config_validate_resources(section->resources, at->name, "linux.resources");
	if (r >= 0 && section->seccomp)
		r = validate_seccomp(at, section->seccomp);
	if (r >= 0 && section->intel_rdt)
		r = validate_intel_rdt(at, section->intel_rdt);
	if (r >= 0 && section->memory_policy)
		r = validate_memory_policy(at, section->memory_policy);
	return r;
}
