/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_SYSTEMD_H
#define HULL_CGROUP_SYSTEMD_H

/*
 * The inside of the systemd driver: a container's group as a unit that systemd
 * makes, watches and removes (org.freedesktop.systemd1(5); "Control Group APIs
 * and Delegation" of systemd). docs/systemd.md is what users read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/dbus.h"
#include "cgroup/resources.h"
#include "spec/config.h"

/* ---- properties of units: systemd_property.c ----------------------------------------------------- */

struct systemd_property {
	char *name;
	const char
		*signature; /* b, i, t: number; s: text; as, a(ss), ay: items; au: number, alone */
	uint64_t number;
	char *text;
	struct buffer items; /* strings with their NUL, one behind the other; of ay: the bytes */
};

struct systemd_properties {
	struct systemd_property *items;
	size_t count;
};

/* A property more, of a name that is none yet; the texts are copied. */
struct systemd_property *systemd_add(
	struct systemd_properties *properties, const char *name, const char *signature);
void systemd_add_number(struct systemd_properties *properties, const char *name,
	const char *signature, uint64_t number);
void systemd_add_text(struct systemd_properties *properties, const char *name, const char *text);
void systemd_add_item(struct systemd_property *property, const char *text);
bool systemd_has(const struct systemd_properties *properties, const char *name);

/* As an array a(sv). */
void systemd_properties_write(
	struct dbus_writer *writer, const struct systemd_properties *properties);
void systemd_properties_free(struct systemd_properties *properties);

#define _cleanup_properties_ __attribute__((cleanup(systemd_properties_free)))

/* ---- what becomes a property ---------------------------------------------------------------------- */

/* Microseconds of CPU time in each period; UINT64_MAX: no limit. */
struct systemd_quota {
	uint64_t quota, period;
};

#define SYSTEMD_PERIOD_STANDARD 100000u

/*
 * The limits of a plan that systemd knows too, so that it keeps them when it writes
 * a unit's values anew. V1: CONTROLLER_BITs of the controllers that are on v1. NOW
 * is what holds for the group where a plan gives quota or period alone. Pure.
 */
void systemd_add_limits(struct systemd_properties *properties, const struct resource_plan *plan,
	uint32_t v1, const struct systemd_quota *now);

/*
 * DevicePolicy and DeviceAllow. They can only allow, so they allow at least what
 * the rules do; hull's own rules on the group deny the rest. Pure.
 */
int systemd_add_devices(
	struct systemd_properties *properties, const struct config_resources *resources);

/*
 * The annotations "org.systemd.property.NAME" by an allow list (systemd_annotation.c).
 * -EINVAL with a message for one that is not in it or has no value of its type. Pure.
 */
#define SYSTEMD_ANNOTATION "org.systemd.property."
int systemd_add_annotations(
	struct systemd_properties *properties, const struct string_map *annotations);

/* ---- names: systemd_name.c ------------------------------------------------------------------------ */

/*
 * The SLICE and the NAME of the unit for a cgroupsPath (see cgroup_open_systemd), to
 * be freed. -EINVAL with a message. Pure, as the others.
 */
int systemd_name_parse(
	const char *id, const char *cgroups_path, bool user, char **slice, char **name);

/* The group of a unit below that of its systemd: "a.slice/a-b.slice/x.scope"; free it. */
char *systemd_name_group(const char *slice, const char *name);
bool systemd_name_is_slice(const char *name);

/* The unit whose group this is: its last part, without the escape of the group's name. */
const char *systemd_name_of_group(const char *group);

/* ---- the unit ------------------------------------------------------------------------------------ */

struct systemd_unit {
	char *name, *slice; /* slice NULL: of a unit that exists */
	bool user;
	struct dbus *bus; /* NULL until it is needed */
	int gate[2];	  /* a pipe on which the first process waits; -EBADF: it does not */
	struct systemd_properties annotations;
};

/* Check what is asked for and find out where the unit's GROUP will be; makes nothing. */
int systemd_unit_plan(struct systemd_unit **unit, const char *id, const char *cgroups_path,
	const struct string_map *annotations, char **group);

/* The unit of an existing container by the text in state.json, or NULL: no systemd. */
struct systemd_unit *systemd_unit_of(const char *saved);

/* What that text begins with. */
const char *systemd_unit_kind(const struct systemd_unit *unit);
void systemd_unit_free(struct systemd_unit *unit);

/* ---- calls: systemd_manager.c -------------------------------------------------------------------- */

/* Connect, if it is not yet. */
int systemd_connect(struct systemd_unit *unit);

/* The group of the manager itself, without slashes around it ("" for the system's); free it. */
int systemd_manager_group(struct systemd_unit *unit, char **group);

/* StartTransientUnit, until it has. -EEXIST when there is such a unit. */
int systemd_manager_start(struct systemd_unit *unit, const struct systemd_properties *properties);
int systemd_manager_set(struct systemd_unit *unit, const struct systemd_properties *properties);

/* StopUnit, until it has, and ResetFailedUnit. A unit that is gone is fine. */
int systemd_manager_stop(struct systemd_unit *unit);

/* Have systemd move a process into the unit's group: it may where we may not. */
int systemd_manager_attach(struct systemd_unit *unit, pid_t pid);

#endif
