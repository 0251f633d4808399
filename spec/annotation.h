/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_ANNOTATION_H
#define HULL_SPEC_ANNOTATION_H

/*
 * The annotations of config.json that hull acts on. One table: validation,
 * `hull features` and the manual page all read it. Any other annotation is the
 * engine's business and passes through untouched.
 */
#include <stdbool.h>

#include "spec/config.h"

#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups" /* crun's name */

#define ANNOTATION_ISOLATION "hull.isolation"
#define ANNOTATION_AFFINITY  "hull.cpu.affinity"
#define ANNOTATION_WHISPER   "hull.whisper"
#define ANNOTATION_EMULATOR  "hull.emulator"
#define ANNOTATION_VSOCK     "hull.vsock"

#define ANNOTATION_SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define ANNOTATION_PIDFD_RECEIVER   "run.oci.pidfd_receiver"
#define ANNOTATION_HOOKS_STDOUT	    "run.oci.hooks.stdout"
#define ANNOTATION_HOOKS_STDERR	    "run.oci.hooks.stderr"
#define ANNOTATION_MOUNT_CONTEXT    "run.oci.mount_context_type"

#define ANNOTATION_TENANT	 "hull.tenant"
#define ANNOTATION_TENANT_WEIGHT "hull.tenant.weight"

enum annotation_type {
	ANNOTATION_WORD, /* one of the row's words */
	ANNOTATION_PATH, /* an absolute path; this and what follows has no default and no words */
	ANNOTATION_TENANT_NAME,
	ANNOTATION_WEIGHT,    /* 1..10000 */
	ANNOTATION_EMULATORS, /* spec/emulator.h */
};

struct annotation_word {
	const char *text;
	const char *missing; /* why this build refuses it; NULL when it does not */
};

struct annotation {
	const char *name;
	enum annotation_type type;
	const struct annotation_word *words; /* up to one without text; the first is the default */
	const char *help;		     /* one sentence */
	/* Could harm the host, so engines must not let users set it (features.md). */
	bool potentially_unsafe;
};

/* The rows, up to one without a name. */
extern const struct annotation annotation_table[];

/* The row of NAME, or NULL when hull does not act on it. */
const struct annotation *annotation_find(const char *name);

/*
 * The word that a validated CONFIG gives for NAME, or the default: never NULL
 * for the name of a row of words.
 */
const char *annotation_word(const struct config *config, const char *name);

/* True when the word of a row of switches is 1 or true. */
bool annotation_is_on(const struct config *config, const char *name);

/* Refuse empty names and wrong values; DOCUMENT starts the message. 0 or -EINVAL. */
int annotations_validate(const struct string_map *annotations, const char *document);

#endif
