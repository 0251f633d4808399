/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_DOCTOR_DOCTOR_H
#define HULL_RUNTIME_DOCTOR_DOCTOR_H

/*
 * What this machine lets hull do. A probe is a row of a table and finds out one
 * thing, by trying it wherever that is safe: in a child of its own, with
 * namespaces of its own. No probe changes the machine, loads a module or leaves
 * anything behind. Names of capabilities and probes are stable: docs/doctor.md
 * has them, and scripts ask for them.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* In this order, so that the worst of several is the greatest. */
enum doctor_status { DOCTOR_OK, DOCTOR_LIMITED, DOCTOR_MISSING };

/* "ok", "limited", "missing" */
extern const char *const doctor_status_names[];

/* What a probe says about its capability when it finds nothing. */
enum doctor_weight {
	DOCTOR_FACT,   /* nothing: worth knowing */
	DOCTOR_USEFUL, /* it is limited */
	DOCTOR_NEEDED, /* it is missing */
};

struct finding {
	enum doctor_status status;
	struct buffer found;  /* what is there, or why it is not */
	struct buffer advice; /* the package, setting or command that changes it; may be empty */
};

struct probe {
	const char *name;
	enum doctor_weight weight;
	/* The finding is empty and DOCTOR_OK. */
	void (*run)(struct finding *finding);
};

struct capability {
	const char *name, *title;
	bool later;		    /* hull does not use it yet: a fact about the machine */
	bool any;		    /* one probe that finds something is enough */
	const struct probe *probes; /* up to one without a name */
};

extern const struct capability doctor_containers, doctor_cgroups, doctor_rootless, doctor_security,
	doctor_resources, doctor_engines, doctor_checkpoint, doctor_microvm, doctor_images,
	doctor_emulation, doctor_tuning;

/* All of them in the order of the report, up to NULL. */
extern const struct capability *const doctor_capabilities[];

/* The capability of that name, or NULL. */
const struct capability *doctor_capability(const char *name);

void finding_set(struct finding *finding, enum doctor_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Add to what was found, or to the advice; "; " goes between. */
void finding_add(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_advise(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* DOCTOR_LIMITED, unless it is worse already. */
void finding_limit(struct finding *finding);

/* A capability and what its probes found, in their order. */
struct examination {
	const struct capability *capability;
	enum doctor_status status;
	struct finding *findings;
};

/* Run all probes of CAPABILITY. */
void examination_run(struct examination *examination, const struct capability *capability);
void examination_free(struct examination *examination);

#endif
