/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_CONFIG_H
#define HULL_SPEC_CONFIG_H

/*
 * config.json of the OCI runtime-spec 1.0 to 1.3 as C structs, one struct an
 * object and one member a field, in the document's names and units. Decoded by
 * the tables of spec/config*.c; validated by spec/validate.c.
 *
 * Strings and lists live in the arena of struct config. A missing string,
 * object or list is NULL (with a count of 0); numbers for which absent and 0
 * differ are optional_*.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id_range.h"
#include "base/memory.h"

#define SPEC_VERSION "1.3.0"

struct optional_bool {
	bool set, value;
};

struct optional_integer {
	bool set;
	int64_t value;
};

struct optional_unsigned {
	bool set;
	uint64_t value;
};

/* A JSON object whose values are strings. */
struct string_map {
	struct string_pair {
		const char *key, *value;
	} *items;
	size_t count;
};

/* config.md, config-linux.md: user namespace mappings. */
struct config_id_mappings {
	struct id_mapping *items;
	size_t count;
};

struct config_user {
	uint64_t uid, gid;
	struct optional_unsigned umask;
	struct unsigned_list {
		uint64_t *items;
		size_t count;
	} additional_gids;
	const char *username;
};

struct config_capabilities {
	struct string_list bounding, effective, inheritable, permitted, ambient;
};

struct config_rlimit {
	const char *type;
	uint64_t soft, hard;
};

struct config_scheduler {
	const char *policy;
	struct optional_integer nice, priority;
	struct string_list flags;
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct config_io_priority {
	const char *class;
	int64_t priority;
};

struct config_cpu_affinity {
	const char *initial, *final; /* lists such as "0-3,7" */
};

struct config_console_size {
	uint64_t height, width; /* characters */
};

struct config_process {
	bool terminal, no_new_privileges;
	struct config_console_size *console_size;
	struct config_user *user;
	struct string_list args, env;
	const char *cwd;
	struct config_capabilities *capabilities;
	struct {
		struct config_rlimit *items;
		size_t count;
	} rlimits;
	const char *apparmor_profile, *selinux_label;
	struct optional_integer oom_score_adj;
	struct config_scheduler *scheduler;
	struct config_io_priority *io_priority;
	struct config_cpu_affinity *exec_cpu_affinity;
};

struct config_root {
	const char *path;
	bool readonly;
};

struct config_mount {
	const char *destination, *type, *source;
	struct string_list options;
	struct config_id_mappings uid_mappings, gid_mappings;
};

struct config_hook {
	const char *path;
	struct string_list args, env;
	struct optional_integer timeout; /* seconds */
};

struct config_hook_list {
	struct config_hook *items;
	size_t count;
};

struct config_hooks {
	struct config_hook_list prestart, create_runtime, create_container, start_container,
		poststart, poststop;
};

enum namespace_type {
	NAMESPACE_UNKNOWN,
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_MOUNT,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_USER,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_TYPES,
};

struct config_namespace {
	int type;	  /* enum namespace_type */
	const char *path; /* NULL: a new one */
};

struct config_time_offset {
	const char *key; /* "monotonic" or "boottime" */
	int64_t seconds;
	uint64_t nanoseconds;
};

struct config_time_offsets {
	struct config_time_offset *items;
	size_t count;
};

struct config_device {
	const char *type, *path; /* "c", "b", "u", "p" */
	struct optional_integer major, minor;
	struct optional_unsigned file_mode, uid, gid;
};

struct config_net_device {
	const char *key;  /* the name on the host */
	const char *name; /* the name inside; NULL: the same */
};

struct config_device_rule {
	bool allow;
	const char *type;		      /* "a", "b", "c"; NULL: "a" */
	struct optional_integer major, minor; /* absent or -1: any */
	const char *access;		      /* of "rwm"; NULL: all */
};

struct config_memory {
	struct optional_integer limit, reservation, swap, kernel, kernel_tcp; /* bytes */
	struct optional_unsigned swappiness;				      /* 0..100 */
	struct optional_bool disable_oom_killer, use_hierarchy, check_before_update;
};

#define CPU_WEIGHT_LEAST    1
#define CPU_WEIGHT_MOST	    10000
#define CPU_WEIGHT_STANDARD 100

struct config_cpu {
	struct optional_unsigned shares; /* 2..262144, 1024 is the default */
	struct optional_integer quota;	 /* microseconds per period, negative: none */
	struct optional_unsigned burst, period, realtime_period; /* microseconds */
	struct optional_integer realtime_runtime;		 /* microseconds */
	const char *cpus, *mems;
	struct optional_integer idle; /* 0 or 1 */
	/* hull's own, CPU_WEIGHT_LEAST..MOST: counts instead of shares, never bent by a curve */
	struct optional_unsigned weight;
};

struct config_weight_device {
	int64_t major, minor;
	struct optional_unsigned weight, leaf_weight;
};

struct config_throttle_device {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations per second */
};

struct config_throttle_list {
	struct config_throttle_device *items;
	size_t count;
};

struct config_block_io {
	struct optional_unsigned weight, leaf_weight; /* 10..1000 */
	struct {
		struct config_weight_device *items;
		size_t count;
	} weight_device;
	struct config_throttle_list read_bps, write_bps, read_iops, write_iops;
};

struct config_hugepage_limit {
	const char *page_size; /* such as "2MB" */
	uint64_t limit;	       /* bytes */
};

struct config_interface_priority {
	const char *name;
	uint64_t priority;
};

struct config_network {
	struct optional_unsigned class_id;
	struct {
		struct config_interface_priority *items;
		size_t count;
	} priorities;
};

struct config_rdma {
	const char *key; /* the device */
	struct optional_unsigned hca_handles, hca_objects;
};

struct config_resources {
	struct {
		struct config_device_rule *items;
		size_t count;
	} devices;
	struct config_memory *memory;
	struct config_cpu *cpu;
	struct {
		struct optional_integer limit;
	} *pids;
	struct config_block_io *block_io;
	struct {
		struct config_hugepage_limit *items;
		size_t count;
	} hugepage_limits;
	struct config_network *network;
	struct {
		struct config_rdma *items;
		size_t count;
	} rdma;
	struct string_map unified;
};

struct config_seccomp_argument {
	uint64_t index, value, value_two;
	const char *op;
};

struct config_seccomp_rule {
	struct string_list names;
	const char *action;
	struct optional_unsigned errno_ret;
	struct {
		struct config_seccomp_argument *items;
		size_t count;
	} args;
};

struct config_seccomp {
	const char *default_action;
	struct optional_unsigned default_errno_ret;
	const char *listener_path, *listener_metadata;
	struct string_list architectures, flags;
	struct {
		struct config_seccomp_rule *items;
		size_t count;
	} syscalls;
	const char *source; /* the object as written in the document: the key of the cache */
	size_t source_bytes;
};

struct config_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct string_list schemata;
	bool enable_monitoring, enable_cmt, enable_mbm;
};

