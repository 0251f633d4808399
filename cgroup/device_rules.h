/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_DEVICE_RULES_H
#define HULL_CGROUP_DEVICE_RULES_H

/*
 * Which devices a container may use: `linux.resources.devices` (config-linux.md
 * "Allowed Device list"). Everything is denied, then the rules of the document
 * count in their order, then those of the devices that every container has;
 * the last rule that fits decides, for each of read, write and mknod by itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "cgroup/place.h"
#include "spec/config.h"

/* As the kernel's BPF_DEVCG_ACC_*. */
enum device_access {
	DEVICE_MKNOD = 1,
	DEVICE_READ = 2,
	DEVICE_WRITE = 4,
	DEVICE_OPEN = 6, /* may be asked for at once */
	DEVICE_ALL = 7,
};

#define DEVICE_ANY (-1)

struct device_rule {
	bool allow;
	char type;	      /* 'b' or 'c' */
	int64_t major, minor; /* or DEVICE_ANY */
	unsigned int access;
};

struct device_rules {
	bool allow; /* what holds where no rule fits */
	struct device_rule *items;
	size_t count;
};

/*
 * The rules of a container: of the document and those every container gets,
 * "a" split into "b" and "c", and without what later rules hide. Free with
 * device_rules_free, also after an error.
 */
int device_rules_make(struct device_rules *rules, const struct config_resources *resources);
void device_rules_free(struct device_rules *rules);

/*
 * The same as v1 knows it: exceptions from `allow`, in any order, each with the
 * other answer. -EOPNOTSUPP with a message when v1 cannot express it.
 */
int device_rules_exceptions(const struct device_rules *rules, struct device_rules *exceptions);

/* A BPF program (type cgroup_device) for the rules, with *COUNT instructions; free it. */
struct bpf_insn *device_program_make(const struct device_rules *rules, size_t *count);

/* "c 1:3 rwm", as devices.allow and devices.list have it. */
#define DEVICE_TEXT_BYTES 64
void device_rule_text(const struct device_rule *rule, char text[DEVICE_TEXT_BYTES]);

/* Make the rules hold for the place: by devices.allow and .deny, or by a BPF program. */
int devices_v1_apply(
	struct cgroup_place *place, const struct config_resources *resources, bool update);
int devices_bpf_apply(struct cgroup_place *place, const struct config_resources *resources);

#endif
