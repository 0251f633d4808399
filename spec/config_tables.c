/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config_tables.h"

#include "spec/config.h"

/*
 * A field is a line: struct, member, name in the document, type, and what the type needs.
 * The order is the runtime-spec's own: config.md, config-linux.md, config-vm.md.
 */
#define FIELD(type_, member_, name_, kind_, ...)                                                   \
	{ .name = name_,                                                                           \
		.type = FIELD_##kind_,                                                             \
		.offset = offsetof(struct type_, member_),                                         \
		__VA_ARGS__ }
#define BITS(n)	   .bits = (n)
#define MUST	   .flags = REQUIRED
#define OF(table_) .table = &table_

#define TABLE(table_, type_, ...)                                                                  \
	static const struct field table_##_fields[] = { __VA_ARGS__, { 0 } };                      \
	static const struct table table_ = { sizeof(struct type_), table_##_fields, NULL }

const char *const namespace_names[NAMESPACE_TYPES + 1] = { "", "pid", "network", "mount", "ipc",
	"uts", "user", "cgroup", "time", NULL };

/* process */

TABLE(console_size, config_console_size,
	FIELD(config_console_size, height, "height", UNSIGNED, MUST, BITS(16)),
	FIELD(config_console_size, width, "width", UNSIGNED, MUST, BITS(16)));

TABLE(user, config_user, FIELD(config_user, uid, "uid", UNSIGNED, BITS(32)),
	FIELD(config_user, gid, "gid", UNSIGNED, BITS(32)),
	FIELD(config_user, umask, "umask", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_user, additional_gids, "additionalGids", UNSIGNEDS, BITS(32)),
	FIELD(config_user, username, "username", STRING));

TABLE(capabilities, config_capabilities, FIELD(config_capabilities, bounding, "bounding", STRINGS),
	FIELD(config_capabilities, effective, "effective", STRINGS),
	FIELD(config_capabilities, inheritable, "inheritable", STRINGS),
	FIELD(config_capabilities, permitted, "permitted", STRINGS),
	FIELD(config_capabilities, ambient, "ambient", STRINGS));

TABLE(rlimit, config_rlimit, FIELD(config_rlimit, type, "type", STRING, MUST),
	FIELD(config_rlimit, soft, "soft", UNSIGNED, MUST),
	FIELD(config_rlimit, hard, "hard", UNSIGNED, MUST));

TABLE(scheduler, config_scheduler, FIELD(config_scheduler, policy, "policy", STRING, MUST),
	FIELD(config_scheduler, nice, "nice", OPTIONAL_INTEGER, BITS(32)),
	FIELD(config_scheduler, priority, "priority", OPTIONAL_INTEGER, BITS(32)),
	FIELD(config_scheduler, flags, "flags", STRINGS),
	FIELD(config_scheduler, runtime, "runtime", UNSIGNED),
	FIELD(config_scheduler, deadline, "deadline", UNSIGNED),
	FIELD(config_scheduler, period, "period", UNSIGNED));

TABLE(io_priority, config_io_priority, FIELD(config_io_priority, class, "class", STRING, MUST),
	FIELD(config_io_priority, priority, "priority", INTEGER, BITS(32)));

TABLE(cpu_affinity, config_cpu_affinity, FIELD(config_cpu_affinity, initial, "initial", STRING),
	FIELD(config_cpu_affinity, final, "final", STRING));

static const struct field process_fields[] = {
	FIELD(config_process, terminal, "terminal", BOOL),
	FIELD(config_process, console_size, "consoleSize", OBJECT, OF(console_size)),
	FIELD(config_process, user, "user", OBJECT, OF(user)),
	FIELD(config_process, args, "args", STRINGS),
	FIELD(config_process, env, "env", STRINGS),
	FIELD(config_process, cwd, "cwd", STRING, MUST),
	FIELD(config_process, capabilities, "capabilities", OBJECT, OF(capabilities)),
	FIELD(config_process, rlimits, "rlimits", OBJECTS, OF(rlimit)),
	FIELD(config_process, no_new_privileges, "noNewPrivileges", BOOL),
	FIELD(config_process, apparmor_profile, "apparmorProfile", STRING),
	FIELD(config_process, selinux_label, "selinuxLabel", STRING),
	FIELD(config_process, oom_score_adj, "oomScoreAdj", OPTIONAL_INTEGER, BITS(32)),
	FIELD(config_process, scheduler, "scheduler", OBJECT, OF(scheduler)),
	FIELD(config_process, io_priority, "ioPriority", OBJECT, OF(io_priority)),
	FIELD(config_process, exec_cpu_affinity, "execCPUAffinity", OBJECT, OF(cpu_affinity)),
	{ 0 },
};

const struct table config_process_table = { sizeof(struct config_process), process_fields, NULL };

/* root, mounts, hooks */

TABLE(root, config_root, FIELD(config_root, path, "path", STRING, MUST),
	FIELD(config_root, readonly, "readonly", BOOL));

TABLE(id_mapping, id_mapping,
	FIELD(id_mapping, container_id, "containerID", UNSIGNED, MUST, BITS(32)),
	FIELD(id_mapping, host_id, "hostID", UNSIGNED, MUST, BITS(32)),
	FIELD(id_mapping, size, "size", UNSIGNED, MUST, BITS(32)));

TABLE(mount, config_mount, FIELD(config_mount, destination, "destination", STRING, MUST),
	FIELD(config_mount, type, "type", STRING), FIELD(config_mount, source, "source", STRING),
	FIELD(config_mount, options, "options", STRINGS),
	FIELD(config_mount, uid_mappings, "uidMappings", OBJECTS, OF(id_mapping)),
	FIELD(config_mount, gid_mappings, "gidMappings", OBJECTS, OF(id_mapping)));

TABLE(hook, config_hook, FIELD(config_hook, path, "path", STRING, MUST),
	FIELD(config_hook, args, "args", STRINGS), FIELD(config_hook, env, "env", STRINGS),
	FIELD(config_hook, timeout, "timeout", OPTIONAL_INTEGER, BITS(32)));

TABLE(hooks, config_hooks, FIELD(config_hooks, prestart, "prestart", OBJECTS, OF(hook)),
	FIELD(config_hooks, create_runtime, "createRuntime", OBJECTS, OF(hook)),
	FIELD(config_hooks, create_container, "createContainer", OBJECTS, OF(hook)),
	FIELD(config_hooks, start_container, "startContainer", OBJECTS, OF(hook)),
	FIELD(config_hooks, poststart, "poststart", OBJECTS, OF(hook)),
	FIELD(config_hooks, poststop, "poststop", OBJECTS, OF(hook)));

/* linux: namespaces and devices */

TABLE(namespace, config_namespace,
	FIELD(config_namespace, type, "type", NAME, MUST, .names = namespace_names),
	FIELD(config_namespace, path, "path", STRING));

TABLE(time_offset, config_time_offset, FIELD(config_time_offset, seconds, "secs", INTEGER),
	FIELD(config_time_offset, nanoseconds, "nanosecs", UNSIGNED, BITS(32)));

TABLE(device, config_device, FIELD(config_device, type, "type", STRING, MUST),
	FIELD(config_device, path, "path", STRING, MUST),
	FIELD(config_device, major, "major", OPTIONAL_INTEGER),
	FIELD(config_device, minor, "minor", OPTIONAL_INTEGER),
	FIELD(config_device, file_mode, "fileMode", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_device, uid, "uid", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_device, gid, "gid", OPTIONAL_UNSIGNED, BITS(32)));

TABLE(net_device, config_net_device, FIELD(config_net_device, name, "name", STRING));

/* linux: resources */

TABLE(device_rule, config_device_rule, FIELD(config_device_rule, allow, "allow", BOOL, MUST),
	FIELD(config_device_rule, type, "type", STRING),
	FIELD(config_device_rule, major, "major", OPTIONAL_INTEGER),
	FIELD(config_device_rule, minor, "minor", OPTIONAL_INTEGER),
	FIELD(config_device_rule, access, "access", STRING));

static const struct field memory_fields[] = {
	FIELD(config_memory, limit, "limit", OPTIONAL_INTEGER),
	FIELD(config_memory, reservation, "reservation", OPTIONAL_INTEGER),
	FIELD(config_memory, swap, "swap", OPTIONAL_INTEGER),
	FIELD(config_memory, kernel, "kernel", OPTIONAL_INTEGER),
	FIELD(config_memory, kernel_tcp, "kernelTCP", OPTIONAL_INTEGER),
	FIELD(config_memory, swappiness, "swappiness", OPTIONAL_UNSIGNED),
	FIELD(config_memory, disable_oom_killer, "disableOOMKiller", OPTIONAL_BOOL),
	FIELD(config_memory, use_hierarchy, "useHierarchy", OPTIONAL_BOOL),
	FIELD(config_memory, check_before_update, "checkBeforeUpdate", OPTIONAL_BOOL),
	{ 0 },
};

/* -1 as a number without a sign: how Docker says that swappiness is not set. */
static void memory_finish(void *target, const struct json *node, const char *document)
{
	struct config_memory *memory = target;

	(void)node;
	(void)document;
	if (memory->swappiness.value == UINT64_MAX)
		memory->swappiness = (struct optional_unsigned){ 0 };
}

static const struct table memory = { sizeof(struct config_memory), memory_fields, memory_finish };

TABLE(cpu, config_cpu, FIELD(config_cpu, shares, "shares", OPTIONAL_UNSIGNED),
	FIELD(config_cpu, quota, "quota", OPTIONAL_INTEGER),
	FIELD(config_cpu, burst, "burst", OPTIONAL_UNSIGNED),
	FIELD(config_cpu, period, "period", OPTIONAL_UNSIGNED),
	FIELD(config_cpu, realtime_runtime, "realtimeRuntime", OPTIONAL_INTEGER),
	FIELD(config_cpu, realtime_period, "realtimePeriod", OPTIONAL_UNSIGNED),
	FIELD(config_cpu, cpus, "cpus", STRING), FIELD(config_cpu, mems, "mems", STRING),
	FIELD(config_cpu, idle, "idle", OPTIONAL_INTEGER),
	FIELD(config_cpu, weight, "weight", OPTIONAL_UNSIGNED));

TABLE(weight_device, config_weight_device,
	FIELD(config_weight_device, major, "major", INTEGER, MUST),
	FIELD(config_weight_device, minor, "minor", INTEGER, MUST),
	FIELD(config_weight_device, weight, "weight", OPTIONAL_UNSIGNED, BITS(16)),
	FIELD(config_weight_device, leaf_weight, "leafWeight", OPTIONAL_UNSIGNED, BITS(16)));

TABLE(throttle_device, config_throttle_device,
	FIELD(config_throttle_device, major, "major", INTEGER, MUST),
	FIELD(config_throttle_device, minor, "minor", INTEGER, MUST),
	FIELD(config_throttle_device, rate, "rate", UNSIGNED, MUST));

TABLE(block_io, config_block_io,
	FIELD(config_block_io, weight, "weight", OPTIONAL_UNSIGNED, BITS(16)),
	FIELD(config_block_io, leaf_weight, "leafWeight", OPTIONAL_UNSIGNED, BITS(16)),
	FIELD(config_block_io, weight_device, "weightDevice", OBJECTS, OF(weight_device)),
	FIELD(config_block_io, read_bps, "throttleReadBpsDevice", OBJECTS, OF(throttle_device)),
	FIELD(config_block_io, write_bps, "throttleWriteBpsDevice", OBJECTS, OF(throttle_device)),
	FIELD(config_block_io, read_iops, "throttleReadIOPSDevice", OBJECTS, OF(throttle_device)),
	FIELD(config_block_io, write_iops, "throttleWriteIOPSDevice", OBJECTS,
		OF(throttle_device)));

TABLE(hugepage_limit, config_hugepage_limit,
	FIELD(config_hugepage_limit, page_size, "pageSize", STRING, MUST),
	FIELD(config_hugepage_limit, limit, "limit", UNSIGNED, MUST));

TABLE(interface_priority, config_interface_priority,
	FIELD(config_interface_priority, name, "name", STRING, MUST),
	FIELD(config_interface_priority, priority, "priority", UNSIGNED, MUST, BITS(32)));

TABLE(network, config_network,
	FIELD(config_network, class_id, "classID", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_network, priorities, "priorities", OBJECTS, OF(interface_priority)));

TABLE(rdma, config_rdma, FIELD(config_rdma, hca_handles, "hcaHandles", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_rdma, hca_objects, "hcaObjects", OPTIONAL_UNSIGNED, BITS(32)));

static const struct field pids_fields[] = {
	{ .name = "limit", .type = FIELD_OPTIONAL_INTEGER },
	{ 0 },
};
static const struct table pids = { sizeof(struct optional_integer), pids_fields, NULL };

static const struct field resources_fields[] = {
	FIELD(config_resources, devices, "devices", OBJECTS, OF(device_rule)),
	FIELD(config_resources, memory, "memory", OBJECT, OF(memory)),
	FIELD(config_resources, cpu, "cpu", OBJECT, OF(cpu)),
	FIELD(config_resources, pids, "pids", OBJECT, OF(pids)),
	FIELD(config_resources, block_io, "blockIO", OBJECT, OF(block_io)),
	FIELD(config_resources, hugepage_limits, "hugepageLimits", OBJECTS, OF(hugepage_limit)),
	FIELD(config_resources, network, "network", OBJECT, OF(network)),
	FIELD(config_resources, rdma, "rdma", OBJECT_MAP, OF(rdma)),
	FIELD(config_resources, unified, "unified", STRING_MAP),
	{ 0 },
};

const struct table config_resources_table = { sizeof(struct config_resources), resources_fields,
	NULL };

/* linux: seccomp */

TABLE(seccomp_argument, config_seccomp_argument,
	FIELD(config_seccomp_argument, index, "index", UNSIGNED, MUST, BITS(32)),
	FIELD(config_seccomp_argument, value, "value", UNSIGNED, MUST),
	FIELD(config_seccomp_argument, value_two, "valueTwo", UNSIGNED),
	FIELD(config_seccomp_argument, op, "op", STRING, MUST));

TABLE(seccomp_rule, config_seccomp_rule, FIELD(config_seccomp_rule, names, "names", STRINGS, MUST),
	FIELD(config_seccomp_rule, action, "action", STRING, MUST),
	FIELD(config_seccomp_rule, errno_ret, "errnoRet", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_seccomp_rule, args, "args", OBJECTS, OF(seccomp_argument)));

static const struct field seccomp_fields[] = {
	FIELD(config_seccomp, default_action, "defaultAction", STRING, MUST),
	FIELD(config_seccomp, default_errno_ret, "defaultErrnoRet", OPTIONAL_UNSIGNED, BITS(32)),
	FIELD(config_seccomp, architectures, "architectures", STRINGS),
	FIELD(config_seccomp, flags, "flags", STRINGS),
	FIELD(config_seccomp, listener_path, "listenerPath", STRING),
	FIELD(config_seccomp, listener_metadata, "listenerMetadata", STRING),
	FIELD(config_seccomp, syscalls, "syscalls", OBJECTS, OF(seccomp_rule)),
	{ 0 },
};

static void seccomp_finish(void *target, const struct json *node, const char *document)
{
	struct config_seccomp *seccomp = target;

	seccomp->source = document + node->begin;
	seccomp->source_bytes = node->end - node->begin;
}

static const struct table seccomp = { sizeof(struct config_seccomp), seccomp_fields,
	seccomp_finish };

/* linux: the rest */

TABLE(intel_rdt, config_intel_rdt, FIELD(config_intel_rdt, clos_id, "closID", STRING),
	FIELD(config_intel_rdt, schemata, "schemata", STRINGS),
	FIELD(config_intel_rdt, l3_cache_schema, "l3CacheSchema", STRING),
	FIELD(config_intel_rdt, mem_bw_schema, "memBwSchema", STRING),
	FIELD(config_intel_rdt, enable_monitoring, "enableMonitoring", BOOL),
	FIELD(config_intel_rdt, enable_cmt, "enableCMT", BOOL),
	FIELD(config_intel_rdt, enable_mbm, "enableMBM", BOOL));

TABLE(memory_policy, config_memory_policy, FIELD(config_memory_policy, mode, "mode", STRING),
	FIELD(config_memory_policy, nodes, "nodes", STRING),
	FIELD(config_memory_policy, flags, "flags", STRINGS));

TABLE(personality, config_personality, FIELD(config_personality, domain, "domain", STRING, MUST),
	FIELD(config_personality, flags, "flags", STRINGS));

TABLE(linux_section, config_linux,
	FIELD(config_linux, namespaces, "namespaces", OBJECTS, OF(namespace)),
	FIELD(config_linux, uid_mappings, "uidMappings", OBJECTS, OF(id_mapping)),
	FIELD(config_linux, gid_mappings, "gidMappings", OBJECTS, OF(id_mapping)),
	FIELD(config_linux, time_offsets, "timeOffsets", OBJECT_MAP, OF(time_offset)),
	FIELD(config_linux, devices, "devices", OBJECTS, OF(device)),
	FIELD(config_linux, net_devices, "netDevices", OBJECT_MAP, OF(net_device)),
	FIELD(config_linux, cgroups_path, "cgroupsPath", STRING),
	FIELD(config_linux, resources, "resources", OBJECT, OF(config_resources_table)),
	FIELD(config_linux, intel_rdt, "intelRdt", OBJECT, OF(intel_rdt)),
	FIELD(config_linux, memory_policy, "memoryPolicy", OBJECT, OF(memory_policy)),
	FIELD(config_linux, sysctl, "sysctl", STRING_MAP),
	FIELD(config_linux, seccomp, "seccomp", OBJECT, OF(seccomp)),
	FIELD(config_linux, rootfs_propagation, "rootfsPropagation", STRING),
	FIELD(config_linux, masked_paths, "maskedPaths", STRINGS),
	FIELD(config_linux, readonly_paths, "readonlyPaths", STRINGS),
	FIELD(config_linux, mount_label, "mountLabel", STRING),
	FIELD(config_linux, personality, "personality", OBJECT, OF(personality)));

/* vm */

#define VM_TABLE(table_, member_, ...)                                                             \
	static const struct field table_##_fields[] = { __VA_ARGS__, { 0 } };                      \
	static const struct table table_ = { sizeof(*((struct config_vm *)NULL)->member_),         \
		table_##_fields, NULL }
#define VM_FIELD(outer_, member_, name_, kind_, ...)                                               \
	{ .name = name_,                                                                           \
		.type = FIELD_##kind_,                                                             \
		.offset = offsetof(__typeof__(*((struct config_vm *)NULL)->outer_), member_),      \
		__VA_ARGS__ }

VM_TABLE(vm_hypervisor, hypervisor, VM_FIELD(hypervisor, path, "path", STRING, MUST),
	VM_FIELD(hypervisor, parameters, "parameters", STRINGS));

VM_TABLE(vm_kernel, kernel, VM_FIELD(kernel, path, "path", STRING, MUST),
	VM_FIELD(kernel, parameters, "parameters", STRINGS),
	VM_FIELD(kernel, initrd, "initrd", STRING));

VM_TABLE(vm_image, image, VM_FIELD(image, path, "path", STRING, MUST),
	VM_FIELD(image, format, "format", STRING));

TABLE(vm_iomem, config_iomem, FIELD(config_iomem, first_gfn, "firstGFN", UNSIGNED),
	FIELD(config_iomem, first_mfn, "firstMFN", UNSIGNED, MUST),
	FIELD(config_iomem, count, "nrMFNs", UNSIGNED, MUST));

VM_TABLE(vm_hw_config, hw_config, VM_FIELD(hw_config, device_tree, "deviceTree", STRING),
	VM_FIELD(hw_config, vcpus, "vcpus", OPTIONAL_UNSIGNED, BITS(32)),
	VM_FIELD(hw_config, memory, "memory", OPTIONAL_UNSIGNED),
	VM_FIELD(hw_config, dtdevs, "dtdevs", STRINGS),
	VM_FIELD(hw_config, iomems, "iomems", OBJECTS, OF(vm_iomem)),
	VM_FIELD(hw_config, irqs, "irqs", UNSIGNEDS, BITS(32)));

TABLE(vm, config_vm, FIELD(config_vm, hypervisor, "hypervisor", OBJECT, OF(vm_hypervisor)),
	FIELD(config_vm, kernel, "kernel", OBJECT, OF(vm_kernel)),
	FIELD(config_vm, image, "image", OBJECT, OF(vm_image)),
	FIELD(config_vm, hw_config, "hwConfig", OBJECT, OF(vm_hw_config)));

/* the document */

static const struct field mounts_fields[] = {
	FIELD(config, mounts, "mounts", OBJECTS, MUST, OF(mount)),
	{ 0 },
};

const struct table config_mounts_table = { sizeof(struct config), mounts_fields, NULL };

static const struct field config_fields[] = {
	FIELD(config, oci_version, "ociVersion", STRING, MUST),
	FIELD(config, process, "process", OBJECT, OF(config_process_table)),
	FIELD(config, root, "root", OBJECT, OF(root)),
	FIELD(config, hostname, "hostname", STRING),
	FIELD(config, domainname, "domainname", STRING),
	FIELD(config, mounts, "mounts", OBJECTS, OF(mount)),
	FIELD(config, hooks, "hooks", OBJECT, OF(hooks)),
	FIELD(config, annotations, "annotations", STRING_MAP),
	FIELD(config, linux, "linux", OBJECT, OF(linux_section)),
	FIELD(config, vm, "vm", OBJECT, OF(vm)),
	{ 0 },
};

const struct table config_table = { sizeof(struct config), config_fields, NULL };