struct config_memory_policy {
	const char *mode; /* NULL: the whole policy is empty */
	const char *nodes;
	struct string_list flags;
};

struct config_personality {
	const char *domain;
	struct string_list flags;
};

struct config_linux {
	struct {
		struct config_namespace *items;
		size_t count;
	} namespaces;
	struct config_id_mappings uid_mappings, gid_mappings;
	struct config_time_offsets time_offsets;
	struct {
		struct config_device *items;
		size_t count;
	} devices;
	struct {
		struct config_net_device *items;
		size_t count;
	} net_devices;
	const char *cgroups_path;
	struct config_resources *resources;
	struct config_intel_rdt *intel_rdt;
	struct config_memory_policy *memory_policy;
	struct string_map sysctl;
	struct config_seccomp *seccomp;
	const char *rootfs_propagation;
	struct string_list masked_paths, readonly_paths;
	const char *mount_label;
	struct config_personality *personality;
};

struct config_iomem {
	uint64_t first_gfn, first_mfn, count; /* in pages */
};

struct config_vm {
	struct {
		const char *path;
		struct string_list parameters;
	} *hypervisor;
	struct {
		const char *path, *initrd;
		struct string_list parameters;
	} *kernel;
	struct {
		const char *path, *format;
	} *image;
	struct {
		const char *device_tree;
		struct optional_unsigned vcpus, memory; /* memory in bytes */
		struct string_list dtdevs;
		struct {
			struct config_iomem *items;
			size_t count;
		} iomems;
		struct unsigned_list irqs;
	} *hw_config;
};

struct config {
	struct arena arena;
	struct buffer document; /* the bytes it was decoded from */
	const char *oci_version;
	struct config_process *process;
	struct config_root *root;
	const char *hostname, *domainname;
	struct {
		struct config_mount *items;
		size_t count;
	} mounts;
	struct config_hooks *hooks;
	struct string_map annotations;
	struct config_linux *linux; /* never NULL once loaded */
	struct config_vm *vm;
};

/*
 * Read, decode and validate NAME in the folder. One message, which starts with
 * "config.json: " and the path in the document; -EINVAL, or why it could not be read.
 */
int config_load_at(struct config *config, int folder_fd, const char *name);

/* Decode and validate LENGTH bytes; they are copied. */
int config_parse(struct config *config, const char *name, const char *bytes, size_t length);

/*
 * A process object alone, as `exec --process` takes it; the result lives in
 * ARENA. NAME starts every message.
 */
int config_parse_process(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct config_process **process);

/*
 * An array of mounts, or an object with one, in the place of those that CONFIG has;
 * by the rules for all the document.
 */
int config_replace_mounts(
	struct config *config, const char *name, const char *bytes, size_t length);

/* A resources object alone, as `update --resources` takes it. */
int config_parse_resources(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct config_resources **resources);

void config_free(struct config *config);

/* The namespace of that type, or NULL when the container shares the runtime's. */
const struct config_namespace *config_namespace(
	const struct config *config, enum namespace_type type);

/* True when the container gets a namespace of that type of its own, made for it. */
bool config_namespace_is_new(const struct config *config, enum namespace_type type);

/* The value of an annotation, or NULL. */
const char *config_annotation(const struct config *config, const char *key);

/* "pid", "network", …: the names of config-linux.md. */
extern const char *const namespace_names[NAMESPACE_TYPES + 1];

#define _cleanup_config_ __attribute__((cleanup(config_free)))

#endif
