/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_ISOLATION_H
#define HULL_RUNTIME_ISOLATION_H

/*
 * What stands between a container and its host, as a table of functions: the
 * rest of runtime/ knows isolation only as this. Functions return 0 (or what
 * they say) or a negative errno with a message.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/json.h"
#include "cgroup/watch.h"
#include "runtime/checkpoint.h"
#include "runtime/container.h"
#include "runtime/process_handle.h"
#include "runtime/rootless.h"
#include "spec/emulator.h"

/* What a new process is given besides the configuration. */
struct process_request {
	const struct config *config;
	const struct config_process *process;
	const char *pid_file, *pidfd_socket; /* NULL: none */
	int console_fd;			     /* a connected console socket; -1: none */
	unsigned int preserve_fds;
	const struct string_list *cgroups; /* of `exec`: groups below the container's, or NULL */
	struct emulator_list emulators;	   /* of the annotation; empty: none */
	bool no_pivot, no_new_keyring;
	bool no_cgroup; /* --cgroup-manager disabled */
	enum rootless rootless;
	bool systemd_cgroup;			  /* systemd makes the cgroup */
	bool whisper;				  /* runtime/whisper.h */
	bool wait_for_start;			  /* the program waits for `start` */
	const struct checkpoint_request *restore; /* from images; NULL: it begins anew */
};

/* What `events` waits for. Each function returns 0, or a negative errno to end the watch. */
struct watch_request {
	uint64_t interval; /* nanoseconds between two calls of TICK */
	const struct pressure_trigger *triggers;
	size_t trigger_count;
	int (*tick)(void *context);
	/* TYPE is "oom" or "pressure"; DATA is JSON, or NULL. */
	int (*tell)(void *context, const char *type, const char *data);
	void *context;
};

struct isolation {
	const char *name;

	/*
	 * Make the container's first process. BUNDLE_FD is the folder of config.json.
	 * On success the record has its pid and is saved. On an error nothing is left
	 * of it but what `destroy` removes.
	 */
	int (*create)(struct container *container, int bundle_fd,
		const struct process_request *request, struct process_handle *handle);
	/* Let the program run; returns once it does, or with the reason why it cannot. */
	int (*start)(struct container *container);
	/* A further process in a running container. */
	int (*exec)(struct container *container, const struct process_request *request,
		struct process_handle *handle);
	/* A signal to the first process, or to ALL. -ESRCH when it has ended. */
	int (*kill)(const struct container *container, int signal, bool all);
	int (*freeze)(const struct container *container, bool frozen);
	bool (*is_frozen)(const struct container *container);
	int (*processes)(const struct container *container, pid_t **pids, size_t *count);
	/* What ps(1) prints of them with these WORDS; NULL: they are this machine's own. */
	int (*table)(
		const struct container *container, char **words, int count, struct buffer *text);
	/* Change the limits and (RDT is not NULL) the share of caches: all that is given, or nothing. */
	int (*update)(struct container *container, const struct config_resources *resources,
		const struct config_intel_rdt *rdt);
	/* Mount what CONFIG has into the running container, or (without ADD) unmount it. */
	int (*change_mounts)(
		const struct container *container, const struct config *config, bool add);
	int (*write_stats)(const struct container *container, struct json_writer *writer);
	/* What only this isolation counts, as a member of an object that is open. NULL: nothing. */
	int (*write_counters)(const struct container *container, struct json_writer *writer);
	/* Tell of what happens until the container ends. */
	int (*watch)(const struct container *container, const struct watch_request *request);
	/*
	 * Save it to images. Unless the request leaves it running, its processes have ended then;
	 * after an error all is as before. NULL: cannot be done.
	 */
	int (*checkpoint)(const struct container *container, const struct config *config,
		const struct checkpoint_request *request);
	/* Print what a checkpoint would fail at, without touching the container; an error then. */
	int (*examine)(const struct container *container, const struct checkpoint_request *request);
	/* As `create` and `start` in one, from the images of the request's `restore`. */
	int (*restore)(struct container *container, const struct process_request *request,
		struct process_handle *handle);
	/* End whatever still runs and give all that the kernel holds back; may be repeated. */
	int (*destroy)(const struct container *container);
};

extern const struct isolation isolation_host, isolation_microvm;

/*
 * The isolation for a new container: of WANTED (--isolation, or the name that hull was
 * called by; NULL: nothing said), the annotation and the section "vm" the first that is
 * there. -EINVAL with a message.
 */
int isolation_choose(
	const struct config *config, const char *wanted, const struct isolation **isolation);

/* The isolation that a container was created with. */
const struct isolation *isolation_of(const struct container *container);

#endif
